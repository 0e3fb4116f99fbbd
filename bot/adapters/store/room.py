"""Whether what a command stores could be stored right now: on a full or read-only disk it could not.

It is asked every few seconds by what watches the bot, so it leaves nothing behind that grows. Something is
written and committed in place, which takes the same way as a command. That alone finds no full disk as long
as there is room in files that are there already, so room for a little more is looked for as well.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import func, select, text, update

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.engine.engine import Database
from bot.adapters.store.engine.sqlite import in_thread
from bot.adapters.store.schema import call_rate
from bot.domain.errors import StoreError, StoreUnavailable

# What a command stores is about 40 kB ahead of the file, and the same again when it is moved there.
_BYTES = 1_000_000
# Anyone may ask, and each answer takes a wait for the disk.
_SECONDS = 1.0

# PostgreSQL keeps what does not fit into the memory of a query in a file, beside the database's own, and
# removes it at once. So that leaves nothing; what is written in place leaves a row that is cleaned up later.
_IN_A_FILE = select(func.set_config("work_mem", "64kB", True), func.set_config("temp_tablespaces", "", True))
# About 280 kB.
_A_LITTLE_MORE = text("SELECT count(*) FROM generate_series(1, 20000)")
_IN_PLACE = update(call_rate).values(taken=call_rate.c.taken)
_USER_VERSION = text("PRAGMA user_version")


class Room:
    """Answers for all who ask within a second. elapsed: counts seconds."""

    def __init__(self, database: Database, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._elapsed = elapsed
        self._turn = asyncio.Lock()
        self._asked: float | None = None
        self._found: StoreError | None = None

    async def require(self) -> None:
        """Raise StoreError if nothing could be stored now; its text says why."""
        async with self._turn:
            if self._asked is None or self._elapsed() - self._asked >= _SECONDS:
                self._found = await self._trouble()
                self._asked = self._elapsed()
        if self._found is not None:
            raise type(self._found)(*self._found.args)

    async def _trouble(self) -> StoreError | None:
        try:
            if self._database.file is not None:
                await in_thread(partial(_require_disk, self._database.file))
            async with self._database.write() as connection:
                await (_fill_in_place if self._database.file else _fill_a_file)(connection)
        except StoreError as error:
            return error
        return None


def _require_disk(file: Path) -> None:
    """Raise StoreUnavailable if the disk of a file is full or read-only. The file need not be there."""
    try:
        disk = os.statvfs(file.resolve().parent)
    except OSError as error:
        raise StoreUnavailable("The folder of the database can't be looked at.") from error
    if disk.f_flag & os.ST_RDONLY:
        raise StoreUnavailable("The database's disk is read-only.")
    if disk.f_bavail * disk.f_frsize < _BYTES:
        raise StoreUnavailable("The database's disk is full.")


async def _fill_in_place(connection: Connection) -> None:
    """Change a number in SQLite's file that means nothing: a row that stays the same would not be written."""
    before = (await run(connection, _USER_VERSION)).scalar_one()
    await run(connection, text(f"PRAGMA user_version = {0 if before else 1}"))


async def _fill_a_file(connection: Connection) -> None:
    await run(connection, _IN_A_FILE)
    await run(connection, _A_LITTLE_MORE)
    await run(connection, _IN_PLACE)
