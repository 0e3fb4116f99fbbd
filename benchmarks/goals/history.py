"""Goal 6: whether a database that has seen much answers as quickly as a new one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from statistics import median

from benchmarks.figures import Figure, at_most, percentile, ratio, shown
from benchmarks.goals import commands
from benchmarks.goals.clicks import Observed, observed, some
from benchmarks.goals.commands import KINDS, closed_loop, open_loop
from benchmarks.ground import Ground
from benchmarks.history import fill
from benchmarks.plan import Plan
from benchmarks.stored import Stored

_CHANGE = 1.1
Rounds = defaultdict[str, list[float]]


async def measure(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 6. Each figure is a ratio to the one with an empty database."""
    databases = {(kind, size): ground.database(kind) for kind in KINDS for size in plan.histories}
    async with observed(ground) as seen:
        await asyncio.gather(
            *(_filled(ground, seen, stored, size) for (_, size), stored in databases.items())
        )
    found: dict[tuple[str, int], Rounds] = {which: defaultdict(list) for which in databases}
    bad = []
    for _ in range(plan.rounds):
        for which, stored in databases.items():
            bad.append(await _once(ground, plan, stored, found[which]))
    for stored in databases.values():
        ground.forget(stored)
    compared = [
        figure
        for (kind, size), rounds in found.items()
        if size
        for figure in _compared(f"{KINDS[kind]}, {shown(size)}", rounds, found[kind, 0])
    ]
    return [*compared, Figure(6, "commands not accepted, all rounds", sum(bad), "", at_most(0), bad)]


async def _filled(ground: Ground, seen: Observed, stored: Stored, size: int) -> None:
    async with ground.bot(seen.outside, stored) as bot:
        code = f"{ground.tag()}0001"
        await seen.people.coupon(code)
        await seen.people.delete(bot.port, code)
        await stored.quiet()
    if size:
        await fill(stored, size)


async def _once(ground: Ground, plan: Plan, stored: Stored, found: Rounds) -> int:
    """Measure the first three goals with a database, and leave it without work.

    Returns how many commands were not accepted.
    """
    async with observed(ground) as seen, ground.bot(seen.outside, stored) as bot:
        clicks = await some(ground, seen, bot.port, plan.clicks // 2)
        found["click to DELETE"].append(percentile([each.own for each in clicks], 0.5))
        slow = await commands.measure(ground, plan, stored, open_loop(plan, ground.tag(), bot))
        found["p99 at a fixed rate"].append(slow.p99)
        fast = await commands.measure(ground, plan, stored, closed_loop(plan, ground.tag(), bot))
        found["seconds a command"].append(1 / fast.outcome.per_second)
    stored.sweep()
    return slow.bad + fast.bad


def _compared(name: str, rounds: Rounds, empty: Rounds) -> list[Figure]:
    return [
        Figure(6, f"{name}: {what}", ratio(values, empty[what]), "", at_most(_CHANGE), tuple(values))
        for what, values in rounds.items()
        if median(empty[what])
    ]
