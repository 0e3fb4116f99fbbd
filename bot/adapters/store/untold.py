"""The outcomes that wait to be told, for whoever watches the bot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

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
