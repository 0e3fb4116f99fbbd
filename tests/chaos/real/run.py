"""One run: a seed's stories in a town of real processes, its blows, and the judgement by servers' logs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from sandbox.stage import Transport
from sandbox.vivoldi_client import Call
from tests.chaos.real.blows import Blows, Span
from tests.chaos.real.people import Person, close
from tests.chaos.real.plan import Plan
from tests.chaos.real.watch import Watch
from tests.scenario.evidence import Evidence
from tests.scenario.judge import Rule, findings
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
# Vivoldi's log cuts times to milliseconds.
_CUT = 0.001


@dataclass
class Ran:
    """What came of a run.

    unfenced: what was broken in a way that no client can rule out: by a DELETE whose process was frozen
    between its last look at the clock and the write, that was on its way when the coupon was created, or
    right before which the coupon was changed.
    takeovers: seconds from the blow to each of them.
    """

    plan: Plan
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    unfenced: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    takeovers: list[float] = field(default_factory=list)


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
        evidence = replace(
            await Evidence.of(self.fleet.stage, codes, since),
            # A bot that is too slow to keep its lease is interrupted as well.
            interrupted=bool(ran.plan.blows or ran.counted["takeovers"]),
            settled=True,
        )
        late, overtaken, dated = _late(evidence.calls, blows.frozen), _overtaken(evidence), _dated(evidence)
        changed = changed_before_delete(evidence)
        for finding in findings(evidence, codes):
            unfenced = finding.code in late + overtaken + dated
            unfenced = unfenced or (finding.rule is Rule.FOREIGN and finding.code in changed)
            told = "\n".join([str(finding), *_history(evidence, finding.code)])
            (ran.unfenced if unfenced else ran.findings).append(told)
        ran.counted += blows.counted + _counted(evidence, codes)
        ran.counted["unfenced: DELETEs of a process that was frozen right before it wrote"] += len(late)
        ran.counted["unfenced: coupons created while the DELETE was on its way"] += len(overtaken)
        ran.counted["unfenced: coupons created while a freeze was on its way"] += len(dated)
        ran.counted["unfenced: coupons changed between the read right before and the DELETE"] += len(changed)

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
                    ran.takeovers += [at - struck[-1]] if struck else []
            if replica.logged("worker.failed"):
                ran.findings.append(f"{replica.name} met an error that nobody had thought of")


def _late(calls: Sequence[Call], frozen: Sequence[Span]) -> list[str]:
    """Return the codes of DELETEs whose sender was frozen between its read and the arrival."""
    late = []
    for delete in calls:
        name = delete.headers["user-agent"]
        reads = [c for c in calls if (c.kind, c.code) == ("read", delete.code) and c.seq < delete.seq]
        own = [_at(read) for read in reads if read.headers["user-agent"] == name]
        spans = [span for span in frozen if span.name == name and span.ended <= _at(delete) + _CUT]
        if delete.kind == "delete" and own and any(own[-1] < span.ended for span in spans):
            late.append(str(delete.code))
    return late


def _overtaken(evidence: Evidence) -> list[str]:
    """Return the codes where a DELETE that had been sent deleted a coupon that was created only then."""
    created = {event.uid: event.seq for event in evidence.events if event.kind == "created"}
    deleted = [event for event in evidence.events if event.kind == "deleted" and event.call is not None]
    return [event.code for event in deleted if created[event.uid] > (event.call or 0)]


def _dated(evidence: Evidence) -> list[str]:
    """Return the codes where a freeze's date met, and hid, a coupon created after the read before it.

    What is hidden is what everyone expects then, so it was deleted without anyone having seen it.
    """
    created = {event.uid: event.seq for event in evidence.events if event.kind == "created"}
    gone = {event.uid for event in evidence.events if event.kind == "deleted" and event.call is not None}
    dates = [event for event in evidence.events if event.kind == "updated" and event.call is not None]
    dated = []
    for date in dates:
        sent = date.call or 0
        reads = [c for c in evidence.calls if (c.kind, c.code) == ("read", date.code) and c.seq < sent]
        if date.uid in gone and reads and created[date.uid] > reads[-1].seq:
            dated.append(date.code)
    return dated


def changed_before_delete(evidence: Evidence) -> list[str]:
    """Return the codes of coupons that were deleted after someone had changed them since the read before.

    The judge makes sure that this read was the last thing that the sender did.
    """
    deletes = {event.call for event in evidence.events if event.kind == "deleted"}
    by_hand = [event for event in evidence.events if event.call is None]
    changed = []
    for delete in (call for call in evidence.calls if call.kind == "delete" and call.seq in deletes):
        earlier = [
            c.seq for c in _reads(evidence, str(delete.code)) if _is_of(c, delete) and c.seq < delete.seq
        ]
        since = earlier[-1] if earlier else delete.seq
        if any(event.code == delete.code and since < event.seq < delete.seq for event in by_hand):
            changed.append(str(delete.code))
    return changed


def _reads(evidence: Evidence, code: str) -> list[Call]:
    return [call for call in evidence.calls if (call.kind, call.code) == ("read", code)]


def _is_of(call: Call, other: Call) -> bool:
    return call.headers["user-agent"] == other.headers["user-agent"]


def _history(evidence: Evidence, code: str) -> list[str]:
    """Return what Vivoldi saw of a code, a line each: played again, a seed need not end the same."""
    calls = [
        (call.seq, f"{call.at} {call.headers['user-agent']} {call.kind}: {call.status} {call.answer_code}")
        for call in evidence.calls
        if call.code == code
    ]
    events = [
        (event.seq, f"{event.at} {event.kind} by {event.by}, {event.uid}: {event.facts.get('nm')}")
        for event in evidence.events
        if event.code == code
    ]
    return [f"  {seq} {what}" for seq, what in sorted(calls + events)]


def _counted(evidence: Evidence, codes: Sequence[str]) -> Counter[str]:
    """Return how much was done and told."""
    clicked = [e for e in evidence.log if e.kind == "interaction" and "actions" in e.data["payload"]]
    commands = [e for e in evidence.log if e.kind == "interaction" and "command" in e.data["payload"]]
    counted = Counter({"clicks": len(clicked), "commands": len(commands)})
    counted["unanswered clicks and commands"] = sum(bool(e.data["error"]) for e in clicked + commands)
    requests: set[str] = set()
    for code in codes:
        cards = evidence.cards(code)
        requests |= cards.keys()
        for versions in cards.values():
            counted.update(f"told {told.kind}" for told in evidence.told(code, versions)[:1])
    counted.update({"requests": len(requests), "codes": len(codes)})
    counted.update(f"{call.kind}s" for call in evidence.calls)
    counted.update(f"Vivoldi: {call.fault} at {call.kind}" for call in evidence.calls if call.fault)
    faults = [e.data["fault"] for e in evidence.log if e.kind in ("api_call", "response_url")]
    counted.update(f"Slack: {fault}" for fault in faults if fault)
    return counted


def _at(call: Call) -> float:
    return datetime.fromisoformat(call.at).timestamp()


@asynccontextmanager
async def a_town(
    transport: Transport, replicas: int, opening: asyncio.Lock, **settings: str
) -> AsyncIterator[Town]:
    """Open a town with a PostgreSQL of its own."""
    async with AsyncExitStack() as stack:
        # Processes that all start at once would take longer than anyone waits for them.
        async with opening:
            server = await stack.enter_async_context(postgres())
            patient = {**_PATIENT, **settings}
            fleet = await stack.enter_async_context(a_fleet(transport, replicas, server, **patient))
        yield Town(fleet)
