"""A freeze, through the real process: at once, proven by a read, undone after the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.slack_client import Message
from sandbox.stage import Stage
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, CARL, DANA, INCIDENT, PATIENCE, Play
from tests.scenario.stages import BOTH, a_stage
from tests.scenario.told import FROZEN, UNFROZEN

pytestmark = pytest.mark.timeout(120)


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(request.param, tmp_path) as opened:
        yield opened


async def frozen(play: Play, who: str = AMIR) -> Message:
    """Ask for a deletion, freeze the coupon, and return the card that says so."""
    card = await play.open_card()
    await play.stage.slack.click(who, card, "freeze")
    return await play.reads(card, FROZEN)


def yesterday() -> str:
    """Return the day before today, as Vivoldi writes it."""
    return (datetime.now(UTC).date() - timedelta(days=1)).isoformat()


async def ends_on(play: Play, code: str) -> str:
    """Return a coupon's expiry date, as Vivoldi has it."""
    (found,) = [coupon for coupon in await play.stage.vivoldi.coupons() if coupon["cpnNo"] == code]
    return str(found["endYmd"])


async def test_frozen_deleted_and_told(stage: Stage) -> None:
    """One click freezes the coupon; both approvals delete it although it is hidden by then."""
    play = await Play.begin(stage)
    before = yesterday()
    card = await frozen(play)
    (code,) = play.codes
    # Midnight may pass meanwhile.
    assert await ends_on(play, code) in (before, yesterday())
    outcome = await play.deleted_story(card)
    assert outcome.contains("*Deleted.* Vivoldi said so.")
    assert await stage.vivoldi.deletions(code)
    await judge(stage, play.codes, play.since)


async def test_rejected_and_set_back(stage: Stage) -> None:
    """After a rejected request the card keeps the way back, which sets the old date and nothing else."""
    play = await Play.begin(stage)
    card = await play.open_card()
    (code,) = play.codes
    before = await ends_on(play, code)
    await stage.slack.click(DANA, card, "freeze")
    await play.privately(DANA, "not one of the approvers", card.seq)
    await stage.slack.click(AMIR, card, "freeze")
    card = await play.reads(card, FROZEN)
    await stage.slack.click(BEA, card, "reject")
    ended = await play.reads(card, "rejected this request")
    assert (await play.outcome(card)).contains(FROZEN)
    await stage.slack.click(AMIR, ended, "unfreeze")
    await play.reads(card, UNFROZEN)
    assert await ends_on(play, code) == before
    assert await play.deletes(code) == []
    await judge(stage, play.codes, play.since)


async def test_a_freeze_alone(stage: Stage) -> None:
    """`freeze CODE` takes one approver; the requester is told that nobody can use the coupon any more."""
    play = await Play.begin(stage)
    code = await play.coupon()
    after = await stage.slack.last_seq()
    await stage.slack.command(CARL, f"freeze {code} leaked", INCIDENT)
    card = await play.next_card(code, after=after)
    await stage.slack.click(BEA, card, "freeze")
    outcome = await play.outcome(card)
    assert outcome.contains(f"<@{CARL}> asked to freeze `{code}`.")
    assert outcome.contains(FROZEN)
    assert await play.deletes(code) == []


async def test_killed_while_the_date_is_on_its_way(stage: Stage) -> None:
    """A bot that is killed during the call finds out by a read what came of it, and says so."""
    play = await Play.begin(stage)
    card = await play.open_card()
    (code,) = play.codes
    await stage.vivoldi.fault("latency", call="update", code=code, seconds=2)
    await stage.slack.click(AMIR, card, "freeze")
    await play.arrived("update", code)
    await stage.bot.kill()
    await stage.bot.start()
    await play.reads(card, FROZEN, PATIENCE + 15)
    assert await ends_on(play, code) < datetime.now(UTC).date().isoformat()


async def test_a_requester_who_left_is_told_in_a_direct_message(stage: Stage) -> None:
    """The requester hears of the end, also if they are not in the channel any more."""
    play = await Play.begin(stage)
    card = await play.open_card(by=CARL)
    await stage.slack.channel(INCIDENT, remove=[CARL])
    after = await stage.slack.last_seq()
    await play.deleted_story(card)
    told = await play.privately(CARL, "asked to delete", after)
    assert told.channel.startswith("D")
    await stage.slack.channel(INCIDENT, add=[CARL])
