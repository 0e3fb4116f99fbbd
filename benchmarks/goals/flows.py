"""Goal 4: how many whole deletions a second, by how many replicas, each on one core."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

from benchmarks.figures import Figure, of_rounds, ratio
from benchmarks.ground import Ground, Running
from benchmarks.load.people import People, people
from benchmarks.plan import Plan

_VARIANTS = {
    "SQLite, one process": ("sqlite", 1),
    "PostgreSQL, 1 replica": ("postgresql", 1),
    "PostgreSQL, 2 replicas": ("postgresql", 2),
    "PostgreSQL, 3 replicas": ("postgresql", 3),
}


async def measure(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 4."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    async with ground.outside() as outside, people(outside) as everyone:
        for _ in range(plan.rounds):
            for variant, (kind, replicas) in _VARIANTS.items():
                async with ground.bots(replicas, outside, ground.database(kind)) as bots:
                    rates[variant].append(await _rate(ground, plan, everyone, bots))
    figures = [of_rounds(4, variant, rates[variant], "/s") for variant in _VARIANTS]
    _, one, two, three = (rates[variant] for variant in _VARIANTS)
    figures.append(Figure(4, "2 replicas : 1", ratio(two, one)))
    return [*figures, Figure(4, "3 replicas : 1", ratio(three, one))]


async def _rate(ground: Ground, plan: Plan, everyone: People, bots: Sequence[Running]) -> float:
    """Return how many coupons a second were deleted, with the outcome told. Raises NotDeleted."""
    for core, bot in enumerate(bots):
        bot.pin(core)
    # As many people ask as all replicas can serve at once.
    playing, tag = plan.playing * len(bots), ground.tag()
    began = time.perf_counter()
    end, numbers = began + plan.flow_seconds, count()
    done: list[float] = []

    async def again_and_again(ports: Iterator[int]) -> None:
        while time.perf_counter() < end:
            code = f"{tag}{next(numbers):05}"
            await everyone.coupon(code)
            await everyone.delete(next(ports), code)
            done.append(time.perf_counter())

    async with asyncio.TaskGroup() as group:
        for number in range(playing):
            group.create_task(again_and_again(bots[each % len(bots)].port for each in count(number)))
    await everyone.require_deleted([f"{tag}{number:05}" for number in range(next(numbers))])
    # What is still under way at the end has fewer and fewer beside it, so it does not count.
    counted = [time for time in done if time <= end] or done[:1]
    return len(counted) / (counted[-1] - began)
