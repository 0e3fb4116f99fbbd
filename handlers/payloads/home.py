"""The event of an opened Home, and Slack's question about the address that events go to."""

from __future__ import annotations

from typing import Literal

from bot.services.home import Opening
from handlers.payloads.parts import Id, NoDialog, NoEvent, at, workspace


class HomeOpened(NoDialog):
    """Someone opened a tab of the app."""

    type: Literal["event_callback"]
    kind: Literal["app_home_opened"] = at("event", "type")
    user: Id = at("event", "user")
    tab: Id = at("event", "tab")
    team_id: Id
    authorized: Id | None = at("authorizations", 0, "team_id", default=None)

    def opening(self) -> Opening | None:
        """Return who opened their Home; None: another tab, such as the app's messages.

        An event that names an organisation says by its authorization for which workspace's bot it is, if for
        any.
        """
        team = workspace(self.team_id)
        if team is None and self.authorized is not None:
            team = workspace(self.authorized)
        return Opening(user=self.user, team=team) if self.tab == "home" else None


class Challenge(NoDialog, NoEvent):
    """The question whether the bot is at the address that was given to Slack."""

    type: Literal["url_verification"]
    challenge: Id
