"""Draft a restoration: find what the deleted coupon held, and show people what can be created from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from bot.domain.coupon import CouponCode, NotShown, Reading, Shown
from bot.domain.event import Event, EventKind
from bot.domain.item.restore import Draft, Unusable, has_ended
from bot.domain.policy import Policy, sight, sight_of_everyone_in
from bot.domain.request.request import FailureReason, Origin, Request, Submitted
from bot.domain.request.restore import deletion_of, draft, show
from bot.services.facts import was_read
from bot.services.ports.outside import Channels, Clock, People, Reads
from bot.services.ports.store import Claim, OpenRequest, Snapshot, Store
from bot.services.requests.fail import FailRequest

# More requests about one code than anyone makes in the time for which snapshots are kept.
_REMEMBERED = 50


@dataclass(frozen=True)
class _Failure:
    """Why nothing can be created again. detail: what was observed, as `FailureReason` says."""

    reason: FailureReason
    detail: str


class DraftRestore:
    """Takes a request to create a coupon again from its read to pending, or to failed."""

    def __init__(
        self,
        store: Store,
        coupons: Reads,
        people: People,
        channels: Channels,
        fail: FailRequest,
        policy: Policy,
        clock: Clock,
        timezone: tzinfo,
    ) -> None:
        self._store = store
        self._coupons = coupons
        self._people = people
        self._channels = channels
        self._fail = fail
        self._policy = policy
        self._clock = clock
        self._timezone = timezone

    async def __call__(self, claim: Claim, request: Submitted, reading: Reading) -> bool:
        """Draft it, after a read of its only code. Returns whether the request can go on at once."""
        (code,) = request.codes
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            fact = was_read(reading)
            event = Event(
                kind=fact.kind, at=self._clock.now(), request=claim.request_id, code=code, data=fact.data
            )
            await tx.record(event)
            snapshot = await tx.snapshots.newest(code)
        if isinstance(reading, Shown):
            return await self._failed(claim, _Failure(FailureReason.NUMBER_TAKEN, ""))
        drafted = await self._drafted(request.origin, code, snapshot)
        if isinstance(drafted, _Failure):
            return await self._failed(claim, drafted)
        return await self._shown(claim, request, reading, drafted)

    async def _drafted(self, asked: Origin, code: CouponCode, snapshot: Snapshot | None) -> Draft | _Failure:
        source = None if snapshot is None else await self._store.find(snapshot.place.request_id)
        if snapshot is None or source is None:
            return _Failure(FailureReason.NO_SNAPSHOT, "")
        deletion = deletion_of(source.request, snapshot.place.position)
        if deletion is None:
            return _Failure(FailureReason.NO_SNAPSHOT, "")
        held = self._coupons.held(code, snapshot.sealed)
        if isinstance(held, Unusable):
            return _Failure(FailureReason.SNAPSHOT_UNUSABLE, await self._with_source(held, asked, source))
        today = self._clock.now().astimezone(self._timezone).date()
        drafted = draft(held, deletion, snapshot.sealed, code, await self._history(code), today)
        if has_ended(drafted, today):
            ended = str(held.coupon.ends_on)
            return _Failure(FailureReason.ENDED, await self._with_source(ended, asked, source))
        origin = source.request.origin
        elsewhere = {origin.channel} - {asked.channel}
        public = await self._channels.open_to(None, elsewhere) if elsewhere else ()
        everyone = sight_of_everyone_in(asked.channel, public)
        return replace(drafted, hidden=not everyone.covers(origin.channel, origin.requester.id))

    async def _with_source(self, why: str, asked: Origin, source: OpenRequest) -> str:
        """Return why it failed, and the request that deleted it, if the requester may be told of that."""
        standing, origin = await self._people.standing(asked.requester.id), source.request.origin
        readable = await self._channels.open_to(asked.requester.id, {origin.channel})
        seen = sight(self._policy, standing, {asked.channel, *readable})
        return f"{why} {origin.id}" if seen.covers(origin.channel, origin.requester.id) else why

    async def _history(self, code: CouponCode) -> Sequence[Request]:
        return [each.request for each in await self._store.history(code, _REMEMBERED)]

    async def _failed(self, claim: Claim, failure: _Failure) -> bool:
        await self._fail(claim, failure.reason, failure.detail)
        return False

    async def _shown(self, claim: Claim, request: Submitted, reading: NotShown, drafted: Draft) -> bool:
        now = self._clock.now()
        pending = show(request, reading, drafted, now, self._policy.approve_within)
        deletion, request_id = drafted.deletion, claim.request_id
        opened = {"from": deletion.request_id, "position": deletion.position, "doubts": list(drafted.doubts)}
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.get(request_id)
            await tx.save(pending)
            for kind, code, data in (
                (EventKind.RESTORE_DRAFTED, request.codes[0], opened),
                (EventKind.REQUEST_SHOWN, None, {"digest": pending.digest}),
            ):
                await tx.record(Event(kind=kind, at=now, request=request_id, code=code, data=data))
        return True
