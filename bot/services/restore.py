"""The work on a coupon that is to be created again, and the reads that find out what came of it."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.errors import VivoldiError
from bot.domain.event import EventKind
from bot.domain.item.deletion import Item
from bot.domain.item.restore import Created, Creating, Draft, ToCreate, Unclear
from bot.domain.request.request import Approved
from bot.domain.request.restore import confirm, give_up, lost, settle
from bot.services.create import Create
from bot.services.ledger import Fact, Ledger, was_read
from bot.services.ports import Claim, Clock, Coupons
from bot.services.timing import is_hopeless

# How long a read is tried again before people are told what is known without it. What was sent and got no
# answer may take effect late, so a coupon that is not shown yet is looked for as long.
_READ_FOR = timedelta(seconds=60)
_LOST = "the bot was stopped or held up before it stored the answer"


class Restore:
    """Carries the creation of a coupon on, step by step. Only `Create` sends anything."""

    def __init__(self, ledger: Ledger, create: Create, coupons: Coupons, clock: Clock) -> None:
        self._ledger = ledger
        self._create = create
        self._coupons = coupons
        self._clock = clock

    async def __call__(self, claim: Claim, request: Approved, item: Item, drafted: Draft) -> bool:
        """Make the next step of a claimed item. Returns whether it can go on at once."""
        match item.state:
            case ToCreate() as ready:
                return await self._create(claim, request, item, drafted, ready)
            case Creating() as creating:
                # Only a lease that ran out brings such an item here (I4).
                fact = Fact(EventKind.CREATE_LOST, {"reason": _LOST})
                return await self._ledger.move(claim, lost(creating, _LOST, self._clock.now()), fact)
            case Unclear() as unclear:
                return await self._settle(claim, item, drafted, unclear)
            case Created() as created:
                return await self._confirm(claim, item, drafted, created)
            case other:
                raise AssertionError(f"{other} has nothing left to do, so it can't be claimed")

    async def _settle(self, claim: Claim, item: Item, drafted: Draft, unclear: Unclear) -> bool:
        now, deadline = self._clock.now(), unclear.since + _READ_FOR
        if is_hopeless(claim.attempts, now, deadline):
            return await self._ledger.move(claim, give_up(unclear))
        try:
            reading = await self._coupons.read(item.code)
        except VivoldiError as error:
            if self._clock.now() >= deadline:
                return await self._ledger.move(claim, give_up(unclear), was_read(error))
            return await self._ledger.read_later(claim, error)
        state = settle(drafted, unclear, reading, self._clock.now())
        if isinstance(state, Created) or state.seen is not None:
            return await self._ledger.move(claim, state, was_read(reading))
        if self._clock.now() >= deadline:
            return await self._ledger.move(claim, give_up(state), was_read(reading))
        async with self._ledger.entry(claim, was_read(reading)) as entry:
            await entry.move(state)
            due = self._ledger.retry_at(claim.attempts)
            await entry.tx.release(claim, min(due, deadline))
        return False

    async def _confirm(self, claim: Claim, item: Item, drafted: Draft, created: Created) -> bool:
        deadline = created.at + _READ_FOR
        if is_hopeless(claim.attempts, self._clock.now(), deadline):
            return await self._ledger.move(claim, confirm(drafted, created, None))
        try:
            reading = await self._coupons.read(item.code)
        except VivoldiError as error:
            if self._clock.now() < deadline:
                return await self._ledger.read_later(claim, error)
            return await self._ledger.move(claim, confirm(drafted, created, None), was_read(error))
        return await self._ledger.move(claim, confirm(drafted, created, reading), was_read(reading))
