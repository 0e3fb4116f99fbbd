"""Clicks that must have no effect: by the wrong person, twice, on an old card, or not from Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from sandbox.slack_client import Message
from tests.scenario.playing import (
    AMIR,
    BEA,
    CARL,
    DANA,
    GONE,
    GUEST,
    ONCALL,
    RIKA,
    ROBOT,
    STRANGER,
    Play,
)
from tests.scenario.stages import BOTH, Ground
from tests.scenario.told import SAID

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=BOTH, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Two of the ways to run the bot, which differ in both respects."""
    chosen: Ground = request.param
    return chosen


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """Everyone but Dana is named, so that it is for another reason that some of them are refused."""
    named = ",".join((ONCALL, CARL, GUEST, GONE, ROBOT, STRANGER))
    return {"APPROVERS": named, "FINAL_APPROVERS": f"{ONCALL},{GUEST},{STRANGER}"}


async def _refused(play: Play, card: Message, who: str, words: str, action: str = "approve") -> None:
    """Click, and check that the person is told privately why not, and that the card stays as it is."""
    before = await play.stage.slack.message(card.channel, card.ts)
    await play.stage.slack.click(who, before, action)
    assert await play.privately(who, words, before.seq)
    assert (await play.stage.slack.message(card.channel, card.ts)).blocks == before.blocks


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (DANA, "You are not one of the approvers"),
        (GUEST, "Guests can't do this"),
        (GONE, "Your account is deactivated"),
        (ROBOT, "Bots can't do this"),
        (STRANGER, "Only members of the workspace"),
    ],
)
@pytest.mark.parametrize("action", ["approve", "reject"])
async def test_not_an_approver(play: Play, who: str, words: str, action: str) -> None:
    """Someone who is no approver, or no full member, can't decide, and is told so privately (I1)."""
    await _refused(play, await play.open_card(by=RIKA), who, words, action)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (DANA, "not one of those who may give the final approval"),
        (CARL, "not one of those who may give the final approval"),
        (GUEST, "Guests can't do this"),
        (STRANGER, "Only members of the workspace"),
    ],
)
async def test_not_a_final_approver(play: Play, who: str, words: str) -> None:
    """Someone who may give step 1 alone, or nothing, can't give step 2 (I1)."""
    await _refused(play, await play.approve_first(await play.open_card(by=RIKA)), who, words)


async def test_requester_gives_no_final_approval(play: Play) -> None:
    """The requester never gives step 2, also as an approver (I1)."""
    second = await play.approve_first(await play.open_card(by=RIKA))
    await _refused(play, second, RIKA, "You asked for this")


async def test_one_person_gives_one_approval(play: Play) -> None:
    """The person who gave step 1 can't give step 2 (I1)."""
    second = await play.approve_first(await play.open_card(), AMIR)
    await _refused(play, second, AMIR, "Your approval is already counted")


async def test_only_the_requester_cancels(play: Play) -> None:
    """Nobody but the requester can cancel a request, not even an approver."""
    await _refused(play, await play.open_card(), AMIR, "Only the person who asked can cancel it", "cancel")


async def test_old_card(play: Play) -> None:
    """A click on an older version of the card has no effect: what was seen is not what stands now (I6)."""
    card = await play.open_card()
    second = await play.approve_first(card, AMIR)
    await play.stage.slack.click(BEA, second, "approve", version=card.seq)
    assert await play.privately(BEA, "The card has changed since you saw it", second.seq)
    await play.stage.slack.click(BEA, second, "approve")
    assert SAID in (await play.outcome(card)).text


async def test_click_after_the_end(play: Play) -> None:
    """A click on the card of an ended request changes nothing and says how it ended (I6)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.slack.click(DANA, card, "cancel")
    outcome = await play.outcome(card)
    await play.stage.slack.click(AMIR, card, "approve", version=card.seq)
    assert await play.privately(AMIR, f"<@{DANA}> cancelled this request", outcome.seq)
    finished = await play.open_card(code)
    outcome = await play.deleted_story(finished)
    await play.stage.slack.click(AMIR, finished, "approve", version=finished.seq)
    assert await play.privately(AMIR, "This request was finished", outcome.seq)
    assert len(await play.deletes(code)) == 1


async def test_unknown_request(play: Play) -> None:
    """A click about a request that does not exist is answered, and does nothing."""
    card = await play.open_card()
    await play.stage.slack.click(AMIR, card, "approve", value="CG-NOSUCHONE2")
    assert await play.privately(AMIR, "I don't know this request", card.seq)


async def test_double_clicks(play: Play) -> None:
    """Several clicks at once, on either step, are one approval and one deletion (I6)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.slack.clicks(AMIR, card, "approve", times=5)
    second = await play.reads(card, "Step 2 of 2")
    await play.stage.slack.clicks(BEA, second, "approve", times=5)
    assert SAID in (await play.outcome(card)).text
    assert len(await play.deletes(code)) == 1


