"""Read requests with their items and decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import BindParameter, ColumnElement, RowMapping, Text, bindparam, select, type_coerce

from bot.adapters.store.connection import Connection, run
from bot.adapters.store.mapping import ITEM_TEXTS, Texts, request_of
from bot.adapters.store.schema import decisions, items, requests
from bot.services.ports import OpenRequest

_ids: BindParameter[str] = bindparam("ids", expanding=True)
_their_items = (
    select(items.c.request_id, *(type_coerce(items.c[name], Text).label(name) for name in ITEM_TEXTS))
    .where(items.c.request_id.in_(_ids))
    .order_by(items.c.position)
)
_their_decisions = select(decisions).where(decisions.c.request_id.in_(_ids))


async def load(
    connection: Connection,
    where: ColumnElement[bool],
    *,
    limit: int | None = None,
    lock: bool = False,
) -> Sequence[OpenRequest]:
    """Return the requests that a condition on `requests` selects, oldest first.

    lock: keep them locked until the transaction ends (on SQLite the transaction itself does).
    """
    chosen = select(requests).where(where).order_by(requests.c.opened_at, requests.c.id).limit(limit)
    found = (await run(connection, chosen.with_for_update() if lock else chosen)).mappings().all()
    ids = [row["id"] for row in found]
    if not ids:
        return ()
    by_item: defaultdict[str, list[Texts]] = defaultdict(list)
    for row in await run(connection, _their_items, {"ids": ids}):
        by_item[row[0]].append(row[1:])
    by_decision = _by_request((await run(connection, _their_decisions, {"ids": ids})).mappings())
    return tuple(
        OpenRequest(request_of(row, by_item[row["id"]], by_decision[row["id"]]), row["card_ts"])
        for row in found
    )


def _by_request(rows: Iterable[RowMapping]) -> defaultdict[str, list[RowMapping]]:
    grouped: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["request_id"]].append(row)
    return grouped
