"""Goal 7: how soon the bot can be used, how much memory it takes, and whether that grows."""

from __future__ import annotations

from collections import defaultdict

from benchmarks.figures import Figure, at_most, of_rounds, ratio
from benchmarks.goals.commands import BEFORE, KINDS, started
from benchmarks.ground import Ground
from benchmarks.load.orders import SERVED, Order
from benchmarks.plan import Plan
from bot.adapters.store import migrate

_VARIANTS = (BEFORE, *KINDS)
_CONNECTIONS = 8


async def starting(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure starts, on databases that are up to date, and idle memory."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    memory: defaultdict[str, list[float]] = defaultdict(list)
    databases = {kind: ground.database(kind) for kind in KINDS}
    for database in databases.values():
        await migrate(database.url)
    async with ground.outside() as outside:
        for _ in range(plan.rounds):
            for variant in _VARIANTS:
                async with started(ground, outside, variant, databases.get(variant)) as (running, _):
                    seconds[variant].append(running.ready_after)
                    memory[variant].append(running.memory())
    figures = []
    for what, found, unit in (("start", seconds, "s"), ("idle memory", memory, "MB")):
        named = {variant: f"{KINDS.get(variant, variant)}: {what}" for variant in _VARIANTS}
        figures += [of_rounds(7, named[variant], found[variant], unit) for variant in _VARIANTS]
        for kind in KINDS:
            to_bare = ratio(found[kind], found[BEFORE])
            figures.append(Figure(7, f"{named[kind]} : bare", to_bare, "", at_most(1.5)))
    return figures


async def growing(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure how memory grows with commands, from when each sort of them has been seen."""
    database = ground.database("sqlite")
    async with ground.outside() as outside, ground.bot(outside, database) as bot:
        idle = bot.memory()
        some = plan.commands // 100
        order = Order((bot.port,), ground.tag(), connections=_CONNECTIONS, amount=some, mix="all")
        warmed = await ground.loader.run(order)
        warm = bot.memory()
        rest = plan.commands - some
        order = Order((bot.port,), ground.tag(), connections=_CONNECTIONS, amount=rest, mix="all")
        outcome = await ground.loader.run(order)
        grown = bot.memory()
    return [
        Figure(7, f"memory after {some:,} commands", warm, "MB"),
        Figure(7, f"memory after {plan.commands:,} commands", grown, "MB"),
        Figure(7, "grown in between by", (grown / warm - 1) * 100, "%", at_most(5.0), (idle, warm, grown)),
        Figure(7, "commands not carried out", warmed.but(*SERVED) + outcome.but(*SERVED), "", at_most(0)),
    ]
