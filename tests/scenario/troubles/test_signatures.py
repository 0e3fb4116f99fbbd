"""Requests over HTTP that Slack did not sign, or not just now."""

from __future__ import annotations

import pytest

from tests.scenario.playing import AMIR, BEA, Play

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("signature", ["bad_secret", "stale", "non_numeric", "missing"])
async def test_not_from_slack(play: Play, signature: str) -> None:
    """What is not signed by Slack, and just now, is refused, and does nothing (I1)."""
    card = await play.open_card()
    click = {"user": AMIR, "channel": card.channel, "ts": card.ts, "action_id": "approve"}
    delivered = await play.stage.slack.interaction(click=click, signature=signature)
    assert delivered.status == 401
    second = await play.approve_first(card, BEA)
    assert not second.contains(f"Approved by <@{AMIR}>")
