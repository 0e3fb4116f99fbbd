"""Slack in trouble: it refuses the channel, puts the bot off, fails, loses answers, or rejects the token."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack_client import BOT, Message
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, ARCHIVED, BEA, CARL, DANA, INCIDENT, NO_BOT, Play
from tests.scenario.stages import OTHER, USUAL, a_stage
from tests.scenario.told import SAID

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

PRIVATE = "G0PRIVATE0"


# ---------------------------------------------------------------- channels


@pytest.mark.parametrize(
    ("channel", "change", "words"),
    [
        (NO_BOT, {}, "Invite me with `/invite @Coupon Guard`"),
        (PRIVATE, {"remove": [BOT]}, "Invite me with `/invite @Coupon Guard`"),
        (ARCHIVED, {}, "Slack says `is_archived`"),
        ("C0STRICT00", {"members": [DANA, BOT], "restricted": True}, "Slack says `restricted_action`"),
    ],
)
async def test_no_card_possible(play: Play, channel: str, change: dict[str, Any], words: str) -> None:
    """Where the card can't be posted the requester is told privately why, and the code is free again (I6)."""
    code = await play.coupon()
    if change:
        await play.stage.slack.channel(channel, **change)
    after = await play.stage.slack.last_seq()
    await play.ask(code, channel=channel)
    told = await play.privately(DANA, f"I can't post the card for `{code}`", after)
    assert told.contains(words)
    assert (await play.deleted_story(await play.open_card(code))).contains(SAID)


async def test_bot_is_invited_afterwards(play: Play) -> None:
    """A bot that was invited, as it asked to be, can be used in that channel at once."""
    code = await play.coupon()
    await play.stage.slack.channel("C0LATER000", members=[DANA, AMIR, BEA])
    after = await play.stage.slack.last_seq()
    await play.ask(code, channel="C0LATER000")
    told = await play.privately(DANA, "Slack says `not_in_channel`", after)
    await play.stage.slack.channel("C0LATER000", add=[BOT])
    await play.ask(code, channel="C0LATER000")
    card = await play.next_card(code, after=told.seq)
    assert (await play.deleted_story(card)).channel == "C0LATER000"


@pytest.mark.parametrize("change", [{"archived": True}, {"remove": [BOT]}], ids=["archived", "removed"])
async def test_channel_is_lost_after_the_approvals(play: Play, change: dict[str, Any]) -> None:
    """An outcome that the channel can't be told is told to the requester privately (I5)."""
    channel = f"C0LOST{len(str(change)):04d}"
    await play.stage.slack.channel(channel, members=[DANA, AMIR, BEA, BOT])
    code = await play.coupon()
    after = await play.stage.slack.last_seq()
    await play.ask(code, channel=channel)
    second = await play.approve_first(await play.next_card(code, after=after))
    await play.stage.vivoldi.fault("latency", "delete", code=code, seconds=0.7)
    await play.stage.slack.click(BEA, second, "approve")
    await play.arrived("delete", code)
    await play.stage.slack.channel(channel, **change)
    assert await play.privately(DANA, SAID, second.seq)


