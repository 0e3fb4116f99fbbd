"""Read the coupons of a stored request, so that people can be shown them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from random import Random

from bot.domain.coupon import CouponCode, Reading
from bot.domain.errors import VivoldiError, VivoldiRefused
from bot.domain.event import Event, EventKind
from bot.domain.item.freeze import hindrance
from bot.domain.policy import Policy
from bot.domain.rate import MANY, read_within
from bot.domain.request.freeze import can_freeze
from bot.domain.request.request import FailureReason, Purpose, Submitted, read_more, show
from bot.services.facts import UNFORESEEN, was_read
from bot.services.pacing import Many, backoff_after, is_hopeless
from bot.services.ports.outside import Clock, Reads
from bot.services.ports.store import Claim, Store, Transaction
from bot.services.requests.draft import DraftRestore
from bot.services.requests.fail import FailRequest


def _tried(trouble: str, tries: int, since: datetime, now: datetime) -> str:
    """Return the last known cause, with how often it was tried in all, and for how long."""
    seconds = round((now - since).total_seconds())
    return f"{trouble}; that was the last of {tries} tries in {seconds} s" if tries > 1 else trouble


# What came of some reads, by the position of the code.
Results = Mapping[int, Reading | VivoldiError]


class ReadCoupons:
    """Takes a submitted request to pending, or to failed if Vivoldi can't be read.

    What was read is stored as it goes, so that a crash costs no more than the reads in flight.
    """

    def __init__(
        self,
        store: Store,
        coupons: Reads,
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
        self._many = Many(store, policy.plan)

    async def __call__(self, claim: Claim, request: Submitted) -> bool:
        """Read what is not read yet, some coupons at once. Returns whether the request can go on at once.

        Transient trouble is tried again until a deadline, counted from the command.
        """
        give_up_at = request.origin.opened_at + read_within(request.origin.bulk, len(request.codes))
        if is_hopeless(claim.attempts, self._clock.now(), give_up_at):
            async with self._store.transaction() as tx:
                trouble = await tx.last_trouble(claim.request_id)
            since, now = request.origin.opened_at, self._clock.now()
            known = trouble and _tried(trouble, claim.attempts - 1, since, now)
            await self._fail(claim, FailureReason.UNREADABLE, known or UNFORESEEN)
            return False
        async with self._many.place(request.origin.bulk) as free:
            if not free:
                return await self._put_back(claim, request, {}, self._pace(request))
            positions = request.unread[:MANY]
            reads = (self._read(request.codes[position]) for position in positions)
            results = dict(zip(positions, await asyncio.gather(*reads), strict=True))
        after = read_more(
            request, {at: found for at, found in results.items() if not isinstance(found, VivoldiError)}
        )
        errors = [found for found in results.values() if isinstance(found, VivoldiError)]
        if errors:
            return await self._unread(claim, after, results, errors, give_up_at)
        if after.unread:
            return await self._put_back(claim, after, results, self._pace(request))
        (first, *_) = after.readings
        if request.origin.purpose is Purpose.RESTORE and first is not None:
            return await self._draft(claim, request, first)
        return await self._show(claim, after, results)

    async def _read(self, code: CouponCode) -> Reading | VivoldiError:
        try:
            return await self._coupons.read(code)
        except VivoldiError as error:
            return error

    def _pace(self, request: Submitted) -> datetime:
        """Return when the next coupons of a request are to be read."""
        bulk = request.origin.bulk
        return self._clock.now() + (MANY * bulk.every_call if bulk else timedelta())

    async def _unread(
        self,
        claim: Claim,
        after: Submitted,
        results: Results,
        errors: list[VivoldiError],
        give_up_at: datetime,
    ) -> bool:
        """Try again later, or give up: at once if a setting has to be mended, else at the deadline."""
        refused = [error for error in errors if isinstance(error, VivoldiRefused)]
        error = (refused or errors)[0]
        hopeless = bool(refused) or self._clock.now() >= give_up_at
        later = self._clock.now() + backoff_after(error, claim.attempts, self._random)
        due = None if hopeless else min(later, give_up_at)
        await self._put_back(claim, after, results, due)
        if hopeless:
            since, now = after.origin.opened_at, self._clock.now()
            await self._fail(claim, FailureReason.UNREADABLE, _tried(str(error), claim.attempts, since, now))
        return False

    async def _put_back(self, claim: Claim, after: Submitted, results: Results, due: datetime | None) -> bool:
        """Keep what was read, and go on at `due`; None: the claim is kept. Returns False."""
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            if results:
                await tx.get(claim.request_id)
                await tx.save(after)
                await self._record(tx, after, results)
            if due is not None:
                await tx.release(claim, due)
        return False

    async def _show(self, claim: Claim, request: Submitted, results: Results) -> bool:
        now = self._clock.now()
        today = now.astimezone(self._timezone).date()
        readings = tuple(reading for reading in request.readings if reading is not None)
        pending = show(request, readings, now, self._policy.approve_within, today)
        if request.origin.purpose is Purpose.FREEZE and not can_freeze(pending):
            async with self._store.transaction() as tx:
                await tx.hold(claim)
                await self._record(tx, request, results)
            why = ", ".join(filter(None, map(hindrance, readings)))
            await self._fail(claim, FailureReason.NOT_FREEZABLE, why)
            return False
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.get(claim.request_id)
            await tx.save(pending)
            await self._record(tx, request, results)
            shown = {"digest": pending.digest}
            await tx.record(Event(kind=EventKind.REQUEST_SHOWN, at=now, request=claim.request_id, data=shown))
        return True

    async def _record(self, tx: Transaction, request: Submitted, results: Results) -> None:
        now = self._clock.now()
        for position, result in results.items():
            fact = was_read(result)
            code = request.codes[position]
            await tx.record(
                Event(kind=fact.kind, at=now, request=request.origin.id, code=code, data=fact.data)
            )
