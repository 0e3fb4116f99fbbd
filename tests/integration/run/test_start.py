"""What the bot says when it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.slack.scopes import ALL
from sandbox.slack.world import World
from tests.security.rig import rig_on


@pytest.mark.parametrize(
    ("lacking", "costs"),
    [
        (frozenset[str](), []),
        ({"files:write"}, ["files:write: what came of many codes is in the audit alone"]),
        (
            {"files:read", "channels:read"},
            ["files:read: many", "channels:read: what was asked"],
        ),
    ],
)
async def test_scopes_that_are_missing_are_told_once(
    tmp_path: Path, lacking: frozenset[str], costs: list[str]
) -> None:
    """The start logs in one line which optional scopes the token lacks, and what each costs; else nothing."""

    def prepare(world: World) -> None:
        world.scopes = ALL - lacking

    with capture_logs() as logged:
        async with rig_on(tmp_path, prepare):
            pass
    told = [line["missing"] for line in logged if line["event"] == "slack.scopes_missing"]
    assert len(told) == bool(costs)
    for line in told:
        assert [said.startswith(cost) for said, cost in zip(line, costs, strict=True)] == [True] * len(costs)
