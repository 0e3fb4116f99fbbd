"""A card that can't be used is replaced, and one whose channel has another id is found there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import LostClaim, SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.policy import Verdict
from bot.domain.request.request import Finished
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CARL, CHANNEL, RIKA
from tests.fakes import Sent
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

MOVED = "C0MOVED0000"


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


def stuck(wired: Wired, name: str = "edit_window_closed") -> None:
    wired.messenger.errors["update"] = [SlackRefused(name)] * 9999


def cards(wired: Wired) -> list[str]:
    return [sent.ts for sent in wired.messenger.of("post")]


# ---------------------------------------------------------------- replaced


@pytest.mark.parametrize("name", ["edit_window_closed", "token_expired", "something_new"])
async def test_a_card_that_can_not_be_changed_is_replaced_and_decided_on(wired: Wired, name: str) -> None:
    """After two refusals, ten seconds apart, by whatever name, step 2 is given on a new card."""
    request_id = await wired.ask()
    stuck(wired, name)
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(9, step=1)
    assert cards(wired) == ["1.000100"]
    await wired.run(2, step=1)
    assert cards(wired) == ["1.000100", "2.000100"]
    delivery = await wired.delivery(request_id)
    assert (delivery.card_ts, delivery.replaced) == ("2.000100", 1)
    assert len(await wired.events(EventKind.CARD_REPLACED)) == 1
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.ALLOWED
    await wired.run(60)
    assert isinstance(await wired.request(request_id), Finished)
    outcome = [sent for sent in wired.messenger.of("reply") if "*Deleted.*" in sent.message.text]
    assert len(outcome) == 1
    last = (await wired.delivery(request_id)).card_ts
    assert last is not None
    assert wired.messenger.shown(last).text.startswith("Deleted")


async def test_a_click_on_a_replaced_card_is_led_to_the_new_one(wired: Wired) -> None:
    """A card that can't be changed keeps its buttons: who clicks one is told where to go on, at any time."""
    request_id = await wired.ask()
    stuck(wired)
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(12, step=1)
    old = {"message_ts": "1.000100", "version": 2}
    assert await wired.click(Action.APPROVE, BEA, request_id, **old) is Verdict.STALE_CARD
    await wired.drain()
    new = "<https://guard.slack.com/archives/C0INCIDENT/p2000100|"
    assert new.replace("C0INCIDENT", CHANNEL) in wired.messenger.told[-1].text
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.ALLOWED
    await wired.run(5, step=1)
    assert await wired.click(Action.APPROVE, BEA, request_id, **old) is Verdict.ALREADY_ENDED
    await wired.drain()
    told = wired.messenger.told[-1].text
    assert "Your click changed nothing." in told
    assert "/archives/" in told


@pytest.mark.parametrize(
    ("call", "name"),
    [("update", "message_not_found"), ("update", "cant_update_message"), ("reply", "thread_not_found")],
)
async def test_a_card_that_is_there_after_all_ends_with_the_others(
    wired: Wired, call: str, name: str
) -> None:
    """A card that Slack called gone once loses its buttons with the one that took its place (I5)."""
    request_id = await wired.ask()
    wired.messenger.errors[call] = [SlackRefused(name)]
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(310, step=10)
    assert cards(wired) == ["1.000100", "2.000100"]
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.run(15, step=1)
    for ts in cards(wired):
        assert wired.messenger.shown(ts).text.startswith("Rejected")


async def test_a_copy_that_slack_puts_off_costs_no_further_card(wired: Wired) -> None:
    """The card that took another's place is stored before its copies are drawn: it is drawn once (I5)."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackRefused("message_not_found")]
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.drain()
    busy = [SlackUnavailable("busy", retry_after=7)] * 3

    async def gone_and_busy(sent: Sent) -> None:
        if (sent.kind, sent.ts) == ("update", "2.000100"):
            raise SlackRefused("message_not_found")
        if (sent.kind, sent.ts) == ("update", "1.000100") and busy:
            raise busy.pop()

    wired.messenger.during = gone_and_busy
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.run(90)
    assert cards(wired) == ["1.000100", "2.000100", "3.000100"]
    assert (await wired.delivery(request_id)).told
    for ts in ("1.000100", "3.000100"):
        assert wired.messenger.shown(ts).text.startswith("Rejected")


async def test_a_card_that_was_drawn_too_slowly_is_known_as_a_copy(wired: Wired) -> None:
    """A worker that lost its claim while it posted another card leaves no card that nobody knows (I5)."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackRefused("message_not_found")]

    async def slow(sent: Sent) -> None:
        if sent.kind == "post":
            wired.messenger.during = nothing_more
            wired.clock.advance(LEASE_SECONDS + 1)
            await wired.drain()

    async def nothing_more(sent: Sent) -> None:
        """Let the others through."""

    wired.messenger.during = slow
    await wired.click(Action.REJECT, BEA, request_id)
    with pytest.raises(LostClaim):
        await wired.drain()
    await wired.run(60)
    delivery = await wired.delivery(request_id)
    assert (delivery.card_ts, delivery.copies) == ("1.000100", ("2.000100",))
    assert delivery.drawn_version == 3


async def test_a_stranger_is_led_nowhere(wired: Wired) -> None:
    """Where a card is, is told to those who can do something there."""
    request_id = await wired.ask()
    stuck(wired)
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(12, step=1)
    await wired.click(Action.APPROVE, CARL, request_id, message_ts="1.000100")
    await wired.drain()
    assert "archives" not in wired.messenger.told[-1].text


