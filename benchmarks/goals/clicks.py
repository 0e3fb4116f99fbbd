"""Goal 3: on an idle bot, how long from when the final click is sent to the first byte of DELETE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from benchmarks.figures import Figure, at_most, of_rounds, percentile
from benchmarks.goals.commands import KINDS
from benchmarks.ground import Ground, Outside
from benchmarks.load.people import People, people
from benchmarks.load.relay import Exchange, Relay, relay
from benchmarks.plan import Plan


@dataclass(frozen=True)
class Waited:
    """Milliseconds from when the final click was sent to the first byte of DELETE, as the relay sees it.

    calls: how many of them calls took.
    """

    all: float
    calls: float

    @property
    def own(self) -> float:
        """What the bot itself took."""
        return self.all - self.calls


@dataclass(frozen=True)
class Observed:
    """Stand-ins that the bot reaches through relays. outside: the addresses for the bot."""

    outside: Outside
    relays: tuple[Relay, Relay]
    people: People

    async def delete(self, code: str, port: int) -> Waited:
        """Play one deletion, and return how long its DELETE took to come."""
        for each in self.relays:
            each.exchanges.clear()
        await self.people.coupon(code)
        deletion = await self.people.delete(port, code)
        return waited(deletion.clicked, self.relays)


def waited(clicked: float, relays: tuple[Relay, Relay]) -> Waited:
    """Return how long after a click (epoch seconds) the DELETE began, by what the relays saw."""
    began = relays[1].first("DELETE").began
    between = [each for relay in relays for each in relay.exchanges if each.began < began]
    calls = _covered(between, clicked, began)
    return Waited((began - clicked) * 1000, calls * 1000)


def _covered(exchanges: Iterable[Exchange], begin: float, end: float) -> float:
    """Return how many seconds of a span at least one call was under way that the design asks for there."""
    total, upto = 0.0, begin
    asked = [each for each in exchanges if "chat." not in each.line]
    for each in sorted(asked, key=lambda each: each.began):
        total += max(0.0, min(each.ended, end) - max(each.began, upto))
        upto = max(upto, each.ended)
    return total


async def measure(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 3."""
    own: defaultdict[str, list[list[Waited]]] = defaultdict(list)
    async with observed(ground) as seen:
        for _ in range(plan.rounds):
            for kind in KINDS:
                async with ground.bot(seen.outside, ground.database(kind)) as bot:
                    own[kind].append(await some(ground, seen, bot.port, plan.clicks))
    figures = []
    for kind, named in KINDS.items():
        slowest = f"slowest of {plan.clicks}"
        for what, share in (("p50", 0.5), (slowest, 1.0)):
            rounds = [percentile([each.own for each in each_round], share) for each_round in own[kind]]
            limit = at_most(30) if what == slowest else None
            figures.append(of_rounds(3, f"{named}: beyond the calls, {what}", rounds, "ms", limit))
        calls = [percentile([each.calls for each in each_round], 0.5) for each_round in own[kind]]
        figures.append(of_rounds(3, f"{named}: the calls, p50", calls, "ms"))
    return figures


async def some(ground: Ground, seen: Observed, port: int, number: int) -> list[Waited]:
    """Play so many deletions, one after the other, after one that only warms up."""
    tag = ground.tag()
    found = [await seen.delete(f"{tag}{each:04}", port) for each in range(number + 1)]
    return found[1:]


@asynccontextmanager
async def observed(ground: Ground) -> AsyncIterator[Observed]:
    """Start stand-ins behind relays, with people."""
    async with (
        ground.outside() as outside,
        relay(outside.slack_api) as slack,
        relay(outside.vivoldi_api) as vivoldi,
        people(outside) as everyone,
    ):
        through = replace(outside, slack_api=slack.url, vivoldi_api=vivoldi.url)
        yield Observed(through, (slack, vivoldi), everyone)
