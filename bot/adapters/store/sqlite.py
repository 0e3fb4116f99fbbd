"""SQLite: one connection for writing and one for reading, each used by one task at a time.

Statements run in the event loop: inside a transaction they take microseconds, far less than handing each to
a thread and back. What may wait for the disk, or for another program's lock, runs in a thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy import URL, Connection, CursorResult, Dialect, Executable, NullPool, create_engine, event
from sqlalchemy.engine.cursor import CursorFetchStrategy, FullyBufferedCursorFetchStrategy
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.adapters.store import patience
from bot.adapters.store.connection import Row, translated
from bot.adapters.store.patience import Turn
from bot.adapters.store.prepare import closed_on_failure
from bot.domain.errors import StoreError, StoreUnavailable

Result = TypeVar("Result")

# Whoever will write has the lock before the first read, so nothing that was read is old.
_BEGIN = "BEGIN IMMEDIATE"
_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
# What is written ahead is moved into the file after so many transactions, of about ten pages each.
_MOVED_AFTER = 100
# Should that ever fail, SQLite does it itself at so many pages, within a commit.
_AT_LAST_PAGES = 10_000

_log = structlog.get_logger(__name__)


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


class _File:
    """A connection to a file, opened when it is first needed."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            # The driver would begin transactions of its own, and only before some statements. The threads use
            # the connection in turns, never at once.
            connect_args={
                "isolation_level": None,
                "timeout": patience.SECONDS,
                "check_same_thread": False,
            },
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _prepare)
        self._turn = Turn()
        self._opened: Connection | None = None

    async def dispose(self) -> None:
        """Close the connection, once whoever uses it has ended."""
        async with self._turn.taken():
            if self._opened is not None:
                self._opened.close()
                self._opened = None
        # A lock belongs to the event loop that it was first waited for in.
        self._turn = Turn()

    async def _connection(self) -> Connection:
        if self._opened is None:
            self._opened = await _in_thread(self._engine.connect)
        return self._opened