async def test_two_people_at_once(play: Play) -> None:
    """Two people who click at the same time give one approval; the other one is told to look again (I6)."""
    code = await play.coupon()
    card = await play.open_card(code)
    click = play.stage.slack.click
    await asyncio.gather(*(click(who, card, "approve") for who in (AMIR, BEA)))
    second = await play.reads(card, "Step 2 of 2")
    first = AMIR if second.contains(f"Approved by <@{AMIR}>") else BEA
    assert await play.privately(BEA if first == AMIR else AMIR, "The card has changed", card.seq)
    others = [who for who in (AMIR, BEA, RIKA) if who != first]
    await asyncio.gather(*(click(who, second, "approve") for who in others))
    assert SAID in (await play.outcome(card)).text
    assert len(await play.deletes(code)) == 1


async def test_approve_and_reject_at_once(play: Play) -> None:
    """A final approval and a rejection at the same time have one effect: the one that came first (I6)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code))
    click = play.stage.slack.click
    await asyncio.gather(click(BEA, second, "approve"), click(RIKA, second, "reject"))
    outcome = await play.outcome(second)
    deleted = await play.stage.vivoldi.deletions(code)
    assert len(deleted) == (SAID in outcome.text)
    assert ("rejected this request" in outcome.text) != bool(deleted)


async def test_replayed_click(play: Play) -> None:
    """A click that is delivered again, as it was and well signed, has no second effect (I6)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.approve_first(card, AMIR)
    *_, last = [
        entry.data["payload"]
        for entry in await play.stage.slack.log("interaction", after=card.seq)
        if entry.data["payload"].get("user", {}).get("id") == AMIR
    ]
    await play.stage.slack.interaction(payload=last)
    assert await play.privately(AMIR, "Your approval is already counted", card.seq)
    assert not await play.deletes(code)


async def test_foreign_app_and_workspace(play: Play) -> None:
    """A click that is meant for another app, or comes from another workspace, approves nothing (I1)."""
    card = await play.open_card()
    click = {"user": AMIR, "channel": card.channel, "ts": card.ts, "action_id": "approve"}
    await play.stage.slack.interaction(click=click, api_app_id="A0OTHER000")
    await play.stage.slack.interaction(click=click, team_id="T0OTHER000")
    assert await play.privately(AMIR, "Only members of the workspace", card.seq)
    assert (await play.stage.slack.message(card.channel, card.ts)).blocks == card.blocks


async def test_command_from_another_workspace(play: Play) -> None:
    """A command that comes from another workspace opens nothing, no matter who it says typed it (I1)."""
    code = await play.coupon()
    command = {"user": RIKA, "text": f"{code} leaked"}
    answered = await play.stage.slack.interaction(command=command, team_id="T0OTHER000")
    assert answered.body is not None
    assert "Only members of the workspace" in answered.body["text"]


# These two, and the next one, come last: for a minute the bot remembers what these people are.
@pytest.mark.parametrize(
    ("who", "kind", "words"),
    [(CARL, "deactivated", "was deactivated"), (RIKA, "guest", "is a guest now")],
)
async def test_approver_changed_before_the_deletion(play: Play, who: str, kind: str, words: str) -> None:
    """An approver who is no full member any more when it is to be sent does not count any more (I1)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code), who)
    await play.stage.slack.person(who, kind=kind)
    await play.stage.slack.click(BEA, second, "approve")
    outcome = await play.outcome(second)
    assert f"the approval by <@{who}> no longer counts" in outcome.text
    assert words in outcome.text
    assert not await play.deletes(code)


async def test_approver_left_the_group(play: Play) -> None:
    """An approver who is not on call any more when it is to be sent does not count any more (I1)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code), AMIR)
    await play.stage.slack.group(ONCALL, remove=[AMIR])
    await play.stage.slack.click(BEA, second, "approve")
    outcome = await play.outcome(second)
    assert f"the approval by <@{AMIR}> no longer counts" in outcome.text
    assert not await play.deletes(code)
