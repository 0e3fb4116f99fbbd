"""The final approval, confirmed by typing: the click opens a dialog, and what is sent from there decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.errors import SlackError
from bot.domain.policy import Policy, Verdict
from bot.domain.request.request import Pending
from bot.services.asked.click import Click, Decide
from bot.services.ports.outside import Dialogs

View = Callable[[Pending, str, str | None], Mapping[str, object]]


class Confirm:
    """Carries out a click; if all that it lacks is the typing, opens the dialog instead.

    view: returns the dialog for a request, and the channel and the place of the card that was clicked.
    """

    def __init__(self, decide: Decide, policy: Policy, dialogs: Dialogs, view: View) -> None:
        self._decide = decide
        self._policy = policy
        self._dialogs = dialogs
        self._view = view

    async def __call__(self, click: Click, trigger: str) -> Verdict:
        """Return the verdict; NOT_TYPED: nothing is decided yet. Raises StoreUnavailable.

        Nothing is stored before the dialog is there. If it can't be opened, the click is refused, by which
        the person is told to click again.
        """
        if not self._policy.confirm_by_typing:
            return await self._decide(click)
        verdict, request = await self._decide.look(click)
        if verdict is not Verdict.NOT_TYPED or not isinstance(request, Pending):
            return await self._decide(click)
        try:
            view = self._view(request, click.channel, click.message_ts)
            await self._dialogs.open(trigger, view)
        except SlackError:
            return await self._decide(click)
        return verdict
