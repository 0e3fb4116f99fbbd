"""The audit chain in the database: how a transaction appends its events, and how they are read.

The head is locked last of all, when everything else of the transaction is written, and nothing else is
waited for under its lock. So no two transactions can deadlock over it, and it is locked no longer than one
statement and the commit take. Ids are given under that lock, hence in the order of the commits, without
gaps. A trigger, which only the migrations know, refuses an event that does not follow the head, and moves
the head.

It is read in pages, so that any number of events takes the same memory. Each page is a short transaction of
its own: nothing is held open while someone reads on slowly. No event is missed by that, thanks to the order
of the ids.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Text,
    and_,
    bindparam,
    column,
    func,
    insert,
    or_,
    select,
    table,
)

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import audit_head, items, json_text, microseconds
from bot.domain.audit import Around, Facts, Head, Link, extend
from bot.domain.coupon import CouponCode, code_key
from bot.domain.errors import StoreError
from bot.domain.event import Event, EventKind
from bot.services.ports.store import EVERYTHING, Chosen, Page

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


_PAGE = 500
_columns = stored_events.c


_failed_reads = (
    select(_columns.at, _columns.code, _columns.data)
    .where(_columns.kind == EventKind.COUPON_READ.value, _columns.request_id == bindparam("of_request"))
    .order_by(_columns.id.desc())
)


async def last_trouble(
    connection: Connection, request_id: str, code: CouponCode | None = None, since: datetime | None = None
) -> str | None:
    """Return what stood in the way of the request's last read that brought no answer; None: none did.

    code: of this one alone. since: not before this time.
    """
    rows = await run(connection, _failed_reads, {"of_request": request_id})
    earliest = 0 if since is None else microseconds(since)
    chosen = (row for row in rows if row.code == (code or row.code) and row.at >= earliest)
    errors = (json.loads(row.data).get("error") for row in chosen)
    return next((str(error) for error in errors if error), None)


class SqlTrail:
    """Implements the port `Trail`. url: of a migrated database, which it only reads.

    Raises StoreError for a URL that can't be used.
    """

    def __init__(self, url: str) -> None:
        self._database = connect(url, only_read=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()

    async def pages(self, chosen: Chosen = EVERYTHING) -> AsyncGenerator[Page, None]:
        """Yield the chosen events in their order, each page with the head at that time; at least one page."""
        after: int | None = None
        while True:
            async with self._database.read() as connection:
                page = await _page(connection, chosen, after)
            yield page
            if len(page.links) < _PAGE:
                return
            after = page.links[-1].id

    async def around(self, sound: Head, link: Link) -> Around:
        """Return what else is stored around an event that does not fit."""
        other = _columns.id != link.id
        async with self._database.read() as connection:
            return Around(
                follower=await _any(connection, other, _columns.previous == sound.last_hash),
                rival=await _any(connection, other, _columns.previous == link.previous),
                parent=await _any(connection, other, _columns.hash == link.previous),
            )


async def _page(connection: Connection, chosen: Chosen, after: int | None) -> Page:
    query = select(stored_events).where(*_conditions(chosen)).order_by(_columns.id).limit(_PAGE)
    if after is not None:
        query = query.where(_columns.id > after)
    links = tuple(link_of(row) for row in await run(connection, query))
    return Page(links, await read_head(connection))


def _conditions(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.since is not None:
        found.append(_columns.at >= microseconds(chosen.since))
    if chosen.until is not None:
        found.append(_columns.at < microseconds(chosen.until))
    if chosen.request is not None:
        found.append(_columns.request_id == chosen.request)
    if chosen.code is not None:
        found.append(_about(code_key(chosen.code)))
    return found


def _about(key: str) -> ColumnElement[bool]:
    """Return the condition for a code's own events, and for those of its requests that name no code."""
    its_requests = select(items.c.request_id).where(items.c.code_key == key)
    of_its_requests = and_(_columns.code.is_(None), _columns.request_id.in_(its_requests))
    return or_(func.upper(_columns.code) == key, of_its_requests)


async def _any(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    found = await run(connection, select(_columns.id).where(*conditions).limit(1))
    return found.first() is not None
