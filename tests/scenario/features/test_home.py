"""The Home tab of a real bot: published when it is opened, and when something on it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.stage import Stage
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, CARL, DANA, GUEST, INCIDENT, PATIENCE, Play, taken
from tests.scenario.stages import ALL, BOTH, Ground, a_stage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

WAITS, NOTHING_WAITS = "Waiting for you (", "Nothing waits for your approval."
PUBLISH = "views.publish"


@pytest.fixture(scope="module", params=ALL, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Every way to run the bot."""
    chosen: Ground = request.param
    return chosen


async def test_homes_follow_a_request(play: Play) -> None:
    """A Home shows a request as it opens, is approved and ends, with a link to its card."""
    slack = play.stage.slack
    after = await slack.last_seq()
    for who in (AMIR, DANA, CARL):
        assert (await slack.open_home(who)).error is None
    empty = await slack.wait_home(AMIR, NOTHING_WAITS, PATIENCE, after)
    card = await play.open_card(by=DANA, reason="leaked on a forum")
    link = f"/archives/{INCIDENT}/p{card.ts.replace('.', '')}"
    waits = await slack.wait_home(AMIR, link, PATIENCE, empty.seq)
    assert waits.contains(WAITS)
    assert waits.contains("leaked on a forum")
    asked = await slack.wait_home(DANA, link, PATIENCE, after)
    assert asked.contains("You asked for (1)")
    assert asked.contains("Waits for step 1 of 2")
    await play.deleted_story(card)
    for who in (AMIR, DANA):
        ended = await slack.wait_home(who, f"Deleted: coupon {play.codes[0]}", PATIENCE, card.seq)
        assert ended.contains("Last outcomes (")
        assert ended.contains("Nothing runs.")
    carl = await slack.home(CARL)
    assert carl is not None
    assert not carl.contains(play.codes[0])


async def test_a_guest_sees_that_there_is_nothing_for_them(play: Play) -> None:
    """Someone who may not act sees a Home that says so, and nothing of what others asked."""
    slack = play.stage.slack
    card = await play.open_card()
    await slack.open_home(GUEST)
    home = await slack.wait_home(GUEST, "Guests can't do this.", PATIENCE, card.seq)
    assert not home.contains(play.codes[0])
    assert not home.contains("Last outcomes")


async def test_another_tab_is_no_home(play: Play) -> None:
    """Opening the messages of the app publishes nothing."""
    slack = play.stage.slack
    assert (await slack.open_home(BEA, "messages")).error is None
    assert await slack.home(BEA) is None


async def test_a_rate_limit_delays_a_home(play: Play) -> None:
    """Where Slack is asked too often, the Home is published once Slack allows it, as it is by then."""
    slack = play.stage.slack
    after = await slack.last_seq()
    await slack.fault(PUBLISH, "ratelimited", retry_after=2)
    await slack.open_home(AMIR)
    await taken(play.stage, PUBLISH)
    card = await play.open_card()
    home = await slack.wait_home(AMIR, play.codes[0], PATIENCE, after)
    assert home.seq > card.seq


@pytest_asyncio.fixture(params=BOTH, ids=str, loop_scope="module")
async def own_stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose bot may be killed."""
    async with a_stage(request.param, tmp_path) as stage:
        yield stage


async def test_a_home_is_published_after_a_crash(own_stage: Stage) -> None:
    """A bot that dies while it publishes a Home publishes it after its restart, with what is stored."""
    slack, play = own_stage.slack, await Play.begin(own_stage)
    after = await slack.last_seq()
    await slack.fault(PUBLISH, "latency", seconds=3600)
    assert (await slack.open_home(AMIR)).error is None
    await taken(own_stage, PUBLISH)
    card = await play.open_card()
    await play.is_known(card)
    await own_stage.bot.kill()
    assert await slack.home(AMIR) is None
    await own_stage.bot.restart()
    home = await slack.wait_home(AMIR, play.codes[0], PATIENCE, after)
    assert home.contains(WAITS)
    await slack.click(AMIR, card, "reject")
    await asyncio.gather(
        play.outcome(card), slack.wait_home(AMIR, "Rejected: delete coupon", PATIENCE, home.seq)
    )
    await judge(own_stage, play.codes, play.since)
