"""Read the coupons of a stored request, so that people can be shown them."""

from __future__ import annotations

import asyncio
from datetime import timedelta, tzinfo
from random import Random

from bot.domain.coupon import CouponCode, Reading
from bot.domain.errors import VivoldiError, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import Event, EventKind
from bot.domain.policy import Policy
from bot.domain.request import FailureReason, Submitted, show
from bot.services.failing import FailRequest
from bot.services.ledger import was_read
from bot.services.ports import Claim, Clock, Coupons, Store, Transaction
from bot.services.timing import backoff

# Transient trouble is tried again for this long, counted from the command.
_READ_FOR = timedelta(seconds=60)


class ReadCoupons:
    """Takes a submitted request to pending, or to failed where Vivoldi can't be read."""

    def __init__(
        self,
        store: Store,
        coupons: Coupons,
        fail: FailRequest,
        policy: Policy,
        clock: Clock,
        random: Random,
        timezone: tzinfo,
    ) -> None:
        self._store = store
        self._coupons = coupons
        self._fail = fail
        self._policy = policy
        self._clock = clock
        self._random = random
        self._timezone = timezone

    async def __call__(self, claim: Claim, request: Submitted) -> bool:
        """Read every coupon once. Returns whether the request can go on at once."""
        reads = (self._read(code) for code in request.codes)
        results = await asyncio.gather(*reads)
        errors = [result for result in results if isinstance(result, VivoldiError)]
        if not errors:
            readings = tuple(result for result in results if not isinstance(result, VivoldiError))
            await self._show(claim, request, readings)
            return True
        refused = [error for error in errors if isinstance(error, VivoldiRefused)]
        error = (refused or errors)[0]
        if refused or self._clock.now() >= request.origin.opened_at + _READ_FOR:
            await self._fail(claim, FailureReason.UNREADABLE, str(error))
            return False
        retry_after = error.retry_after if isinstance(error, VivoldiUnavailable) else None
        due = self._clock.now() + backoff(claim.attempts, self._random, retry_after)
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.release(claim, min(due, request.origin.opened_at + _READ_FOR))
        return False

    async def _read(self, code: CouponCode) -> Reading | VivoldiError:
        try:
            return await self._coupons.read(code)
        except VivoldiError as error:
            return error

    async def _show(self, claim: Claim, request: Submitted, readings: tuple[Reading, ...]) -> None:
        now = self._clock.now()
        today = now.astimezone(self._timezone).date()
        pending = show(request, readings, now, self._policy.approve_within, today)
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.get(claim.request_id)
            await tx.save(pending)
            await self._record(tx, request, readings, pending.digest)

    async def _record(
        self, tx: Transaction, request: Submitted, readings: tuple[Reading, ...], digest: str
    ) -> None:
        now, request_id = self._clock.now(), request.origin.id
        for code, reading in zip(request.codes, readings, strict=True):
            fact = was_read(reading)
            await tx.record(Event(kind=fact.kind, at=now, request=request_id, code=code, data=fact.data))
        shown = Event(kind=EventKind.REQUEST_SHOWN, at=now, request=request_id, data={"digest": digest})
        await tx.record(shown)
