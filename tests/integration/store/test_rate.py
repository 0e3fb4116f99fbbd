"""The calls to Vivoldi that several replicas take from one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.rate import Plan
from tests.integration.databases import KINDS, Bench, bench_on

_PLAN = Plan(per_minute=20, hourly=50)


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def _taken(bench: Bench, times: int) -> int:
    grants = await asyncio.gather(
        *(store.rate.take(_PLAN, 3) for store in (bench.store, bench.other) * times)
    )
    return sum(grant.calls for grant in grants)


async def test_two_replicas_take_no_more_than_the_plan(bench: Bench) -> None:
    """However many ask at once, on whichever replica, a minute and an hour have their limits."""
    assert await _taken(bench, 6) == 20
    assert (await bench.other.rate.take(_PLAN, 1)).wait > 0
    for left in (20, 10, 0):
        bench.clock.tick(70)
        assert await _taken(bench, 6) == left
    bench.clock.tick(3700)
    assert await _taken(bench, 6) == 20


async def test_room_is_what_another_replica_left(bench: Bench) -> None:
    """What one replica took leaves no room for many codes on the other one."""
    assert await bench.store.has_room(_PLAN)
    await bench.other.rate.take(_PLAN, 15)
    assert not await bench.store.has_room(_PLAN)
    bench.clock.tick(70)
    assert await bench.store.has_room(_PLAN)
