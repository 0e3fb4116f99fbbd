"""`/coupon-delete list` lets a requester take back a request, also one whose card is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SlackRefused
from bot.domain.people import Person
from bot.domain.policy import Verdict
from bot.domain.request.request import Cancelled
from bot.services.asked.click import Action
from handlers.ids import version_of
from handlers.payloads.buttons import CardButton
from handlers.render.answers import Answers
from sandbox.slack.api.blocks import interactive, problems
from tests.builders import AMIR, BEA, CHANNEL, RIKA, TEAM, a_coupon
from tests.integration.wired import SETTINGS, Wired, wired_on

ANSWERS = Answers("https://guard.slack.com/")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def buttons(wired: Wired, by: Person) -> list[tuple[str, Mapping[str, Any]]]:
    """Type `list`, and return the buttons of the answer, each with the id of its block."""
    blocks = ANSWERS.blocks(await wired.command("list", by), by.id) or []
    assert problems(blocks) == []
    return [(block["block_id"], element) for block in blocks for element in interactive(block)]


def pressed(by: Person, block_id: str, button: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Slack sends for a click on a button of a private answer."""
    return {
        "type": "block_actions",
        "user": {"id": by.id},
        "team": {"id": TEAM},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "message_ts": "5.000100", "is_ephemeral": True},
        "actions": [{"block_id": block_id, "action_id": button["action_id"], "value": button["value"]}],
    }


async def test_a_request_whose_card_is_gone_is_cancelled_from_the_list(wired: Wired) -> None:
    """The button of the list is the card's: the same listener and rules; the end is told on a new card."""
    request_id = await wired.ask()
    wired.messenger.errors["update"] = [SlackRefused("message_not_found")]
    ((block_id, button),) = await buttons(wired, RIKA)
    assert (button["action_id"], button["value"], version_of(block_id)) == ("cancel", request_id, 2)
    made = CardButton.read(pressed(RIKA, block_id, button)).click()
    assert made.message_ts is None
    assert await wired.services.decide(TEAM, SETTINGS)(made) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await wired.request(request_id), Cancelled)
    assert wired.messenger.shown("2.000100").text.startswith("Cancelled")
    assert (await wired.delivery(request_id)).copies == ("1.000100",)


async def test_an_old_list_cancels_nothing(wired: Wired) -> None:
    """The list carries the version that it was made from: what changed since is looked at first."""
    request_id = await wired.ask()
    ((block_id, button),) = await buttons(wired, RIKA)
    await wired.click(Action.APPROVE, AMIR, request_id)
    made = CardButton.read(pressed(RIKA, block_id, button)).click()
    assert await wired.services.decide(TEAM, SETTINGS)(made) is Verdict.STALE_CARD


async def test_only_ones_own_waiting_requests_have_a_button(wired: Wired) -> None:
    """Others see the same list without one, and what is approved can't be taken back."""
    request_id = await wired.ask()
    assert await buttons(wired, BEA) == []
    await wired.approve(request_id)
    assert await buttons(wired, RIKA) == []


async def test_slack_takes_the_longest_list(wired: Wired) -> None:
    """Twenty requests of one's own, all of one version, fit into what Slack takes."""
    for number in range(21):
        code = f"LONGLIST{number:04d}"
        wired.coupons.store(a_coupon(number=code))
        await wired.ask(code)
    found = await buttons(wired, RIKA)
    assert len(found) == 20
    assert {version_of(block_id) for block_id, _ in found} == {2}
