"""PostgreSQL: a pool of connections, with limits for those who freeze or wait for ever."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ExceptionContext, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.adapters.store.engine import patience
from bot.adapters.store.engine.causes import READ_ONLY, of_library
from bot.adapters.store.engine.connect import closed_on_failure
from bot.adapters.store.engine.keeping import require_kept
from bot.adapters.store.engine.refusal import Refusals
from bot.domain.errors import StoreError

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGconn

_STATEMENT_SECONDS = 10
# Within a lease, the locks of a process that froze in a transaction have to be free for those who take over.
_IDLE_TRANSACTION_SECONDS = 5
# To PostgreSQL, a process that froze between the messages of one statement is not idle: from version 17 on
# there is a limit for the whole transaction as well.
_TRANSACTION_SECONDS = 10
# What the URL itself asks for stays. It is no part of the connection's start: a pooler would refuse it there.
_LIMIT = """
    SELECT set_config(name, CASE name
        WHEN 'lock_timeout' THEN %(lock_timeout)s
        WHEN 'statement_timeout' THEN %(statement_timeout)s
        WHEN 'transaction_timeout' THEN %(transaction_timeout)s
        ELSE %(idle_in_transaction_session_timeout)s END, false)
    FROM pg_settings
    WHERE source <> 'client' AND name IN (
        'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""
# Whatever the server, the database or the role say: a commit is told once a crash can't undo it. What waits
# longer, for a standby, stays as it is.
_KEEP_COMMITS = """
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
"""
_CONNECTIONS = 10
# A host that lost its power, or whose packets are dropped on the way, says no word. The system would ask for
# two hours, or send again for a quarter of one, and a call that waits for an answer would wait as long.
_SILENCE = {
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,  # milliseconds
}
# Values of `target_session_attrs` that ask for a server that can't be written to, or would rather have one.
_READING = ("read-only", "standby", "prefer-standby")
_TOLD = (b"in_hot_standby", b"default_transaction_read_only")


def postgres(parameters: Mapping[str, str], *, only_read: bool = False) -> AsyncEngine:
    """Return the pool of a server, or of the one of several that can be written to; not yet connected.

    parameters: by the names that PostgreSQL's library has. only_read: a server that can't be written to will
    do as well. Raises StoreError if that is all that the parameters ask for, and it will not do.
    """
    asked = _asked(parameters, only_read)
    engine = create_async_engine(
        "postgresql+psycopg://",
        async_creator=partial(_connection, asked, Refusals(asked)),
        isolation_level="READ COMMITTED",
        pool_size=_CONNECTIONS,
        # One above the size would be closed after each use, and opening it takes longer than what it does.
        max_overflow=0,
        # The connections that were used last know the statements already.
        pool_use_lifo=True,
        pool_timeout=patience.SECONDS,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with closed_on_failure(connection):
            with closing(connection.cursor()) as cursor:
                cursor.execute(_LIMIT, _limits())
                if not only_read:
                    cursor.execute(_KEEP_COMMITS)
                    require_kept(*cursor.fetchone())
            connection.commit()

    @event.listens_for(engine.sync_engine, "checkout")
    def require_connected(connection: Any, _record: object, _proxy: object) -> None:
        found = connection.driver_connection.pgconn
        if _is_lost(found) or not (only_read or _takes_changes(found)):
            # The pool opens another one instead.
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "handle_error")
    def leave_read_only(context: ExceptionContext) -> None:
        # The server was demoted: so every connection to it is of no use, not this one alone.
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True

    return engine


def _asked(parameters: Mapping[str, str], only_read: bool) -> dict[str, Any]:
    """Return what to connect with. A server that can be written to fits `any` and `primary` as well."""
    asked = {**_SILENCE, **parameters, "connect_timeout": patience.SECONDS}
    if only_read:
        return asked
    if (wanted := parameters.get("target_session_attrs")) in _READING:
        raise StoreError(
            f"DATABASE_URL asks for a server that is only read (target_session_attrs={wanted}), and the bot"
            " has to write: leave that parameter out."
        )
    return {**asked, "target_session_attrs": "read-write"}


async def _connection(asked: Mapping[str, Any], refusals: Refusals) -> AsyncConnection:
    """Open a connection. Raises psycopg's error, with the server's code if the server refused it."""
    # Imported only if it is used: a bot on SQLite has no use for 7 MB of it.
    import psycopg

    try:
        return await psycopg.AsyncConnection.connect(**asked)
    except psycopg.OperationalError as error:
        if of_library(error) is None and error.sqlstate is None:
            error.sqlstate = await refusals.code(str(error))
        error.connecting = True  # type: ignore[attr-defined]
        raise


def _limits() -> dict[str, str]:
    return {
        "lock_timeout": f"{patience.SECONDS}s",
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_IDLE_TRANSACTION_SECONDS}s",
        "transaction_timeout": f"{_TRANSACTION_SECONDS}s",
    }


def _takes_changes(connection: PGconn) -> bool:
    """Tell whether a server can be written to, by what it tells by itself (from PostgreSQL 14 on)."""
    return all(connection.parameter_status(name) != b"on" for name in _TOLD)


def _is_lost(connection: PGconn) -> bool:
    """Tell whether the server has closed an idle connection, by what has arrived, without asking it.

    Asking would take a round trip before each transaction. The first look may find the server's parting
    words, the second one the end.
    """
    # Imported only if it is used: a bot on SQLite has no use for 7 MB of it.
    import psycopg

    try:
        connection.consume_input()
        connection.consume_input()
    except psycopg.Error:
        return True
    return connection.status != psycopg.pq.ConnStatus.OK
