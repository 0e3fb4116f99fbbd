"""An approved deletion: approvers checked afresh, coupon read and compared, DELETE sent once, then read.

`Sending` is committed right before the DELETE, in the transaction that checks everything a last time: found
again later, it is an unknown outcome (I4), and never sent again before a read (I3).
"""

from __future__ import annotations

from datetime import timedelta

from bot.domain.errors import SlackError, VivoldiError, VivoldiRefused
from bot.domain.event import EventKind
from bot.domain.item.absence import Look, LookAgain
from bot.domain.item.answer import DeleteAnswer, NotExecuted
from bot.domain.item.deletion import (
    Deleted,
    Item,
    ItemState,
    NotSent,
    NotSentReason,
    Send,
    Sending,
    Unknown,
    Waiting,
    answered,
    check,
    confirm,
    give_up,
    lost,
    not_sent,
    send,
    settle,
    stopped,
    unsettled,
)
from bot.domain.people import Standing
from bot.domain.policy import ApproverLost, Policy, Verdict, still_approved
from bot.domain.request.request import Approved
from bot.services.facts import Fact, was_read
from bot.services.items.approvers import Fresh, FreshApprovers
from bot.services.items.ledger import Ledger
from bot.services.items.read import read
from bot.services.items.send import Sender, basis
from bot.services.pacing import is_hopeless, seconds_between
from bot.services.ports.outside import Clock, People, Reads
from bot.services.ports.store import Claim


