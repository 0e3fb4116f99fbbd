"""The database: can it be written to, which one is it, and are its tables those of this version."""

from __future__ import annotations

import os

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from bot.adapters.store import require_current
from bot.adapters.store.engine.connect import translated
from bot.adapters.store.engine.engine import connect, file_of
from bot.adapters.store.engine.pooler import require_own_process
from bot.adapters.store.engine.private import readable_by_others
from bot.adapters.store.server import identity
from bot.domain.errors import StoreError, StoreTooNew
from bot.operate.check.finding import Finding, Level, failure, fine, unlooked, warning
from bot.operate.check.given import Given

_NAME = "database"
_LOOK_AT = "Look at DATABASE_URL, and at whether the database is there and lets the bot in."
_VERSIONS = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}
_FORGETS = "Set fsync to on: otherwise a power cut can undo commits, and a DELETE may be sent again."
_UNTOLD = (
    " It does not tell the bot which server it is, so a failover or a restored backup is not covered:"
    " approvals from before it go on to count, and a DELETE may be sent again."
)
_LET_IT_TELL = (
    "Let the bot's role execute pg_control_system(), pg_walfile_name() and pg_current_wal_insert_lsn(). If"
    " that can't be had, stop the bot before you switch servers or restore a backup, and cancel what is open."
)
_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


async def look_at_database(given: Given) -> Finding:
    """Return whether the database can be used. A SQLite file that is not there yet is not made."""
    if not given.has("database_url"):
        return unlooked(_NAME)
    url = given.settings.database_url.get_secret_value()
    try:
        return _missing_file(url) or _open_file(url, await _opened(url))
    except StoreTooNew as error:
        remedy = "Start the newer version of Coupon Guard, or restore the backup made before the upgrade."
        return failure(_NAME, str(error), remedy)
    except StoreError as error:
        return failure(_NAME, str(error), _LOOK_AT)


def _missing_file(url: str) -> Finding | None:
    named = file_of(url)
    if named is None or named.exists():
        return None
    file = named.absolute()
    if not os.access(file.parent, os.W_OK | os.X_OK):
        said = f"There is no SQLite file {file.name}, and it can't be made: its folder {file.parent} "
        return failure(_NAME, said + "is missing or closed to this user.", "Make the folder, or open it.")
    return fine(
        _NAME,
        f"There is no SQLite file {file} yet; the first start makes it. If the bot has run before, look at "
        "DATABASE_URL and at the folder you are in.",
    )


def _open_file(url: str, found: Finding) -> Finding:
    """Return a warning in place of what was found if everyone can read a file that this user can't close."""
    file = file_of(url)
    files = readable_by_others(file) if file else []
    if not files or found.level is not Level.OK:
        return found
    names = ", ".join(file.name for file in files)
    return warning(_NAME, f"Every user of this machine can read or write {names}.", f"Type: chmod o= {names}")


async def _opened(url: str) -> Finding:
    database = connect(url)
    try:
        # A transaction for writing, since reading alone is not enough for the bot. Nothing is written.
        async with database.write() as connection:
            what, revisions = await connection.run_sync(_describe)
            lasting = await connection.run_sync(_survives_power_cuts)
        if database.file is None:
            await require_own_process(database)
        told = database.file is not None or await identity(database) is not None
    finally:
        await database.close()
    try:
        await require_current(url)
    except StoreTooNew:
        raise
    except StoreError:
        tables = f"tables of revision {', '.join(revisions)}" if revisions else "no tables"
        remedy = "The next start brings them up to date; make a backup first, if there is anything in it."
        return warning(_NAME, f"{what}, with {tables} so far.", remedy)
    said = f"{what}, with tables of revision {', '.join(revisions)}, which is up to date."
    if not lasting:
        return warning(_NAME, f"{said} Its fsync is off.", _FORGETS)
    return fine(_NAME, said) if told else warning(_NAME, said + _UNTOLD, _LET_IT_TELL)


def _survives_power_cuts(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    with translated():
        fsync: str = connection.execute(text("SELECT current_setting('fsync')")).scalar_one()
    return fsync == "on"


def _describe(connection: Connection) -> tuple[str, tuple[str, ...]]:
    kind = connection.dialect.name
    with translated():
        version = connection.execute(text(_VERSIONS[kind])).scalar_one()
        revisions = MigrationContext.configure(connection).get_current_heads()
    return f"{_TITLES[kind]} {version}", revisions
