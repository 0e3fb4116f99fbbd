"""The one clock that leases, due times, deadlines and slots of the rate go by: the database's.

A process asks the database for its time every few seconds, and counts on from the answer by itself; its
machine's own clock may be wrong or be set as anyone likes. Replicas agree about the time because of that,
and a lease ends for all of them at once.

When the database's clock itself jumps, as after a failover, some replicas find out sooner than others. So
a replica that finds out takes no work and sends nothing until the others have found out as well, and until
every lease from before has ended. Only then it goes by the new time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.adapters.elapsed import elapsed as since_start
from bot.domain.errors import StoreError, StoreUnavailable
from bot.services.ports.store import LEASE

_log = structlog.get_logger(__name__)

MEASURE_EVERY = timedelta(seconds=5)

# So many questions at the start: the shortest round trip among them tells the time best.
_AT_START = 3
# A slower answer (seconds) does not tell the time well enough to lease anything by it.
_SLOWEST = 2.0
# So long (seconds) after the last good answer the time is no longer known.
_GOOD_FOR = 15.0
# What is more than this (seconds) is a jump. Less is made up for without a word; leases leave room for it.
_TOLERATED = 1.0
# By then (seconds) every other replica has found out about a jump, or takes no work, since it got no good
# answer; and what it had leased before has ended.
_SETTLED_AFTER = _GOOD_FOR + LEASE.total_seconds()


@dataclass(frozen=True)
class Sample:
    """The database's time, and this process's count of seconds before it was asked and after the answer."""

    before: float
    time: datetime
    after: float

    @property
    def start(self) -> datetime:
        """The database's time when the count began, most likely: halfway between question and answer."""
        return self.time - timedelta(seconds=(self.before + self.after) / 2)

    def nearest(self, start: datetime) -> datetime:
        """Return the time nearest to `start` that this answer allows for."""
        earliest, latest = (self.time - timedelta(seconds=count) for count in (self.after, self.before))
        return min(max(start, earliest), latest)


class TimeServer(Protocol):
    """The database, as far as the clock needs it. Everything raises StoreError."""

    async def sample(self, elapsed: Callable[[], float]) -> Sample:
        """Ask for the time. elapsed: counts seconds in this process."""

    async def newest(self) -> datetime | None:
        """Return the latest time that anything was recorded at, if anything was."""

    async def wake(self, now: datetime) -> None:
        """Make all work due that waits for a later time, and let leases that last too long end in time."""


@dataclass(frozen=True)
class _Jump:
    """A new time that the database tells. since: the count of seconds when it was first told."""

    start: datetime
    since: float


class DatabaseClock:
    """The database's time, as this process knows it. elapsed: counts seconds, and never goes back."""

    def __init__(self, elapsed: Callable[[], float] = since_start) -> None:
        self._elapsed = elapsed
        self._start: datetime | None = None
        self._confirmed = float("-inf")
        self._jump: _Jump | None = None

    def now(self) -> datetime:
        """Return the time, in UTC. Raises StoreUnavailable before `begin`."""
        if self._start is None:
            raise StoreUnavailable("The database's time is not known yet.")
        return self._start + timedelta(seconds=self._elapsed())

    def trouble(self) -> str | None:
        """Return in a sentence why no work may be taken by this clock now, and nothing sent; None: it may."""
        if self._jump is not None:
            return "The database's clock has jumped, and it is not certain yet that all replicas know."
        if self._elapsed() - self._confirmed > _GOOD_FOR:
            return f"The database has not told its time for {_GOOD_FOR:.0f} seconds."
        return None

    async def begin(self, server: TimeServer) -> None:
        """Ask for the time for the first time. Raises StoreUnavailable if that takes too long.

        Work that was put off before the database's clock was set back is made due.
        """
        for _ in range(_AT_START):
            await self.measure(server)
        now, newest = self.now(), await server.newest()
        if newest is not None and newest > now + timedelta(seconds=_TOLERATED):
            _log.warning("clock.behind_what_is_stored", seconds=_seconds(newest - now))
            await server.wake(now)

    @asynccontextmanager
    async def kept(
        self, server: TimeServer, ended: Callable[[], object], every: timedelta = MEASURE_EVERY
    ) -> AsyncIterator[None]:
        """Ask for the time now, and again and again until the end: work in flight still goes by it.

        ended: is called once that ends, at the end of the block or before, by an error that nobody expected.
        That error is raised at the end of the block.
        Raises StoreUnavailable if the first answer takes too long.
        """
        await self.begin(server)
        keeping = asyncio.create_task(self._keep(server, every))
        keeping.add_done_callback(lambda _: ended())
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def _keep(self, server: TimeServer, every: timedelta) -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            try:
                await self.measure(server)
            except StoreError as error:
                _log.warning("clock.not_told", error=str(error))

    async def measure(self, server: TimeServer) -> None:
        """Ask for the time again. Raises StoreError if it can't be asked for."""
        sample = await server.sample(self._elapsed)
        if sample.after - sample.before > _SLOWEST:
            return
        start = sample.start if self._start is None else sample.nearest(self._start)
        if self._start is None or not _differ(start, self._start):
            self._start, self._jump = start, None
        else:
            await self._jumped(server, self._start, sample)
        self._confirmed = sample.after

    async def _jumped(self, server: TimeServer, known: datetime, sample: Sample) -> None:
        jump = self._jump
        if jump is None or _differ(sample.nearest(jump.start), jump.start):
            _log.warning("clock.jumped", seconds=_seconds(sample.start - known))
            self._jump = _Jump(sample.start, sample.after)
        elif sample.after - jump.since >= _SETTLED_AFTER:
            if jump.start < known:
                await server.wake(jump.start + timedelta(seconds=self._elapsed()))
            self._start, self._jump = jump.start, None
            _log.info("clock.settled")


def _differ(one: datetime, other: datetime) -> bool:
    return abs(one - other) > timedelta(seconds=_TOLERATED)


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 1)
