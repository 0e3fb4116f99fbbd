"""Several bots on one PostgreSQL, killed, frozen and restarted while people keep clicking.

A run is one seed: three to six requests at once by several people, the faults and the blows that fall on
them, and the judgement. Runs follow each other in towns of real processes, each with codes of its own;
four towns run side by side. What is drawn is the same for a seed; how the operating system schedules is not.

CHAOS_RUNS and CHAOS_SEED say how many runs, and with which seed the first one.
"""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from sandbox.stage import Transport
from tests.chaos.real.figures import FIGURES
from tests.chaos.real.plan import TOWNS, Plan, drawn
from tests.chaos.real.run import Ran, Surroundings, a_town
from tests.chaos.report import SEED

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

_RUNS = int(os.environ.get("CHAOS_RUNS", "300"))
_FIRST = int(os.environ.get("CHAOS_SEED", SEED))

# Clocks of some bots are wrong, and some have a database that is 10 ms away.
_AROUND: dict[tuple[Transport, int], Surroundings] = {
    ("http", 3): Surroundings(skews=(0, 12, -7)),
    ("socket", 3): Surroundings(is_far=True),
    ("socket", 2): Surroundings(is_far=True, skews=(-12, 0)),
}


async def test_nothing_goes_wrong_unseen() -> None:
    """Whatever happens to the processes, nothing is deleted twice or by guess, and all is told (I1 to I5)."""
    plans = [drawn(seed) for seed in range(_FIRST, _FIRST + _RUNS)]
    towns = [[plan for plan in plans if (plan.transport, plan.replicas) == town] for town in TOWNS]
    began = time.monotonic()
    opening = asyncio.Lock()
    await asyncio.gather(*(_in_town(plans, opening) for plans in towns if plans))
    FIGURES.seconds = time.monotonic() - began
    broken = [ran for ran in FIGURES.runs if ran.findings]
    assert not broken, "\n\n".join(map(_explained, broken))


async def _in_town(plans: list[Plan], opening: asyncio.Lock) -> None:
    transport, replicas = plans[0].transport, plans[0].replicas
    around = _AROUND.get((transport, replicas), Surroundings())
    async with a_town(transport, replicas, opening, around) as town:
        for plan in plans:
            try:
                ran = await town.perform(plan)
            except Exception as error:
                error.add_note(_again(plan))
                raise
            FIGURES.runs.append(ran)
            print(f"seed {plan.seed}: {ran.seconds:.1f} s, {len(ran.findings)} findings")  # noqa: T201
            if ran.findings:
                print(_explained(ran))  # noqa: T201


def _explained(ran: Ran) -> str:
    return "\n".join([_again(ran.plan), *ran.findings])


def _again(plan: Plan) -> str:
    command = f"CHAOS_SEED={plan.seed} CHAOS_RUNS=1 .venv/bin/pytest tests/chaos/real/test_real.py"
    return f"seed {plan.seed}: play it again by: {command}"
