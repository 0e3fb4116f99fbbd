"""Goal 8: what 100,000 commands are told while PostgreSQL restarts, replicas roll, and Vivoldi is slow.

Two of five commands need no database; one in twenty opens a request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from benchmarks.figures import Figure, at_most, percentile
from benchmarks.goals import commands
from benchmarks.ground import Ground, Outside, Running
from benchmarks.load.orders import SERVED, Order, Outcome
from benchmarks.plan import Plan
from benchmarks.stored import Stored
from sandbox.vivoldi_client import VivoldiControl

_AWAY = "unavailable"
_REPLICAS = 2
_CONNECTIONS = 8
_SLOW_SECONDS = 3.0
_PAUSE_SECONDS = 5.0
# A load balancer looks at /readyz now and then; until it has looked, it sends on.
_LOOKED_SECONDS = 0.5


async def measure(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 8."""
    database = ground.database("postgresql")
    async with (
        ground.outside() as outside,
        VivoldiControl(outside.vivoldi_control) as vivoldi,
        AsyncExitStack() as stack,
    ):
        await vivoldi.fault("latency", call="read", times=10 * plan.commands, seconds=_SLOW_SECONDS)
        replicas = _Replicas(ground, outside, database, stack)
        for _ in range(_REPLICAS):
            await replicas.add()
        order = Order(replicas.ports, ground.tag(), connections=_CONNECTIONS, amount=plan.commands, mix="all")
        sending = asyncio.create_task(ground.loader.run(order))
        done = await _trouble(ground, replicas, sending)
        outcome = await sending
    commands.require_stored(outcome, database, order)
    return figures(outcome, done)


class _Replicas:
    """Bots on one database, behind a load balancer."""

    def __init__(self, ground: Ground, outside: Outside, database: Stored, stack: AsyncExitStack) -> None:
        self._ground, self._outside, self._database, self._stack = ground, outside, database, stack
        self._running: list[Running] = []

    @property
    def ports(self) -> tuple[int, ...]:
        """Where they listen."""
        return tuple(each.port for each in self._running)

    async def add(self) -> None:
        """Start one more."""
        replica = self._ground.bot(self._outside, self._database)
        self._running.append(await self._stack.enter_async_context(replica))

    async def roll(self) -> None:
        """Replace the oldest one, as a roll-out does: the new one comes before the old one goes."""
        await self.add()
        old = self._running.pop(0)
        self._ground.loader.send_to(self.ports)
        await asyncio.sleep(_LOOKED_SECONDS)
        await old.server.stop()


async def _trouble(ground: Ground, replicas: _Replicas, until: asyncio.Task[Outcome]) -> Counter[str]:
    done: Counter[str] = Counter()
    while not until.done():
        await asyncio.wait([until], timeout=_PAUSE_SECONDS)
        if not until.done():
            await replicas.roll()
            done["rolled"] += 1
            await asyncio.wait([until], timeout=_PAUSE_SECONDS)
        if not until.done():
            await ground.postgres.restart()
            done["restarts"] += 1
    return done


def figures(outcome: Outcome, done: Counter[str]) -> list[Figure]:
    """Return the figures of goal 8. A command that was told that the database is away was not carried out."""
    served, away = outcome.of(*SERVED), outcome.of(_AWAY)
    failed = outcome.but(*SERVED, _AWAY)
    return [
        Figure(8, "commands", len(outcome.latencies)),
        Figure(8, "replicas rolled", done["rolled"]),
        Figure(8, "restarts of PostgreSQL", done["restarts"]),
        Figure(8, "carried out: answer p99", percentile(served, 0.99), "ms"),
        Figure(8, "carried out: slowest answer", max(served), "ms", at_most(1000)),
        Figure(8, "no answer, or an error", failed, "", at_most(0)),
        Figure(8, "told that the database is away", len(away)),
        Figure(8, "told that: slowest answer", max(away, default=0.0), "ms", at_most(1000)),
        Figure(8, "not carried out, in all", (failed + len(away)) / len(outcome.latencies) * 100, "%"),
    ]
