"""Which server a transaction is committed on, and whether it keeps what is committed.

A commit can be lost on PostgreSQL: by a crash, with `synchronous_commit` off, and otherwise when a standby
that was behind takes over, or a backup is restored. A DELETE that was stored as being sent would then be sent
again. The first is ruled out. For the others approvals are bound to the server that they were stored on: its
system identifier, its timeline, which is a new one after each failover, and its table of approvals, which is
a new one after each restored dump.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Null, Text, literal_column, null, select

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Database
from bot.domain.errors import StoreError, StoreUnavailable

# The timeline of what is written now. `pg_control_checkpoint` tells that of the last checkpoint, and the next
# one may come minutes after a failover.
IDENTITY: ColumnElement[str] = literal_column(
    "(SELECT CAST(system_identifier AS text) FROM pg_control_system())"
    " || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
    " || '/' || coalesce(CAST(CAST(to_regclass('decisions') AS oid) AS text), '-')",
    Text,
)


_KEEPS: ColumnElement[str] = literal_column("current_setting('synchronous_commit')", Text)


@dataclass(frozen=True, eq=False)
class Server:
    """What to ask, within a statement, about the server that executes it.

    identity: who it is, as a text; NULL: that can't be told. keeps: its `synchronous_commit`.
    """

    identity: ColumnElement[str] | Null
    keeps: ColumnElement[str]


SQLITE = Server(null(), literal_column("'on'", Text))
_POSTGRES, _POSTGRES_UNTOLD = Server(IDENTITY, _KEEPS), Server(null(), _KEEPS)


async def server_of(database: Database) -> Server:
    """Return what can be asked there. Raises StoreUnavailable."""
    async with database.look_up() as connection:
        if connection.dialect.name != "postgresql":
            return SQLITE
    return _POSTGRES if await identity(database) else _POSTGRES_UNTOLD


async def identity(database: Database) -> str | None:
    """Return who the server is; None: it does not tell the bot. Raises StoreUnavailable."""
    try:
        async with database.look_up() as connection:
            found: str | None = (await run(connection, select(IDENTITY))).scalar()
    except StoreUnavailable:
        raise
    except StoreError:
        return None
    return found
