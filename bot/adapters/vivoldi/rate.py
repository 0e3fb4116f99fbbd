"""A rate limit on one's own side, so that the vendor's is not met."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

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
