"""From a database URL to connections, and from a driver's errors to the program's own.

SQLite gets one connection for writing, used by one task at a time, since writers on several connections
only wait for each other's lock, and one for reading. PostgreSQL gets one pool.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import aiosqlite
from sqlalchemy import URL, Connection, CursorResult, Executable, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import (
    TimeoutError as NoConnectionFree,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

# How long anything waits for a connection or for a lock that someone else holds.
# Short, since Slack waits 3 s for the answer to a command.
PATIENCE_SECONDS = 2
_STATEMENT_SECONDS = 10
# Within a lease, the locks of a process that froze in a transaction have to be free for those who take over.
_IDLE_TRANSACTION_SECONDS = 5
# To PostgreSQL, a process that froze between the messages of one statement is not idle: from version 17 on
# there is a limit for the whole transaction as well.
_TRANSACTION_SECONDS = 10
_LIMITS_TRANSACTIONS = 170_000
_CONNECTIONS = 10

_SQLITE = ("sqlite", "sqlite+aiosqlite")
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
    """Where to write and where to read, and whose turn it is to write."""

    writer: AsyncEngine
    reader: AsyncEngine
    turn: asyncio.Lock | None
    courtesy: Courtesy

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for writing: committed at the end of the block, rolled back on an exception."""
        async with self.courtesy.place(), self._my_turn():
            with translated():
                async with self.writer.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that reads one consistent state and waits for no writer."""
        await self.courtesy.give_way()
        with translated():
            async with self.reader.begin() as connection:
                yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        await self.reader.dispose()

    def _my_turn(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self.turn is None else _within_patience(self.turn)


@asynccontextmanager
async def _within_patience(turn: asyncio.Lock) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await turn.acquire()
    except TimeoutError as error:
        raise StoreUnavailable("The database is busy: another change did not end in time.") from error
    try:
        yield
    finally:
        turn.release()


def connect(url: str, courtesy: Courtesy | None = None) -> Database:
    """Return the database of a URL (`sqlite:///file.db`, `postgres://`, `postgresql://`), not yet connected.

    Raises StoreError where the URL can't be used.
    """
    parsed, courtesy = parse_url(url), courtesy or Anyone()
    if parsed.drivername in _SQLITE:
        writer, reader = _sqlite(parsed, "IMMEDIATE"), _sqlite(parsed, "DEFERRED")
        return Database(writer, reader, asyncio.Lock(), courtesy)
    engine = _postgres(parsed)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(engine, reader, None, courtesy)


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


def _sqlite(url: URL, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        # The driver would begin transactions of its own, and only before some statements.
        connect_args={
            "isolation_level": None,
            "timeout": PATIENCE_SECONDS,
            "async_creator_fn": _open_sqlite,
        },
        pool_size=1,
        max_overflow=0,
        pool_timeout=PATIENCE_SECONDS,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with _closed_on_failure(connection), closing(connection.cursor()) as cursor:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


@contextmanager
def _closed_on_failure(connection: Any) -> Iterator[None]:
    """Close a connection that can't be prepared: it is not the pool's yet, so nobody else would."""
    with ExitStack() as failing:
        failing.callback(connection.close)
        yield
        failing.pop_all()


class _Connection(aiosqlite.Connection):
    """A connection that uses its thread only for what may wait: for another's lock, or for the disk.

    What runs inside a transaction has the lock, and takes microseconds. Handing it to the thread and back
    takes far longer than that, and both of them wait for the interpreter.
    """

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._is_quick(fn, args):
            return fn(*args, **kwargs)
        if args[:1] == ("BEGIN IMMEDIATE",):
            # Mostly nobody else writes, and then the lock is there without waiting.
            with suppress(sqlite3.OperationalError), self._without_patience():
                return fn(*args)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # aiosqlite's

    def _is_quick(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        raw = self._conn
        if raw.in_transaction:
            return fn not in (raw.commit, raw.rollback, raw.close)
        # The pool rolls back what has ended already.
        return fn in (raw.cursor, raw.rollback) or args[:1] == ("BEGIN DEFERRED",)

    @contextmanager
    def _without_patience(self) -> Iterator[None]:
        self._conn.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self._conn.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}")


async def _open_sqlite(file: str, **options: Any) -> aiosqlite.Connection:
    # Its thread and the event loop's use it in turns, never at once.
    connector = partial(sqlite3.connect, file, **{**options, "check_same_thread": False})
    connection = _Connection(connector, iter_chunk_size=64)
    # A connection that is never closed must not keep the process from ending.
    connection._thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        # The thread reports its end to the event loop, which may be gone by then unless it is waited for.
        await asyncio.to_thread(connection._thread.join)
        raise


def _postgres(url: URL) -> AsyncEngine:
    limits = {
        "lock_timeout": PATIENCE_SECONDS,
        "statement_timeout": _STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": _IDLE_TRANSACTION_SECONDS,
    }
    # What the URL itself asks for comes last and wins.
    options = [f"-c {name}={seconds}s" for name, seconds in limits.items()]
    options += [str(url.query["options"])] if "options" in url.query else []
    engine = create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": PATIENCE_SECONDS, "options": " ".join(options)},
        isolation_level="READ COMMITTED",
        pool_size=_CONNECTIONS,
        # One above the size would be closed after each use, and opening it takes longer than what it does.
        max_overflow=0,
        # The connections that were used last know the statements already.
        pool_use_lifo=True,
        pool_timeout=PATIENCE_SECONDS,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def limit(connection: Any, _record: object) -> None:
        if connection.driver_connection.info.server_version < _LIMITS_TRANSACTIONS:
            return
        with _closed_on_failure(connection):
            with closing(connection.cursor()) as cursor:
                cursor.execute(f"SET transaction_timeout = '{_TRANSACTION_SECONDS}s'")
            connection.commit()

    @event.listens_for(engine.sync_engine, "checkout")
    def look(connection: Any, _record: object, _proxy: object) -> None:
        if _is_lost(connection.driver_connection.pgconn):
            # The pool opens another one instead.
            raise DisconnectionError

    return engine


def _is_lost(connection: PGconn) -> bool:
    """Tell whether the server has closed an idle connection, by what has arrived, without asking it.

    Asking would take a round trip before each transaction. The first look may find the server's parting
    words, the second one the end.
    """
    # Imported where it is used: a bot on SQLite has no use for 7 MB of it.
    import psycopg

    try:
        connection.consume_input()
        connection.consume_input()
    except psycopg.Error:
        return True
    return connection.status != psycopg.pq.ConnStatus.OK


Row = Mapping[str, Any]


async def run(
    connection: AsyncConnection, statement: Executable, values: Row | Sequence[Row] | None = None
) -> CursorResult[Any]:
    """Execute one statement, with values for its parameters. Raises StoreUnavailable or StoreError.

    A statement that is built once, and given its values here, costs less than half of one that is built from
    its values each time.
    """
    with translated():
        return await connection.execute(statement, values)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of SQLAlchemy and the drivers into StoreUnavailable and StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error) from error


def translate(error: SQLAlchemyError) -> StoreError:
    """Return the error as one of the program's own, in a sentence that holds no address and no password."""
    if isinstance(error, NoConnectionFree):
        return StoreUnavailable("The database is busy: no connection became free in time.")
    if not isinstance(error, DBAPIError):
        return StoreError(f"The database could not be used ({type(error).__name__}).")
    name = type(error.orig).__name__
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return StoreUnavailable(f"The database can't be reached, or is locked ({name}).")
    # SQLite reports a file that is damaged or is no database by its plainest error class.
    if name == "DatabaseError":
        return StoreUnavailable("The file of the database is damaged, or is no database.")
    return StoreError(f"The database refused a statement ({name}).")
