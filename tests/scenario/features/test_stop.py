"""The bot is told to stop (SIGTERM) in the middle of its work, and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from sandbox.stage import Stage
from tests.scenario.playing import BEA, PATIENCE, Play, taken
from tests.scenario.stages import BOTH, Ground
from tests.scenario.told import ACCEPTED, SAID

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest.fixture(scope="module", params=BOTH, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Two of the ways to run the bot, which differ in both respects."""
    chosen: Ground = request.param
    return chosen


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """A bot that is patient enough for the calls that are held up here."""
    return {"VIVOLDI_TIMEOUT_SECONDS": "5"}


async def _stopped(stage: Stage) -> None:
    """Stop the bot, and start it again."""
    assert await stage.bot.stop() == 0
    await stage.bot.restart()


async def test_delete_in_flight_is_finished(play: Play) -> None:
    """SIGTERM lets a DELETE in flight end and stores its answer; the next start tells it, sending nothing."""
    code = await play.coupon()
    card = await play.approve_first(await play.open_card(code))
    await play.stage.vivoldi.fault("latency", "delete", code=code, seconds=1.5)
    await play.stage.slack.click(BEA, card, "approve")
    await play.arrived("delete", code)
    await _stopped(play.stage)
    assert (await play.outcome(card)).contains(SAID)
    assert len(await play.deletes(code)) == 1


async def test_card_in_flight_is_posted_once(play: Play) -> None:
    """SIGTERM lets a card in flight be posted and remembered, so that no second one comes."""
    code = await play.coupon()
    await play.stage.slack.fault("chat.postMessage", "latency", seconds=1.5)
    after = await play.stage.slack.last_seq()
    await play.ask(code)
    await taken(play.stage, "chat.postMessage")
    await _stopped(play.stage)
    card = await play.next_card(code, after=after)
    assert (await play.deleted_story(card)).contains(SAID)
    assert len([m for m in await play.stage.slack.cards() if m.contains(code)]) == 1


async def test_commands_while_stopping(play: Play) -> None:
    """Every command that was accepted while the bot stopped gets its card, and no other one (I5)."""
    codes = [await play.coupon() for _ in range(8)]
    after = await play.stage.slack.last_seq()
    asking = [asyncio.create_task(play.ask(code)) for code in codes]
    await play.stage.slack.wait_for(lambda entry: entry.kind == "ephemeral", PATIENCE, after)
    assert await play.stage.bot.stop() == 0
    answers = await asyncio.gather(*asking)
    await play.stage.bot.restart()
    accepted = [code for code, answer in zip(codes, answers, strict=True) if ACCEPTED in answer.text]
    assert accepted
    for code in accepted:
        card = await play.next_card(code, after=after)
        assert (await play.deleted_story(card)).contains(SAID)
    cards = {code for code in codes for card in await play.stage.slack.cards() if card.contains(code)}
    unanswered = {code for code, answer in zip(codes, answers, strict=True) if answer.error}
    assert cards <= {*accepted, *unanswered}
