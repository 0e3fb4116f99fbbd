"""Writing to SQLite: those who wait for their turn at the same time share a commit (decision record 15)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import URL, Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.adapters.store.engine import patience, sqlite
from bot.adapters.store.engine.connect import translated
from bot.adapters.store.engine.sqlite import InLoop, SqliteFile
from bot.domain.errors import StoreError, StoreUnavailable

# A transaction that will write has the lock before the first read, so nothing that was read is old.
_BEGIN = "BEGIN IMMEDIATE"
_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
# What is written ahead is moved into the file after so many transactions, of about ten pages each.
_MOVED_AFTER = 100

_log = structlog.get_logger(__name__)


@dataclass
class _Commit:
    """A commit that several transactions share.

    changes: how many it holds. done: whether it is over. error: why it failed.
    """

    changes: int = 0
    done: bool = False
    error: StoreError | None = None

    def require_success(self) -> None:
        """Raise what it failed with, anew for each who shares it."""
        if self.error is not None:
            raise type(self.error)(*self.error.args) from self.error


class SqliteWriter(SqliteFile):
    """Writes, with one wait for the disk for all transactions that wait for their turn at the same time.

    Each is a savepoint of its own, undone by itself if it fails. Nobody is told anything before the commit
    of what they may have seen: not even one that failed goes on before that.
    """

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self._next: _Commit | None = None
        self._written = 0
        self._moving: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InLoop]:
        """Open a transaction: committed at the end of the block, rolled back on an exception.

        Raises StoreUnavailable if it was not its turn in time, or the commit failed. A caller that is
        cancelled after the block leaves, and what was written is committed all the same.
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
            # In line again, behind those who wait already: the first who is through commits for all of them.
            await asyncio.shield(self._committed(connection, commit))
        commit.require_success()
        if failure is not None:
            raise failure

    async def dispose(self) -> None:
        """Close the connection, once the work that uses it has ended."""
        await super().dispose()
        moving, self._moving = self._moving, None
        if moving is not None:
            await asyncio.wait((moving,))

    async def _before_closing(self, connection: Connection) -> None:
        if self._next is not None:
            await self._commit(connection, self._next)

    async def _joined(self, connection: Connection) -> _Commit:
        """Return the commit that comes next; if there is none, a transaction is begun for it."""
        if self._next is None:
            await _lock(connection)
            self._next = _Commit()
        return self._next

    @contextmanager
    def _savepoint(self, connection: Connection, commit: _Commit) -> Iterator[None]:
        with translated():
            self._require_transaction(connection, commit)
            connection.exec_driver_sql("SAVEPOINT mine")
        try:
            yield
            self._require_transaction(connection, commit)
            connection.exec_driver_sql("RELEASE mine")
        except BaseException:
            self._undo(connection, commit)
            raise
        commit.changes += 1

    def _undo(self, connection: Connection, commit: _Commit) -> None:
        """Undo a change by itself; if that can't be done, all that share its commit with it."""
        try:
            with translated():
                self._require_transaction(connection, commit)
                connection.exec_driver_sql("ROLLBACK TO mine")
                connection.exec_driver_sql("RELEASE mine")
        except StoreError as error:
            if not commit.done:
                self._end(connection, commit, error)
            return
        if not commit.changes:
            self._end(connection, commit)

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
        """Commit, under the turn. What came of it is told to all, also if its maker is cancelled."""
        error: StoreError | None = StoreUnavailable("What was written was not committed.")

        def commit_now() -> None:
            nonlocal error
            try:
                with translated():
                    if _raw(connection).in_transaction:
                        connection.commit()
                        error = None
            except StoreError as failed:
                error = failed

        try:
            await sqlite.in_thread(commit_now)
        finally:
            self._end(connection, commit, error)
        if error is None:
            self._move_in_time(connection, commit.changes)

    def _end(self, connection: Connection, commit: _Commit, error: StoreError | None = None) -> None:
        """Let a commit be over; what is not committed by now is rolled back."""
        commit.done, commit.error, self._next = True, error, None
        with suppress(SQLAlchemyError):
            connection.rollback()
        # SQLAlchemy takes a commit that failed for an end; SQLite does not always.
        with suppress(sqlite3.Error):
            _raw(connection).rollback()

    # ------------------------------------------------------------ what is written ahead

    def _move_in_time(self, connection: Connection, changes: int) -> None:
        self._written += changes
        if self._written >= _MOVED_AFTER and (self._moving is None or self._moving.done()):
            self._written = 0
            self._moving = asyncio.create_task(self._move(connection))

    async def _move(self, connection: Connection) -> None:
        """Move what was written ahead into the file: beside those who write, then the little that came since.

        SQLite would do it within a commit, for which everyone waits; and it begins the log anew only once all
        of it is moved.
        """
        try:
            await sqlite.in_thread(self._move_beside)
            async with self._turn.taken():
                if self._opened is not connection:
                    return
                if self._next is not None:
                    await self._commit(connection, self._next)
                await sqlite.in_thread(partial(_move, connection))
        except SQLAlchemyError as error:
            _log.warning("store.not_moved", error=type(error).__name__)

    def _move_beside(self) -> None:
        with closing(self._engine.connect()) as other:
            _move(other)


def _move(connection: Connection) -> None:
    connection.exec_driver_sql(_MOVE).close()
    connection.rollback()


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
        await sqlite.in_thread(partial(connection.exec_driver_sql, _BEGIN))
    except BaseException:
        connection.rollback()
        with suppress(sqlite3.Error):
            raw.rollback()
        raise
