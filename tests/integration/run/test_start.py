"""What the bot does when it starts, connected as it is in earnest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.slack.scopes import ALL
from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.schema import microseconds
from bot.bootstrap import SystemClock
from bot.services.ports.store import Delivery
from sandbox.slack.world import World
from tests.integration.stored import pending, store_new, submitted
from tests.security.rig import rig_on


async def test_a_start_makes_due_what_slack_refused(tmp_path: Path) -> None:
    """I5: after a mended token and a restart, what waited for an hour is tried again at once."""
    database, clock = tmp_path / "guard.db", SystemClock()
    await migrate(f"sqlite:///{database}")
    async with SqlStore(f"sqlite:///{database}", clock, lambda _: None) as store:
        request = await store_new(store, submitted(clock.now()))
        async with store.transaction() as tx:
            await tx.get(request.origin.id)
            await tx.save(pending(request, clock.now()))
            await tx.deliver(request.origin.id, Delivery(refused_by="token_expired"))
    in_an_hour = microseconds(datetime.now(UTC) + timedelta(hours=1))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE requests SET due_at = ?", (in_an_hour,))
    async with rig_on(tmp_path):
        with closing(sqlite3.connect(database)) as connection:
            ((due,),) = connection.execute("SELECT due_at FROM requests").fetchall()
    assert due <= microseconds(datetime.now(UTC) + timedelta(seconds=2))


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
