"""The boundaries of a process: every call through a port, where it can be crashed, frozen or let through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.coupon import CouponCode
from bot.domain.errors import CouponGuardError
from bot.domain.policy import Sight
from bot.domain.rate import Plan
from bot.domain.request.request import Request
from bot.services.ports.store import Claim, Delivery, Holder, NoticeClaim, OpenRequest, Store, Transaction

COMMIT, ROLLBACK, CLAIM, DELETE = "store.commit", "store.rollback", "store.claim", "vivoldi.delete"
CREATE, UPDATE = "vivoldi.create", "vivoldi.update"
# What changes a coupon, and goes out right after a last look at the clock.
SENT = (DELETE, CREATE, UPDATE)
# Where dying on one side is the same as on the other, or as after what came before.
_SAME = ((CLAIM, "before"), (ROLLBACK, "after"))


class Crash(BaseException):
    """The process ended here. Nothing in it may catch this."""


class Side(StrEnum):
    """Where at a boundary: before the call took effect, or after it, while its answer is under way."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Place:
    """One side of the boundary that a process crosses as its `number`-th, counted from 1."""

    number: int
    side: Side

    def __str__(self) -> str:
        return f"{self.side} {self.number}"


Held = Callable[[Place, str], Awaitable[None]]


async def _let_through(_place: Place, _name: str) -> None:
    """Hold nobody up."""


@dataclass
class Boundaries:
    """Counts what one process crosses. crash_at: where it dies. held: awaited wherever it can be frozen.

    about_to_send: the numbers of what it crosses beside a call that is on the point of arriving.

    It can't be frozen inside of a transaction, where it would only keep the database from the others.
    """

    crash_at: Place | None = None
    held: Held = _let_through
    crossed: list[str] = field(default_factory=list)
    about_to_send: set[int] = field(default_factory=set)
    dead: bool = False

    def places(self) -> list[Place]:
        """Return every place that was crossed, each once."""
        return [
            Place(number, side)
            for number, name in enumerate(self.crossed, start=1)
            for side in Side
            if (name, side) not in _SAME
        ]

    def enter(self, name: str) -> int:
        """Count a crossing and return its number. Raises Crash where the process is dead already."""
        self._die_if(self.dead)
        self.crossed.append(name)
        return len(self.crossed)

    def crash(self, number: int, side: Side) -> None:
        """Raise Crash if this is the place to die, or if the process has died meanwhile."""
        self._die_if(self.dead or self.crash_at == Place(number, side))

    def rolled_back(self, number: int) -> None:
        """Note that a transaction was refused; the process can die of that, too. Raises Crash there."""
        self.crossed[number - 1] = ROLLBACK
        self.crash(number, Side.BEFORE)

    async def hold(self, number: int, side: Side) -> None:
        """Wait as long as the process is frozen here."""
        await self.held(Place(number, side), self.crossed[number - 1])
        self._die_if(self.dead)

    @asynccontextmanager
    async def crossing(self, name: str) -> AsyncIterator[None]:
        """Cross a boundary; the block is the call's effect."""
        number = self.enter(name)
        self.crash(number, Side.BEFORE)
        await self.hold(number, Side.BEFORE)
        yield
        self.crash(number, Side.AFTER)
        await self.hold(number, Side.AFTER)

    def _die_if(self, dying: bool) -> None:
        if dying:
            self.dead = True
            raise Crash


class BoundStore:
    """A store whose every commit is a boundary; it implements the port `Store`."""

    def __init__(self, store: Store, boundaries: Boundaries) -> None:
        self._store = store
        self._boundaries = boundaries

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction, which is rolled back by a crash before its commit."""
        number = self._boundaries.enter(COMMIT)
        await self._boundaries.hold(number, Side.BEFORE)
        try:
            async with self._store.transaction() as tx:
                yield tx
                self._boundaries.crash(number, Side.BEFORE)
        except CouponGuardError:
            self._boundaries.rolled_back(number)
            raise
        self._boundaries.crash(number, Side.AFTER)
        await self._boundaries.hold(number, Side.AFTER)

    async def claim_request(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one request that is due."""
        claim = await self._store.claim_request(now, lease)
        await self._claimed(claim)
        return claim

    async def claim_item(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one item that is due."""
        claim = await self._store.claim_item(now, lease)
        await self._claimed(claim)
        return claim

    async def claim_notice(self, now: datetime, lease: timedelta) -> NoticeClaim | None:
        """Take one private notice that is due."""
        claim = await self._store.claim_notice(now, lease)
        await self._claimed(claim)
        return claim

    async def _claimed(self, claim: Claim | NoticeClaim | None) -> None:
        # A look that finds nothing due changes nothing, so it is no boundary.
        if claim is not None:
            number = self._boundaries.enter(CLAIM)
            self._boundaries.crash(number, Side.AFTER)
            await self._boundaries.hold(number, Side.AFTER)

    async def keep(self, claim: Claim | NoticeClaim, now: datetime, lease: timedelta) -> None:
        """Let the lease of a claim end later."""
        await self._store.keep(claim, now, lease)

    async def finish_notice(self, claim: NoticeClaim, due: datetime | None) -> None:
        """Drop a notice, or make it due again."""
        async with self._boundaries.crossing(COMMIT):
            await self._store.finish_notice(claim, due)

    async def channels(self, code: CouponCode | None = None) -> Collection[str]:
        """Return where requests were asked."""
        return await self._store.channels(code)

    async def open_requests(self, limit: int, within: Sight | None = None) -> Sequence[OpenRequest]:
        """Return the open requests."""
        return await self._store.open_requests(limit, within)

    async def find(self, request_id: str) -> OpenRequest | None:
        """Return a request."""
        return await self._store.find(request_id)

    async def look(self, claim: Claim, now: datetime) -> tuple[Request, Delivery]:
        """Return a claimed request."""
        return await self._store.look(claim, now)

    async def history(
        self, code: CouponCode, limit: int, within: Sight | None = None
    ) -> Sequence[OpenRequest]:
        """Return the requests that a code was ever in."""
        return await self._store.history(code, limit, within)

    async def taken(self, codes: Sequence[CouponCode]) -> Mapping[CouponCode, Holder]:
        """Return which of the codes are in open requests."""
        return await self._store.taken(codes)

    async def has_room(self, plan: Plan) -> bool:
        """Tell whether requests of many codes have calls left now."""
        return await self._store.has_room(plan)

    async def ping(self) -> None:
        """Make sure that the database answers."""
        await self._store.ping()
