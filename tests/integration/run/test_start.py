"""What the bot does when it starts, connected as it is in earnest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.schema import microseconds
from bot.bootstrap import SystemClock
from bot.services.ports.store import Delivery
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
