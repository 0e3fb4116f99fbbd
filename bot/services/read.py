"""Read the coupons of a stored request, so that people can be shown them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from random import Random

from bot.domain.coupon import CouponCode, Reading
from bot.domain.errors import VivoldiError, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import Event, EventKind
from bot.domain.freezes import can_freeze
from bot.domain.policy import Policy
from bot.domain.request import FailureReason, Purpose, Submitted, show
from bot.services.draft import DraftRestore
from bot.services.failing import FailRequest
from bot.services.ledger import was_read
from bot.services.ports import Claim, Clock, Coupons, Store, Transaction
from bot.services.timing import backoff, is_hopeless

# Transient trouble is tried again for this long, counted from the command.
_READ_FOR = timedelta(seconds=60)
_LOCKED = "only a coupon that Vivoldi shows, and that was never used, can be frozen"


class ReadCoupons:
    """Takes a submitted request to pending, or to failed where Vivoldi can't be read."""

    def __init__(
        self,
        store: Store,
        coupons: Coupons,
        fail: FailRequest,
        draft: DraftRestore,
        policy: Policy,
        clock: Clock,
        random: Random,
        timezone: tzinfo,
    ) -> None:
        self._store = store
        self._coupons = coupons
        self._fail = fail
        self._draft = draft
        self._policy = policy
        self._clock = clock
        self._random = random
        self._timezone = timezone

    async def __call__(self, claim: Claim, request: Submitted) -> bool:
        """Read every coupon once. Returns whether the request can go on at once."""
        if is_hopeless(claim.attempts, self._clock.now(), request.origin.opened_at + _READ_FOR):
            detail = (
                "something went wrong on my side each time; whoever runs Coupon Guard can see it in the log"
            )
            await self._fail(claim, FailureReason.UNREADABLE, detail)
            return False
        reads = (self._read(code) for code in request.codes)
        results = await asyncio.gather(*reads)
        errors = [result for result in results if isinstance(result, VivoldiError)]
        if errors:
            return await self._unread(claim, request, results, errors)
        readings = tuple(result for result in results if not isinstance(result, VivoldiError))
        if request.origin.purpose is Purpose.RESTORE:
            return await self._draft(claim, request, readings[0])
        return await self._show(claim, request, readings)

    async def _unread(
        self,
        claim: Claim,
        request: Submitted,
        results: Sequence[Reading | VivoldiError],
        errors: Sequence[VivoldiError],
    ) -> bool:
        """Try again later, or give up: at once where a setting has to be mended, else after a minute."""
        refused = [error for error in errors if isinstance(error, VivoldiRefused)]
        error, give_up_at = (refused or errors)[0], request.origin.opened_at + _READ_FOR
        hopeless = bool(refused) or self._clock.now() >= give_up_at
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await self._record(tx, request, results, self._clock.now())
            if not hopeless:
                retry_after = error.retry_after if isinstance(error, VivoldiUnavailable) else None
                due = self._clock.now() + backoff(claim.attempts, self._random, retry_after)
                await tx.release(claim, min(due, give_up_at))
        if hopeless:
            await self._fail(claim, FailureReason.UNREADABLE, str(error))
        return False

    async def _read(self, code: CouponCode) -> Reading | VivoldiError:
        try:
            return await self._coupons.read(code)
        except VivoldiError as error:
            return error

    async def _show(self, claim: Claim, request: Submitted, readings: tuple[Reading, ...]) -> bool:
        now = self._clock.now()
        today = now.astimezone(self._timezone).date()
        pending = show(request, readings, now, self._policy.approve_within, today)
        if request.origin.purpose is Purpose.FREEZE and not can_freeze(pending):
            async with self._store.transaction() as tx:
                await tx.hold(claim)
                await self._record(tx, request, readings, now)
            await self._fail(claim, FailureReason.NOT_FREEZABLE, _LOCKED)
            return False
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.get(claim.request_id)
            await tx.save(pending)
            await self._record(tx, request, readings, now)
            shown = {"digest": pending.digest}
            await tx.record(Event(kind=EventKind.REQUEST_SHOWN, at=now, request=claim.request_id, data=shown))
        return True

    async def _record(
        self,
        tx: Transaction,
        request: Submitted,
        results: Sequence[Reading | VivoldiError],
        now: datetime,
    ) -> None:
        request_id = request.origin.id
        for code, result in zip(request.codes, results, strict=True):
            fact = was_read(result)
            await tx.record(Event(kind=fact.kind, at=now, request=request_id, code=code, data=fact.data))
