"""Events as rows of the audit chain, and how a transaction appends its own.

The head is locked last of all, when everything else of the transaction is written, and nothing else is
waited for under its lock. So no two transactions can deadlock over it, and it is locked no longer than one
statement and the commit take. Ids are given under that lock, hence in the order of the commits, without gaps.
A trigger, which only the migrations know, refuses an event that does not follow the head, and moves the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Row, Text, column, insert, select, table

from bot.adapters.store.connection import Connection, run
from bot.adapters.store.schema import audit_head, json_text, microseconds
from bot.domain.audit import Facts, Head, Link, extend
from bot.domain.errors import StoreError
from bot.domain.event import Event

# The table of events with its values as they are stored, since that is what is hashed.
stored_events = table(
    "events",
    column("id", BigInteger),
    column("at", BigInteger),
    *(column(name, Text) for name in ("kind", "request_id", "code", "actor_id", "actor_name", "data")),
    *(column(name, Text) for name in ("previous", "hash")),
)

_append = insert(stored_events)
_head = select(audit_head.c.last_id, audit_head.c.last_hash, audit_head.c.count)
_locked_head = _head.with_for_update()


async def append(connection: Connection, events: Sequence[Event]) -> None:
    """Append events to the chain, as the last thing before the commit. Raises StoreError without a head."""
    head = await read_head(connection, lock=True)
    if head is None:
        raise StoreError("The head of the audit is gone, so nothing can be recorded.")
    rows = []
    for event in events:
        link, head = extend(head, facts_of(event))
        rows.append(row_of(link))
    await run(connection, _append, rows)


async def read_head(connection: Connection, *, lock: bool = False) -> Head | None:
    """Return the stored head; None: it is gone. lock: until the transaction ends."""
    row = (await run(connection, _locked_head if lock else _head)).first()
    return None if row is None else Head(**row._mapping)


def facts_of(event: Event) -> Facts:
    """Return what is stored of an event."""
    return Facts(
        at=microseconds(event.at),
        kind=event.kind.value,
        request_id=event.request,
        code=event.code,
        actor_id=event.actor.id if event.actor else None,
        actor_name=event.actor.name if event.actor else None,
        data=json_text(dict(event.data)),
    )


def row_of(link: Link) -> dict[str, Any]:
    """Return the row of an event in the chain."""
    return {"id": link.id, **vars(link.facts), "previous": link.previous, "hash": link.hash}


def link_of(row: Row[Any]) -> Link:
    """Return the event of a row of `stored_events`."""
    facts = dict(row._mapping)
    return Link(facts.pop("id"), previous=facts.pop("previous"), hash=facts.pop("hash"), facts=Facts(**facts))
