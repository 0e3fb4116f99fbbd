"""Bring a database up to date, or make sure that it is. Any number of processes may start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.adapters import migrations
from bot.adapters.store.engine import connect, translated
from bot.domain.errors import StoreError, StoreTooNew

# Any number will do, as long as every version of the program uses the same one.
_ADVISORY_LOCK = 5_417_203_846_391


async def migrate(url: str) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises StoreTooNew where a newer version of the program was at work there, StoreUnavailable where the
    database can't be used. Neither changes anything.
    """
    database = connect(url)
    try:
        async with database.write() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await database.close()


async def require_current(url: str) -> None:
    """Make sure that the tables are those of this version of the program. Raises StoreError, StoreTooNew."""
    database = connect(url)
    try:
        async with database.read() as connection:
            if not await connection.run_sync(_is_current):
                raise StoreError("The database is not up to date: run the migration first.")
    finally:
        await database.close()


def _upgrade(connection: Connection) -> None:
    with translated():
        # On SQLite the transaction itself keeps all others from writing.
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            # Between two statements of a migration a busy machine may need a while.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if not _is_current(connection):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_current(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(_config())
    stored = set(MigrationContext.configure(connection).get_current_heads())
    if stored - {known.revision for known in script.walk_revisions()}:
        raise StoreTooNew("The database was written by a newer version of the program.")
    return stored == set(script.get_heads())


def _config() -> Config:
    config = Config()
    folder = str(Path(migrations.__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
