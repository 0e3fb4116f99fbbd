"""Every coupon of a large request, in a dialog: its card lists the first ones alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.policy import Policy, Verdict, may_look
from bot.domain.request.request import Shown
from bot.services.ports.outside import Dialogs, People
from bot.services.ports.store import Store

ListView = Callable[[Shown | Verdict, str, int], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Look:
    """A verified click on the button for it: by whom, where, and about which request. page: from 1.

    team: the workspace that it came from; None: Slack names none.
    """

    user: str
    team: str | None
    channel: str
    request_id: str
    page: int = 1


class ShowAll:
    """Shows every coupon as it is stored, to who may see what happens to coupons in the card's channel.

    view: returns the dialog with a page of a request, or the one that says why there is none.
    """

    def __init__(
        self, store: Store, people: People, policy: Policy, dialogs: Dialogs, view: ListView, team: str
    ) -> None:
        self._store = store
        self._people = people
        self._policy = policy
        self._dialogs = dialogs
        self._view = view
        self._team = team

    async def __call__(self, look: Look, trigger: str) -> Verdict:
        """Open the dialog, and return whether the coupons are in it. Nothing is changed.

        Raises SlackError, and StoreUnavailable.
        """
        shown = await self._shown(look)
        await self._dialogs.open(trigger, self._view(shown, look.channel, look.page))
        return shown if isinstance(shown, Verdict) else Verdict.ALLOWED

    async def turned(self, look: Look) -> Mapping[str, object]:
        """Return what takes the place of the dialog: another page, as it is stored now, or why there is none.

        Raises StoreUnavailable.
        """
        return self._view(await self._shown(look), look.channel, look.page)

    async def _shown(self, look: Look) -> Shown | Verdict:
        standing = (await self._people.standing(look.user)).coming_from(look.team, self._team)
        if (verdict := may_look(self._policy, standing, look.channel)) is not Verdict.ALLOWED:
            return verdict
        found = await self._store.find(look.request_id)
        if found is None or not isinstance(found.request, Shown):
            return Verdict.NO_SUCH_REQUEST
        # A request is nobody's business outside of its channel, which may be private, and may have another id
        # by now than when it was asked there.
        elsewhere = look.channel not in (found.channel, found.request.origin.channel)
        return Verdict.NO_SUCH_REQUEST if elsewhere else found.request
