"""Bring a database up to date, or make sure that it is. Any number of processes may start at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.adapters import migrations
from bot.adapters.store.engine.connect import translated
from bot.adapters.store.engine.engine import connect
from bot.domain.errors import StoreError, StoreTooNew

if TYPE_CHECKING:
    from alembic.config import Config

# Any number will do, as long as every version of the program uses the same one.
_ADVISORY_LOCK = 5_417_203_846_391
_FOLDER = Path(migrations.__file__).parent


async def migrate(url: str) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises StoreTooNew if a newer version of the program was at work there, StoreUnavailable if the
    database can't be used. Neither changes anything.
    """
    database = connect(url)
    try:
        async with database.write() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await database.close()


async def require_current(url: str) -> None:
    """Make sure that the tables are those of this version of the program. Raises StoreError, StoreTooNew.

    It only reads.
    """
    database = connect(url, only_read=True)
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
            if (connection.dialect.server_version_info or ()) >= (17,):  # unknown to those before
                connection.execute(text("SET LOCAL transaction_timeout = 0"))
            # Between two statements of a migration a busy machine may need a while.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if not _is_current(connection):
            # Imported only if there is something to do, which no other start has to wait for.
            from alembic import command

            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _is_current(connection: Connection) -> bool:
    known, stored = known_revisions(), _stored_revisions(connection)
    if stored - set(known):
        raise StoreTooNew("The database was written by a newer version of the program.")
    return stored == {known[-1]}


def known_revisions() -> list[str]:
    """Return the revisions of the migrations in their order: their files' names begin with them."""
    return sorted(file.name[:4] for file in (_FOLDER / "versions").glob("[0-9]*.py"))


def _stored_revisions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
