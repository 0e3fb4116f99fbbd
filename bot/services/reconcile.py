"""Find out by reading what happened: after an unknown outcome, and after a deletion that was answered."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.errors import VivoldiError
from bot.domain.event import EventKind
from bot.domain.item.deletion import Deleted, Item, Sending, Unknown, Waiting, confirm, give_up, lost, settle
from bot.domain.request.request import Approved
from bot.services.ledger import Fact, Ledger, was_read
from bot.services.ports import Claim, Clock, Coupons
from bot.services.timing import is_hopeless

# How long a read is tried again before people are told what is known without it.
_READ_FOR = timedelta(seconds=60)


class Reconcile:
    """Settles what was sent, by reads alone: it never sends anything."""

    def __init__(self, ledger: Ledger, coupons: Coupons, clock: Clock) -> None:
        self._ledger = ledger
        self._coupons = coupons
        self._clock = clock

    async def lost(self, claim: Claim, sending: Sending) -> bool:
        """Turn a DELETE whose sender never came back into an unknown outcome (I4)."""
        reason = "the bot was stopped or held up before it stored the answer"
        fact = Fact(EventKind.DELETE_LOST, {"reason": reason})
        return await self._ledger.move(claim, lost(sending, reason, self._clock.now()), fact)

    async def settle(self, claim: Claim, request: Approved, item: Item, unknown: Unknown) -> bool:
        """Settle an unknown outcome by a read. Returns whether the item can go on at once."""
        deadline = max(request.execute_by, unknown.since + _READ_FOR)
        if is_hopeless(claim.attempts, self._clock.now(), deadline):
            return await self._ledger.move(claim, give_up(unknown))
        try:
            reading = await self._coupons.read(item.code)
        except VivoldiError as error:
            if self._clock.now() >= deadline:
                return await self._ledger.move(claim, give_up(unknown), was_read(error))
            return await self._ledger.read_later(claim, error)
        state = settle(item, unknown, reading, self._clock.now())
        async with self._ledger.entry(claim, was_read(reading)) as entry:
            more = await entry.move(state)
            if isinstance(state, Waiting):
                # Shown as not executed: it may be sent again, but not in a hurry.
                due = self._ledger.retry_at(state.attempts)
                await entry.tx.release(claim, min(due, request.execute_by))
        return more and not isinstance(state, Waiting)

    async def confirm(self, claim: Claim, item: Item, deleted: Deleted) -> bool:
        """Read once more after a deletion, so that what is told was observed. Returns whether to go on."""
        deadline = deleted.at + _READ_FOR
        if is_hopeless(claim.attempts, self._clock.now(), deadline):
            return await self._ledger.move(claim, confirm(item, deleted, None))
        try:
            reading = await self._coupons.read(item.code)
        except VivoldiError as error:
            if self._clock.now() < deadline:
                return await self._ledger.read_later(claim, error)
            return await self._ledger.move(claim, confirm(item, deleted, None), was_read(error))
        return await self._ledger.move(claim, confirm(item, deleted, reading), was_read(reading))
