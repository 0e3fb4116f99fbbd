"""What Slack did not take: the outcomes that wait to be told, and when all that waits is tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, select, true, update

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.schema import UNTOLD, Instant, notices, requests
from bot.services.ports.store import Untold

_before = bindparam("before", type_=Instant)
_of_requests = select(
    requests.c.id, requests.c.ended_at, requests.c.requester_id, requests.c.refused_by
).where(UNTOLD, requests.c.ended_at < _before)
_of_notices = select(notices.c.id, notices.c.at, notices.c.person).where(
    notices.c.outcome, notices.c.at < _before
)


async def untold(connection: Connection, before: datetime) -> Sequence[Untold]:
    """Return the outcomes of what ended before a time and was not told, the oldest first."""
    given = {"before": before}
    waiting = [
        Untold(row.id, row.ended_at, row.requester_id, row.refused_by)
        for row in await run(connection, _of_requests, given)
    ]
    waiting += [Untold(row.id, row.at, row.person, None) for row in await run(connection, _of_notices, given)]
    return sorted(waiting, key=lambda each: (each.since, each.id))


# As fast as Slack takes messages in one channel, or all that waits would be refused again for its number.
TELLING_PACE = timedelta(seconds=1)


async def refused_by_are_due(connection: Connection, names: Collection[str], now: datetime) -> bool:
    """Make requests due of which Slack refused something by one of these names.

    Returns whether any is due sooner.
    """
    return await _bring_forward(connection, requests, requests.c.refused_by.in_(names), now)


async def refused_are_due(connection: Connection, now: datetime) -> None:
    """Make due whatever Slack did not take, by whatever name."""
    await _bring_forward(connection, requests, requests.c.refused_by.is_not(None), now)
    await _bring_forward(connection, notices, true(), now)


async def _bring_forward(
    connection: Connection, table: Table, which: ColumnElement[bool], now: datetime
) -> bool:
    """Make what waits for a later time due one after another, and nothing later than it was.

    Done again meanwhile, it changes next to nothing, so that the pace holds.
    """
    rows = (await run(connection, _waiting(table, which), {"now": now})).all()
    slots = [now + TELLING_PACE * (place + 1) for place in range(len(rows))]
    sooner = [
        {"its_id": row.id, "due": slot} for row, slot in zip(rows, slots, strict=True) if slot < row.due_at
    ]
    if sooner:
        due = bindparam("due", type_=Instant)
        put = update(table).where(table.c.id == bindparam("its_id")).values(due_at=due)
        await run(connection, put, sooner)
    return bool(sooner)


def _waiting(table: Table, which: ColumnElement[bool]) -> Select[Any]:
    # What someone else has locked they are at already; waiting for it, two could wait for each other.
    return (
        select(table.c.id, table.c.due_at)
        .where(which, table.c.due_at > bindparam("now", type_=Instant), table.c.lease_until.is_(None))
        .order_by(table.c.due_at, table.c.id)
        .with_for_update(skip_locked=True)
    )
