"""What deleted coupons held: sealed texts, each beside the item that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select, tuple_, update

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.schema import items, snapshots
from bot.domain.coupon import CouponCode, Sealed, code_key
from bot.services.ports.store import Place, Snapshot


class SqlSnapshots:
    """Implements the port `Snapshots` on the connection of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, place: Place, sealed: Sealed, at: datetime) -> None:
        """Store what the coupon of an item held, in place of what was stored before."""
        row = {"sealed": sealed, "kept_at": at}
        if (await run(self._connection, update(snapshots).where(_at(place)).values(row))).rowcount == 0:
            new = {"request_id": place.request_id, "position": place.position}
            await run(self._connection, insert(snapshots).values(new | row))

    async def drop(self, place: Place) -> None:
        """Remove what the coupon of an item held, if anything is stored."""
        await run(self._connection, delete(snapshots).where(_at(place)))

    async def remove_before(self, time: datetime) -> int:
        """Remove every snapshot that was stored before a time. Returns how many there were."""
        return (await run(self._connection, delete(snapshots).where(snapshots.c.kept_at < time))).rowcount

    async def of_request(self, request_id: str) -> Sequence[Snapshot]:
        """Return the snapshots of a request, in the order of its items."""
        return await self._chosen(snapshots.c.request_id == request_id)

    async def newest(self, code: CouponCode) -> Snapshot | None:
        """Return the snapshot of a code, in exactly this spelling, that was stored last, if there is any."""
        same, exactly = items.c.code_key == code_key(code), items.c.code == code
        found = await self._chosen(same, exactly, limit=1, order=(snapshots.c.kept_at.desc(),))
        return found[0] if found else None

    async def after(self, place: Place | None, limit: int) -> Sequence[Snapshot]:
        """Return the snapshots that follow a place (None: from the first), at most `limit`, locked."""
        beyond = tuple_(snapshots.c.request_id, snapshots.c.position)
        return await self._chosen(
            *([] if place is None else [beyond > tuple_(place.request_id, place.position)]), limit=limit
        )

    async def _chosen(
        self,
        *where: ColumnElement[bool],
        limit: int | None = None,
        order: tuple[ColumnElement[Any], ...] = (),
    ) -> Sequence[Snapshot]:
        its_item = and_(
            snapshots.c.request_id == items.c.request_id, snapshots.c.position == items.c.position
        )
        chosen = (
            select(snapshots, items.c.code)
            .join(items, its_item)
            .where(*where)
            .order_by(*order, snapshots.c.request_id, snapshots.c.position)
            .limit(limit)
            .with_for_update(of=snapshots)
        )
        return [
            Snapshot(
                Place(row["request_id"], row["position"]),
                CouponCode(row["code"]),
                Sealed(row["sealed"]),
                row["kept_at"],
            )
            for row in (await run(self._connection, chosen)).mappings()
        ]


def _at(place: Place) -> ColumnElement[bool]:
    return (snapshots.c.request_id == place.request_id) & (snapshots.c.position == place.position)
