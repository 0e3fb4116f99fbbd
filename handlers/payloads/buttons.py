"""Clicks on buttons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from bot.services.asked.click import Action, Click
from bot.services.asked.command import SlashCommand
from bot.services.asked.show_all import Look
from handlers.ids import version_of
from handlers.payloads.parts import Id, Interaction, NoDialog, NoEvent, UrlOrEmpty, at, known


class _Press(Interaction, NoDialog, NoEvent):
    type: Literal["block_actions"]
    channel: Id = at("channel", "id")
    response_url: UrlOrEmpty | None = None


class FormButton(_Press):
    """The button that opens the form for many codes."""

    def command(self) -> SlashCommand:
        """Return by whom and where the form is asked for."""
        reply_url = self.response_url or None
        return SlashCommand(
            user=self.user, team=self.workspace, channel=self.channel, text="", reply_url=reply_url
        )


class ListButton(_Press):
    """The button that shows every coupon of a large request."""

    request: Id = at("actions", 0, "value")

    def look(self) -> Look:
        """Return who wants to see the coupons of which request."""
        return Look(user=self.user, team=self.workspace, channel=self.channel, request_id=self.request)


class CardButton(_Press):
    """A button of a card, or of a list of requests."""

    actions: Annotated[list[Any], Field(max_length=1)]
    action: Annotated[Action, Field(strict=False)] = at("actions", 0, "action_id")
    version: Annotated[int, known(version_of)] = at("actions", 0, "block_id")
    request: Id = at("actions", 0, "value")
    message_ts: Id | None = at("container", "message_ts", default=None)
    is_private: bool | None = at("container", "is_ephemeral", default=None)

    def click(self) -> Click:
        """Return the click. The actor comes from Slack; the rest only says which request is meant."""
        return Click(
            action=self.action,
            user=self.user,
            team=self.workspace,
            channel=self.channel,
            request_id=self.request,
            version=self.version,
            # A private answer with a button is no copy of the card: nothing there can be drawn anew.
            message_ts=None if self.is_private else self.message_ts,
            reply_url=self.response_url or None,
        )
