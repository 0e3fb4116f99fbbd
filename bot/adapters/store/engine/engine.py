"""From a database URL to the connections that the store uses.

SQLite gets one connection for writing, since writers on several connections only wait for each other's lock,
and one for reading. PostgreSQL gets one pool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from bot.adapters.store.engine.connect import Connection, Engine, translated
from bot.adapters.store.engine.shared_commit import SqliteWriter
from bot.adapters.store.engine.sqlite import SqliteReader
from bot.database_url import is_postgres, postgres_parameters, require_usable
from bot.domain.errors import StoreError


class Courtesy(Protocol):
    """Who comes first, if several want to use the database."""

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
    """Where to write and where to read, in a transaction or a single statement; and who comes first.

    file: SQLite's; None: it is PostgreSQL.
    """

    writer: Engine
    reader: Engine
    single: Engine
    courtesy: Courtesy
    file: Path | None

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


def connect(url: str, courtesy: Courtesy | None = None, *, only_read: bool = False) -> Database:
    """Return the database of a URL (`sqlite:///file.db`, `postgres://`, `postgresql://`), not yet connected.

    only_read: nothing will be written, so a standby will do, or a file that can't be written to. Raises
    StoreError if the URL can't be used; it never quotes it, since it may hold a password.
    """
    courtesy = courtesy or Anyone()
    if (file := file_of(url)) is not None:
        reading = SqliteReader(make_url(url), only_read=only_read)
        return Database(SqliteWriter(make_url(url)), reading, reading, courtesy, file)
    # Imported only if it is used: a bot on SQLite has no use for 47 ms and 6 MB of it.
    from bot.adapters.store.engine.postgres import postgres

    engine = postgres(postgres_parameters(url), only_read=only_read)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(engine, reader, engine.execution_options(isolation_level="AUTOCOMMIT"), courtesy, None)


def file_of(url: str) -> Path | None:
    """Return SQLite's file that a URL names; None: it names a PostgreSQL. Raises StoreError, as `connect`."""
    try:
        require_usable(url)
    except ValueError as error:
        raise StoreError(f"DATABASE_URL {error}.") from None
    return None if is_postgres(url) else Path(make_url(url).database or "")
