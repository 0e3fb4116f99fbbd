"""What makes a run repeatable and quick: the same dice, no hurry, and SQLite in the thread that asks.

A commit runs in a thread, which a run waits for hundreds of times. Here it is executed where it is asked for,
so that nothing happens at the same time and nothing has to be waited for. One test goes through the threads.
And SQLAlchemy learns each statement once, not for each process anew.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import TypeVar

import pytest

import bot.adapters.slack.directory
import bot.adapters.store.engine.patience
import bot.adapters.store.engine.sqlite
import bot.adapters.store.store
import bot.wiring
import tests.chaos.town
from bot.adapters.store.engine.engine import Courtesy, Database, connect

# Seconds; longer than whatever waits here is left to wait.
_LONG = 600

Result = TypeVar("Result")

_prepared: dict[tuple[str, int], Database] = {}


async def _at_once(work: Callable[[], Result]) -> Result:
    """In place of the thread: do it where it is asked for."""
    return work()


@contextmanager
def without_threads() -> Iterator[None]:
    """Execute what is asked of SQLite at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.adapters.store.engine.sqlite, "in_thread", _at_once)
        yield


@contextmanager
def same_dice() -> Iterator[None]:
    """Let every process wait as long as in the run before, and give out the same ids.

    Nobody loses patience by the real clock, which goes on while a busy machine does something else.
    """
    numbers = count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.adapters.slack.directory, "_PATIENCE", _LONG)
        patch.setattr(bot.adapters.store.engine.patience, "SECONDS", _LONG)
        patch.setattr(bot.wiring, "Random", lambda: Random(7))
        patch.setattr(bot.wiring, "new_id", lambda: f"CG-{next(numbers):010d}")
        yield


@contextmanager
def prepared_engines() -> Iterator[None]:
    """Give the n-th who connects to a database the engines of the n-th in the run before.

    They know the statements already, and every connection of theirs was closed at the end of that run. A run
    that fails may leave connections open, and then nothing is kept of it.
    """
    numbers = count(1)

    def connected(url: str, courtesy: Courtesy | None = None) -> Database:
        key = (url, next(numbers))
        if key not in _prepared:
            _prepared[key] = connect(url, courtesy)
        return _prepared[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.adapters.store.store, "connect", connected)
        patch.setattr(tests.chaos.town, "connect", connected)
        try:
            yield
        except BaseException:
            _prepared.clear()
            raise


@contextmanager
def little_collected() -> Iterator[None]:
    """Have the garbage collector look seldom, and not at what was there before; the runs make few cycles."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