class SqliteReader(_File):
    """Reads one consistent state, and waits for no writer."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InLoop]:
        """Open a transaction that only reads. Raises StoreUnavailable where another one does not end."""
        async with self._turn.within_patience():
            connection = await self._connection()
            connection.exec_driver_sql("BEGIN DEFERRED")
            try:
                yield InLoop(connection)
            finally:
                connection.rollback()


@dataclass
class _Commit:
    """A commit that several transactions share.

    members: how many transactions wait for it. done: whether it is over. error: why it failed.
    """

    members: int = 0
    done: bool = False
    error: StoreError | None = None

    def require_success(self) -> None:
        """Raise what it failed with, for each member anew."""
        if self.error is not None:
            raise type(self.error)(*self.error.args) from self.error


class SqliteWriter(_File):
    """Writes. Transactions that wait for their turn at the same time share one commit: one wait for the disk.

    Each is a savepoint of its own, undone by itself where it fails. Nobody leaves before the commit, nor does
    one that failed: it may have seen what others wrote.
    """

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self._next: _Commit | None = None
        self._written = 0
        self._moving: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InLoop]:
        """Open a transaction: committed at the end of the block, rolled back on an exception.

        Raises StoreUnavailable where it was not its turn in time, or the commit failed.
        """
        failure: Exception | None = None
        async with self._turn.within_patience():
            connection = await self._connection()
            commit = await self._joined(connection)
            try:
                with self._savepoint(connection, commit):
                    yield InLoop(connection)
            except Exception as error:  # noqa: BLE001  it is raised below, after the commit
                failure = error
            if not self._turn.wanted and not commit.done:
                await self._commit(connection, commit)
        if not commit.done:
            # Behind those who wait for their turn already. Whoever is cancelled here leaves, and what was
            # written is committed all the same.
            await asyncio.shield(self._committed(connection, commit))
        commit.require_success()
        if failure is not None:
            raise failure

    async def dispose(self) -> None:
        """Close the connection, once whoever uses it has ended."""
        if self._moving is not None:
            await self._moving
        if self._opened is not None and self._next is not None:
            await self._committed(self._opened, self._next)
        await super().dispose()

    async def _joined(self, connection: Connection) -> _Commit:
        """Return the commit that comes next; where there is none, a transaction is begun for it."""
        if self._next is None:
            await _lock(connection)
            self._next = _Commit()
        return self._next

    @contextmanager
    def _savepoint(self, connection: Connection, commit: _Commit) -> Iterator[None]:
        connection.exec_driver_sql("SAVEPOINT mine")
        try:
            yield
            self._require_transaction(connection, commit)
            connection.exec_driver_sql("RELEASE mine")
        except BaseException:
            with suppress(StoreUnavailable):
                self._require_transaction(connection, commit)
                connection.exec_driver_sql("ROLLBACK TO mine")
                connection.exec_driver_sql("RELEASE mine")
                if not commit.members:
                    self._end(connection, commit)
            raise
        commit.members += 1

    def _require_transaction(self, connection: Connection, commit: _Commit) -> None:
        """Make sure that nothing was lost: after some errors, as of a full disk, SQLite drops everything."""
        if not _raw(connection).in_transaction:
            lost = StoreUnavailable("The database dropped what was being written.")
            if not commit.done:
                self._end(connection, commit, lost)
            raise lost

    async def _committed(self, connection: Connection, commit: _Commit) -> None:
        """Commit, unless someone who waited as well has done it already."""
        async with self._turn.taken():
            if not commit.done:
                await self._commit(connection, commit)

    async def _commit(self, connection: Connection, commit: _Commit) -> None:
        try:
            with translated():
                await _in_thread(connection.commit)
        except StoreError as error:
            self._end(connection, commit, error)
            return
        except asyncio.CancelledError:
            # The thread has come to its end; if it failed, there is nobody left to be told.
            self._end(connection, commit)
            raise
        self._end(connection, commit)
        self._written += commit.members
        if self._written >= _MOVED_AFTER and (self._moving is None or self._moving.done()):
            self._written = 0
            self._moving = asyncio.create_task(self._move(connection))

    def _end(self, connection: Connection, commit: _Commit, error: StoreError | None = None) -> None:
        """Let a commit be over; what is not committed by now is rolled back."""
        commit.done, commit.error, self._next = True, error, None
        with suppress(SQLAlchemyError):
            connection.rollback()

    async def _move(self, connection: Connection) -> None:
        """Move what was written ahead into the file: beside those who write, then the little that came since.

        SQLite would do it within a commit, for which everyone waits; and it begins the log anew only once all
        of it is moved.
        """
        try:
            await _in_thread(self._move_beside)
            async with self._turn.taken():
                if self._next is not None:
                    await self._commit(connection, self._next)
                await _in_thread(partial(_move, connection))
        except SQLAlchemyError as error:
            _log.warning("store.not_moved", error=type(error).__name__)

    def _move_beside(self) -> None:
        with closing(self._engine.connect()) as other:
            _move(other)


def _move(connection: Connection) -> None:
    connection.exec_driver_sql(_MOVE).close()
    connection.rollback()


def _prepare(connection: Any, _record: object) -> None:
    with closed_on_failure(connection), closing(connection.cursor()) as cursor:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={_AT_LAST_PAGES}")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return raw


async def _lock(connection: Connection) -> None:
    """Begin a transaction that writes. Mostly no other program does, and then the lock is there at once."""
    raw = _raw(connection)
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        connection.exec_driver_sql(_BEGIN)
    except OperationalError:
        connection.rollback()
    else:
        return
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience.SECONDS * 1000:.0f}")
    try:
        await _in_thread(partial(connection.exec_driver_sql, _BEGIN))
    except BaseException:
        connection.rollback()
        raise


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Do something in a thread. Whoever is cancelled waits for its end, since the connection is in use."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.gather(working, return_exceptions=True)
        raise
