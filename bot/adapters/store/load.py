"""Read requests with their items and decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import BindParameter, ColumnElement, RowMapping, Text, bindparam, select, type_coerce

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.rows import ITEM_TEXTS, ITEM_TIME, Texts, request_of
from bot.adapters.store.schema import decisions, items, requests
from bot.services.ports.store import OpenRequest

_ids: BindParameter[str] = bindparam("ids", expanding=True)
_texts = (type_coerce(items.c[name], Text).label(name) for name in ITEM_TEXTS)
_their_items = (
    select(items.c.request_id, *_texts, items.c[ITEM_TIME])
    .where(items.c.request_id.in_(_ids))
    .order_by(items.c.position)
)
_their_decisions = select(decisions).where(decisions.c.request_id.in_(_ids))


_one = select(requests).where(requests.c.id == bindparam("its_id"))
_one_locked = _one.with_for_update()


async def load(
    connection: Connection, where: ColumnElement[bool], *, limit: int | None = None
) -> Sequence[OpenRequest]:
    """Return the requests that a condition on `requests` selects, oldest first."""
    chosen = select(requests).where(where).order_by(requests.c.opened_at, requests.c.id).limit(limit)
    return await _whole(connection, (await run(connection, chosen)).mappings().all())


async def load_one(connection: Connection, request_id: str, *, lock: bool = False) -> OpenRequest | None:
    """Return a request, or None.

    lock: keep it locked until the transaction ends (on SQLite the transaction itself does).
    """
    row = await load_row(connection, request_id, lock=lock)
    return None if row is None else await from_row(connection, row)


async def load_row(connection: Connection, request_id: str, *, lock: bool = False) -> RowMapping | None:
    """Return the row of a request, or None. lock: see `load_one`."""
    found = await run(connection, _one_locked if lock else _one, {"its_id": request_id})
    return found.mappings().first()


async def from_row(connection: Connection, row: RowMapping) -> OpenRequest:
    """Return the request of a row of `requests`."""
    (found,) = await _whole(connection, [row])
    return found


async def _whole(connection: Connection, found: Sequence[RowMapping]) -> Sequence[OpenRequest]:
    ids = [row["id"] for row in found]
    if not ids:
        return ()
    by_item: defaultdict[str, list[Texts]] = defaultdict(list)
    for row in await run(connection, _their_items, {"ids": ids}):
        by_item[row[0]].append(row[1:])
    decided = [row["id"] for row in found if row["state"] != "submitted"]
    by_decision = _by_request(
        (await run(connection, _their_decisions, {"ids": decided})).mappings() if decided else ()
    )
    return tuple(
        OpenRequest(
            request_of(row, by_item[row["id"]], by_decision[row["id"]]), row["card_ts"], row["card_moved_to"]
        )
        for row in found
    )


def _by_request(rows: Iterable[RowMapping]) -> defaultdict[str, list[RowMapping]]:
    grouped: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["request_id"]].append(row)
    return grouped
