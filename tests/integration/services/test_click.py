"""Clicks, on a real database with Slack and Vivoldi faked: what is stored, drawn and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackUnavailable, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import Unproven
from bot.domain.item.deletion import Confirmation, Deleted, Source
from bot.domain.people import Kind, Person, Standing
from bot.domain.policy import Verdict
from bot.domain.request.request import Cancelled, Expired, Rejected
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted
from tests.builders import AMIR, BEA, CARL, CODE, DANA, RIKA, on_call, standing
from tests.fakes import Sent
from tests.integration.wired import Wired, wired_on

DOWN = VivoldiUnavailable("no answer")
LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def test_two_people_approve_and_the_coupon_is_deleted(wired: Wired) -> None:
    """The whole story: read, two approvals, read, DELETE once, read, card and reply."""
    request_id = await wired.approved()
    await wired.run(5, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, Deleted)
    assert (state.source, state.confirmation) == (Source.ANSWER, Confirmation.GONE)
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete", "read"]
    reply = wired.messenger.of("reply")
    assert [(sent.ts, sent.broadcast) for sent in reply] == [("1.000100", True)]
    assert reply[0].message.text.startswith(f"<@{RIKA.id}>")
    assert "Deleted" in wired.messenger.shown("1.000100").text
    assert wired.coupons.stored == {}


@pytest.mark.parametrize(
    ("action", "by", "end"),
    [(Action.REJECT, BEA, Rejected), (Action.REJECT, DANA, Rejected), (Action.CANCEL, RIKA, Cancelled)],
)
async def test_a_no_ends_the_request(wired: Wired, action: Action, by: Person, end: type) -> None:
    """A rejection or cancellation ends the request, is told in the thread, and frees the code."""
    request_id = await wired.ask()
    assert await wired.click(action, by, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await wired.request(request_id), end)
    assert [sent.broadcast for sent in wired.messenger.of("reply")] == [False]
    assert wired.coupons.kinds(CODE) == ["read"]
    assert isinstance(await wired.command(CODE), Accepted)


async def test_silence_ends_the_request(wired: Wired) -> None:
    """A request that is not approved in time expires by itself, and its card says so."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id)
    wired.clock.advance(wired.policy.approve_within.total_seconds())
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.TOO_LATE
    await wired.drain()
    assert isinstance(await wired.request(request_id), Expired)
    assert wired.coupons.kinds(CODE) == ["read"]
    assert wired.messenger.shown("1.000100").text.startswith("Timed out")


async def test_a_refused_click_is_told_privately_and_leaves_the_card_alone(wired: Wired) -> None:
    """Who may not click is told so alone; the request and its card stay as they are (I7: it is recorded)."""
    request_id = await wired.ask()
    before = await wired.request(request_id)
    verdict = await wired.click(Action.APPROVE, CARL, request_id, reply_url="https://reply.example/2")
    await wired.drain()
    assert verdict is Verdict.NOT_AN_APPROVER
    assert await wired.request(request_id) == before
    assert len(wired.messenger.sent) == 1
    assert [(told.person, told.reply_url) for told in wired.messenger.told] == [
        (CARL.id, "https://reply.example/2")
    ]
    refusals = await wired.events(EventKind.DECISION_REFUSED)
    assert [(event.actor, event.data["verdict"]) for event in refusals] == [(CARL, "not_an_approver")]


@pytest.mark.parametrize(
    ("action", "who", "verdict"),
    [
        (Action.REJECT, standing(CARL), Verdict.NOT_AN_APPROVER),
        (Action.CANCEL, on_call(BEA), Verdict.NOT_THE_REQUESTER),
        (Action.CANCEL, standing(RIKA, kind=Kind.GUEST), Verdict.GUEST),
    ],
)
async def test_who_may_not_end_a_request_does_not(
    wired: Wired, action: Action, who: Standing, verdict: Verdict
) -> None:
    """A rejection or cancellation by someone who may not changes nothing (I1)."""
    request_id = await wired.ask()
    before = await wired.request(request_id)
    wired.people.put(who)
    assert await wired.click(action, who.person, request_id) is verdict
    assert await wired.request(request_id) == before


