"""Goals 1 and 2: how long a command takes to be answered, at a fixed rate and as fast as it goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.figures import Figure, at_least, at_most, of_rounds, percentile, ratio
from benchmarks.ground import Ground, Outside, Running
from benchmarks.load.orders import Order, Outcome
from benchmarks.plan import Plan
from benchmarks.stored import Stored

STOCK, BEFORE = "stock bare Bolt", "bare Bolt, before response"
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
VARIANTS = (STOCK, BEFORE, *KINDS)


class NotStored(Exception):
    """Commands were accepted, but are not all in the database: no figure would mean anything."""


@dataclass(frozen=True)
class Measured:
    """One measurement.

    good: how many commands were answered as they should. shown: the share of requests whose card was drawn
    meanwhile.
    """

    outcome: Outcome
    good: int
    shown: float

    @property
    def bad(self) -> int:
        """How many commands were answered otherwise."""
        return len(self.outcome.latencies) - self.good

    @property
    def p50(self) -> float:
        """The median latency in milliseconds."""
        return percentile(self.outcome.latencies, 0.5)

    @property
    def p99(self) -> float:
        """The 99th percentile of the latencies in milliseconds."""
        return percentile(self.outcome.latencies, 0.99)


async def measure(ground: Ground, plan: Plan, database: Stored | None, order: Order) -> Measured:
    """Warm up, carry out an order, and make sure that what was accepted is stored. Raises NotStored."""
    await ground.loader.run(Order(order.ports, ground.tag(), connections=1, amount=plan.warm_up))
    if database is not None:
        await database.all_shown()
    outcome = await ground.loader.run(order)
    if database is None:
        return Measured(outcome, len(outcome.of("answered")), 0.0)
    require_stored(outcome, database, order)
    return Measured(outcome, len(outcome.of("accepted")), database.shown())


def require_stored(outcome: Outcome, database: Stored, order: Order) -> None:
    """Make sure that every request that was accepted is stored. Raises NotStored."""
    accepted, stored = len(outcome.of("accepted")), database.requests(order.tag)
    if stored < accepted:
        raise NotStored(f"{accepted} requests were accepted, but {stored} are stored.")


async def at_fixed_rate(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 1."""
    measured: defaultdict[str, list[Measured]] = defaultdict(list)
    for _ in range(plan.rounds):
        for variant in VARIANTS:
            async with alone(ground, variant) as (running, database):
                order = open_loop(plan, ground.tag(), running)
                measured[variant].append(await measure(ground, plan, database, order))
    p99 = {variant: [each.p99 for each in measured[variant]] for variant in VARIANTS}
    figures = []
    for variant in VARIANTS:
        named = KINDS.get(variant, variant)
        figures.append(of_rounds(1, f"{named}: p50", [each.p50 for each in measured[variant]], "ms"))
        figures.append(of_rounds(1, f"{named}: p99", p99[variant], "ms"))
    for kind, limit in (("sqlite", 2.0), ("postgresql", 3.0)):
        figures.append(Figure(1, f"{KINDS[kind]} : stock", ratio(p99[kind], p99[STOCK]), "", at_most(0.5)))
        to_before = ratio(p99[kind], p99[BEFORE])
        figures.append(Figure(1, f"{KINDS[kind]} : before response", to_before, "", at_most(limit)))
        shown = [each.shown * 100 for each in measured[kind]]
        figures.append(of_rounds(1, f"{KINDS[kind]}: cards drawn meanwhile", shown, "%"))
    figures.append(_bad(1, measured))
    late = [each.outcome.late for rounds in measured.values() for each in rounds]
    return [*figures, of_rounds(1, "the load's own delay, p99", late, "ms")]


async def as_fast_as_it_goes(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 2."""
    measured: defaultdict[str, list[Measured]] = defaultdict(list)
    for _ in range(plan.rounds):
        for variant in VARIANTS:
            async with alone(ground, variant) as (running, database):
                order = closed_loop(plan, ground.tag(), running)
                measured[variant].append(await measure(ground, plan, database, order))
    rates = {variant: [each.outcome.per_second for each in measured[variant]] for variant in VARIANTS}
    figures = [of_rounds(2, KINDS.get(variant, variant), rates[variant], "/s") for variant in VARIANTS]
    for kind, named in KINDS.items():
        figures.append(Figure(2, f"{named} : stock", ratio(rates[kind], rates[STOCK]), "", at_least(0.25)))
        p99 = [each.p99 for each in measured[kind]]
        figures.append(of_rounds(2, f"{named}: p99", p99, "ms", at_most(250)))
    return [*figures, _bad(2, measured)]


def _bad(goal: int, measured: Mapping[str, Sequence[Measured]]) -> Figure:
    rounds = [each.bad for variant in measured.values() for each in variant]
    return Figure(goal, "commands not accepted, all rounds", sum(rounds), "", at_most(0), rounds)


def open_loop(plan: Plan, tag: str, running: Running) -> Order:
    """Return the order of goal 1."""
    return Order((running.port,), tag, rate=plan.rate, seconds=plan.open_seconds)


def closed_loop(plan: Plan, tag: str, running: Running) -> Order:
    """Return the order of goal 2."""
    return Order((running.port,), tag, connections=plan.connections, seconds=plan.closed_seconds)


@asynccontextmanager
async def alone(ground: Ground, variant: str) -> AsyncIterator[tuple[Running, Stored | None]]:
    """Start a variant beside a Slack of its own: the local one keeps all that it was sent, and slows down."""
    async with ground.outside() as outside, started(ground, outside, variant) as running:
        yield running


@asynccontextmanager
async def started(
    ground: Ground, outside: Outside, variant: str, database: Stored | None = None
) -> AsyncIterator[tuple[Running, Stored | None]]:
    """Start a variant, the bot on a database, or on a new one where none is given."""
    if variant in KINDS:
        database = database or ground.database(variant)
        async with ground.bot(outside, database) as running:
            yield running, database
    else:
        async with ground.bolt(outside, before_response=variant == BEFORE) as running:
            yield running, None
