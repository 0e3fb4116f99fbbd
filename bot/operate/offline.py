"""Commands that work on the stored requests and need no Slack and no Vivoldi, such as those of the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.domain.errors import StoreError
from bot.logs import Redactor
from bot.operate.exits import GIVEN, OUTSIDE, fail, store_sentence
from bot.settings import Settings

_Result = TypeVar("_Result")


def with_database(work: Callable[[Settings], Awaitable[_Result]], *needed: str) -> _Result:
    """Do something with the database of DATABASE_URL, which has to be there and up to date.

    needed: the other settings that it takes, in lower case. Whatever can't be used ends the command with a
    sentence and an exit code; other settings may be missing.
    """
    from bot.operate.check import read_settings

    given = read_settings()
    names = ("database_url", *needed)
    if not given.has(*names):
        about = tuple(line for line in given.faults if line.startswith(tuple(name.upper() for name in names)))
        fail(GIVEN, *(about or given.faults))
    try:
        return asyncio.run(_opened(given.settings, work))
    except StoreError as error:
        fail(OUTSIDE, Redactor(given.settings.secrets())(store_sentence(error)))


async def _opened(settings: Settings, work: Callable[[Settings], Awaitable[_Result]]) -> _Result:
    from bot.adapters.store import require_current

    url = settings.database_url.get_secret_value()
    _require_file(url)
    await require_current(url)
    return await work(settings)


def _require_file(url: str) -> None:
    """Make sure that a SQLite file is there, since opening it would make it. Raises StoreError."""
    from bot.adapters.store.engine.engine import file_of

    file = file_of(url)
    if file is not None and not file.exists():
        raise StoreError(f"There is no SQLite file {file}.")
