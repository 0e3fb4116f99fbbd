"""From a database URL to the connections that the store uses.

SQLite gets one connection for writing, since writers on several connections only wait for each other's lock,
and one for reading. PostgreSQL gets one pool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.adapters.store.engine.connect import Connection, Engine, translated
from bot.adapters.store.engine.shared_commit import SqliteWriter
from bot.adapters.store.engine.sqlite import SqliteReader
from bot.domain.errors import StoreError

_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")


class Courtesy(Protocol):
    """Who comes first, where several want to use the database."""

    async def give_way(self) -> None:
        """Wait before a transaction that reads."""

    def place(self) -> AbstractAsyncContextManager[None]:
        """Wait before a transaction that writes; its end lets the next one go on."""


class Anyone:
    """Nobody comes first."""

    async def give_way(self) -> None:
        """Do not wait."""

    def place(self) -> AbstractAsyncContextManager[None]:
        """Do not wait."""
        return nullcontext()


@dataclass(frozen=True)
class Database:
    """Where to write and where to read, in a transaction or a single statement; and who comes first."""

    writer: Engine
    reader: Engine
    single: Engine
    courtesy: Courtesy

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        """Open a transaction for writing: committed at the end of the block, rolled back on an exception."""
        async with self.courtesy.place():
            with translated():
                async with self.writer.begin() as connection:
                    yield connection

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction that reads one consistent state and waits for no writer."""
        return self._opened(self.reader)

    def look_up(self) -> AbstractAsyncContextManager[Connection]:
        """Open what reads one statement: on PostgreSQL, a transaction takes three round trips for it."""
        return self._opened(self.single)

    @asynccontextmanager
    async def _opened(self, engine: Engine) -> AsyncIterator[Connection]:
        await self.courtesy.give_way()
        with translated():
            async with engine.begin() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection."""
        try:
            await self.writer.dispose()
        finally:
            await self.reader.dispose()


def connect(url: str, courtesy: Courtesy | None = None) -> Database:
    """Return the database of a URL (`sqlite:///file.db`, `postgres://`, `postgresql://`), not yet connected.

    Raises StoreError where the URL can't be used.
    """
    parsed, courtesy = parse_url(url), courtesy or Anyone()
    if parsed.drivername in _SQLITE:
        reading = SqliteReader(parsed)
        return Database(SqliteWriter(parsed), reading, reading, courtesy)
    # Imported where it is used: a bot on SQLite has no use for 47 ms and 6 MB of it.
    from bot.adapters.store.engine.postgres import postgres

    engine = postgres(parsed)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(engine, reader, engine.execution_options(isolation_level="AUTOCOMMIT"), courtesy)


def parse_url(url: str) -> URL:
    """Return the parsed URL. Raises StoreError, without quoting it, since it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("The database URL can't be understood.") from None
    if parsed.drivername not in _SQLITE + _POSTGRES:
        raise StoreError("The database URL must begin with sqlite:/// or postgresql://.")
    if parsed.drivername in _SQLITE and parsed.database in (None, "", ":memory:"):
        raise StoreError("The database URL must name a file: sqlite:///coupon-guard.db")
    return parsed
