"""One run: a seed's stories in a town of real processes, its blows, and the judgement by servers' logs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.services.ports.store import LEASE
from sandbox.slack_client import LogEntry
from sandbox.stage import Transport
from sandbox.vivoldi_client import Call, Event
from tests.chaos.real.blows import Blows
from tests.chaos.real.distance import far
from tests.chaos.real.exported import exported
from tests.chaos.real.people import Person, close
from tests.chaos.real.plan import Plan
from tests.chaos.real.watch import Watch
from tests.judge.judge import judge
from tests.judge.record import Record, places
from tests.judge.rules import Judgement
from tests.judge.servers import SECRETS, recorded
from tests.scenario.playing import fresh_code
from tests.scenario.postgres import postgres
from tests.scenario.replicas import Fleet, a_fleet

# What is not told so long after everything is well again is never told, as far as people are concerned.
SETTLED_WITHIN = 60.0
# Faults that nobody has met by then are taken back, so that all is well.
_FAULTS_LAST = 15.0
# A call may take twice this, which is longer than a lease: it must not be a timeout that keeps a bot that was
# frozen from sending late.
_PATIENT = {"VIVOLDI_TIMEOUT_SECONDS": "6"}


@dataclass
class Ran:
    """What came of a run.

    takeovers: seconds from the blow to each of them. taken_over: when each of them was, as a time.
    """

    plan: Plan
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    takeovers: list[float] = field(default_factory=list)
    taken_over: list[float] = field(default_factory=list)


# What a blow, or the loss of a lease, interrupts is that near to it, in seconds: a lease, and some more.
AROUND = LEASE.total_seconds() + 5


class Town:
    """Real processes that runs take place in, one after the other, each with codes of its own."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    async def perform(self, plan: Plan) -> Ran:
        """Perform a plan, let everything come to its end, and judge it."""
        ran, began = Ran(plan), time.time()
        since = await self.fleet.stage.slack.last_seq()
        watch = Watch(self.fleet.stage.slack, since)
        people = [
            Person(self.fleet.stage, watch, story, [fresh_code() for _ in story.coupons])
            for story in plan.stories
        ]
        codes = [code for person in people for code in person.codes]
        blows = Blows(self.fleet, watch, codes)
        async with watch.following():
            for fault in plan.slack_faults:
                await self.fleet.stage.slack.fault(**fault)
            await asyncio.gather(*(person.prepare() for person in people))
            await self._play(people, blows, plan)
            ran.counted["stray cards"] = await self._settle(people, watch, codes)
        self._look_at_processes(ran, blows, began)
        await self._judge(ran, codes, since, blows)
        ran.seconds = time.time() - began
        return ran

    async def _play(self, people: Sequence[Person], blows: Blows, plan: Plan) -> None:
        """Let the stories be told while the blows fall; return when all is well again and has settled."""
        telling = asyncio.gather(*(person.tell() for person in people))
        try:
            for blow in plan.blows:
                await blows.strike(blow, telling)
            await asyncio.wait([telling], timeout=_FAULTS_LAST)
            await self.fleet.stage.slack.clear_faults()
            await self.fleet.stage.vivoldi.clear_faults()
            await asyncio.wait([telling], timeout=SETTLED_WITHIN)
            if telling.done():
                telling.result()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _settle(self, people: Sequence[Person], watch: Watch, codes: Sequence[str]) -> int:
        """Leave no card with buttons behind; return how many there were that nobody had an answer from."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_WITHIN):
                stray = await close(self.fleet.stage, watch, codes)
                for person in people:
                    await watch.until(person.is_over, SETTLED_WITHIN)
                return stray
        return 0

    async def _judge(self, ran: Ran, codes: Sequence[str], since: int, blows: Blows) -> None:
        record = await recorded(self.fleet.stage, codes, since)
        record = replace(
            record,
            # A bot that is too slow to keep its lease is interrupted as well.
            interruptions=places(record.facts, [*blows.struck, *ran.taken_over], AROUND),
            troubled=len(ran.plan.slack_faults),
            settled=True,
            switched=bool(blows.counted["PostgreSQL switched to another server"]),
            audit=await exported(self.fleet.stage.bot.settings["DATABASE_URL"]),
        )
        judged = judge(record, codes, SECRETS)
        for finding in judged.findings:
            ran.findings.append("\n".join([str(finding), *_history(record, finding.code)]))
        ran.counted += blows.counted + _counted(record, judged, codes)

    def _look_at_processes(self, ran: Ran, blows: Blows, began: float) -> None:
        """Look for bots that ended by themselves, and for work that was taken over."""
        dead = [replica.name for replica in self.fleet.replicas if not replica.is_running]
        ran.findings += [f"a bot ended by itself: {name}" for name in dead] + blows.faults
        for replica in self.fleet.replicas:
            for line in replica.logged("worker.taken_over"):
                at = datetime.fromisoformat(line["timestamp"]).timestamp()
                struck = [each for each in blows.struck if each < at]
                if at > began:
                    ran.counted["takeovers"] += 1
                    ran.taken_over.append(at)
                    ran.takeovers += [at - struck[-1]] if struck else []
            if replica.logged("worker.failed"):
                ran.findings.append(f"{replica.name} met an error that nobody had thought of")


def _history(record: Record, code: str) -> list[str]:
    """Return what Vivoldi saw of a code, a line each: played again, a seed need not end the same."""
    lines = []
    for fact in record.facts:
        match fact.what:
            case Call(code=about, finished=True) as call if about == code:
                answer = f"{call.status} {call.answer_code}"
                lines.append(
                    f"  {fact.at} {call.headers['user-agent']} {call.kind}: {answer}, since {call.at}"
                )
            case Event(code=about) as event if about == code:
                named = event.facts.get("nm")
                lines.append(f"  {fact.at} {event.kind} by {event.by}, {event.uid}: {named}")
    return lines


def _counted(record: Record, judged: Judgement, codes: Sequence[str]) -> Counter[str]:
    """Return how much was done and told, and what no client can rule out."""
    counted = Counter({"codes": len(codes)})
    counted.update(f"told {ending.kind}" for ending in judged.endings)
    counted.update(f"excused: {why}" for why in judged.excused)
    for fact in record.facts:
        match fact.what:
            case Call(finished=True) as call:
                counted[f"{call.kind}s"] += 1
                counted[f"Vivoldi: {call.fault} at {call.kind}"] += bool(call.fault)
            case LogEntry(kind="interaction", data=data) if {"actions", "command"} & data["payload"].keys():
                counted["commands" if "command" in data["payload"] else "clicks"] += 1
                counted["unanswered clicks and commands"] += bool(data["error"])
            case LogEntry(kind="api_call" | "response_url", data=data) if data["fault"]:
                counted[f"Slack: {data['fault']}"] += 1
    return +counted


@dataclass(frozen=True)
class Surroundings:
    """Where a town is. is_far: a round trip to PostgreSQL takes 10 ms. skews: how far ahead each clock is."""

    is_far: bool = False
    skews: tuple[float, ...] = ()


@asynccontextmanager
async def a_town(
    transport: Transport,
    replicas: int,
    opening: asyncio.Lock,
    around: Surroundings = Surroundings(),
    /,
    **settings: str,
) -> AsyncIterator[Town]:
    """Open a town with a PostgreSQL of its own."""
    async with AsyncExitStack() as stack:
        # Processes that all start at once would take longer than anyone waits for them.
        async with opening:
            server = await stack.enter_async_context(postgres())
            if around.is_far:
                server = await stack.enter_async_context(far(server))
            patient = {**_PATIENT, **settings}
            fleet = await stack.enter_async_context(
                a_fleet(transport, replicas, server, around.skews, **patient)
            )
        yield Town(fleet)
