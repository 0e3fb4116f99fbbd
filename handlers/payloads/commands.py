"""The command."""

from __future__ import annotations

from bot.services.asked.command import SlashCommand
from handlers.markup import as_typed
from handlers.payloads.parts import Id, IdOrEmpty, NoDialog, NoEvent, UrlOrEmpty, workspace


class Command(NoDialog, NoEvent):
    """The command, as someone typed it."""

    type: None = None
    user_id: Id
    team_id: Id
    channel_id: Id
    text: str | None = None
    response_url: UrlOrEmpty | None = None
    trigger_id: IdOrEmpty | None = None

    def command(self) -> SlashCommand:
        """Return who typed what, and where."""
        return SlashCommand(
            user=self.user_id,
            team=workspace(self.team_id),
            channel=self.channel_id,
            text=as_typed(self.text or ""),
            reply_url=self.response_url or None,
        )
