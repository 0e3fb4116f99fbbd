"""How long anything waits for a connection, for its turn, or for a lock that someone else holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.domain.errors import StoreUnavailable

# Short, since Slack waits 3 s for the answer to a command.
SECONDS = 2


@asynccontextmanager
async def within_patience(turn: asyncio.Lock) -> AsyncIterator[None]:
    """Hold a lock that is shared by tasks. Raises StoreUnavailable where it does not become free in time."""
    if turn.locked():
        try:
            async with asyncio.timeout(SECONDS):
                await turn.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("The database is busy: another change did not end in time.") from error
    else:
        await turn.acquire()
    try:
        yield
    finally:
        turn.release()
