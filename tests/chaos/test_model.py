"""People, coupons, clocks, servers and two bots in any order, one step at a time; then all is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.vivoldi.world import RefusedError
from tests.chaos.faults import SLACK, VIVOLDI, at_slack, at_vivoldi
from tests.chaos.report import REPORT, SEED
from tests.chaos.runs import Databases
from tests.chaos.steady import prepared_engines, same_dice
from tests.chaos.stepping import Bench
from tests.chaos.stories import CODE, OTHER, UNKNOWN
from tests.chaos.town import AMIR, APPROVE_WITHIN, BEA, EVERYONE, EXECUTE_WITHIN, RIKA, Town
from tests.chaos.world_stories import UNHEARD_OF, lies

Result = TypeVar("Result")

# Nothing here waits by the real clock, so what takes this many seconds waits for what can't move.
_STUCK = 300

_BOT = st.integers(0, 1)
_PERSON, _APPROVER = st.sampled_from(EVERYONE), st.sampled_from([RIKA, AMIR, BEA])
_ACTION = st.sampled_from(["approve", "reject", "cancel"])
_CODE = st.sampled_from([CODE, CODE, OTHER, UNKNOWN])
_ASKED = st.lists(st.sampled_from([CODE, OTHER, UNKNOWN]), min_size=1, max_size=2, unique=True)
_SECOND, _TEN_MINUTES = timedelta(seconds=1), timedelta(minutes=10)
# A server that lets a bot wait moves the clock while the other bot stands still; time has rules of its own.
_VIVOLDI = st.sampled_from([kind for kind in VIVOLDI if kind["kind"] not in ("latency", "hang", "refuse")])
_SLACK = st.sampled_from([kind for kind in SLACK if kind["kind"] != "latency"])
_STILL = st.sampled_from([1, 3, 4, 9, 10, 11, 30, 61])
_TO_A_DEADLINE = st.sampled_from([EXECUTE_WITHIN - _SECOND, EXECUTE_WITHIN, APPROVE_WITHIN - _SECOND])
# After a few of these nothing is left that could still be deleted.
_MOST_JUMPS = 1

_MEDDLING: dict[str, Callable[[Town, str], object]] = {
    "change": lambda town, code: town.vivoldi.change(code, {"disc": 7}),
    "change back": lambda town, code: town.vivoldi.change(code, {"disc": 10}),
    "use": lambda town, code: town.vivoldi.redeem(code),
    "let expire": lambda town, code: town.vivoldi.change(code, {"endYmd": "2026-02-01"}),
    "extend": lambda town, code: town.vivoldi.change(code, {"endYmd": "2026-03-31"}),
    "delete": lambda town, code: town.vivoldi.delete(code),
    "create": lambda town, code: town.coupon(code),
    "make anew": lambda town, code: town.remade(code),
}


class World(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    databases: ClassVar[Databases]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._stack.enter_context(same_dice())
        self._stack.enter_context(prepared_engines())
        self._runner = self._stack.enter_context(asyncio.Runner())
        self.bench = Bench(Town(self.databases.fresh()))
        self._jumps = 0

    def _do(self, doing: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(_unstuck(doing))

    @initialize(approvals=st.sampled_from([0, 1, 2, 2]))
    def begin(self, approvals: int) -> None:
        self._do(self.bench.open(approvals))

    # ------------------------------------------------------------ people

    @rule(which=_BOT, user=_PERSON, codes=_ASKED)
    def ask(self, which: int, user: str, codes: list[str]) -> None:
        self._do(self.bench.command(which, user, tuple(codes)))

    @rule(which=_BOT, user=_APPROVER)
    def approve_what_is_shown(self, which: int, user: str) -> None:
        self._do(self.bench.click(which, user, self.bench.cards()[-1], "approve"))

    @rule(which=_BOT, code=_CODE)
    def approve_as_it_should_be(self, which: int, code: str) -> None:
        """Ask for a code where it is not open, and give the approvals that it lacks, but leave it at that."""
        self._do(self.bench.approved(which, code))

    @rule(which=_BOT, user=_PERSON, pick=st.integers(0, 50))
    def stop_from_any_version(self, which: int, user: str, pick: int) -> None:
        cards = self.bench.every_card()
        self._runner.run(self.bench.click(which, user, cards[pick % len(cards)], "stop"))

    @rule(which=_BOT)
    def stop_what_was_asked_for_last(self, which: int) -> None:
        self._runner.run(self.bench.click(which, AMIR, self.bench.town.newest_card(), "stop"))

    @rule(which=_BOT, user=_PERSON, pick=st.integers(0, 50), action=_ACTION)
    def click_on_any_version(self, which: int, user: str, pick: int, action: str) -> None:
        cards = self.bench.cards()
        self._do(self.bench.click(which, user, cards[pick % len(cards)], action))

    @rule(user=_PERSON, on_call=st.booleans())
    def change_who_is_on_call(self, user: str, on_call: bool) -> None:
        (self.bench.town.join if on_call else self.bench.town.leave)(user)

    # ------------------------------------------------------------ coupons and servers

    @rule(code=_CODE, how=st.sampled_from(sorted(_MEDDLING)))
    def meddle(self, code: str, how: str) -> None:
        # Where there is no such coupon, or one that should not be there, nothing happens.
        with suppress(RefusedError):
            _MEDDLING[how](self.bench.town, code)

    @rule(kind=_VIVOLDI, skip=st.integers(0, 2), times=st.integers(1, 2))
    def vivoldi_fails(self, kind: dict[str, object], skip: int, times: int) -> None:
        self.bench.town.journal.troubled += times
        self._do(self.bench.town.vivoldi_fault(at_vivoldi(kind, skip, times)))

    @rule(kind=_SLACK, skip=st.integers(0, 4), times=st.integers(1, 2))
    def slack_fails(self, kind: dict[str, object], skip: int, times: int) -> None:
        self.bench.town.journal.troubled += times
        self._do(self.bench.town.slack_fault(at_slack(kind, skip, times)))

    @rule(method=st.sampled_from(["*", "chat.postMessage", "chat.update"]), times=st.integers(3, 12))
    def slack_answers_by_a_name_that_nobody_knows(self, method: str, times: int) -> None:
        self.bench.town.journal.troubled += times
        unheard_of = SlackFault(method, "error", error=UNHEARD_OF, times=times)
        self._do(self.bench.town.slack_fault(unheard_of))

    @rule(code=_CODE, skip=st.integers(0, 2))
    def vivoldi_lies_once(self, code: str, skip: int) -> None:
        self.bench.town.journal.troubled += 1
        self._do(self.bench.town.vivoldi_fault(lies(code, skip)))

    # ------------------------------------------------------------ bots and time

    @rule(which=_BOT, times=st.integers(1, 4))
    def go_on_a_little(self, which: int, times: int) -> None:
        self._do(self._steps(which, times))

    @rule(which=_BOT, times=st.integers(5, 20))
    def go_on_far(self, which: int, times: int) -> None:
        self._do(self._steps(which, times))

    async def _steps(self, which: int, times: int) -> None:
        for _ in range(times):
            await self.bench.bots[which].step()

    @rule(which=_BOT)
    def finish_what_is_due(self, which: int) -> None:
        self._do(self.bench.drain(which))

    @rule(which=_BOT)
    def crash(self, which: int) -> None:
        self._do(self.bench.replace(which))

    @rule(seconds=st.integers(1, 4))
    def time_passes(self, seconds: int) -> None:
        self._do(self.bench.pass_time(seconds, alive=True))

    @rule(seconds=_STILL)
    def everything_stands_still(self, seconds: float) -> None:
        self._do(self.bench.pass_time(seconds, alive=False))

    @precondition(lambda self: self._jumps < _MOST_JUMPS)
    @rule(alive=st.booleans())
    def clocks_jump_by_ten_minutes(self, alive: bool) -> None:
        self._jumps += 1
        self._do(self.bench.pass_time(_TEN_MINUTES.total_seconds(), alive))

    @precondition(lambda self: self._jumps < _MOST_JUMPS)
    @rule(by=_TO_A_DEADLINE)
    def everything_stands_still_until_a_deadline(self, by: timedelta) -> None:
        self._jumps += 1
        self._do(self.bench.pass_time(by.total_seconds(), alive=False))

    def teardown(self) -> None:
        with self._stack:
            judged = self._do(self.bench.close())
        REPORT.judged(judged)
        assert not judged.findings, judged.findings


async def _unstuck(doing: Coroutine[Any, Any, Result]) -> Result:
    async with asyncio.timeout(_STUCK):
        return await doing


# Hypothesis takes up to five minutes to make a failure short.
@pytest.mark.timeout(600)
def test_anything_in_some_orders(databases: Databases) -> None:
    """Whatever happens in whatever order, no rule is broken (I1 to I6)."""
    _try(databases, examples=15, steps=40)


@pytest.mark.chaos
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("databases", "examples", "turn"),
    # In several parts, which can be run at the same time.
    [*(("sqlite", 200, turn) for turn in range(1, 5)), ("postgresql", 80, 5)],
    indirect=["databases"],
)
def test_anything_in_many_orders(databases: Databases, examples: int, turn: int) -> None:
    """Whatever happens in whatever order, no rule is broken (I1 to I6)."""
    _try(databases, examples, steps=60, turn=turn)


def _try(databases: Databases, examples: int, steps: int, turn: int = 0) -> None:
    machine = seed(SEED + turn)(type("World", (World,), {"databases": databases}))
    unhurried = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=unhurried)
