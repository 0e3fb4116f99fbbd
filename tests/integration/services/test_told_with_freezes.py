"""How a request ended is told with what came of its freezes: a reply in the thread stays as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import SlackRefused, VivoldiUnavailable
from bot.domain.item.answer import Unproven
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Pending
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CODE, RIKA
from tests.integration.wired import Wired, wired_on

_LOST = Unproven("Vivoldi did not answer in time")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path, freeze=True) as wired:
        yield wired


def _replies(wired: Wired) -> list[str]:
    return [sent.message.text for sent in wired.messenger.of("reply")]


async def _ended(wired: Wired, how: str) -> str:
    """End a request while the answer to its date is awaited, and return its id."""
    request_id = await wired.ask()
    if how == "stopped":
        assert await wired.click(Action.APPROVE, AMIR, request_id) is Verdict.ALLOWED
    assert await wired.click(Action.FREEZE, AMIR, request_id) is Verdict.ALLOWED
    await wired.drain()
    if how == "stopped":
        assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.ALLOWED
        assert isinstance(await wired.request(request_id), Approved)
    elif how == "expired":
        request = await wired.request(request_id)
        assert isinstance(request, Pending)
        await wired.sql("UPDATE requests SET approve_by = opened_at, due_at = opened_at")
    who, action = {"cancelled": (RIKA, Action.CANCEL), "stopped": (RIKA, Action.STOP)}.get(
        how, (BEA, Action.REJECT)
    )
    if how != "expired":
        assert await wired.click(action, who, request_id) is Verdict.ALLOWED
    await wired.drain()
    return request_id


@pytest.mark.parametrize("how", ["rejected", "cancelled", "stopped", "expired"])
async def test_an_end_is_told_with_what_came_of_a_freeze(wired: Wired, how: str) -> None:
    """Nothing is told in the thread while a freeze is under way, and then once, with what came of it (I4)."""
    wired.coupons.updates[CODE] = [(_LOST, False)] * 9
    request_id = await _ended(wired, how)
    # A stop makes its items due at once, so there the freeze is looked at before that.
    assert how == "stopped" or _replies(wired) == []
    await wired.run(110, step=1)
    (told,) = _replies(wired)
    assert "Being frozen" not in told
    assert "rozen" in told
    assert (await wired.delivery(request_id)).told


async def test_a_freeze_that_comes_about_is_told_at_once(wired: Wired) -> None:
    """What came of the freeze makes the request due: its end is not told later than that."""
    wired.coupons.updates[CODE] = [(_LOST, True)]
    await _ended(wired, "rejected")
    assert "Being frozen" in wired.messenger.of("update")[-1].message.text
    await wired.run(20, step=1)
    (told,) = _replies(wired)
    assert f"`{CODE}`: *No longer validates*" in told


async def test_waiting_for_a_freeze_is_no_failed_try(wired: Wired) -> None:
    """Tries to tell an end count from the first one: a refusal after a long wait is as any first one (I5)."""
    wired.coupons.updates[CODE] = [(_LOST, False)] * 9
    await _ended(wired, "rejected")
    wired.coupons.reads[CODE] = [VivoldiUnavailable("no answer")] * 4
    for _ in range(5):
        await wired.sql("UPDATE requests SET due_at = opened_at")
        await wired.run(1, step=1)
    assert _replies(wired) == []
    wired.messenger.errors["reply"] = [SlackRefused("something_new")]
    await wired.run(70, step=1)
    (sent,) = wired.messenger.of("reply")
    assert sent.message.blocks


async def test_an_end_is_told_although_a_freeze_never_ends(wired: Wired) -> None:
    """Whatever holds a freeze up, the end is told after two minutes and a few looks (I5)."""
    wired.coupons.updates[CODE] = [(_LOST, False)] * 9
    await _ended(wired, "rejected")
    await wired.sql("UPDATE items SET due_at = 9000000000000000")
    await wired.run(115, step=5)
    assert _replies(wired) == []
    await wired.run(60, step=5)
    (told,) = _replies(wired)
    assert "*Being frozen*" in told


async def test_a_bot_that_was_away_looks_at_the_freeze_first(wired: Wired) -> None:
    """After an hour in which nothing ran, the end is still told with what came of the freeze."""
    wired.coupons.updates[CODE] = [(_LOST, False)] * 9
    await _ended(wired, "rejected")
    wired.clock.time += timedelta(hours=1)
    await wired.run(60, step=1)
    (told,) = _replies(wired)
    assert "Being frozen" not in told
