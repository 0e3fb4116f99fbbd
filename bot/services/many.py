"""Keeps requests of many codes from standing in the way of small ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.domain.item.deletion import Waiting
from bot.domain.rate import Bulk, Plan
from bot.domain.request.request import Approved
from bot.services.ports import Store

# Of the places of a lane, so that slow calls leave some to others.
_AT_ONCE = 4


class Many:
    """The places of one lane that requests of many codes may take."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._taken = 0

    @asynccontextmanager
    async def place(self, bulk: Bulk | None) -> AsyncIterator[bool]:
        """Keep a place until the block ends. Yields whether there is one, which a small request always has.

        There is none where the calls are used up that requests of many codes may make together, or where
        enough of their work is under way. Raises StoreUnavailable.
        """
        if bulk is None:
            yield True
        elif self._taken >= _AT_ONCE or not await self._store.has_room(self._plan):
            yield False
        else:
            self._taken += 1
            try:
                yield True
            finally:
                self._taken -= 1


def behind_the_others(request: Approved, bulk: Bulk, now: datetime) -> datetime:
    """Return when an item is due again that found no place: after all that still wait, at their pace."""
    waiting = sum(isinstance(item.state, Waiting) for item in request.items)
    return min(now + waiting * bulk.every, request.execute_by)
