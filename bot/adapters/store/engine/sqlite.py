"""SQLite: a connection that is used by one task at a time.

Statements run in the event loop: inside a transaction they take microseconds, far less than handing each to
a thread and back. What may wait for the disk, or for another program's lock, runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Dialect, Executable, NullPool, create_engine, event
from sqlalchemy.engine.cursor import CursorFetchStrategy, FullyBufferedCursorFetchStrategy

from bot.adapters.store.engine import patience
from bot.adapters.store.engine.connect import Row, closed_on_failure
from bot.adapters.store.engine.patience import Turn
from bot.adapters.store.engine.private import make_private
from bot.adapters.store.engine.read_only import open_to_read

Result = TypeVar("Result")

# What is written ahead is moved into the file in time (see `shared_commit`). Should that ever fail, SQLite
# does it itself at so many pages, within a commit.
_AT_LAST_PAGES = 10_000


class InLoop:
    """Executes statements in the event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """The database's way to speak SQL."""
        return self._connection.dialect

    async def execute(
        self, statement: Executable, parameters: Row | Sequence[Row] | None = None, /
    ) -> CursorResult[Any]:
        """Execute one statement. Its rows are fetched at once: what is not read to its end stays open."""
        result = self._connection.execute(statement, parameters)
        if result.returns_rows and type(result.cursor_strategy) is CursorFetchStrategy:
            rows = result.cursor.fetchall()
            result.cursor_strategy = FullyBufferedCursorFetchStrategy(result.cursor, initial_buffer=rows)
        return result

    async def run_sync(self, work: Callable[[Connection], Result], /) -> Result:
        """Do something that knows nothing of event loops, on the same connection."""
        return work(self._connection)


class SqliteFile:
    """A connection to a file, opened when it is first needed. only_read: the file is left as it is."""

    def __init__(self, url: URL, *, only_read: bool = False) -> None:
        # The driver would begin transactions of its own, and only before some statements. The threads use
        # the connection in turns, never at once.
        options = {"isolation_level": None, "timeout": patience.SECONDS, "check_same_thread": False}
        self._only_read = only_read
        self._engine = create_engine(
            url,
            connect_args=options,
            poolclass=NullPool,
            hide_parameters=True,
            **({"creator": partial(open_to_read, url.database or "", options)} if only_read else {}),
        )
        if not only_read:
            event.listen(self._engine, "connect", _prepare)
        self._turn = Turn()
        self._opened: Connection | None = None

    async def dispose(self) -> None:
        """Close the connection, once the work that uses it has ended."""
        async with self._turn.taken():
            if (opened := self._opened) is not None:
                await self._before_closing(opened)
                self._opened = None
                await in_thread(opened.close)
        if not self._turn.wanted:
            # A lock belongs to the event loop that it was first waited for in.
            self._turn = Turn()

    async def _before_closing(self, connection: Connection) -> None:
        """Do what is left to do, under the turn in which the connection is closed."""

    async def _connection(self) -> Connection:
        def connect() -> Connection:
            # Kept here, so that it is closed also if the one that asked for it is cancelled.
            if not self._only_read:
                make_private(Path(self._engine.url.database or ""))
            self._opened = opened = self._engine.connect()
            return opened

        return await in_thread(connect) if self._opened is None else self._opened


class SqliteReader(SqliteFile):
    """Reads one consistent state, and waits for no writer."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InLoop]:
        """Open a transaction that only reads. Raises StoreUnavailable if another one does not end."""
        async with self._turn.within_patience():
            connection = await self._connection()
            try:
                connection.exec_driver_sql("BEGIN DEFERRED")
                yield InLoop(connection)
            finally:
                connection.rollback()


def _prepare(connection: Any, _record: object) -> None:
    with closed_on_failure(connection), closing(connection.cursor()) as cursor:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={_AT_LAST_PAGES}")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do something in a thread. A cancelled caller waits for its end, since the connection is in use."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait((working,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        # Looked at, so that nobody takes it for forgotten.
        working.exception()
        raise cancelled
    return working.result()
