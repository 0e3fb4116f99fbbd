"""What the person who runs the bot sees of a story: its metrics and its log, and no secret in either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from sandbox.stage import API_KEY, BOT_TOKEN, SIGNING_SECRET
from tests.scenario.playing import AMIR, BEA, PERSONAL, Play

pytestmark = pytest.mark.asyncio(loop_scope="module")

REASON = "hush, this is the reason"


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """Log lines that a program can read."""
    return {"LOG_FORMAT": "json"}


async def metrics(play: Play) -> dict[str, float]:
    """Return the value of each series that the bot tells, under its name and labels."""
    async with httpx.AsyncClient(base_url=play.stage.bot.url, trust_env=False) as http:
        text = (await http.get("/metrics")).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {f"{series.removeprefix('coupon_guard_')}": float(value) for series, value in lines}


def logged(play: Play) -> list[dict[str, Any]]:
    """Return the bot's log lines."""
    return [json.loads(line) for line in play.stage.bot.server.said().splitlines()]


async def test_a_story_is_counted_measured_and_logged(play: Play) -> None:
    """A deletion shows in every metric that it should, and as a line for each audit event, in its order."""
    code = await play.coupon()
    before = await metrics(play)
    card = await play.open_card(code, reason=REASON)
    await play.deleted_story(card)
    # The outcome is in the channel a moment before it is recorded as told.
    after = await metrics(play)
    while not after["approval_to_outcome_seconds_count"]:
        after = await metrics(play)
    rose = {name: value - before.get(name, 0) for name, value in after.items()}
    for name in (
        'commands_total{answer="accepted"}',
        'outcomes_total{outcome="deleted"}',
        "command_to_card_seconds_count",
        "approval_to_delete_seconds_count",
        "approval_to_outcome_seconds_count",
        'vivoldi_call_seconds_count{call="delete",result="executed"}',
        'slack_call_seconds_count{call="post",result="ok"}',
        'slack_call_seconds_count{call="reply",result="ok"}',
    ):
        assert rose[name] == 1, name
    assert rose['decisions_total{action="approve",verdict="allowed"}'] == 2
    assert after["database_up"] == 1
    story = [line for line in logged(play) if line["logger"] == "bot.observe.log"]
    assert [line["event"] for line in story] == [
        "command",
        "coupon.read",
        "request.shown",
        "card.posted",
        "decision",
        "decision",
        "coupon.read",
        "delete.sending",
        "delete.answered",
        "coupon.read",
        "item.outcome",
        "outcome.told",
    ]
    assert len({line["request"] for line in story}) == 1
    assert all(line["correlation"] for line in story)
    clicks = [line for line in story if line["event"] == "decision"]
    assert [line["actor"] for line in clicks] == [AMIR, BEA]
    assert clicks[0]["correlation"] != clicks[1]["correlation"]
    sending, answered = (line for line in story if line["event"].startswith("delete."))
    assert sending["correlation"] == answered["correlation"]


async def test_no_secret_is_seen_by_watching(play: Play) -> None:
    """Log and metrics hold no key, no reply address, no word of a reason, and no personal field (I8)."""
    code = await play.coupon()
    card = await play.open_card(code, reason=REASON)
    await play.stage.slack.click(AMIR, card, "approve")
    await play.stage.slack.click(AMIR, card, "approve")
    await play.reads(card, "Step 2 of 2")
    await play.ask(code, reason=REASON)
    said = play.stage.bot.server.said()
    assert code in said
    planted = [API_KEY, BOT_TOKEN, SIGNING_SECRET, REASON, "/response/", *PERSONAL.values()]
    assert [secret for secret in planted if secret in said] == []
    told = " ".join(await metrics(play))
    assert [secret for secret in (*planted, code, AMIR) if secret in told] == []
