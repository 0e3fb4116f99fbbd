"""The work on one claimed request: whatever its stored state asks for, in people's order."""

from __future__ import annotations

from datetime import datetime

from bot.domain.event import Event, EventKind
from bot.domain.request.request import Ended, Failed, FailureReason, Pending, Submitted, expire
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.requests.card import DrawCard
from bot.services.requests.fail import FailRequest
from bot.services.requests.read import ReadCoupons
from bot.services.requests.remind import Remind
from bot.services.requests.tell import TellOutcome


class WorkOnRequest:
    """Carries a claimed request on: read, shown, expired, drawn, told. One worker at a time does so."""

    def __init__(
        self,
        store: Store,
        read: ReadCoupons,
        draw: DrawCard,
        remind: Remind,
        tell: TellOutcome,
        fail: FailRequest,
        clock: Clock,
    ) -> None:
        self._store = store
        self._read = read
        self._draw = draw
        self._remind = remind
        self._tell = tell
        self._fail = fail
        self._clock = clock

    async def __call__(self, claim: Claim) -> None:
        """Bring the claimed request as far as it goes now.

        Raises LostClaim if the lease ran out meanwhile, and StoreUnavailable; neither loses anything.
        """
        while await self._step(claim):
            pass

    async def _step(self, claim: Claim) -> bool:
        request, delivery = await self._store.look(claim, self._clock.now())
        if isinstance(request, Submitted):
            return await self._read(claim, request)
        if isinstance(request, Pending) and self._clock.now() >= request.approve_by:
            return await self._expire(claim, delivery)
        if not isinstance(request, Failed) and delivery.drawn_version < request.version:
            return await self._draw(claim, request, delivery)
        if isinstance(request, Pending) and _is_past(delivery.remind_at, self._clock.now()):
            return await self._remind(claim, request)
        if isinstance(request, Ended) and not delivery.is_settled:
            return await self._tell(claim, request, delivery)
        return await self._done(claim)

    async def _expire(self, claim: Claim, delivery: Delivery) -> bool:
        if delivery.refused_by is not None and not delivery.was_shown:
            # Slack never took the card: that is the cause, and not that nobody decided.
            failed = await self._fail(claim, FailureReason.NO_CARD, delivery.refused_by)
            if failed:
                return False
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            request = await tx.get(claim.request_id)
            now = self._clock.now()
            if isinstance(request, Pending) and now >= request.approve_by:
                await tx.save(expire(request, now))
                await tx.record(Event(kind=EventKind.REQUEST_EXPIRED, at=now, request=claim.request_id))
        return True

    async def _done(self, claim: Claim) -> bool:
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.release(claim, None)
        return False


def _is_past(time: datetime | None, now: datetime) -> bool:
    return time is not None and now >= time
