"""What makes a run repeatable and quick: the same dice each time, and SQLite in the thread that asks.

The driver gives each connection a thread, and a run crosses over a thousand times. Here a statement is
executed where it is asked for, so that nothing happens at the same time and nothing has to be waited for. One
test goes through the driver's threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any

import aiosqlite.core
import pytest

import bot.wiring


class _AtOnce:
    """In place of the queue to the thread: executes what is put into it."""

    def put_nowait(self, work: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        """Execute, and complete the future with what came of it."""
        future, function = work
        try:
            result = function()
        except Exception as error:  # noqa: BLE001  handed on to whoever waits, as the thread does
            if future is not None:
                future.set_exception(error)
            return
        if future is not None:
            future.set_result(result)


class _NoThread:
    """In place of the thread."""

    def __init__(self, **_: Any) -> None:
        self.daemon = True

    def start(self) -> None:
        """There is nothing to start."""


@contextmanager
def without_threads() -> Iterator[None]:
    """Execute what is asked of SQLite at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.core, "SimpleQueue", _AtOnce)
        patch.setattr(aiosqlite.core, "Thread", _NoThread)
        yield


@contextmanager
def same_dice() -> Iterator[None]:
    """Let every process wait as long as in the run before, and give out the same ids."""
    numbers = count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.wiring, "Random", lambda: Random(7))
        patch.setattr(bot.wiring, "new_id", lambda: f"CG-{next(numbers):010d}")
        yield
