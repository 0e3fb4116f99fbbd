"""Deadlines: approve-by ends a request without a word, and execute-by ends every try to delete."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.scenario.playing import AMIR, BEA, Play
from tests.scenario.stages import BOTH, Ground
from tests.scenario.told import EXPIRED, SETTLED, TOO_LATE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=BOTH, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Two of the ways to run the bot, which differ in both respects."""
    chosen: Ground = request.param
    return chosen


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """Deadlines that a test can wait for."""
    return {"APPROVE_WITHIN_SECONDS": "4", "EXECUTE_WITHIN_SECONDS": "3"}


async def test_expired_without_approval(play: Play) -> None:
    """Silence is never a yes: a request that nobody approves in time ends by itself, and says so."""
    code = await play.coupon()
    card = await play.open_card(code)
    assert (await play.outcome(card)).contains(EXPIRED)
    assert not (await play.reads(card, "Timed out: delete")).buttons()
    assert not await play.deletes(code)


async def test_expired_after_step_one(play: Play) -> None:
    """One approval is not enough when the time runs out, and a click afterwards changes nothing (I1)."""
    code = await play.coupon()
    card = await play.open_card(code)
    second = await play.approve_first(card, AMIR)
    await play.outcome(card)
    after = await play.stage.slack.last_seq()
    await play.stage.slack.click(BEA, second, "approve", version=second.seq)
    assert await play.privately(BEA, "ran out", after)
    assert not await play.deletes(code)


async def test_too_many_calls_until_execute_by(play: Play) -> None:
    """A DELETE that Vivoldi puts off is not sent after execute-by, and told as not deleted (I1, I3)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("too_many", "delete", times=100, code=code)
    outcome = await play.deleted_story(card)
    assert TOO_LATE in outcome.text
    assert outcome.contains("HTTP 429")
    assert await play.deletes(code)


async def test_unreadable_until_execute_by(play: Play) -> None:
    """Nothing is sent while Vivoldi can't be read, and execute-by ends the waiting (I2)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("error_500", "read", times=100, code=code)
    outcome = await play.deleted_story(card)
    assert TOO_LATE in outcome.text
    assert outcome.contains("Vivoldi answered 500")
    assert not await play.deletes(code)


async def test_approvers_unknown_until_execute_by(play: Play) -> None:
    """Nothing is sent while Slack can't be asked whether both approvers still count (I1)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code))
    await play.stage.slack.fault("users.info", "server_error", times=100)
    await play.stage.slack.click(BEA, second, "approve")
    outcome = await play.outcome(second)
    await play.stage.slack.clear_faults()
    assert TOO_LATE in outcome.text
    assert outcome.contains("Slack")
    assert not await play.deletes(code)


async def test_no_answer_until_execute_by(play: Play) -> None:
    """A DELETE without answer is sent again after reads only, and not after execute-by (I3)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("drop_before", "delete", times=100, code=code)
    outcome = await play.deleted_story(card)
    assert TOO_LATE in outcome.text
    assert len(await play.deletes(code)) > 1
    assert not await play.stage.vivoldi.deletions(code)


async def test_settled_after_execute_by(play: Play) -> None:
    """Execute-by ends the sending, not the finding out: a lost answer is still settled (I4)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.fault("drop_after", "delete", code=code)
    await play.stage.vivoldi.fault("hang", "read", times=3, skip=1, code=code)
    assert (await play.deleted_story(card)).contains(SETTLED)
    assert len(await play.deletes(code)) == 1
