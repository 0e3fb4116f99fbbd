"""A card that Slack took without the bot's knowledge, and that someone acted on, was shown (I4, I5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import Unproven
from bot.domain.item.freeze import Frozen
from bot.domain.policy import Verdict
from bot.domain.request.request import Expired, FailureReason, Finished, Pending, fail
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted
from tests.builders import AMIR, BEA, CODE, NOW, RIKA
from tests.fakes import Sent
from tests.integration.wired import Wired, wired_on

STRAY = "1.000100"


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def posted(wired: Wired, closed: bool = True) -> str:
    """Have a card posted whose post was never heard of. closed: Slack takes nothing in the channel then."""
    wired.messenger.lost["post"] = [SlackUnavailable("no answer")]
    answer = await wired.command(CODE)
    assert isinstance(answer, Accepted)
    await wired.drain()
    if closed:
        for kind in ("post", "update", "reply"):
            wired.messenger.errors[kind] = [SlackRefused("is_archived")] * 9999
    return answer.request_id


async def test_i4_a_freeze_on_a_stray_card_is_told_and_ends_as_shown(wired: Wired) -> None:
    """What was frozen on a card that Slack never confirmed is told: such a request does not fail unseen."""
    request_id = await posted(wired)
    assert await wired.click(Action.FREEZE, AMIR, request_id, message_ts=STRAY) is Verdict.ALLOWED
    await wired.run(1900, step=50)
    request = await wired.request(request_id)
    assert isinstance(request, Expired)
    assert isinstance(request.items[0].freeze, Frozen)
    (told,) = wired.messenger.told
    assert f"*Frozen* by <@{AMIR.id}>" in told.text
    assert request.items[0].freeze.dates.shown in told.text


async def test_c4_a_date_without_an_answer_is_carried_on(wired: Wired) -> None:
    """A freeze whose date got no answer keeps its request until it is settled, whatever Slack refuses."""
    wired.coupons.updates[CODE] = [(Unproven("lost"), True)] * 99
    request_id = await posted(wired)
    await wired.click(Action.FREEZE, AMIR, request_id, message_ts=STRAY)
    await wired.run(1900, step=50)
    assert isinstance(await wired.request(request_id), Expired)
    assert "nknown whether" in wired.messenger.told[0].text


async def test_an_approval_on_a_stray_card_counts(wired: Wired) -> None:
    """The person who gave step 1 on it is not told that there was no card; the next card waits for step 2."""
    request_id = await posted(wired)
    await wired.click(Action.APPROVE, AMIR, request_id, message_ts=STRAY)
    await wired.run(20)
    assert isinstance(await wired.request(request_id), Pending)
    assert not wired.messenger.told


async def test_a_click_right_before_the_end_counts(wired: Wired) -> None:
    """A click that comes while Slack refuses the next card keeps the request from failing."""
    request_id = await posted(wired)

    async def clicked(sent: Sent) -> None:
        if not await wired.events(EventKind.DECISION):
            await wired.click(Action.FREEZE, AMIR, request_id, message_ts=STRAY)
        raise SlackRefused("is_archived")

    wired.messenger.errors.clear()
    wired.messenger.during = clicked
    await wired.run(60)
    assert isinstance(await wired.request(request_id), Pending)


async def test_a_refused_click_shows_that_there_is_a_card(wired: Wired) -> None:
    """Also who may not act has seen the card: the request runs out, and was not without a card."""
    request_id = await posted(wired)
    await wired.click(Action.CANCEL, BEA, request_id, message_ts=STRAY)
    await wired.run(60)
    assert isinstance(await wired.request(request_id), Pending)
    await wired.run(1900, step=100)
    assert isinstance(await wired.request(request_id), Expired)


async def test_the_card_that_was_clicked_is_the_card(wired: Wired) -> None:
    """No second card goes up beside the one that someone clicked, and it shows how all ended."""
    request_id = await posted(wired, closed=False)
    await wired.click(Action.APPROVE, AMIR, request_id, message_ts=STRAY)
    await wired.run(20)
    await wired.click(Action.APPROVE, BEA, request_id)
    await wired.run(60)
    assert isinstance(await wired.request(request_id), Finished)
    assert (await wired.delivery(request_id)).card_ts == STRAY
    assert wired.messenger.shown(STRAY).text.startswith("Deleted")
    assert [sent.ts for sent in wired.messenger.of("post")] == [STRAY]
    assert len(await wired.events(EventKind.CARD_POSTED)) == 1


async def test_what_was_acted_on_can_not_fail(wired: Wired) -> None:
    """A request with an approval or a freeze can't be written as failed, no matter by which way."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, RIKA, request_id)
    request = await wired.request(request_id)
    assert isinstance(request, Pending)
    with pytest.raises(AssertionError):
        fail(request, FailureReason.NO_CARD, "is_archived", NOW)
