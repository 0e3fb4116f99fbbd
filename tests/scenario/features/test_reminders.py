"""A card that nobody decides on: those who can act are reminded in its thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.slack_client import LogEntry
from sandbox.stage import Stage
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, ONCALL, PATIENCE, Play, message_of
from tests.scenario.stages import BOTH, a_stage
from tests.scenario.told import CONFIRMED, WAITING

pytestmark = pytest.mark.timeout(120)


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    # The first reminder comes after a second, the last one when two minutes are left, four seconds later.
    settings = {"REMIND_AFTER_SECONDS": "1", "APPROVE_WITHIN_SECONDS": "125"}
    async with a_stage(request.param, tmp_path, **settings) as opened:
        yield opened


async def test_people_are_reminded_twice_and_can_still_decide(stage: Stage) -> None:
    """Two reminders come up in the thread, each with who can act; the card works on as before."""
    play = await Play.begin(stage)
    card = await play.open_card()
    seen: set[int] = set()

    def reminded(entry: LogEntry) -> bool:
        if entry.kind == "posted" and message_of(entry).thread_ts == card.ts:
            assert f"{WAITING} 1 of 2" in message_of(entry).text
            assert f"<!subteam^{ONCALL}>" in message_of(entry).text
            seen.add(entry.seq)
        return len(seen) == 2

    await stage.slack.wait_for(reminded, PATIENCE, card.seq)
    second = await play.approve_first(card, AMIR)
    await stage.slack.click(BEA, second, "approve")

    def told(entry: LogEntry) -> bool:
        return (
            entry.kind == "posted"
            and message_of(entry).thread_ts == card.ts
            and message_of(entry).contains(CONFIRMED)
        )

    await stage.slack.wait_for(told, PATIENCE, card.seq)
    await judge(stage, play.codes, play.since)