async def test_an_approver_of_another_workspace_is_a_stranger(wired: Wired) -> None:
    """A click that comes from another workspace is refused, no matter whose id it is here."""
    request_id = await wired.ask()
    assert await wired.click(Action.APPROVE, AMIR, request_id, team="T0OTHER000") is Verdict.STRANGER
    assert await wired.click(Action.APPROVE, AMIR, request_id, team=None) is Verdict.ALLOWED


async def test_a_click_on_a_stray_copy_redraws_it(wired: Wired) -> None:
    """A card that was posted twice works at both places, and both show how far the request is (I5)."""
    wired.messenger.lost["post"] = [SlackUnavailable("answer lost")]
    request_id = await wired.ask()
    await wired.run(5, step=1)
    assert len(wired.messenger.of("post")) == 2
    assert await wired.click(Action.APPROVE, AMIR, request_id, message_ts="1.000100") is Verdict.ALLOWED
    await wired.drain()
    assert wired.messenger.shown("1.000100") == wired.messenger.shown("2.000100")
    assert "1 of 2" in wired.messenger.shown("1.000100").text


async def test_a_copy_that_is_clicked_while_the_card_is_drawn_is_drawn_too(wired: Wired) -> None:
    """A copy that turns up while the card is on its way to Slack is not forgotten (I5)."""
    request_id = await wired.ask()

    async def click_on_a_copy(sent: Sent) -> None:
        if sent.ts == "1.000100":
            await wired.click(Action.APPROVE, CARL, request_id, message_ts="9.000100")

    wired.messenger.during = click_on_a_copy
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.drain()
    assert wired.messenger.shown("9.000100") == wired.messenger.shown("1.000100")


async def test_a_click_on_an_old_card_redraws_it(wired: Wired) -> None:
    """Who clicks on a card that Slack never updated is refused and sees it updated."""
    request_id = await wired.ask()
    await wired.click(Action.REJECT, AMIR, request_id)
    await wired.drain()
    drawn = len(wired.messenger.of("update"))
    verdict = await wired.click(Action.APPROVE, BEA, request_id, version=2)
    await wired.drain()
    assert verdict is Verdict.ALREADY_ENDED
    assert len(wired.messenger.of("update")) == drawn + 1


@pytest.mark.parametrize("by", [AMIR, CARL], ids=["counts", "is refused"])
async def test_a_click_in_another_channel_makes_no_copy_there(wired: Wired, by: Person) -> None:
    """What was clicked in another channel is no card of this one: nothing is drawn at its place (I5)."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, by, request_id, channel="C0OTHER000", message_ts="9.000100")
    await wired.drain()
    assert (await wired.delivery(request_id)).copies == ()
    assert "9.000100" not in {sent.ts for sent in wired.messenger.sent}


async def test_a_click_on_an_old_card_elsewhere_moves_no_card(wired: Wired) -> None:
    """Another channel's message may have the very number of the card: the card is looked at where it is."""
    request_id = await wired.ask()
    await wired.click(Action.REJECT, AMIR, request_id)
    await wired.drain()
    verdict = await wired.click(Action.APPROVE, BEA, request_id, version=2, channel="C0OTHER000")
    await wired.drain()
    assert verdict is Verdict.ALREADY_ENDED
    assert (await wired.delivery(request_id)).moved_to is None
    channel = (await wired.request(request_id)).origin.channel
    assert {sent.channel for sent in wired.messenger.of("update")} == {channel}


async def test_a_click_on_nothing_is_answered(wired: Wired) -> None:
    """A click on a request that is not stored has no effect, and says so."""
    assert await wired.click(Action.APPROVE, AMIR, "CG-UNKNOWN") is Verdict.NO_SUCH_REQUEST
    await wired.drain()
    assert "don't know" in wired.messenger.told[0].text
