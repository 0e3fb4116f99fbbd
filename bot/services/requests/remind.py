"""Remind those who can act on a request that waits, in its card's thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.event import Event, EventKind
from bot.domain.policy import Policy
from bot.domain.request.reminder import is_of_use, next_reminder
from bot.domain.request.request import Pending, Shown
from bot.services.ports.outside import Clock, Message, Messenger, Renderer
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.refused import LOST, may_replace, or_plainer, replaced, taken
from bot.services.requests.later import Later


class Remind:
    """Reminds people, at most twice a step. A process that dies around a reminder may lose it."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        policy: Policy,
        clock: Clock,
        later: Later,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._policy = policy
        self._clock = clock
        self._later = later

    def at(self, request: Shown, reminded_at: datetime | None) -> datetime | None:
        """Return when people are to be reminded of a request next. reminded_at: when they last were."""
        if not isinstance(request, Pending):
            return None
        # Many coupons take long to be read, and nobody can approve them before.
        shown_at = request.approve_by - self._policy.approve_within if request.origin.bulk else None
        return next_reminder(request, self._policy.remind_after, reminded_at, shown_at)

    async def __call__(self, claim: Claim, request: Pending) -> bool:
        """Remind those who can act. Returns whether the work can go on at once.

        It is stored first, so that none is ever posted a third time. One that Slack refused was not posted:
        it is tried again while it is of use, on a new card if the card is gone.
        """
        now, request_id = self._clock.now(), request.origin.id
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            before = await tx.delivery(request_id)
            stored = replace(before, remind_at=self.at(request, now), reminded_at=now)
            await tx.deliver(request_id, stored)
        try:
            await self._post(claim, request, before)
        except SlackRefused as error:
            return await self._again(claim, request, before, error)
        except SlackUnavailable as error:
            # Without an answer it may be there; only a request to wait says that it is not.
            return error.retry_after is None or await self._again(claim, request, before, error)
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.deliver(request_id, taken(await tx.delivery(request_id)))
            step = {"step": int(request.step)}
            await tx.record(Event(kind=EventKind.REMINDED, at=now, request=request_id, data=step))
        return True

    async def _post(self, claim: Claim, request: Pending, delivery: Delivery) -> None:
        channel, ts = delivery.channel(request.origin), delivery.card_ts
        assert ts is not None, "a card is drawn before anyone is reminded of it"

        async def reply(message: Message) -> None:
            await self._messenger.reply(channel, ts, message, broadcast=False)

        await or_plainer(reply, self._renderer.reminder(request), claim.attempts)

    async def _again(self, claim: Claim, request: Pending, before: Delivery, error: SlackError) -> bool:
        """Make up for a reminder that was not posted."""
        is_lost = isinstance(error, SlackRefused) and error.name in LOST
        if is_lost and may_replace(request, before):
            async with self._store.transaction() as tx:
                await tx.hold(claim)
                lost = replaced(await tx.delivery(request.origin.id), None)
                again = replace(lost, drawn_version=0, reminded_at=before.reminded_at)
                await tx.deliver(request.origin.id, again)
            return True
        due = self._later.due(claim, error)
        if not is_of_use(request, due):
            return True

        def put_off(stored: Delivery) -> Delivery:
            times = [due] if stored.remind_at is None else [due, stored.remind_at]
            return replace(stored, remind_at=min(times), reminded_at=before.reminded_at)

        return await self._later(claim, error, put_off, due)
