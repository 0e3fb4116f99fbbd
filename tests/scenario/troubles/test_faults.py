"""Every fault of the local Vivoldi at every call that the bot makes: the three reads, and the DELETE.

All of them are played at the same time, each with a coupon of its own; each test looks at one of them. Where
Vivoldi refuses connections, it does so to everyone: those are played alone, after the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from sandbox.stage import Stage
from tests.judge.servers import judge
from tests.scenario.playing import BEA, DANA, PATIENCE, Play
from tests.scenario.told import (
    CONFIRMED,
    NO_CARD,
    REFUSED,
    SETTLED,
    SHOWN_NOW,
    STILL_THERE,
    UNCONFIRMED,
    UNREADABLE,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(150)]

_PLAYED_AT_ONCE = 6


@dataclass(frozen=True)
class Case:
    """A fault at a call, what is told then, and how many DELETE calls that takes.

    number: the how manieth read it is, 1 for the card's; 0 for the DELETE.
    """

    number: int
    fault: str
    told: str
    sent: int
    args: tuple[tuple[str, Any], ...] = field(default=())

    def __str__(self) -> str:
        call = ("DELETE", "read for the card", "read before", "read after")[self.number]
        return " ".join([call, self.fault, *(f"{name}={value}" for name, value in self.args)])


def _case(number: int, fault: str, told: str, sent: int, **args: Any) -> Case:
    return Case(number, fault, told, sent, tuple(args.items()))


# What each answer to DELETE proves: the table in docs about Vivoldi's API, row by row.
_DELETE = [
    _case(0, "latency", CONFIRMED, 1, seconds=0.3),
    _case(0, "drop_before", CONFIRMED, 2),
    _case(0, "drop_after", SETTLED, 1),
    _case(0, "cut_body", SETTLED, 1),
    _case(0, "html_502", CONFIRMED, 2),
    _case(0, "html_502_after", SETTLED, 1),
    _case(0, "error_500", CONFIRMED, 2),
    _case(0, "error_500_after", SETTLED, 1),
    _case(0, "hang", CONFIRMED, 2),
    _case(0, "hang", SETTLED, 1, execute=True),
    _case(0, "too_many", CONFIRMED, 2),
    _case(0, "too_many", CONFIRMED, 2, retry_after=1),
    _case(0, "code_nonzero", REFUSED, 1, message="In a campaign."),
    _case(0, "code_nonzero_after", REFUSED, 1),
    _case(0, "success_without_effect", STILL_THERE, 1),
    _case(0, "redirect", CONFIRMED, 2),
    _case(0, "redirect", SETTLED, 1, execute=True),
    _case(0, "not_json", CONFIRMED, 2),
    _case(0, "not_json", SETTLED, 1, execute=True),
    *(_case(0, "status", REFUSED, 1, status=status) for status in (400, 401, 403, 404, 409)),
    *(_case(0, "status", CONFIRMED, 2, status=status) for status in (204, 408, 503)),
    *(_case(0, "status", SETTLED, 1, status=status, execute=True) for status in (204, 408, 503)),
]

# What a read makes of it: nothing that can be relied on, so it is made again.
_USELESS: list[tuple[str, dict[str, Any]]] = [
    ("latency", {"seconds": 0.3}),
    *((kind, {}) for kind in ("drop_before", "drop_after", "cut_body", "html_502", "html_502_after")),
    *((kind, {}) for kind in ("error_500", "error_500_after", "hang", "too_many", "redirect", "not_json")),
    ("too_many", {"retry_after": 1}),
    ("success_without_effect", {}),
    *(("status", {"status": status}) for status in (204, 408, 503)),
]
_NOT_VALID = ["code_nonzero", "code_nonzero_after"]
_SETTING = [401, 403, 404]

_READS = [
    *(_case(number, kind, CONFIRMED, 1, **args) for number in (1, 2, 3) for kind, args in _USELESS),
    # Approved unseen; shown when it is read before the DELETE, so it is another case than was approved.
    *(_case(1, kind, SHOWN_NOW, 0) for kind in _NOT_VALID),
    # One read that does not show it proves nothing: it is looked at again.
    *(_case(2, kind, CONFIRMED, 1) for kind in _NOT_VALID),
    *(_case(3, kind, CONFIRMED, 1) for kind in _NOT_VALID),
    *(_case(1, "status", NO_CARD, 0, status=status) for status in _SETTING),
    *(_case(2, "status", UNREADABLE, 0, status=status) for status in _SETTING),
    *(_case(3, "status", CONFIRMED, 1, status=status) for status in _SETTING),
]

CASES = [*_DELETE, *_READS]
# Connections are refused for a while: right from the start, or from the answer to the call before.
REFUSALS = [_case(number, "refuse", CONFIRMED, 1, seconds=0.7) for number in range(4)]
_REFUSED_FROM = {0: "read", 3: "delete"}

# Vivoldi can't be read for longer than the bot tries to, which is a minute.
LONG = [
    _case(1, "error_500", NO_CARD, 0, times=1000),
    _case(3, "error_500", UNCONFIRMED, 1, times=1000),
]


@dataclass(frozen=True)
class Played:
    """A case that was played to its end."""

    play: Play
    told: str


async def _play(stage: Stage, case: Case, patience: float = PATIENCE) -> Played:
    """Play one case, and return what was told at its end."""
    play = await Play.begin(stage)
    code = await play.coupon()
    after = await stage.slack.last_seq()
    if case.number == 1:
        await _arm(stage, case, code)
    await play.ask(code)
    if case.told == NO_CARD:
        return Played(play, (await play.privately(DANA, case.told, after, patience=patience)).text)
    second = await play.approve_first(await play.next_card(code, after=after))
    if case.number != 1:
        await _arm(stage, case, code)
    await stage.slack.click(BEA, second, "approve")
    return Played(play, (await play.outcome(second, patience)).text)


async def _arm(stage: Stage, case: Case, code: str) -> None:
    args: dict[str, Any] = {**dict(case.args), "code": code}
    if case.fault == "refuse" and case.number in _REFUSED_FROM:
        args["after"] = _REFUSED_FROM[case.number]
    if case.number == 3 and case.fault != "refuse":
        # The read before the DELETE comes first.
        args["skip"] = 1
    await stage.vivoldi.fault(case.fault, "read" if case.number else "delete", **args)


async def _check(case: Case, played: Played) -> None:
    [code] = played.play.codes
    assert case.told in played.told
    assert len(await played.play.deletes(code)) == case.sent
    await judge(played.play.stage, [code], played.play.since)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing(shared_stage: Stage) -> AsyncIterator[dict[Case, asyncio.Task[Played]]]:
    """All cases but the refusals, being played."""
    gate = asyncio.Semaphore(_PLAYED_AT_ONCE)

    async def gated(case: Case) -> Played:
        async with gate:
            return await _play(shared_stage, case)

    tasks = {case: asyncio.create_task(_play(shared_stage, case, 110)) for case in LONG}
    tasks |= {case: asyncio.create_task(gated(case)) for case in CASES}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_fault(case: Case, playing: dict[Case, asyncio.Task[Played]]) -> None:
    """Whatever comes of a call, nothing is deleted twice or by guess, and what is told is true (I2 to I4)."""
    await _check(case, await playing[case])


@pytest.mark.parametrize("case", REFUSALS, ids=str)
async def test_connections_refused(
    case: Case, shared_stage: Stage, playing: dict[Case, asyncio.Task[Played]]
) -> None:
    """A call that can't connect was not made: it is made again, as soon as Vivoldi can be reached (I3)."""
    await asyncio.wait([playing[each] for each in CASES])
    await _check(case, await _play(shared_stage, case))


