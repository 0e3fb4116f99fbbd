"""The use cases, on a real database with Slack and Vivoldi faked: what is stored, sent and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import (
    LostClaim,
    SlackError,
    SlackRefused,
    SlackUnavailable,
    VivoldiRefused,
    VivoldiUnavailable,
)
from bot.domain.event import EventKind
from bot.domain.item.answer import Unproven
from bot.domain.people import Kind, Person
from bot.domain.policy import Verdict
from bot.domain.request.request import Failed, FailureReason, Pending, Submitted
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted, Denied, Listing, Misread, OneMoment, Taken, TooFew, Usage
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CHANNEL,
    CODE,
    DANA,
    ONCALL,
    OTHER_CODE,
    RIKA,
    UNSEEN,
    a_coupon,
    on_call,
    standing,
)
from tests.fakes import Sent
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

DOWN = VivoldiUnavailable("no answer")
LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


# ---------------------------------------------------------------- the command


async def test_a_command_is_stored_before_it_is_acknowledged(wired: Wired) -> None:
    """An accepted command has stored its request, and nothing was read or posted yet."""
    answer = await wired.command(f"{CODE} leaked")
    assert isinstance(answer, Accepted)
    stored = await wired.request(answer.request_id)
    assert isinstance(stored, Submitted)
    assert (stored.codes, stored.origin.reason, stored.origin.requester) == ((CODE,), "leaked", RIKA)
    assert (wired.coupons.calls, wired.messenger.sent) == ([], [])


@pytest.mark.parametrize(
    ("text", "by", "channel", "answer"),
    [
        ("help", CARL, CHANNEL, Usage),
        ("list", CARL, CHANNEL, Listing),
        ("no!", RIKA, CHANNEL, Misread),
        (CODE, RIKA, "D0RIKA0000", Denied),
        (CODE, replace(CARL, id="U0NOBODY00"), CHANNEL, Denied),
    ],
)
async def test_a_command_that_opens_nothing_is_answered_at_once(
    wired: Wired, text: str, by: Person, channel: str, answer: type
) -> None:
    """Help, the list and every refusal are answered privately, kept in the audit, and store no request."""
    assert isinstance(await wired.command(text, by, channel), answer)
    assert await wired.store.open_requests(10) == ()
    refused = answer in (Misread, Denied)
    assert await wired.kinds() == [EventKind.COMMAND_REFUSED if refused else EventKind.COMMAND]


async def test_a_code_of_an_open_request_is_refused_with_a_link_to_it(wired: Wired) -> None:
    """Who asks for a code that is open already is shown the request that holds it (I6)."""
    request_id = await wired.ask()
    answer = await wired.command(f"{OTHER_CODE},{CODE.lower()}", CARL)
    assert isinstance(answer, Taken)
    assert answer.holder is not None
    assert (answer.code, answer.holder.request.origin.id) == (CODE.lower(), request_id)
    assert answer.holder.card_ts is not None
    assert len(await wired.store.open_requests(10)) == 1


async def test_a_request_that_nobody_could_complete_is_refused(wired: Wired) -> None:
    """Nothing is opened where fewer than two people can give the two steps."""
    wired.people.put(standing(AMIR), standing(BEA), standing(DANA, kind=Kind.GUEST))
    assert await wired.command(CODE) == TooFew()


async def test_a_command_from_another_workspace_is_refused(wired: Wired) -> None:
    """Someone who types a command elsewhere is a stranger, no matter whose id it is here (I1)."""
    assert await wired.command(CODE, team="T0OTHER000") == Denied(Verdict.STRANGER)
    assert await wired.store.open_requests(9) == ()


async def test_the_list_shows_the_oldest_requests_and_says_when_there_are_more(wired: Wired) -> None:
    """The list holds twenty requests at most, and tells that there are others."""
    for number in range(21):
        wired.coupons.store(a_coupon(number=f"COUPON{number:04d}"))
        await wired.command(f"COUPON{number:04d}")
    listing = await wired.command("list")
    assert isinstance(listing, Listing)
    assert (len(listing.requests), listing.more) == (20, True)


# ---------------------------------------------------------------- reading, and the card


async def test_a_request_is_read_and_its_card_goes_up(wired: Wired) -> None:
    """The coupons are read once each, the card is posted, and the deadline counts from then."""
    request_id = await wired.ask(f"{CODE},{OTHER_CODE} leaked")
    request = await wired.request(request_id)
    assert isinstance(request, Pending)
    assert wired.coupons.kinds(CODE) == wired.coupons.kinds(OTHER_CODE) == ["read"]
    assert [item.snapshot for item in request.items][1] == UNSEEN
    assert request.approve_by == wired.clock.now() + wired.policy.approve_within
    assert [sent.channel for sent in wired.messenger.sent] == [CHANNEL]
    assert (await wired.delivery(request_id)).drawn_version == request.version


async def test_transient_trouble_is_read_through(wired: Wired) -> None:
    """A Vivoldi that fails for a moment is read again, and nobody is bothered."""
    wired.coupons.reads[CODE] = [DOWN, VivoldiUnavailable("busy", retry_after=7.0)]
    request_id = await wired.ask()
    await wired.run(5, step=1)
    assert isinstance(await wired.request(request_id), Submitted)
    await wired.run(8, step=1)
    assert isinstance(await wired.request(request_id), Pending)
    assert wired.messenger.told == []


async def test_a_vivoldi_that_stays_away_ends_the_request(wired: Wired) -> None:
    """After a minute of trying the request fails, and only its requester is told why."""
    wired.coupons.reads[CODE] = [DOWN] * 99
    request_id = await wired.ask()
    await wired.run(55)
    assert isinstance(await wired.request(request_id), Submitted)
    await wired.run(10)
    request = await wired.request(request_id)
    assert isinstance(request, Failed)
    assert request.reason is FailureReason.UNREADABLE
    assert [(notice.person, notice.reply_url) for notice in wired.messenger.told] == [
        (RIKA.id, "https://reply.example")
    ]
    assert wired.messenger.sent == []


async def test_a_wrong_key_ends_the_request_at_once(wired: Wired) -> None:
    """Where a setting has to be mended first, nothing is tried again."""
    wired.coupons.reads[CODE] = [VivoldiRefused("HTTP 401")]
    request_id = await wired.ask()
    assert isinstance(await wired.request(request_id), Failed)
    assert "HTTP 401" in wired.messenger.told[0].text


async def test_a_bot_that_may_not_post_says_so_privately(wired: Wired) -> None:
    """Where Slack does not let the card be posted, the request fails and the requester is told what to do."""
    wired.messenger.errors["post"] = [SlackRefused("not_in_channel")]
    request_id = await wired.ask()
    request = await wired.request(request_id)
    assert isinstance(request, Failed)
    assert request.reason is FailureReason.NO_CARD
    assert "/invite" in wired.messenger.told[0].text
    assert isinstance(await wired.command(CODE), Accepted)


@pytest.mark.parametrize("error", [SlackUnavailable("no answer"), SlackRefused("invalid_auth")])
async def test_a_card_waits_for_slack(wired: Wired, error: SlackUnavailable | SlackRefused) -> None:
    """Where Slack is away, or the bot's token has to be mended, the card comes later, and it comes once."""
    wired.messenger.errors["post"] = [error]
    request_id = await wired.ask()
    assert wired.messenger.sent == []
    await wired.run(5, step=1)
    assert len(wired.messenger.of("post")) == 1
    assert isinstance(await wired.request(request_id), Pending)


