"""The calls to Vivoldi that all replicas take from one row of the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Database
from bot.adapters.store.schema import call_rate
from bot.domain.errors import StoreError
from bot.domain.rate import Grant, Plan, Taken, has_room, take
from bot.services.ports.outside import Clock

_read = select(call_rate.c.taken)
_locked = _read.with_for_update()
_write = update(call_rate).values(taken=bindparam("now_taken"))


class SqlRate:
    """Calls that may be made, shared by everyone who uses the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def take(self, plan: Plan, most: int) -> Grant:
        """Take up to `most` calls. Raises StoreUnavailable."""
        async with self._database.write() as connection:
            stored = (await run(connection, _locked)).scalar()
            # Asked for under the lock: one that waited for it would count into a time that is over.
            grant, after = take(_taken(stored), plan, self._clock.now().timestamp(), most)
            if grant.calls:
                await run(connection, _write, {"now_taken": vars(after)})
        return grant

    async def has_room(self, plan: Plan) -> bool:
        """Tell whether requests of many codes have calls left. Raises StoreUnavailable."""
        async with self._database.look_up() as connection:
            stored = (await run(connection, _read)).scalar()
        return has_room(_taken(stored), plan, self._clock.now().timestamp())


def _taken(stored: dict[str, Any] | None) -> Taken:
    if stored is None:
        raise StoreError("The count of calls to Vivoldi is gone, so none can be made.")
    return Taken(**{name: {int(slot): n for slot, n in slots.items()} for name, slots in stored.items()})
