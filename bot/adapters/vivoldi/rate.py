"""A rate limit on one's own side, so that the vendor's is not met."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.domain.rate import HELD_FOR, Grant, Plan

_WINDOW = 60.0  # seconds


class Turns(Protocol):
    """What every call waits for."""

    async def turn(self) -> None:
        """Wait for a place, and take it."""


class RateLimit:
    """At most `per_minute` calls in any 60 seconds; bursts up to that are let through at once.

    monotonic: returns seconds that never go back. sleep: waits that many seconds.
    """

    def __init__(
        self,
        per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if per_minute < 1:
            raise ValueError("a rate limit needs at least one call a minute")
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._sleep = sleep
        self._calls: deque[float] = deque()
        # An asyncio lock wakes its waiters in their order and forgets a cancelled one: that is the queue.
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for a place, first come first served, and take it. A cancelled wait takes none."""
        async with self._queue:
            while (wait := self._wait()) > 0:
                await self._sleep(wait)
            self._calls.append(self._monotonic())

    def _wait(self) -> float:
        now = self._monotonic()
        while self._calls and self._calls[0] + _WINDOW <= now:
            self._calls.popleft()
        return self._calls[0] + _WINDOW - now if len(self._calls) >= self._per_minute else 0.0


# Calls are taken one by one, or as many as wait; if the plan allows thousands a minute, some more.
_OF_A_MINUTE = 600
# A call that waits for others looks again at least this often, since they may leave some of theirs.
_LOOK_AGAIN = 1.0


class SharedRate:
    """At most so many calls a minute and an hour as the plan allows, together with everyone else.

    take: takes up to so many calls from what is shared. monotonic: returns seconds that never go back. sleep:
    waits that many seconds.
    """

    def __init__(
        self,
        plan: Plan,
        take: Callable[[Plan, int], Awaitable[Grant]],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._plan = plan
        self._take = take
        self._monotonic = monotonic
        self._sleep = sleep
        self._queue = asyncio.Lock()
        self._waiting = 0
        self._held, self._held_until = 0, 0.0

    async def turn(self) -> None:
        """Wait for a place, first come first served, and take it. A cancelled wait takes none.

        Raises StoreUnavailable if nobody can say how many are left.
        """
        self._waiting += 1
        try:
            async with self._queue:
                while not self._has_one():
                    # No transaction is torn down in the middle; what it takes serves the next call.
                    grant = await asyncio.shield(asyncio.ensure_future(self._fetch()))
                    if not grant.calls:
                        await self._sleep(min(grant.wait, _LOOK_AGAIN))
                self._held -= 1
        finally:
            self._waiting -= 1

    def _has_one(self) -> bool:
        if self._monotonic() >= self._held_until:
            self._held = 0
        return self._held > 0

    async def _fetch(self) -> Grant:
        # Counted from before the question, since they count for everyone from its answer on.
        until = self._monotonic() + HELD_FOR
        grant = await self._take(self._plan, max(self._waiting, self._plan.per_minute // _OF_A_MINUTE, 1))
        if grant.calls:
            self._held, self._held_until = grant.calls, until
        return grant
