"""Measure everything, print the table, and write the results: `python -m benchmarks [--quick] [GOAL ...]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.goals import clicks, commands, flows, history, idle, limit, trouble
from benchmarks.ground import Ground
from benchmarks.load.loader import loader
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.postgres import postgres
from benchmarks.report import table, write_json
from sandbox.stage import ROOT

Goal = Callable[[Ground, Plan], Awaitable[list[Figure]]]

RESULTS = ROOT / ".bench" / "results.json"
TITLES = {
    1: "A command's answer, at 50 a second",
    2: "Commands as fast as 32 connections go",
    3: "From sending the final click to the first byte of DELETE",
    4: "Whole deletions",
    5: "Twenty coupons under a rate limit",
    6: "With finished requests in the database, to without any",
    7: "Start and memory",
    8: "100,000 commands in trouble",
}
_GOALS: Sequence[tuple[int, Sequence[Goal]]] = (
    (1, (commands.at_fixed_rate,)),
    (2, (commands.as_fast_as_it_goes,)),
    (3, (clicks.measure,)),
    (4, (flows.measure,)),
    (5, (limit.measure,)),
    (6, (history.measure,)),
    (7, (idle.starting, idle.growing)),
    (8, (trouble.measure,)),
)


def main() -> int:
    """Return 0 if every goal that was measured is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("goals", nargs="*", type=int, metavar="GOAL", help="1 to 8; none: all of them")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--profile", type=Path, help="a folder for a profile of each bot; spoils figures")
    given = parser.parse_args()
    wanted = set(given.goals) or set(TITLES)
    if not wanted <= set(TITLES):
        parser.error("goals are numbers from 1 to 8")
    plan = QUICK if given.quick else FULL
    began = time.perf_counter()
    figures = asyncio.run(measure(plan, wanted, given.profile))
    seconds = round(time.perf_counter() - began)
    write_json(RESULTS, figures, {"seconds": seconds, "plan": asdict(plan)})
    sys.stdout.write(f"{table(figures, TITLES)}\nTook {seconds} s; details: {RESULTS.relative_to(ROOT)}\n")
    return int(any(figure.verdict == "MISSED" for figure in figures))


async def measure(plan: Plan, wanted: Collection[int], profile: Path | None = None) -> list[Figure]:
    """Measure some goals, one after the other, on one ground."""
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coupon-guard-bench-")))
        server = await stack.enter_async_context(postgres())
        load = await stack.enter_async_context(loader())
        ground = Ground(load, server, folder, profile)
        for number, parts in _GOALS:
            for part in parts if number in wanted else ():
                sys.stderr.write(f"measuring {TITLES[number]!r} ...\n")
                figures += await part(ground, plan)
    return figures


if __name__ == "__main__":
    sys.exit(main())
