"""Carry a freeze, or its undoing, on: read, send the date, and read again until what came of it is seen.

That a date may be on its way is committed right before it is sent, so that a crash leaves nothing to guess;
and no date is sent without a read right before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.coupon import CouponCode
from bot.domain.errors import VivoldiError, VivoldiRefused
from bot.domain.event import EventKind
from bot.domain.item.absence import Look, LookAgain
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer
from bot.domain.item.deletion import Item
from bot.domain.item.freeze import (
    Freeze,
    Goal,
    Sent,
    SetDate,
    Underway,
    Why,
    executed,
    look,
    not_done,
    overtaken,
    refused,
    sending,
    taken_over,
)
from bot.domain.request.freeze import deadline, may_send
from bot.domain.request.request import Approved, Shown
from bot.services.facts import UNFORESEEN, Fact, was_read
from bot.services.items.ledger import Entry, Ledger
from bot.services.items.read import read
from bot.services.items.send import Basis, Sender, basis
from bot.services.pacing import is_hopeless
from bot.services.ports.outside import Clock, Reads
from bot.services.ports.store import Claim

# When no date is sent any more, there is time for the two looks that say what is known without an answer.
_LAST_LOOKS = timedelta(seconds=30)


class FreezeCoupon:
    """Takes a freeze that was asked for to what came of it."""

    def __init__(self, ledger: Ledger, coupons: Reads, sender: Sender, clock: Clock) -> None:
        self._ledger = ledger
        self._coupons = coupons
        self._sender = sender
        self._clock = clock

    async def __call__(self, claim: Claim, request: Shown, item: Item, underway: Underway) -> bool:
        """Make the next step of an item's freeze. Returns whether the item can go on at once."""
        now, until = self._clock.now(), deadline(request, underway)
        if isinstance(request, Approved) and (underway.sent is Sent.NOT_YET or now >= until):
            # Both approvals are there: the deletion blocks the coupon as soon as the freeze would.
            return await self._settled(claim, overtaken(underway, now))
        if is_hopeless(claim.attempts, now, until + _LAST_LOOKS):
            return await self._hopeless(claim, item.code, underway)
        try:
            if underway.sent is not Sent.EXECUTED:
                # Waiting for a place only when the date is sent would age the read that it is sent on.
                await self._coupons.reserve()
            look = await read(self._coupons, item.code, self._clock)
        except VivoldiError as error:
            if isinstance(error, VivoldiRefused) or self._clock.now() >= until:
                return await self._unanswered(claim, underway, str(error), was_read(error))
            async with self._ledger.entry(claim, was_read(error)) as entry:
                return await self._later(entry, underway, self._ledger.retry_after(claim, error))
        return await self._follow(claim, request, item, underway, look)

    async def _follow(self, claim: Claim, request: Shown, item: Item, underway: Underway, seen: Look) -> bool:
        """Do what follows from a read."""
        assert claim.position is not None
        until = deadline(request, underway)
        is_over = underway.sent is not Sent.NOT_YET and is_hopeless(claim.attempts, seen.at, until)
        found = look(
            *(item.snapshot, underway, seen),
            absent_since=item.absent_since,
            may_send=not is_over and may_send(request, claim.position, underway),
        )
        match found:
            case SetDate():
                return await self._send(claim, item.code, underway, seen)
            case LookAgain(at) if not isinstance(request, Approved) or at < deadline(request, underway):
                return await self._ledger.put_back(claim, at, seen)
            case LookAgain():
                return await self._settled(claim, overtaken(underway, seen.at), seen)
            case state:
                return await self._settled(claim, state, seen)

    async def _send(self, claim: Claim, code: CouponCode, underway: Underway, seen: Look) -> bool:
        async with self._ledger.entry(claim, seen) as entry:
            if not may_send(entry.request, entry.place.position, underway):
                return await entry.move_freeze(overtaken(underway, self._clock.now()))
            later = await entry.tx.taken_over(code, entry.request) if underway.goal is Goal.UNFREEZE else None
            if later is not None:
                return await entry.move_freeze(taken_over(underway, later, self._clock.now()))
            await entry.about_to_send()
            await entry.move_freeze(sending(underway))
            sent = {"goal": underway.goal, "date": underway.date, "by": underway.by}
            await entry.note(Fact(EventKind.DATE_SENDING, sent))
            if underway.goal is Goal.FREEZE:
                # Once it is frozen, no read shows it any more, not even the one before its deletion.
                await entry.keep(seen.reading)
        on = _basis(entry.request, underway, seen)
        answer = await self._sender.end_on(code, underway.date, on)
        return await self._answered(claim, underway, answer)

    async def _answered(self, claim: Claim, underway: Underway, answer: DeleteAnswer) -> bool:
        """Store what was answered. underway: as it was before this date was sent."""
        fact = Fact(EventKind.DATE_ANSWERED, {"answer": answer.audit_name, **vars(answer)})
        async with self._ledger.entry(claim, fact) as entry:
            match answer:
                case Executed():
                    return await entry.move_freeze(executed(underway))
                case RefusedAnswer(message):
                    return await entry.move_freeze(refused(underway, message, self._clock.now()))
                case NotExecuted(_, retry_after):
                    await entry.move_freeze(underway)
                    return await self._later(
                        entry, underway, self._ledger.retry_at(claim.attempts, retry_after)
                    )
                case _:
                    # It may have been set. It is sent again, after a read, with growing gaps.
                    later = self._ledger.retry_at(claim.attempts)
                    return await self._later(entry, sending(underway), later)

    async def _hopeless(self, claim: Claim, code: CouponCode, underway: Underway) -> bool:
        """End a freeze that failed each time, with the last known cause since it was asked for."""
        async with self._ledger.entry(claim) as entry:
            trouble = await entry.tx.last_trouble(claim.request_id, code, since=underway.at)
            known = trouble or UNFORESEEN
            return await entry.move_freeze(not_done(underway, Why.NO_ANSWER, self._clock.now(), known))

    async def _unanswered(
        self, claim: Claim, underway: Underway, detail: str, fact: Fact | None = None
    ) -> bool:
        return await self._settled(claim, not_done(underway, Why.NO_ANSWER, self._clock.now(), detail), fact)

    async def _settled(self, claim: Claim, state: Freeze, seen: Look | Fact | None = None) -> bool:
        async with self._ledger.entry(claim, seen) as entry:
            return await entry.move_freeze(state)

    async def _later(self, entry: Entry, underway: Underway, due: datetime) -> bool:
        """Put the item back. A deletion that was approved meanwhile does not wait for what was never sent."""
        if entry.has_deletion and underway.sent is Sent.NOT_YET:
            return True
        until = deadline(entry.request, underway)
        await entry.tx.release(entry.claim, min(due, until) if self._clock.now() < until else due)
        return False


def _basis(request: Shown, underway: Underway, seen: Look) -> Basis:
    """Return what a date is sent on: while a deletion waits for it, only within that deletion's own time."""
    if isinstance(request, Approved) and underway.goal is Goal.FREEZE:
        return basis(seen.at, deadline(request, underway))
    return basis(seen.at)
