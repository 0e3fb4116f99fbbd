"""New connections, what statements are executed on, and errors as the program's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from typing import Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bot.adapters.store.engine import causes
from bot.domain.errors import StoreError, StoreUnavailable

Row = Mapping[str, Any]
Result = TypeVar("Result")


class Connection(Protocol):
    """A connection within one transaction."""

    @property
    def dialect(self) -> Dialect:
        """The database's way to speak SQL."""

    async def execute(
        self, statement: Executable, parameters: Row | Sequence[Row] | None = None, /
    ) -> CursorResult[Any]:
        """Execute one statement. Its rows are there at once."""

    async def run_sync(self, work: Callable[[sqlalchemy.Connection], Result], /) -> Result:
        """Do something that knows nothing of event loops, on the same connection."""


class Engine(Protocol):
    """Opens connections."""

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction: committed at the end of the block, rolled back on an exception."""

    async def dispose(self) -> None:
        """Close every connection."""


async def run(
    connection: Connection, statement: Executable, values: Row | Sequence[Row] | None = None
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
    passing = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    # SQLite reports a file that is damaged or is no database by its plainest error class.
    passing = passing or type(error.orig).__name__ == "DatabaseError"
    return (StoreUnavailable if passing else StoreError)(causes.sentence(error.orig, passing=passing))


@contextmanager
def closed_on_failure(connection: Any) -> Iterator[None]:
    """Close a driver's connection that can't be prepared: it is not the pool's yet, so nobody else would."""
    with ExitStack() as failing:
        failing.callback(connection.close)
        yield
        failing.pop_all()
