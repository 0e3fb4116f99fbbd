"""Reading a SQLite file that may not be written to, such as a copy for an auditor."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.domain.errors import StoreError, StoreUnavailable

# What SQLite says if it may not make the files that it keeps beside a database that writes ahead.
_MAKES_FILES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def open_to_read(database: str, options: Mapping[str, Any]) -> sqlite3.Connection:
    """Open a file without changing anything about it or in its folder. options: for the driver.

    database: the file; or an address, `file:...`, which is opened as it says. Raises sqlite3.Error,
    StoreError if there is no file, and StoreUnavailable if the newest part of the database can't be read.
    """
    if not database.startswith("file:") and not Path(database).exists():
        raise StoreError(
            "There is no file of that name: look at DATABASE_URL; if it is right, run the migration first."
        )
    address = database if database.startswith("file:") else f"{Path(database).absolute().as_uri()}?mode=ro"
    try:
        return _opened(address, options)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _MAKES_FILES or address == database:
            raise
    newest = Path(f"{database}-wal")
    if newest.exists() and newest.stat().st_size:
        raise StoreUnavailable(
            f"The newest part of the database is in {newest.name}, which can't be read in this folder. Copy"
            " both files to a folder that you can write to, and name that copy in DATABASE_URL."
        )
    # SQLite would make a file beside it, even to read. Without a -wal nobody has it open, and all of it is in
    # the file itself.
    return _opened(f"{address}&immutable=1", options)


def _opened(address: str, options: Mapping[str, Any]) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(address, uri=True, **options)
    try:
        # It is opened by the first look into it.
        connection.execute("SELECT count(*) FROM sqlite_schema").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
