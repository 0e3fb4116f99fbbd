"""Who comes first in the event loop: an answer to a person, and a deletion; cards can wait a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar

# They come without a break when there are many, and nothing may stand still for that.
_PATIENCE_SECONDS = 0.02

_first: ContextVar[bool] = ContextVar("first", default=False)


class Precedence:
    """Lets some tasks go ahead of the others, which wait before they use the database.

    In one event loop, each step of a listener otherwise comes after a step of every other task, while a
    person waits for its answer, and Slack for 3 s at most. A card may well be drawn some milliseconds later.
    """

    def __init__(self) -> None:
        self._ahead = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._place = asyncio.Lock()

    @contextmanager
    def first(self) -> Iterator[None]:
        """Let this task go first until the end of the block."""
        before = _first.set(True)
        self._ahead += 1
        self._quiet.clear()
        try:
            yield
        finally:
            _first.reset(before)
            self._ahead -= 1
            if not self._ahead:
                self._quiet.set()

    async def give_way(self) -> None:
        """Wait a moment while others go first."""
        if self._ahead and not _first.get():
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._quiet.wait()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for the one place as well: what has begun can't be overtaken, so it must not be much."""
        if _first.get():
            yield
            return
        async with self._place:
            await self.give_way()
            yield
