"""Carry a freeze, or its undoing, on: read, send the date, and read again until what came of it is seen.

That a date may be on its way is committed right before it is sent, so that a crash leaves nothing to guess;
and no date is sent without a read right before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.coupon import CouponCode, Reading
from bot.domain.errors import VivoldiError, VivoldiRefused
from bot.domain.event import EventKind
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
    refused,
    sending,
)
from bot.domain.request.request import Pending, Shown
from bot.services.facts import Fact, was_read
from bot.services.items.ledger import Entry, Ledger
from bot.services.pacing import is_hopeless, may_still_send
from bot.services.ports.outside import Clock, Coupons
from bot.services.ports.store import Claim

# How long Vivoldi is tried again before people are told that nothing certain is known.
_TRY_FOR = timedelta(seconds=60)
_HELD_UP = "the bot was held up right before sending"


class FreezeCoupon:
    """Takes a freeze that was asked for to what came of it."""

    def __init__(self, ledger: Ledger, coupons: Coupons, clock: Clock) -> None:
        self._ledger = ledger
        self._coupons = coupons
        self._clock = clock

    async def __call__(self, claim: Claim, request: Shown, item: Item, underway: Underway) -> bool:
        """Make the next step of an item's freeze. Returns whether the item can go on at once."""
        deadline = underway.at + _TRY_FOR
        if is_hopeless(claim.attempts, self._clock.now(), deadline):
            return await self._unanswered(claim, underway, "something went wrong on my side each time")
        try:
            if underway.sent is not Sent.EXECUTED:
                # Waiting for a place only when the date is sent would age the read that it is sent on.
                await self._coupons.reserve()
            reading = await self._coupons.read(item.code)
        except VivoldiError as error:
            if isinstance(error, VivoldiRefused) or self._clock.now() >= deadline:
                return await self._unanswered(claim, underway, str(error), was_read(error))
            async with self._ledger.entry(claim, was_read(error)) as entry:
                return await self._later(entry, self._ledger.retry_after(claim, error))
        read_at = self._clock.now()
        state = look(item.snapshot, underway, reading, read_at, may_send=_may_send(request, underway))
        if isinstance(state, SetDate):
            return await self._send(claim, item.code, underway, reading, read_at)
        return await self._settled(claim, state, was_read(reading))

    async def _send(
        self, claim: Claim, code: CouponCode, underway: Underway, reading: Reading, read_at: datetime
    ) -> bool:
        async with self._ledger.entry(claim, was_read(reading)) as entry:
            if not _may_send(entry.request, underway):
                return await entry.move_freeze(not_done(underway, Why.ENDED, self._clock.now()))
            await entry.about_to_send()
            await entry.move_freeze(sending(underway))
            sent = {"goal": underway.goal, "date": underway.date, "by": underway.by}
            await entry.note(Fact(EventKind.DATE_SENDING, sent))
            if underway.goal is Goal.FREEZE:
                # Once it is frozen, no read shows it any more, not even the one before its deletion.
                await entry.keep(reading)
        answer: DeleteAnswer = NotExecuted(_HELD_UP)
        if may_still_send(read_at, self._clock.now()):
            answer = await self._coupons.end_on(code, underway.date)
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
                    return await self._later(entry, self._ledger.retry_at(claim.attempts, retry_after))
                case _:
                    # It may have been set: the next read tells.
                    return await self._later(entry, self._ledger.retry_at(claim.attempts))

    async def _unanswered(
        self, claim: Claim, underway: Underway, detail: str, fact: Fact | None = None
    ) -> bool:
        return await self._settled(claim, not_done(underway, Why.NO_ANSWER, self._clock.now(), detail), fact)

    async def _settled(self, claim: Claim, state: Freeze, fact: Fact | None) -> bool:
        async with self._ledger.entry(claim, fact) as entry:
            return await entry.move_freeze(state)

    async def _later(self, entry: Entry, due: datetime) -> bool:
        """Put the item back, unless it was approved meanwhile: a deletion does not wait for its freeze."""
        if entry.has_deletion:
            return True
        await entry.tx.release(entry.claim, due)
        return False


def _may_send(request: Shown, underway: Underway) -> bool:
    """Tell whether the date may be sent: nothing is frozen any more once its request is decided."""
    return underway.goal is Goal.UNFREEZE or isinstance(request, Pending)
