"""The rate limit on one's own side: bursts are fine, a crowded minute waits."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.vivoldi.rate import RateLimit


class ManualTime:
    """A clock that moves when told to, and the waits that hang on it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: dict[asyncio.Future[None], float] = {}

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved that far."""
        wait = asyncio.get_running_loop().create_future()
        self.waits[wait] = self.now + seconds
        try:
            await wait
        finally:
            del self.waits[wait]

    async def move(self, seconds: float) -> None:
        """Move the clock and let everyone who waits see it."""
        self.now += seconds
        for wait, due in self.waits.items():
            if due <= self.now:
                wait.set_result(None)
        for _ in range(20):
            await asyncio.sleep(0)


def limit(per_minute: int) -> tuple[RateLimit, ManualTime]:
    time = ManualTime()
    return RateLimit(per_minute, time.monotonic, time.sleep), time


async def test_a_burst_goes_through_at_once() -> None:
    """As many calls as a minute may hold go through without a wait."""
    rate, time = limit(3)
    for _ in range(3):
        await rate.turn()
    assert (time.now, time.waits) == (1_000.0, {})


async def test_one_too_many_waits_for_the_window() -> None:
    """The call after a full burst waits until the first one is 60 s old, and not longer."""
    rate, time = limit(2)
    await rate.turn()
    await time.move(10)
    await rate.turn()
    third = asyncio.create_task(rate.turn())
    await time.move(49.9)
    assert not third.done()
    await time.move(0.1)
    assert third.done()


async def test_first_come_first_served() -> None:
    """Those who wait are let through in their order."""
    rate, time = limit(1)
    await rate.turn()
    served: list[int] = []

    async def caller(name: int) -> None:
        await rate.turn()
        served.append(name)

    callers = [asyncio.create_task(caller(name)) for name in range(4)]
    for expected in range(1, 5):
        await time.move(60)
        assert served == list(range(expected))
    await asyncio.gather(*callers)


@pytest.mark.parametrize("given_up", [0, 1])
async def test_a_cancelled_wait_takes_no_place(given_up: int) -> None:
    """A caller that gives up, first in the queue or behind, leaves the next place to the others."""
    rate, time = limit(1)
    await rate.turn()
    waiting = [asyncio.create_task(rate.turn()) for _ in range(2)]
    await time.move(1)
    waiting[given_up].cancel()
    await time.move(1)
    assert waiting[given_up].cancelled()
    await time.move(58)
    assert waiting[1 - given_up].done()
    assert not time.waits


@settings(max_examples=40, deadline=None)
@given(per_minute=st.integers(1, 5), pauses=st.lists(st.floats(0, 90), max_size=25))
def test_never_more_than_the_limit(per_minute: int, pauses: list[float]) -> None:
    """However calls come, no 60 s ever hold more of them than the limit."""

    async def run() -> list[float]:
        time = ManualTime()

        async def sleep(seconds: float) -> None:
            time.now += seconds

        rate = RateLimit(per_minute, time.monotonic, sleep)
        at: list[float] = []
        for pause in pauses:
            time.now += pause
            await rate.turn()
            at.append(time.now)
        return at

    at = asyncio.run(run())
    assert all(later - earlier > 60 - 1e-6 for earlier, later in zip(at, at[per_minute:], strict=False))


def test_a_limit_of_nothing_is_refused() -> None:
    """A limit that would never let anything through is refused at once."""
    with pytest.raises(ValueError, match="at least one"):
        RateLimit(0)
