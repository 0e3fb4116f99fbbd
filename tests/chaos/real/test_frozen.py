"""A bot is frozen somewhere around its DELETE, for longer than its lease, and then goes on.

Meanwhile another one takes its work over, tells the outcome, and somebody creates the coupon again under its
number. The bot looks at the clock right before it writes, so one that was frozen before that sends nothing.
Between that look and the write to the socket a client can't fence anything off: what is excused is a change
between the read and a DELETE that follows it at once. A DELETE that begins after the bot went on is none.

CHAOS_FREEZES says how many times.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

import httpx
import pytest

from sandbox.slack_client import ControlError as GoneButton
from sandbox.slack_client import Message
from sandbox.vivoldi_client import Call, ControlError, Entry
from tests.chaos.real.figures import FIGURES
from tests.chaos.real.run import AROUND, a_town
from tests.chaos.report import SEED
from tests.judge.judge import judge
from tests.judge.record import Record, places
from tests.judge.servers import recorded
from tests.scenario.playing import AMIR, BEA, Play
from tests.scenario.replicas import Fleet, Replica

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

_FREEZES = int(os.environ.get("CHAOS_FREEZES", "24"))
# As many as one bot works on at a time, so that one freeze catches several at different moments.
_AT_ONCE = 8
_PATIENCE = 120.0
# A card is drawn again within a lease, where the bot that should have drawn it is frozen.
_REDRAWN = 15.0
# So long that no timeout of a call ends it while the bot is frozen.
_PATIENT = {"VIVOLDI_TIMEOUT_SECONDS": "60"}


@dataclass(frozen=True)
class Frozen:
    """A bot that was frozen: from when to when, in seconds since the epoch."""

    replica: Replica
    began: float
    thawed: float = 0.0


@dataclass(frozen=True)
class Moment:
    """After how many calls of a bot that are about its DELETEs it is frozen, and how many seconds later."""

    calls: int
    seconds: float


async def test_frozen_around_the_delete() -> None:
    """A bot that was frozen before its last look at the clock sends nothing, and all that is told is true."""
    random, counted = Random(SEED), Counter[str]()
    moments = [Moment(random.randint(1, _AT_ONCE), random.uniform(0, 0.02)) for _ in range(_FREEZES)]
    halves = [moments[0::2], moments[1::2]]
    opening = asyncio.Lock()
    await asyncio.gather(*(_freezes(half, counted, opening) for half in halves if half))
    FIGURES.frozen = dict(counted)
    assert counted["between the read and the DELETE"], "nothing was measured"
    assert counted["broken"] == 0


async def _freezes(moments: list[Moment], counted: Counter[str], opening: asyncio.Lock) -> None:
    async with a_town("http", 2, opening, **_PATIENT) as town:
        for moment in moments:
            counted.update(await _freeze_once(town.fleet, moment))


async def _freeze_once(fleet: Fleet, moment: Moment) -> Counter[str]:
    play = await Play.begin(fleet.stage)
    cards = await asyncio.gather(*(_reviewed(play) for _ in range(_AT_ONCE)))
    frozen = await _froze(fleet, play, cards, moment)
    await asyncio.gather(*(play.outcome(card, _PATIENCE) for card in cards))
    created = [code for code in play.codes if await _is_created_again(play, code)]
    frozen = replace(frozen, thawed=time.time())
    frozen.replica.go_on()
    await _is_through(frozen.replica)
    record = await recorded(fleet.stage, play.codes, play.since)
    record = replace(record, interruptions=places(record.facts, [frozen.began], AROUND), settled=True)
    return _counted(record, play.codes, frozen, created)


async def _reviewed(play: Play) -> Message:
    """Bring a request to step 2; on a busy machine an answer may take longer than Slack waits for it."""
    code = await play.coupon(useLimit=0)
    while (await play.ask(code)).error:
        pass
    card = await play.next_card(code, after=play.since, patience=_PATIENCE)
    await _approve(play, card, AMIR)
    return await play.reads(card, "Step 2 of 2", _PATIENCE)


async def _froze(fleet: Fleet, play: Play, cards: list[Message], moment: Moment) -> Frozen:
    """Give all final approvals at once, and freeze the bot that makes the call that is waited for."""
    card_reads: dict[str, int] = {}
    made: Counter[str] = Counter()
    seen: set[int] = set()

    def is_it(entry: Entry) -> bool:
        if not isinstance(entry, Call) or entry.code not in play.codes or entry.seq in seen:
            return False
        seen.add(entry.seq)
        if card_reads.setdefault(entry.code, entry.seq) == entry.seq:
            return False
        made[entry.headers["user-agent"]] += 1
        return made[entry.headers["user-agent"]] == moment.calls

    calling = asyncio.create_task(fleet.stage.vivoldi.wait_for(is_it, _PATIENCE))
    clicking = [asyncio.create_task(_approve(play, card)) for card in cards]
    call = await calling
    assert isinstance(call, Call)
    await asyncio.sleep(moment.seconds)
    replica = fleet.sender(call)
    replica.freeze()
    began = time.time()
    await asyncio.gather(*clicking)
    return Frozen(replica, began)


async def _approve(play: Play, card: Message, who: str = BEA) -> None:
    """Click until it counts.

    A bot that waits for a lock of the frozen one says that nothing was changed, and asks for another click.
    """
    with contextlib.suppress(GoneButton):
        while (await play.stage.slack.click(who, card, "approve")).error or not await _counted_click(
            play, card, who
        ):
            pass


async def _counted_click(play: Play, card: Message, who: str) -> bool:
    try:
        await play.reads(card, f"Approved by <@{who}>", _REDRAWN)
    except TimeoutError:
        return False
    return True


async def _is_created_again(play: Play, code: str) -> bool:
    try:
        await play.coupon(code, nm="Created since")
    except ControlError:
        return False
    return True


async def _is_through(replica: Replica) -> None:
    """Wait until a bot that goes on has done what it was about to do: its loop serves others again."""
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as http:
        for _ in range(10):
            await http.get(f"{replica.url}/readyz")


def _counted(record: Record, codes: list[str], frozen: Frozen, created: list[str]) -> Counter[str]:
    """Return where the frozen bot was with each coupon, and what it did when it went on."""
    counted = Counter({"freezes": 1, "coupons": len(codes), "created again": len(created)})
    calls = [fact.what for fact in record.facts if isinstance(fact.what, Call) and not fact.what.finished]
    for code in codes:
        about = [call for call in calls if call.code == code]
        own = [c for c in about[1:] if c.headers["user-agent"] == frozen.replica.name]
        before = [call.kind for call in own if _at(call) < frozen.began]
        after = [call for call in own if call.kind == "delete" and _at(call) >= frozen.thawed]
        counted["between the read and the DELETE"] += before[-1:] == ["read"] and "delete" not in before
        counted["DELETE was sent before"] += "delete" in before
        counted["DELETE sent late"] += bool(after)
    judged = judge(record, codes)
    counted.update(f"excused: {why}" for why in judged.excused)
    counted["broken"] += len(judged.findings)
    for finding in judged.findings:
        print(finding)  # noqa: T201
    return counted


def _at(call: Call) -> float:
    return datetime.fromisoformat(call.at).timestamp()