class Execute:
    """Takes a waiting item to its DELETE, or to the reason why there is none."""

    def __init__(
        self,
        ledger: Ledger,
        coupons: Reads,
        sender: Sender,
        people: People,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._coupons = coupons
        self._sender = sender
        self._policy = policy
        self._clock = clock
        self._approvers = FreshApprovers(people, clock)

    async def __call__(self, claim: Claim, request: Approved, item: Item, waiting: Waiting) -> bool:
        """Make the next transition of a waiting item. Returns whether it can go on at once."""
        if request.stopped is not None:
            end = stopped(waiting, request.stopped.by.id)
            return await self._unsent(claim, request, item, waiting, end)
        if self._clock.now() >= request.execute_by:
            return await self._too_late(claim, request, item, waiting)
        if request.stop_until is not None and self._clock.now() < request.stop_until:
            return await self._ledger.put_back(claim, request.stop_until)
        try:
            await self._coupons.reserve()
            await self._approvers(request)
            look = await read(self._coupons, item.code, self._clock)
            # From memory, unless the read took so long that the answers of before are too old by now.
            approvers = await self._approvers(request)
        except SlackError as error:
            return await self._held_up(claim, waiting, error)
        except VivoldiError as error:
            return await self._held_up(claim, waiting, error, was_read(error))
        match check(item, waiting, look):
            case Send():
                return await self._send(claim, approvers, look)
            case LookAgain(at):
                # If it is too late for a second look, that is said once it is.
                return await self._ledger.put_back(claim, min(at, request.execute_by), look)
            case verdict:
                return await self._ledger.move(claim, verdict, look)

    async def _too_late(self, claim: Claim, request: Approved, item: Item, waiting: Waiting) -> bool:
        return await self._unsent(claim, request, item, waiting, not_sent(waiting, NotSentReason.TOO_LATE))

    async def _unsent(
        self, claim: Claim, request: Approved, item: Item, waiting: Waiting, end: NotSent
    ) -> bool:
        """End an item that is not sent any more.

        A last read settles an attempt that may have been executed late; it is tried again until execute-by.
        """
        if not waiting.unanswered:
            return await self._ledger.move(claim, end)
        now = self._clock.now()
        try:
            look = await read(self._coupons, item.code, self._clock)
        except VivoldiError as error:
            if now < request.execute_by:
                return await self._held_up(claim, waiting, error, was_read(error))
            return await self._ledger.move(claim, unsettled(waiting, now), was_read(error))
        match check(item, waiting, look):
            case Send():
                return await self._ledger.move(claim, end, look)
            case LookAgain(at) if at < request.execute_by:
                return await self._ledger.put_back(claim, at, look)
            case LookAgain():
                return await self._ledger.move(claim, unsettled(waiting, look.at), look)
            case verdict:
                return await self._ledger.move(claim, verdict, look)

    async def _held_up(
        self, claim: Claim, waiting: Waiting, error: SlackError | VivoldiError, fact: Fact | None = None
    ) -> bool:
        """Wait for those who did not answer, as long as there is time to send.

        Where Vivoldi refuses to be read, waiting is of use only to an attempt that has to be settled.
        """
        if isinstance(error, VivoldiRefused) and not waiting.unanswered:
            end = not_sent(waiting, NotSentReason.UNREADABLE, str(error))
            return await self._ledger.move(claim, end, fact)
        await self._ledger.wait(claim, waiting, error, fact)
        return False

    async def _send(self, claim: Claim, approvers: Fresh, look: Look) -> bool:
        async with self._ledger.entry(claim, look) as entry:
            waiting = entry.item.state
            assert isinstance(waiting, Waiting)
            server = await entry.about_to_send()
            hindrance = self._hindrance(entry.approved, waiting, approvers.standings, server)
            await entry.move(hindrance or send(waiting))
            if hindrance is None:
                await entry.note(self._about_to_send(waiting, entry.approved))
                await entry.keep(look.reading)
        if hindrance is not None:
            return False
        on = basis(look.at, approvers.until, entry.approved.execute_by)
        answer = await self._sender.delete(entry.item.code, on)
        return await self._answered(claim, send(waiting), answer)

    async def _answered(self, claim: Claim, sending: Sending, answer: DeleteAnswer) -> bool:
        fact = Fact(EventKind.DELETE_ANSWERED, {"answer": answer.audit_name, **vars(answer)})
        # A worker that took over a claim that is lost by now settles it by a read.
        async with self._ledger.entry(claim, fact) as entry:
            more = await entry.move(answered(sending, answer, self._clock.now()))
            if isinstance(answer, NotExecuted) and entry.approved.stopped is None:
                due = self._ledger.retry_at(sending.attempts, answer.retry_after)
                await entry.tx.release(claim, min(due, entry.approved.execute_by))
                return False
        return more

    def _hindrance(
        self, request: Approved, waiting: Waiting, approvers: tuple[Standing, Standing], server: str | None
    ) -> ItemState | None:
        """Return what the item becomes instead, if it may not be sent (I1)."""
        if request.stopped is not None:
            return stopped(waiting, request.stopped.by.id)
        if self._clock.now() >= request.execute_by:
            return not_sent(waiting, NotSentReason.TOO_LATE)
        match still_approved(self._policy, request, approvers, server):
            case None:
                return None
            case ApproverLost(_, Verdict.OTHER_SERVER):
                return not_sent(waiting, NotSentReason.OTHER_SERVER)
            case ApproverLost(_, Verdict.NOT_BOUND | Verdict.TOO_LATE):
                return not_sent(waiting, NotSentReason.NOT_BOUND)
            case ApproverLost(actor, verdict):
                return not_sent(waiting, NotSentReason.APPROVER_LOST, verdict, actor.id)

    def _about_to_send(self, waiting: Waiting, request: Approved) -> Fact:
        data = {
            "attempt": waiting.attempts + 1,
            "seconds_since_approval": seconds_between(request.final.at, self._clock.now()),
            "digest": request.digest,
            "policy": self._policy.in_force(),
        }
        return Fact(EventKind.DELETE_SENDING, data)


# How long a read is tried again before people are told what is known without it.
_READ_FOR = timedelta(seconds=60)


class Reconcile:
    """Settles what was sent, by reads alone: it never sends anything."""

    def __init__(self, ledger: Ledger, coupons: Reads, clock: Clock) -> None:
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
            look = await read(self._coupons, item.code, self._clock)
        except VivoldiError as error:
            if self._clock.now() >= deadline:
                return await self._ledger.move(claim, give_up(unknown), was_read(error))
            return await self._ledger.read_later(claim, error)
        state = settle(item, unknown, look)
        if isinstance(state, LookAgain):
            if state.at < deadline:
                return await self._ledger.put_back(claim, state.at, look)
            state = give_up(unknown)
        async with self._ledger.entry(claim, look) as entry:
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
            look = await read(self._coupons, item.code, self._clock)
        except VivoldiError as error:
            if self._clock.now() < deadline:
                return await self._ledger.read_later(claim, error)
            return await self._ledger.move(claim, confirm(item, deleted, None), was_read(error))
        return await self._ledger.move(claim, confirm(item, deleted, look.reading), look)
