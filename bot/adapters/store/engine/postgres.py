"""PostgreSQL: a pool of connections, with limits for those who freeze or wait for ever."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.adapters.store.engine import patience
from bot.adapters.store.engine.connect import closed_on_failure
from bot.adapters.store.engine.keeping import require_kept

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

_STATEMENT_SECONDS = 10
# Within a lease, the locks of a process that froze in a transaction have to be free for those who take over.
_IDLE_TRANSACTION_SECONDS = 5
# To PostgreSQL, a process that froze between the messages of one statement is not idle: from version 17 on
# there is a limit for the whole transaction as well.
_TRANSACTION_SECONDS = 10
_LIMITS_TRANSACTIONS = 170_000
# Whatever the server, the database or the role say: a commit is told once a crash can't undo it. What waits
# longer, for a standby, stays as it is.
_KEEP_COMMITS = """
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
"""
_CONNECTIONS = 10


def postgres(url: URL) -> AsyncEngine:
    """Return the pool of a server, not yet connected."""
    limits = {
        "lock_timeout": patience.SECONDS,
        "statement_timeout": _STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": _IDLE_TRANSACTION_SECONDS,
    }
    # What the URL itself asks for comes last and wins.
    options = [f"-c {name}={seconds}s" for name, seconds in limits.items()]
    options += [str(url.query["options"])] if "options" in url.query else []
    engine = create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": patience.SECONDS, "options": " ".join(options)},
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
        limits_transactions = connection.driver_connection.info.server_version >= _LIMITS_TRANSACTIONS
        with closed_on_failure(connection):
            with closing(connection.cursor()) as cursor:
                cursor.execute(_KEEP_COMMITS)
                require_kept(*cursor.fetchone())
                if limits_transactions:
                    cursor.execute(f"SET transaction_timeout = '{_TRANSACTION_SECONDS}s'")
            connection.commit()

    @event.listens_for(engine.sync_engine, "checkout")
    def require_connected(connection: Any, _record: object, _proxy: object) -> None:
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
