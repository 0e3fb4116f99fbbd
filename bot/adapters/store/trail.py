"""Read the audit chain in pages, so that any number of events takes the same memory.

Each page is a short transaction of its own: nothing is held open while someone reads on slowly. No event is
missed by that, since ids are given in the order of the commits (see `chain`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Self

from sqlalchemy import ColumnElement, and_, func, or_, select

from bot.adapters.store.chain import link_of, read_head, stored_events
from bot.adapters.store.connection import Connection, run
from bot.adapters.store.engine import connect
from bot.adapters.store.schema import items, microseconds
from bot.domain.audit import Around, Head, Link
from bot.domain.coupon import code_key
from bot.services.ports.store import EVERYTHING, Chosen, Page

_PAGE = 500
_columns = stored_events.c


class SqlTrail:
    """Implements the port `Trail`. url: of a migrated database. Raises StoreError for an unusable one."""

    def __init__(self, url: str) -> None:
        self._database = connect(url)

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
