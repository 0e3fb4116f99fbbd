"""Stop, the time before anything is sent, and the typed confirmation, through the real process."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sandbox.slack_client import Message
from tests.scenario.playing import AMIR, BEA, CARL, DANA, PATIENCE, RIKA, Play
from tests.scenario.stages import BOTH, Ground
from tests.scenario.told import CONFIRMED, SAID, STOPPED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

_WINDOW = 3


@pytest.fixture(scope="module", params=BOTH, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Two of the ways to run the bot, which differ in both respects."""
    chosen: Ground = request.param
    return chosen


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """A bot with all the extra care."""
    return {
        "STOP_WINDOW_SECONDS": str(_WINDOW),
        "CONFIRM_BY_TYPING": "true",
        "FINAL_APPROVERS": f"{BEA},{CARL}",
    }


async def _second(play: Play) -> tuple[str, Message]:
    """Return a new code, and its card that asks for step 2."""
    code = await play.coupon()
    card = await play.open_card(code)
    assert card.contains(f"for step 2: <@{BEA}>, <@{CARL}>")
    return code, await play.approve_first(card)


async def _approved(play: Play) -> tuple[str, Message]:
    """Return a new code, and its card as soon as it can be stopped."""
    code, card = await _second(play)
    sent = await play.stage.slack.send_modal(await play.dialog(card), typed=code[-4:])
    assert (sent.status, sent.error, sent.modal.is_open) == (200, None, False)
    return code, await play.reads(card, "Nothing is deleted before")


async def test_not_stopped_it_is_deleted_after_its_time(play: Play) -> None:
    """Typed right and not stopped, a coupon is deleted, and not before the time that the card named."""
    code, card = await _approved(play)
    assert await play.deletes(code) == []
    assert (await play.outcome(card)).contains(CONFIRMED)
    assert len(await play.deletes(code)) == 1


@pytest.mark.parametrize("who", [RIKA, CARL, DANA], ids=["step 1", "step 2", "requester"])
async def test_one_tap_stops_it_in_time(play: Play, who: str) -> None:
    """Any approver of either step, or the requester, stops it with one tap, and everyone is told by whom."""
    code, card = await _approved(play)
    button = card.button("stop")
    assert button is not None
    assert "confirm" not in button
    await play.stage.slack.click(who, card, "stop")
    assert (await play.outcome(card)).contains(f"{STOPPED} <@{who}> before it was sent")
    assert await play.deletes(code) == []


async def test_a_bot_that_is_killed_keeps_the_time(play: Play) -> None:
    """Killed within the time to stop, the next bot still keeps it, and can still be stopped."""
    code, card = await _approved(play)
    other, other_card = await _approved(play)
    await play.stage.bot.kill()
    await play.stage.bot.restart()
    await play.stage.slack.click(AMIR, other_card, "stop")
    assert (await play.outcome(other_card)).contains(f"{STOPPED} <@{AMIR}>")
    assert (await play.outcome(card)).contains(SAID)
    assert [len(await play.deletes(each)) for each in (code, other)] == [1, 0]


async def test_a_stop_that_comes_too_late_is_told_what_was_sent(play: Play) -> None:
    """Who stops while the DELETE is in flight is told so privately, and the outcome is what happened."""
    code, card = await _approved(play)
    await play.stage.vivoldi.fault("latency", "delete", code=code, seconds=0.7)
    await play.arrived("delete", code)
    after = await play.stage.slack.last_seq()
    await play.stage.slack.click(DANA, card, "stop", version=card.seq)
    await play.privately(DANA, f"`{code}`: Being deleted now.", after)
    assert (await play.outcome(card)).contains(SAID)


async def test_typed_wrong_is_said_in_the_dialog(play: Play) -> None:
    """A wrong text leaves the dialog open with a sentence, and after it the right one still counts."""
    code, card = await _second(play)
    modal = await play.dialog(card)
    sent = await play.stage.slack.send_modal(modal, typed="nope")
    assert "not what the dialog asks for" in sent.modal.errors["typed"]
    assert (await play.stage.slack.message(card.channel, card.ts)).contains("Step 2 of 2")
    await play.stage.slack.send_modal(modal, typed=f" {code[-4:].lower()}")
    assert (await play.outcome(card)).contains(CONFIRMED)


async def test_an_unfinished_dialog_decides_nothing(play: Play) -> None:
    """A tap alone, and a dialog that is closed, leave the request as it is."""
    code, card = await _second(play)
    await play.stage.slack.close_modal(await play.dialog(card))
    after = await play.stage.slack.last_seq()
    await play.stage.slack.click(DANA, card, "cancel")
    await play.reads(card, "cancelled this request")
    assert await play.stage.slack.log("modal", after) == []
    assert await play.deletes(code) == []


@pytest.mark.parametrize(
    ("who", "why"),
    [(DANA, "may give the final approval"), (AMIR, "may give the final approval")],
    ids=["requester", "approver of step 1"],
)
async def test_the_wrong_person_gets_no_dialog(play: Play, who: str, why: str) -> None:
    """Anyone who may not give step 2 is refused at the tap, and if they send what another was asked.

    For the same reason within a minute they are answered once.
    """
    code, card = await _second(play)
    after = await play.stage.slack.last_seq()
    await play.stage.slack.click(who, card, "approve")
    await play.privately(who, why, after)
    modal = await play.dialog(card)
    assert modal.user == BEA
    values = {"typed": {"typed": code[-4:]}}
    submit = {"user": BEA, "modal": modal.id, "values": values}
    user = {"id": who, "username": "x", "name": "x", "team_id": "T0GUARD000"}
    answer = await play.stage.slack.interaction(submit=submit, changes={"user": user})
    assert answer.status == 200
    assert (await play.stage.slack.message(card.channel, card.ts)).contains("Step 2 of 2")
    assert await play.deletes(code) == []


async def test_a_dialog_that_arrives_twice_counts_once(play: Play) -> None:
    """Sent by Slack a second time, a dialog changes nothing and sends nothing more."""
    code, card = await _second(play)
    modal = await play.dialog(card)
    await play.stage.slack.send_modal(modal, typed=code[-4:])
    after = await play.stage.slack.last_seq()
    submit = {"user": BEA, "modal": modal.id, "values": {"typed": {"typed": code[-4:]}}}
    assert (await play.stage.slack.interaction(submit=submit)).status == 200
    await play.privately(BEA, "Both approvals are in", after)
    assert (await play.outcome(card)).contains(SAID)
    assert len(await play.deletes(code)) == 1


async def test_a_dialog_that_does_not_open_is_told(play: Play) -> None:
    """Where Slack does not open the dialog in time, the person is told to click again, and then it works."""
    code, card = await _second(play)
    await play.stage.slack.fault("views.open", "latency", seconds=2)
    after = await play.stage.slack.last_seq()
    answer = await play.stage.slack.click(BEA, card, "approve")
    assert answer.error is None
    await play.privately(BEA, "click again", after, patience=PATIENCE)
    await play.stage.slack.send_modal(await play.dialog(card), typed=code[-4:])
    assert (await play.outcome(card)).contains(SAID)