async def test_at_most_three_cards_take_its_place(wired: Wired) -> None:
    """However many changes Slack refuses, three cards take the place of the first, and it ends."""
    request_id = await wired.ask()
    stuck(wired)
    for number in range(5):
        await wired.click(Action.REJECT, RIKA, request_id, version=0, message_ts=f"9.00010{number}")
        await wired.run(15, step=1)
    assert len(cards(wired)) == 1 + 3
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.run(60)
    assert len(cards(wired)) == 1 + 3
    assert (await wired.delivery(request_id)).told


async def test_a_rate_limit_replaces_nothing(wired: Wired) -> None:
    """A card that Slack puts off, or gives no answer about, is the same card later."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackUnavailable("busy", retry_after=7)] * 4
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(90)
    assert cards(wired) == ["1.000100"]
    assert "Step 2" in wired.messenger.shown("1.000100").text


async def test_a_card_that_could_be_changed_again_stays(wired: Wired) -> None:
    """Two refusals count only without a success between them."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackRefused("something_new")]
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(30)
    wired.messenger.errors["update"] = [SlackRefused("something_new")]
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.run(30)
    assert cards(wired) == ["1.000100"]


async def test_an_outcome_does_not_wait_for_its_card(wired: Wired) -> None:
    """What happened is told in the thread at once, while the card can't be changed."""
    request_id = await wired.ask()
    stuck(wired)
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.drain()
    assert len(wired.messenger.of("reply")) == 1
    await wired.run(20)
    assert wired.messenger.shown("2.000100").text.startswith("Rejected")


# ---------------------------------------------------------------- reminders


@pytest.mark.parametrize("name", ["thread_not_found", "message_not_found"])
async def test_a_reminder_that_finds_no_card_draws_one(wired: Wired, name: str) -> None:
    """If the thread is gone, a new card comes up, is the one that links lead to, and has the reminder."""
    request_id = await wired.ask()
    wired.messenger.errors["reply"] = [SlackRefused(name)]
    await wired.run(310, step=10)
    assert cards(wired) == ["1.000100", "2.000100"]
    (reminder,) = wired.messenger.of("reply")
    assert reminder.ts == "2.000100"
    found = await wired.store.find(request_id)
    assert found is not None
    assert found.card_ts == "2.000100"
    assert len(await wired.events(EventKind.REMINDED)) == 1


async def test_a_reminder_that_slack_refuses_is_tried_again(wired: Wired) -> None:
    """A reminder that was refused comes later, once, and is in the audit only then."""
    await wired.ask()
    wired.messenger.errors["reply"] = [SlackRefused("something_new")] * 12
    await wired.run(305)
    assert await wired.events(EventKind.REMINDED) == []
    await wired.run(300)
    assert len(wired.messenger.of("reply")) == 1
    assert len(await wired.events(EventKind.REMINDED)) == 1


async def test_a_reminder_that_is_of_no_use_any_more_is_left_out(wired: Wired) -> None:
    """In the last minute nobody is reminded: who sees it could not act."""
    await wired.ask()
    wired.messenger.errors["reply"] = [SlackRefused("something_new")] * 9999
    await wired.run(1735, step=5)
    wired.messenger.errors["reply"] = []
    await wired.run(60, step=1)
    assert wired.messenger.of("reply") == []


# ---------------------------------------------------------------- moved


async def moved(wired: Wired, request_id: str, name: str = "channel_not_found", **click: str) -> None:
    """Refuse the stored channel by a name, and let someone click the card in another one."""
    refused = [SlackRefused(name)] * 9999

    async def is_there(sent: object) -> None:
        if getattr(sent, "channel", None) == CHANNEL:
            raise refused[0]

    wired.messenger.during = is_there
    await wired.click(Action.APPROVE, AMIR, request_id, **{"channel": MOVED, **click})
    await wired.drain()


async def test_a_card_whose_channel_has_another_id_is_found_by_a_click(wired: Wired) -> None:
    """The click's channel is the card's from then on: card, outcome and links are there."""
    request_id = await wired.ask()
    await moved(wired, request_id)
    assert (await wired.delivery(request_id)).moved_to == MOVED
    await wired.click(Action.APPROVE, BEA, request_id, channel=MOVED)
    await wired.run(30)
    (outcome,) = wired.messenger.of("reply")
    assert (outcome.channel, outcome.ts) == (MOVED, "1.000100")
    assert cards(wired) == ["1.000100"]
    found = await wired.store.find(request_id)
    assert found is not None
    assert (found.channel, found.request.origin.channel) == (MOVED, CHANNEL)


async def test_another_message_moves_nothing(wired: Wired) -> None:
    """A click on anything but the stored card says nothing about its channel."""
    request_id = await wired.ask()
    await moved(wired, request_id, message_ts="7.000100")
    await wired.run(30)
    assert (await wired.delivery(request_id)).moved_to is None
    assert MOVED not in {sent.channel for sent in wired.messenger.sent}


async def test_a_channel_that_answers_otherwise_has_not_moved(wired: Wired) -> None:
    """Only `channel_not_found` says that the stored id may be an old one."""
    request_id = await wired.ask()
    await moved(wired, request_id, "is_archived")
    await wired.run(30)
    assert (await wired.delivery(request_id)).moved_to is None
    assert MOVED not in {sent.channel for sent in wired.messenger.sent}


async def test_a_channel_that_answers_has_not_moved(wired: Wired) -> None:
    """While the stored channel takes the card, a click elsewhere moves nothing."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id, channel=MOVED)
    await wired.run(30)
    delivery = await wired.delivery(request_id)
    assert (delivery.moved_to, delivery.clicked_in) == (None, None)
    assert MOVED not in {sent.channel for sent in wired.messenger.sent}