async def test_a_card_that_was_removed_is_posted_anew(wired: Wired) -> None:
    """A card that is gone from the channel is replaced, and the new one is the one that is updated."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackRefused("message_not_found")]
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.drain()
    assert [sent.ts for sent in wired.messenger.of("post")] == ["1.000100", "2.000100"]
    assert (await wired.delivery(request_id)).card_ts == "2.000100"


# ---------------------------------------------------------------- telling


async def test_a_card_that_was_drawn_too_late_is_drawn_anew(wired: Wired) -> None:
    """A card that arrives after its claim was lost may hide a newer one, so it is drawn once more (I5)."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id)

    async def held_up(sent: Sent) -> None:
        if await wired.store.open_requests(1):
            wired.clock.advance(2 * LEASE_SECONDS)
            await wired.click(Action.REJECT, BEA, request_id)
            await wired.drain()

    wired.messenger.during = held_up
    with pytest.raises(LostClaim):
        await wired.drain()
    await wired.drain()
    assert wired.messenger.shown("1.000100").text.startswith("Rejected")


async def test_an_outcome_that_can_not_be_posted_is_told_privately(wired: Wired) -> None:
    """Where Slack refuses the reply, the requester alone is told the outcome."""
    request_id = await wired.ask()
    await wired.click(Action.REJECT, BEA, request_id)
    wired.messenger.errors["reply"] = [SlackRefused("restricted_action")]
    await wired.drain()
    assert [told.person for told in wired.messenger.told] == [RIKA.id]
    assert (await wired.delivery(request_id)).told