# ---------------------------------------------------------------- calls that fail


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("ratelimited", {"retry_after": 1}),
        ("server_error", {"status": 500}),
        ("server_error", {"status": 503}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("malformed", {}),
        ("error", {"error": "internal_error"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
async def test_each_call_fails_once(play: Play, kind: str, args: dict[str, Any]) -> None:
    """Whatever Slack does to each call, card and outcome are seen, and nothing is sent twice (I5)."""
    slack, code = play.stage.slack, await play.coupon()
    await slack.fault("chat.postMessage", kind, **args)
    card = await play.open_card(code)
    if kind == "drop_after":
        # It stands there, but the bot has not heard of it.
        card = await play.next_card(code, after=card.seq)
    await slack.fault("chat.update", kind, **args)
    second = await play.approve_first(card)
    for method in ("users.info", "usergroups.users.list", "chat.update", "chat.postMessage"):
        await slack.fault(method, kind, **args)
    await slack.click(BEA, second, "approve")
    assert (await play.outcome(card)).contains(SAID)
    assert len(await play.deletes(code)) == 1
    await _strays_are_healed(play, code, card)


async def _strays_are_healed(play: Play, code: str, card: Message) -> None:
    """Click every copy of the card that the bot can't know of, and see it redrawn."""
    await play.reads(card, f"Deleted: coupon {code}")
    for copy in await play.stage.slack.cards():
        if not (copy.contains(code) and copy.buttons()):
            continue
        await play.stage.slack.click(AMIR, copy, "approve")
        assert await play.privately(AMIR, "This request was finished", copy.seq)
        await play.reads(copy, f"Deleted: coupon {code}")


async def test_retry_after(play: Play) -> None:
    """A call that Slack puts off with Retry-After is not made again any sooner."""
    code = await play.coupon()
    after = await play.stage.slack.last_seq()
    await play.stage.slack.fault("chat.postMessage", "ratelimited", retry_after=3)
    await play.open_card(code)
    calls = await play.stage.slack.log("api_call", after)
    first, second = [entry.time for entry in calls if entry.data["method"] == "chat.postMessage"]
    assert second - first >= 3


async def test_token_is_rejected_for_a_while(play: Play) -> None:
    """While Slack rejects the bot's token everything waits, and goes on as soon as that is mended (I5)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code))
    after = await play.stage.slack.last_seq()
    await play.stage.slack.app(auth_error="token_revoked")
    await play.stage.slack.click(BEA, second, "approve")
    await play.stage.slack.wait_for(lambda e: e.data.get("error") == "token_revoked", after=after)
    assert not await play.deletes(code)
    await play.stage.slack.app(auth_error=None)
    assert (await play.outcome(second)).contains(SAID)


# ---------------------------------------------------------------- private answers


async def test_private_answer_is_tried_again(play: Play) -> None:
    """A private answer that Slack fails to take is given later."""
    card = await play.open_card()
    await play.stage.slack.fault("response_url", "server_error")
    await play.stage.slack.click(CARL, card, "approve")
    assert await play.privately(CARL, "You are not one of the approvers", card.seq, INCIDENT)


async def test_private_answer_finds_another_way(play: Play) -> None:
    """A private answer whose address is used up, and that the channel does not take, is a direct message."""
    card = await play.open_card()
    await play.stage.slack.fault("response_url", "error", error="expired_url")
    await play.stage.slack.fault("chat.postEphemeral", "error", error="user_not_in_channel")
    await play.stage.slack.click(CARL, card, "approve")
    assert await play.privately(CARL, "You are not one of the approvers", card.seq, "D0CARL0000")


async def test_unknown_person(play: Play) -> None:
    """Someone whom Slack can't be asked about is refused, and told to try again (I1)."""
    card = await play.open_card()
    await play.stage.slack.person("U0NEW00000", name="Nina")
    await play.stage.slack.fault("users.info", "server_error", times=2)
    await play.stage.slack.click("U0NEW00000", card, "approve")
    assert await play.privately("U0NEW00000", "I could not ask Slack who you are", card.seq)
    answer = await play.stage.slack.command("U0NEW00000", "ABCDEFGH1 leaked")
    assert "I could not ask Slack who you are" in answer.text
    answer = await play.stage.slack.command("U0NEW00000", "list")
    assert "Open requests" in answer.text


# ---------------------------------------------------------------- sockets


async def test_connection_is_lost(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A bot whose connection Slack closes, or that is cut, connects again, and old cards work (I5)."""
    async with a_stage(OTHER, tmp_path_factory.mktemp("socket")) as stage:
        play = Play(stage)
        card = await play.open_card()
        await _reconnected(play, "disconnect")
        second = await play.approve_first(card)
        await _reconnected(play, "drop")
        await stage.slack.click(BEA, second, "approve")
        assert (await play.outcome(card)).contains(SAID)
        await judge(stage, play.codes)


async def _reconnected(play: Play, trouble: str) -> None:
    """Make trouble, and wait until the bot has opened another connection."""
    after = await play.stage.slack.last_seq()
    await play.stage.slack.sockets(trouble)
    await play.stage.slack.wait_for(
        lambda entry: entry.kind == "socket" and entry.data["event"] == "opened", 45, after
    )


# ---------------------------------------------------------------- refused by another name


async def test_slack_refuses_by_another_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """I5: every method answers `token_expired` while the DELETE is on its way: told after a restart."""
    async with a_stage(USUAL, tmp_path_factory.mktemp("expired")) as stage:
        play = Play(stage)
        code = await play.coupon()
        second = await play.approve_first(await play.open_card(code))
        await stage.vivoldi.fault("latency", "delete", code=code, seconds=0.7)
        await stage.slack.click(BEA, second, "approve")
        await play.arrived("delete", code)
        await stage.slack.app(auth_error="token_expired")
        await stage.slack.wait_for(
            lambda e: (e.data.get("method"), e.data.get("error")) == ("chat.postMessage", "token_expired"),
            after=second.seq,
        )
        await stage.bot.kill()
        await stage.slack.app(auth_error=None)
        await stage.bot.restart()
        assert (await play.outcome(second, patience=60)).contains(SAID)
        await play.reads(second, f"Deleted: coupon {code}", patience=60)
        await judge(stage, play.codes)


async def test_a_card_that_can_not_be_changed_is_replaced(play: Play) -> None:
    """I5: `edit_window_closed` for every change: step 2 is given on a new card."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.slack.fault("chat.update", "error", error="edit_window_closed", times=999)
    after = await play.stage.slack.last_seq()
    await play.stage.slack.click(AMIR, card, "approve")
    second = await play.next_card(code, after=after)
    assert second.contains("Step 2 of 2")
    await play.stage.slack.clear_faults()
    await play.stage.slack.click(BEA, second, "approve")
    assert (await play.outcome(second)).contains(SAID)
    await _strays_are_healed(play, code, second)


async def test_a_request_is_cancelled_from_the_list(play: Play) -> None:
    """A requester takes a request back by the button of the private list, as on its card."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.is_known(card)
    listed = (await play.stage.slack.command(DANA, "list")).response
    on_card = card.button("cancel")
    assert listed is not None
    assert on_card is not None
    (block,) = [block for block in listed.blocks if _cancels(block, on_card["value"])]
    await play.stage.slack.click(DANA, listed, "cancel", block_id=block["block_id"], value=on_card["value"])
    await play.reads(card, "Cancelled")


def _cancels(block: dict[str, Any], request_id: str) -> bool:
    return bool(block.get("accessory", {}).get("value") == request_id)