async def test_retry_after(play: Play) -> None:
    """A DELETE that Vivoldi puts off with Retry-After is not sent again any sooner."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("too_many", "delete", code=code, retry_after=3)
    await play.deleted_story(card)
    first, second = [datetime.fromisoformat(call.at) for call in await play.deletes(code)]
    assert second - first >= timedelta(seconds=3)


async def test_one_fault_after_another(play: Play) -> None:
    """Each of several faults in a row is met by what it proves: wait, read and send again, settle (I3)."""
    code = await play.coupon()
    card = await play.open_card(code)
    for kind in ("too_many", "html_502", "drop_before", "error_500_after"):
        await play.stage.vivoldi.fault(kind, "delete", code=code)
    await play.stage.vivoldi.fault("not_json", "read", code=code, times=2, skip=2)
    assert SETTLED in (await play.deleted_story(card)).text
    assert len(await play.deletes(code)) == 4


async def test_refusal_after_a_lost_answer(play: Play) -> None:
    """A refusal that follows a DELETE without answer is told only after a read showed the coupon (I3)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("drop_before", "delete", code=code)
    await play.stage.vivoldi.fault("code_nonzero", "delete", code=code, message="In a campaign.")
    outcome = await play.deleted_story(card)
    assert REFUSED in outcome.text
    assert "“In a campaign" in outcome.text
    *_, last = await play.stage.vivoldi.calls(code=code)
    assert last.kind == "read"


async def test_executed_late(play: Play) -> None:
    """A DELETE that is executed only after the next one was sent is found by a read (I3)."""
    code = await play.coupon()
    card = await play.open_card(code)
    # The bot stops waiting after 1 s, reads, and sends the second one, which comes too late as well.
    await play.stage.vivoldi.fault("latency", "delete", code=code, seconds=3.2)
    await play.stage.vivoldi.fault("latency", "delete", code=code, seconds=0.9, times=5)
    assert "*Deleted" in (await play.deleted_story(card)).text
    assert len(await play.stage.vivoldi.deletions(code)) == 1


@pytest.mark.parametrize("case", LONG, ids=str)
async def test_unreadable_for_a_minute(case: Case, playing: dict[Case, asyncio.Task[Played]]) -> None:
    """Reads are tried again for a minute; then what is known without them is told (I4)."""
    await _check(case, await playing[case])
