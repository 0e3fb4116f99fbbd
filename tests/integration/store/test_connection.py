"""What a connection to SQLite does in the event loop, and what it leaves to its thread."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Database, connect

_OF_TWO_WORDS = ("BEGIN", "ROLLBACK")


async def test_only_what_may_wait_leaves_the_event_loop(tmp_path: Path) -> None:
    """Statements run in the event loop; the commit, which waits for the disk, does not."""
    database = connect(f"sqlite:///{tmp_path / 'coupons.db'}")
    ran: list[str] = []
    await _observe(database, ran)
    async with database.write() as connection:
        await run(connection, text("CREATE TABLE numbers (number INTEGER)"))
        await run(connection, text("INSERT INTO numbers VALUES (1)"))
    await database.close()
    assert ran == [
        "loop: BEGIN IMMEDIATE",
        "loop: SAVEPOINT",
        "loop: CREATE",
        "loop: INSERT",
        "loop: RELEASE",
        "thread: COMMIT",
    ]


async def test_another_programs_lock_stops_nothing_else(tmp_path: Path) -> None:
    """Waiting for a lock that another process holds leaves the event loop free."""
    file = tmp_path / "coupons.db"
    database = connect(f"sqlite:///{file}")
    async with database.write() as connection:
        await run(connection, text("CREATE TABLE numbers (number INTEGER)"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.write() as connection:
            await run(connection, text("INSERT INTO numbers VALUES (1)"))

    writing = asyncio.create_task(write())
    # The other one gives up its lock in the event loop: were that held up, both would wait for ever.
    asyncio.get_running_loop().call_later(0.05, other.execute, "COMMIT")
    await writing
    assert other.execute("SELECT count(*) FROM numbers").fetchone() == (1,)
    other.close()
    await database.close()


async def _observe(database: Database, ran: list[str]) -> None:
    """Note the first word or two of each statement, and where SQLite runs it."""
    loop = threading.get_ident()

    def note(statement: str) -> None:
        words = statement.split()
        if words[0] != "PRAGMA":
            where = "loop" if threading.get_ident() == loop else "thread"
            ran.append(f"{where}: {' '.join(words[:2]) if words[0] in _OF_TWO_WORDS else words[0]}")

    def observe(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(note)

    async with database.write() as connection:
        await connection.run_sync(observe)
    ran.clear()
