"""The rate limit of one replica among several: it takes calls ahead from what all of them share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot.domain.rate import HELD_FOR, Grant, Plan

# Calls are taken one by one, or as many as wait; where the plan allows thousands a minute, some more.
_OF_A_MINUTE = 600
# Whoever waits for others looks again at least this often, since they may leave some of theirs.
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

        Raises StoreUnavailable where nobody can say how many are left.
        """
        self._waiting += 1
        try:
            async with self._queue:
                while not self._has_one():
                    # No transaction is torn down in the middle; what it takes serves whoever is next.
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
