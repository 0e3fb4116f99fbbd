"""Writes what happened to a claimed item: each entry is one transaction, made under the claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from bot.domain.coupon import Reading, Shown
from bot.domain.errors import LostClaim, SlackError, VivoldiError
from bot.domain.event import Event, EventKind
from bot.domain.item.absence import Look
from bot.domain.item.deletion import AnyState, Item, NotSent, Waiting, fate_of, is_final, may_be_gone, void
from bot.domain.item.freeze import Fate, Freeze, LaterRequest, Underway
from bot.domain.item.hidden import has_set_date
from bot.domain.item.restore import NotCreated, ToCreate, WhyNot
from bot.domain.request import freeze
from bot.domain.request.request import Approved, Request, ShownAtEnd, codes_of, looked, progress
from bot.domain.request.request import Shown as ShownRequest
from bot.services.facts import Fact, outcome_of, was_read
from bot.services.pacing import backoff, backoff_after
from bot.services.ports.outside import Clock
from bot.services.ports.store import Claim, Place, Store, Transaction
from bot.services.servers import is_void


@dataclass(frozen=True)
class Looked:
    """A claimed item, and the request that it is in."""

    claim: Claim
    request: ShownRequest

    @property
    def approved(self) -> Approved:
        """The request, if its items are being deleted."""
        # A deletion that has not ended belongs to a request that was approved and has not finished.
        assert isinstance(self.request, Approved), f"{self.claim.request_id} is not approved"
        return self.request

    @property
    def has_deletion(self) -> bool:
        """Whether the claimed item is to be deleted, or created again, as it is stored."""
        return isinstance(self.request, Approved) and not is_final(self.item.state)

    @property
    def item(self) -> Item:
        """The claimed item as it is stored."""
        return self.request.items[self.place.position]

    @property
    def place(self) -> Place:
        """Where the claimed item stands."""
        assert self.claim.position is not None
        return Place(self.claim.request_id, self.claim.position)


def _that_was_shown(request: Request | None) -> ShownRequest:
    # What has work left was shown to people.
    assert isinstance(request, ShownRequest), f"{request} was not shown"
    return request


async def _noted(tx: Transaction, claim: Claim, request: ShownRequest, look: Look) -> ShownRequest:
    """Return the request with a look at the claimed item stored, as far as later looks count from it."""
    assert claim.position is not None
    after = looked(request, claim.position, look)
    if after is not request:
        await tx.save(after)
    return after


@dataclass(frozen=True)
class Entry(Looked):
    """An open entry: the transaction, and the request as it stands in it."""

    tx: Transaction
    clock: Clock

    async def move(self, state: AnyState) -> bool:
        """Store the item's next state, with its outcome as an audit event if it is one.

        Returns whether there is more to do; an outcome ends the claim. What the coupon held is not kept any
        longer if the coupon is still there. If the approvals went with their server, that is the outcome
        of what was not sent since, whatever it seems to have come to (I3).
        """
        now, state = self.clock.now(), await self._lost(state) or state
        await self.tx.save(progress(self.approved, self.place.position, state, now))
        if not is_final(state):
            return True
        if not may_be_gone(state):
            await self.tx.snapshots.drop(self.place)
        await self.note(Fact(EventKind.ITEM_OUTCOME, outcome_of(state)))
        await self._pass_on(fate_of(state))
        return False

    async def _pass_on(self, fate: Fate | None) -> None:
        """Have the cards of earlier requests that froze the coupon say what became of it.

        Their rows are locked after this request's own, the newer before the older, as everyone does.
        """
        if fate is None:
            return
        for request_id in await self.tx.frozen_before(self.item.code, self.request):
            earlier = await self.tx.get(request_id)
            if isinstance(earlier, ShownAtEnd):
                hidden = earlier.origin.channel != self.request.origin.channel
                later = LaterRequest(self.claim.request_id, fate, hidden)
                after = freeze.passed_on(earlier, self.item.code, later)
                if after is not earlier:
                    await self.tx.save(after)

    async def _lost(self, state: AnyState) -> NotSent | NotCreated | None:
        """Return what an end comes to, as its approvals are void; None: they are not, or it was sent."""
        before = self.item.state
        if not (is_final(state) and isinstance(before, Waiting | ToCreate)):
            return None
        if not await is_void(self.tx, self.approved):
            return None
        return void(before) if isinstance(before, Waiting) else NotCreated(WhyNot.OTHER_SERVER)

    async def move_freeze(self, state: Freeze) -> bool:
        """Store how far the item's freeze is, as an audit event once it is settled.

        Returns whether there is more to do.
        """
        now = self.clock.now()
        await self.tx.save(freeze.progress(self.request, self.place.position, state, now))
        if isinstance(state, Underway):
            return True
        await self.note(Fact(EventKind.FREEZE_OUTCOME, outcome_of(state)))
        return self.has_deletion

    async def about_to_send(self) -> str | None:
        """Renew the lease in the transaction that stores that something is sent (I3).

        It then outlasts the send, which begins within SEND_WITHIN of its read, so nobody takes the item over
        and sends as well. Returns which server of the database stores it; None: it does not tell. Raises
        LostClaim, and StoreUnavailable if the time is not certain.
        """
        return await self.tx.renew(self.claim)

    async def keep(self, reading: Reading) -> None:
        """Keep what the coupon holds, sealed, as far as it was shown and there is a key to seal it with.

        With the expiry date of a freeze it could not be restored; what was kept before the freeze stays then.
        """
        if isinstance(reading, Shown) and has_set_date(self.item.freeze, reading.coupon):
            return
        if isinstance(reading, Shown) and reading.sealed is not None:
            await self.tx.snapshots.keep(self.place, reading.sealed, self.clock.now())

    async def note(self, fact: Fact) -> None:
        """Append an audit event about the item."""
        await self.tx.record(
            Event(
                kind=fact.kind,
                at=self.clock.now(),
                request=self.claim.request_id,
                code=self.item.code,
                data=fact.data,
            )
        )


class Ledger:
    """Opens entries, each only while the claim is held."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    async def look(self, claim: Claim) -> Looked:
        """Return the claimed item as it is stored. Raises LostClaim if it is no longer held."""
        request, _ = await self._store.look(claim, self._clock.now())
        return Looked(claim, _that_was_shown(request))

    @asynccontextmanager
    async def entry(self, claim: Claim, seen: Look | Fact | None = None) -> AsyncIterator[Entry]:
        """Open a transaction under the claim, and note in it what was observed.

        Raises LostClaim if it is no longer held: its lease ran out, or someone stopped the request. What
        was observed belongs into the audit all the same (I7).
        """
        fact = was_read(seen.reading) if isinstance(seen, Look) else seen
        try:
            async with self._store.transaction() as tx:
                await tx.hold(claim)
                request = _that_was_shown(await tx.get(claim.request_id))
                if isinstance(seen, Look):
                    request = await _noted(tx, claim, request, seen)
                entry = Entry(claim, request, tx, self._clock)
                if fact is not None:
                    await entry.note(fact)
                yield entry
        except LostClaim:
            if fact is not None:
                await self._note_late(claim, fact)
            raise

    async def move(self, claim: Claim, state: AnyState, seen: Look | Fact | None = None) -> bool:
        """Store the item's next state, and what was observed. Returns whether there is more to do."""
        async with self.entry(claim, seen) as entry:
            return await entry.move(state)

    async def _note_late(self, claim: Claim, fact: Fact) -> None:
        """Append what was observed about an item whose claim is lost by now. Its state is another's."""
        data = {**fact.data, "claim_lost": True}
        now, request_id = self._clock.now(), claim.request_id
        async with self._store.transaction() as tx:
            request = await tx.get(request_id)
            assert request is not None
            assert claim.position is not None
            code = codes_of(request)[claim.position]
            await tx.record(Event(kind=fact.kind, at=now, request=request_id, code=code, data=data))

    async def put_back(self, claim: Claim, due: datetime | None, seen: Look | Fact | None = None) -> bool:
        """Release the claim, and store what was observed. Returns that there is nothing more to do now.

        due: when to go on; None: as the item's state says.
        """
        async with self.entry(claim, seen) as entry:
            await entry.tx.release(claim, due)
        return False

    async def wait(
        self,
        claim: Claim,
        waiting: Waiting | ToCreate,
        error: SlackError | VivoldiError,
        fact: Fact | None = None,
    ) -> None:
        """Put an item back that could not be sent now, since someone did not answer. The card says who."""
        asked = "Slack" if isinstance(error, SlackError) else "Vivoldi"
        obstacle = f"{asked} could not be asked: {error}"
        async with self.entry(claim, fact) as entry:
            if waiting.obstacle != obstacle:
                await entry.move(replace(waiting, obstacle=obstacle))
            due = self.retry_after(claim, error)
            await entry.tx.release(claim, min(due, entry.approved.execute_by))

    async def read_later(self, claim: Claim, error: VivoldiError) -> bool:
        """Put an item back whose read was not answered. Returns that there is nothing more to do now."""
        return await self.put_back(claim, self.retry_after(claim, error), was_read(error))

    def retry_after(self, claim: Claim, error: SlackError | VivoldiError) -> datetime:
        """Return when to try again after an error."""
        return self._clock.now() + backoff_after(error, claim.attempts, self._random)

    def retry_at(self, attempts: int, retry_after: float | None = None) -> datetime:
        """Return when to try again, after `attempts` tries."""
        return self._clock.now() + backoff(attempts, self._random, retry_after)
