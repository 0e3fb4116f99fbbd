"""How long anything waits for a connection, for its turn, or for a lock that someone else holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from bot.domain.errors import StoreUnavailable

# Short, since Slack waits 3 s for the answer to a command.
SECONDS = 2


class Turn:
    """Whose turn it is, among tasks that use one connection. They come in the order in which they asked."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @property
    def wanted(self) -> bool:
        """Whether someone waits for it."""
        return self._waiting > 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for it, however long that takes, and have it until the end of the block."""
        await self._wait()
        try:
            yield
        finally:
            self._lock.release()

    @asynccontextmanager
    async def within_patience(self) -> AsyncIterator[None]:
        """Wait for it, and have it until the end of the block. Raises StoreUnavailable after a while."""
        try:
            # Given back, it belongs to the next one in line before that one has noticed.
            at_once = not self._lock.locked() and not self.wanted
            async with nullcontext() if at_once else asyncio.timeout(SECONDS):
                await self._wait()
        except TimeoutError as error:
            raise StoreUnavailable("The database is busy: another change did not end in time.") from error
        try:
            yield
        finally:
            self._lock.release()

    async def _wait(self) -> None:
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
