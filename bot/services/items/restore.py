"""An approved creation: everything checked afresh as for a deletion, POST sent once, then read.

`Creating` is committed right before the POST, in the transaction that checks everything a last time. What
got no clear answer is never sent again: a late one could still arrive, and would then be there twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from bot.domain.coupon import NotShown, Reading, Sealed
from bot.domain.errors import SlackError, VivoldiError, VivoldiRefused
from bot.domain.event import EventKind
from bot.domain.item.absence import LookAgain, by_absence
from bot.domain.item.answer import DeleteAnswer, NotExecuted
from bot.domain.item.deletion import Item, Send
from bot.domain.item.restore import (
    Created,
    Creating,
    Draft,
    NotCreated,
    ToCreate,
    Unclear,
    Unusable,
    WhyNot,
    sealed_digest,
)
from bot.domain.people import Standing
from bot.domain.policy import ApproverLost, Policy, Verdict, still_approved
from bot.domain.request.request import Approved
from bot.domain.request.restore import answered, check, confirm, give_up, lost, send, settle
from bot.services.facts import Fact, was_read
from bot.services.items.approvers import Fresh, FreshApprovers
from bot.services.items.ledger import Entry, Ledger
from bot.services.items.read import read
from bot.services.items.send import Sender, basis
from bot.services.pacing import is_hopeless, seconds_between
from bot.services.ports.outside import Clock, People, Reads
from bot.services.ports.store import Claim

Approvers = tuple[Standing, Standing]


class Create:
    """Takes a restoration to its POST, or to the reason why there is none."""

    def __init__(
        self,
        ledger: Ledger,
        coupons: Reads,
        sender: Sender,
        people: People,
        policy: Policy,
        clock: Clock,
        timezone: tzinfo,
    ) -> None:
        self._ledger = ledger
        self._coupons = coupons
        self._sender = sender
        self._policy = policy
        self._clock = clock
        self._timezone = timezone
        self._approvers = FreshApprovers(people, clock)

    async def __call__(
        self, claim: Claim, request: Approved, item: Item, drafted: Draft, ready: ToCreate
    ) -> bool:
        """Make the next transition of a coupon to be created. Returns whether it can go on at once."""
        if self._clock.now() >= request.execute_by:
            return await self._ledger.move(claim, NotCreated(WhyNot.TOO_LATE, ready.obstacle))
        try:
            await self._coupons.reserve()
            await self._approvers(request)
            reading = await self._coupons.read(item.code)
            read_at = self._clock.now()
            # From memory, unless the read took so long that the answers of before are too old by now.
            approvers = await self._approvers(request)
        except SlackError as error:
            return await self._held_up(claim, ready, error)
        except VivoldiError as error:
            return await self._held_up(claim, ready, error, was_read(error))
        verdict = check(drafted, reading, self._clock.now().astimezone(self._timezone).date())
        if isinstance(verdict, Send):
            return await self._send(claim, approvers, reading, read_at)
        return await self._ledger.move(claim, verdict, was_read(reading))

    async def _held_up(
        self, claim: Claim, ready: ToCreate, error: SlackError | VivoldiError, fact: Fact | None = None
    ) -> bool:
        """Wait for those who did not answer, as long as there is time to send."""
        if isinstance(error, VivoldiRefused):
            return await self._ledger.move(claim, NotCreated(WhyNot.UNREADABLE, str(error)), fact)
        await self._ledger.wait(claim, ready, error, fact)
        return False

    async def _send(self, claim: Claim, approvers: Fresh, reading: Reading, read_at: datetime) -> bool:
        async with self._ledger.entry(claim, was_read(reading)) as entry:
            ready = entry.item.state
            assert isinstance(ready, ToCreate)
            server = await entry.about_to_send()
            found = self._hindrance(entry.approved, approvers.standings, server) or await self._sealed(entry)
            if isinstance(found, NotCreated):
                return await entry.move(found)
            await entry.move(send(ready))
            await entry.note(self._about_to_send(ready, entry.approved))
        on = basis(read_at, approvers.until, entry.approved.execute_by)
        answer = await self._sender.create(entry.item.code, found, on)
        return await self._answered(claim, send(ready), answer)

    def _hindrance(self, request: Approved, approvers: Approvers, server: str | None) -> NotCreated | None:
        """Return what the item becomes instead, if it may not be sent (I1)."""
        if self._clock.now() >= request.execute_by:
            return NotCreated(WhyNot.TOO_LATE)
        match still_approved(self._policy, request, approvers, server):
            case None:
                return None
            case ApproverLost(_, Verdict.OTHER_SERVER):
                return NotCreated(WhyNot.OTHER_SERVER)
            case ApproverLost(_, Verdict.NOT_BOUND | Verdict.TOO_LATE):
                return NotCreated(WhyNot.NOT_BOUND)
            case ApproverLost(actor, verdict):
                return NotCreated(WhyNot.APPROVER_LOST, verdict, actor.id)

    async def _sealed(self, entry: Entry) -> Sealed | NotCreated:
        """Return the sealed snapshot, if it is the very one that was approved and holds what was shown."""
        drafted, code = entry.item.draft, entry.item.code
        assert drafted is not None
        deletion = drafted.deletion
        for snapshot in await entry.tx.snapshots.of_request(deletion.request_id):
            same_place = snapshot.place.position == deletion.position
            if same_place and sealed_digest(snapshot.sealed) == drafted.sealed_digest:
                held = self._coupons.held(code, snapshot.sealed)
                if held is Unusable.KEY_LOST:
                    break
                return snapshot.sealed if held == drafted.held else NotCreated(WhyNot.NOT_BOUND)
        return NotCreated(WhyNot.SNAPSHOT_CHANGED)

    async def _answered(self, claim: Claim, creating: Creating, answer: DeleteAnswer) -> bool:
        fact = Fact(EventKind.CREATE_ANSWERED, {"answer": answer.audit_name, **vars(answer)})
        # A worker that took over a claim that is lost by now settles it by a read.
        async with self._ledger.entry(claim, fact) as entry:
            more = await entry.move(answered(creating, answer, self._clock.now()))
            if isinstance(answer, NotExecuted):
                due = self._ledger.retry_at(creating.attempts, answer.retry_after)
                await entry.tx.release(claim, min(due, entry.approved.execute_by))
        return more and not isinstance(answer, NotExecuted)

    def _about_to_send(self, ready: ToCreate, request: Approved) -> Fact:
        data = {
            "attempt": ready.attempts + 1,
            "seconds_since_approval": seconds_between(request.final.at, self._clock.now()),
            "digest": request.digest,
            "policy": self._policy.in_force(),
        }
        return Fact(EventKind.CREATE_SENDING, data)


# How long a read is tried again before people are told what is known without it. What was sent and got no
# answer may take effect late, so a coupon that is not shown yet is looked for as long.
_READ_FOR = timedelta(seconds=60)
_LOST = "the bot was stopped or held up before it stored the answer"


class Restore:
    """Carries the creation of a coupon on, step by step. Only `Create` sends anything."""

    def __init__(self, ledger: Ledger, create: Create, coupons: Reads, clock: Clock) -> None:
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
            look = await read(self._coupons, item.code, self._clock)
        except VivoldiError as error:
            if self._clock.now() < deadline:
                return await self._ledger.read_later(claim, error)
            return await self._ledger.move(claim, confirm(drafted, created, None), was_read(error))
        found: Created | LookAgain = confirm(drafted, created, look.reading)
        if isinstance(look.reading, NotShown):
            # Vivoldi said that it was created, so that it is not shown speaks against it only twice.
            found = by_absence(item.absent_since, look, found)
        if isinstance(found, LookAgain):
            return await self._ledger.put_back(claim, found.at, look)
        return await self._ledger.move(claim, found, look)