async def test_an_outcome_waits_for_slack(wired: Wired) -> None:
    """Where Slack is away, the outcome is told later."""
    request_id = await wired.ask()
    await wired.click(Action.CANCEL, RIKA, request_id)
    wired.messenger.errors["reply"] = [SlackUnavailable("no answer"), SlackUnavailable("busy", retry_after=3)]
    await wired.drain()
    assert wired.messenger.of("reply") == []
    await wired.run(10, step=1)
    assert len(wired.messenger.of("reply")) == 1


async def test_a_notice_is_delivered_late_but_not_never(wired: Wired) -> None:
    """A private notice about a click waits for Slack for half an hour, and is then of no use to anyone."""
    request_id = await wired.ask()
    wired.messenger.errors["tell"] = [SlackUnavailable("no answer")]
    await wired.click(Action.APPROVE, CARL, request_id, reply_url="https://reply.example/2")
    await wired.run(5, step=1)
    assert len(wired.messenger.told) == 1
    wired.messenger.errors["tell"] = [SlackUnavailable("no answer")] * 999
    await wired.click(Action.APPROVE, CARL, request_id, reply_url="https://reply.example/3")
    await wired.run(1900, step=20)
    left = len(wired.messenger.errors["tell"])
    await wired.run(120, step=20)
    assert len(wired.messenger.errors["tell"]) == left


async def test_a_notice_that_nobody_can_get_is_dropped(wired: Wired) -> None:
    """A private answer to a click waits however Slack refuses it, and lapses after half an hour."""
    request_id = await wired.ask()
    wired.messenger.errors["tell"] = [SlackRefused("user_not_found")] * 6
    await wired.click(Action.APPROVE, CARL, request_id)
    await wired.run(60, step=5)
    assert len(wired.messenger.told) == 1
    wired.messenger.errors["tell"] = [SlackRefused("user_not_found")] * 99
    await wired.click(Action.APPROVE, CARL, request_id)
    await wired.run(1900, step=50)
    wired.messenger.errors["tell"] = []
    await wired.run(3700, step=100)
    assert len(wired.messenger.told) == 1


@pytest.mark.parametrize(
    "error", [SlackUnavailable("no answer"), SlackRefused("token_revoked")], ids=["away", "token revoked"]
)
async def test_an_outcome_that_is_told_privately_is_not_forgotten(wired: Wired, error: SlackError) -> None:
    """I5: where the channel can't be told, the requester is, however late that is."""
    await wired.approved()
    wired.messenger.errors["reply"] = [SlackRefused("channel_not_found")] * 999
    wired.messenger.errors["tell"] = [error] * 999
    await wired.run(2400, step=20)
    assert wired.messenger.told == []
    wired.messenger.errors["tell"] = []
    await wired.run(2400, step=20)
    assert ["*Deleted.*" in notice.text for notice in wired.messenger.told] == [True]


async def test_approvers_who_are_not_known_yet_are_asked_for(wired: Wired) -> None:
    """After a start with sixty who can't act, the first command asks Slack for the others, and opens."""
    gone = [standing(Person(f"U{number:09}", "Gone"), ONCALL, kind=Kind.DEACTIVATED) for number in range(60)]
    wired.people.known.clear()
    wired.people.put(*gone, standing(CARL))
    wired.people.untold += [on_call(AMIR), on_call(BEA), on_call(RIKA)]
    assert isinstance(await wired.command(CODE, CARL), Accepted)
    assert [each.person for each in wired.people.untold] == [RIKA]


@pytest.mark.parametrize("text", [CODE, f"freeze {CODE}"])
async def test_approvers_who_are_not_known_yet_are_no_reason_to_refuse(wired: Wired, text: str) -> None:
    """As long as Slack does not tell who the approvers are, the answer is to wait, and not a no."""
    wired.people.known.clear()
    wired.people.put(standing(CARL))
    wired.people.all_told = False
    assert isinstance(await wired.command(text, CARL), OneMoment)
    wired.people.all_told = True
    assert isinstance(await wired.command(text, CARL), TooFew)
    assert await wired.store.open_requests(9) == ()
