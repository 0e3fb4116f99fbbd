"""A request that waits is not forgotten: its thread reminds those who can act, at most twice a step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, ONCALL
from tests.fakes import Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

STEP_SECONDS = 30


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


def reminders(wired: Wired) -> list[str]:
    """Return the reminders that were posted."""
    return [sent.message.text for sent in wired.messenger.of("reply") if "still waits" in sent.message.text]


async def test_who_can_act_is_reminded_in_the_thread(wired: Wired) -> None:
    """After five minutes the group that can give the step is mentioned in the thread, and not broadcast."""
    request_id = await wired.ask()
    await wired.run(270, step=STEP_SECONDS)
    assert reminders(wired) == []
    await wired.run(60, step=STEP_SECONDS)
    (sent,) = wired.messenger.of("reply")
    assert sent.message.text.startswith(f"<!subteam^{ONCALL}>: ")
    assert "step 1 of 2" in sent.message.text
    assert (sent.ts, sent.broadcast) == ((await wired.delivery(request_id)).card_ts, False)
    (event,) = await wired.events(EventKind.REMINDED)
    assert (event.request, event.data) == (request_id, {"step": 1})


async def test_at_most_twice_a_step_and_none_after_the_end(wired: Wired) -> None:
    """Each step is reminded of twice, the last time two minutes before the deadline; then all is silent."""
    request_id = await wired.ask()
    await wired.run(600, step=STEP_SECONDS)
    assert len(reminders(wired)) == 1
    assert await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(360, step=STEP_SECONDS)
    assert ["step 1 of 2" in text for text in reminders(wired)] == [True, False]
    await wired.run(1800, step=STEP_SECONDS)
    assert ["step 1 of 2" in text for text in reminders(wired)] == [True, False, False]
    assert await wired.events(EventKind.REQUEST_EXPIRED)


async def test_a_decided_request_reminds_nobody(wired: Wired) -> None:
    """Once both approvals are there, or someone said no, there is nothing to remind of."""
    request_id = await wired.ask()
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.run(1900, step=STEP_SECONDS)
    assert reminders(wired) == []


async def test_a_card_drawn_anew_changes_nothing(wired: Wired) -> None:
    """A card that is drawn anew neither puts off a reminder that is due, nor repeats one."""
    request_id = await wired.ask()
    wired.clock.advance(301)
    await wired.click(Action.CANCEL, BEA, request_id, message_ts="7.000100")
    await wired.drain()
    assert len(reminders(wired)) == 1
    await wired.click(Action.CANCEL, BEA, request_id, message_ts="8.000100")
    await wired.run(60, step=STEP_SECONDS)
    assert len(reminders(wired)) == 1


@pytest.mark.parametrize("place", range(1, 9))
async def test_a_crash_never_makes_a_third_reminder(wired: Wired, place: int) -> None:
    """A process that dies around a reminder may lose it, and never repeats it."""
    await wired.ask()
    wired.clock.advance(301)
    wired.fuse.left = place
    try:
        await wired.drain()
    except Killed:
        wired.clock.advance(LEASE_SECONDS + 1)
    wired.fuse.left = None
    await wired.run(1000, step=STEP_SECONDS)
    assert len(reminders(wired)) <= 1
    await wired.run(800, step=STEP_SECONDS)
    assert len(reminders(wired)) <= 2
    assert "two approvals" in wired.messenger.of("reply")[-1].message.text


async def test_slacks_trouble_with_a_reminder_stops_nothing(wired: Wired) -> None:
    """Where Slack does not take a reminder, the request goes on, and is reminded of before its deadline."""
    await wired.ask()
    wired.messenger.errors["reply"] = [SlackUnavailable("no answer")]
    await wired.run(600, step=STEP_SECONDS)
    assert reminders(wired) == []
    await wired.run(1100, step=STEP_SECONDS)
    assert len(reminders(wired)) == 1


async def test_a_card_that_can_not_be_changed_makes_no_third_reminder(wired: Wired) -> None:
    """A step whose card Slack refuses to draw is reminded of at its own times, not the last step's."""
    request_id = await wired.ask()
    wired.clock.advance(60)
    wired.messenger.errors["update"] = [SlackRefused("msg_too_long")]
    assert await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(285, step=STEP_SECONDS)
    assert reminders(wired) == []
    await wired.run(1500, step=STEP_SECONDS)
    assert ["step 2 of 2" in text for text in reminders(wired)] == [True, True]
