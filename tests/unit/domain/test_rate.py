"""The calls that all replicas take together, and how long many codes take by them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.vivoldi import SharedRate
from bot.domain.rate import (
    HELD_FOR,
    HOUR,
    MANY,
    MINUTE,
    Grant,
    Plan,
    Taken,
    Window,
    bulk_of,
    has_room,
    read_within,
    take,
    used,
)
from tests.unit.adapters.test_vivoldi_rate import ManualTime

_START = 1_700_000_000.0


@given(
    per_minute=st.integers(1, 6),
    per_hour=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 400), st.integers(1, 4), st.floats(0, HELD_FOR)), max_size=60),
)
def test_no_minute_and_no_hour_has_more_calls_than_allowed(
    per_minute: int, per_hour: int, steps: list[tuple[float, int, float]]
) -> None:
    """However calls are taken and held back, any 60 s and any 3,600 s hold no more than the plan allows."""
    now, taken, made = _START, Taken(), []
    for pause, most, held in steps:
        now += pause
        grant, taken = take(taken, Plan(per_minute, per_hour), now, most)
        made += [now + held] * grant.calls
    for window, limit in ((MINUTE, per_minute), (HOUR, per_hour)):
        for first in made:
            assert sum(first <= call < first + window.span for call in made) <= limit


@pytest.mark.parametrize(("window", "plan"), [(MINUTE, Plan(1, 1000)), (HOUR, Plan(1000, 1))])
def test_a_call_counts_to_its_end_however_late_it_was_made(window: Window, plan: Plan) -> None:
    """Taken at the end of a slot, and held as long as it may be, a call still counts its whole window."""
    slot = (_START // window.slot) * window.slot
    taken_at = slot + window.slot - 0.1
    _, taken = take(Taken(), plan, taken_at, 1)
    made_at = taken_at + HELD_FOR
    assert take(taken, plan, made_at + window.span - 0.1, 1)[0].calls == 0
    assert take(taken, plan, made_at + window.span + 0.2, 1)[0].calls == 1


@given(per_minute=st.integers(1, 6), per_hour=st.integers(1, 20), asked=st.lists(st.integers(1, 5)))
def test_a_wait_ends_with_a_call(per_minute: int, per_hour: int, asked: list[int]) -> None:
    """A caller that is told to wait gets a call when that time has passed, and not a slot later."""
    now, taken, plan = _START, Taken(), Plan(per_minute, per_hour)
    for most in asked:
        grant, taken = take(taken, plan, now, most)
        if not grant.calls:
            assert 0 < grant.wait <= HOUR.span + HOUR.slot + HELD_FOR
            now += grant.wait
            grant, taken = take(taken, plan, now, most)
        assert 1 <= grant.calls <= most


def test_what_is_over_is_forgotten() -> None:
    """The count stays small: what left its window is not kept."""
    taken, plan = Taken(), Plan(100)
    for minute in range(300):
        _, taken = take(taken, plan, _START + 60 * minute, 1)
    assert len(taken.minute) <= 2
    assert len(taken.hour) <= 62


def test_requests_of_many_codes_leave_a_part_to_others() -> None:
    """At three quarters of a minute's or an hour's calls there is room for small requests alone."""
    for plan in (Plan(8, 1000), Plan(1000, 8)):
        taken = Taken()
        for _ in range(6):
            assert has_room(taken, plan, _START)
            _, taken = take(taken, plan, _START, 1)
        assert not has_room(taken, plan, _START)
        grant, taken = take(taken, plan, _START, 9)
        assert grant == Grant(2)
        assert used(taken, MINUTE, _START) == used(taken, HOUR, _START) == 8


def test_a_plan_has_ten_times_as_many_calls_an_hour() -> None:
    """Where nothing is said about the hour, it is that of the smallest plans."""
    assert (Plan(120).per_hour, Plan(120, 5000).per_hour) == (1200, 5000)


@pytest.mark.parametrize(
    ("codes", "plan", "every", "within"),
    [
        (100, Plan(120, 10_000), timedelta(seconds=2), timedelta(seconds=600 + 2 * 200)),
        (1000, Plan(120, 1_200), timedelta(seconds=12), timedelta(seconds=600 + 2 * 12_000)),
        (1000, Plan(100_000), timedelta(seconds=0.0024), timedelta(seconds=604.8)),
    ],
)
def test_many_codes_take_the_time_of_their_calls(
    codes: int, plan: Plan, every: timedelta, within: timedelta
) -> None:
    """Three calls a code at three quarters of the plan; and twice that time, on top, to send them."""
    bulk = bulk_of(codes, plan, timedelta(seconds=600))
    assert bulk is not None
    assert (bulk.every, bulk.execute_within) == (every, within)
    assert read_within(bulk, codes) == timedelta(seconds=60) + 2 * codes * (every / 3)


def test_a_small_request_has_no_pace() -> None:
    """What one command line takes is carried out at once, within the time that the settings give."""
    assert bulk_of(MANY, Plan(), timedelta(seconds=600)) is None
    assert read_within(None, MANY) == timedelta(seconds=60)


class Shared:
    """What all replicas share, with so many calls left in all."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.asked: list[int] = []

    async def take(self, _: Plan, most: int) -> Grant:
        self.asked.append(most)
        calls = min(most, self.left)
        self.left -= calls
        return Grant(calls, 0.0 if calls else 30.0)


async def test_calls_are_taken_one_by_one_unless_more_wait() -> None:
    """A lone call takes one, so that none is lost; calls that wait together are taken together."""
    shared, time = Shared(100), ManualTime()
    rate = SharedRate(Plan(120), shared.take, time.monotonic, time.sleep)
    await rate.turn()
    await asyncio.gather(*(rate.turn() for _ in range(20)))
    assert shared.left == 100 - 21
    assert len(shared.asked) <= 3


async def test_what_is_held_too_long_is_not_used() -> None:
    """Calls that were taken ahead and not made in time count for everyone, so they are not made later."""
    shared, time = Shared(5000), ManualTime()
    rate = SharedRate(Plan(100_000), shared.take, time.monotonic, time.sleep)
    await rate.turn()
    await rate.turn()
    assert len(shared.asked) == 1
    await time.move(HELD_FOR)
    await rate.turn()
    assert len(shared.asked) == 2


async def test_who_gives_up_takes_none() -> None:
    """A cancelled wait leaves its place, and what was taken for it serves the next one."""
    shared, time = Shared(0), ManualTime()
    rate = SharedRate(Plan(120), shared.take, time.monotonic, time.sleep)
    first, second = (asyncio.ensure_future(rate.turn()) for _ in range(2))
    await time.move(0)
    first.cancel()
    await time.move(0)
    shared.left = 1
    await time.move(1)
    await second
    assert shared.left == 0


@pytest.mark.parametrize("back", [10.0, 3600.0, 86_400.0])
def test_calls_of_the_future_do_not_count(back: float) -> None:
    """What was taken by a clock that was set back since keeps nobody from calling Vivoldi."""
    plan = Plan(per_minute=2, hourly=2)
    _, taken = take(Taken(), plan, _START + back, 2)
    grant, taken = take(taken, plan, _START, 2)
    assert grant.calls == (2 if back > HOUR.slot else 0)
    assert take(taken, plan, _START, 2)[0].calls == 0
    # Replicas are a little apart: what another one has just taken counts.
    _, taken = take(Taken(), plan, _START + 1.5, 2)
    assert take(taken, plan, _START, 1)[0].calls == 0
