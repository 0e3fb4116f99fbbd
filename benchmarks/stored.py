"""What the benchmark looks up, and puts right, in a bot's database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, create_engine, false, func, make_url, select, true, update

from bot.adapters.store.schema import items, requests

_LOOK_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_NO_WORK: dict[str, Any] = {"due_at": None, "claim_token": None, "lease_until": None}


@dataclass(frozen=True)
class Stored:
    """A database by its URL."""

    url: str

    def requests(self, tag: str) -> int:
        """Return how many requests are stored for codes that begin with a tag."""
        of_tag = items.c.code_key.between(tag, f"{tag}~") & (items.c.position == 0)
        with self._connection() as connection:
            return connection.execute(select(func.count()).select_from(items).where(of_tag)).scalar_one()

    def shown(self) -> float:
        """Return the share of open requests whose card has been drawn."""
        are_open = select(func.count()).select_from(requests).where(requests.c.ended_at.is_(None))
        with self._connection() as connection:
            everyone = connection.execute(are_open).scalar_one()
            drawn = connection.execute(are_open.where(requests.c.drawn_version > 0)).scalar_one()
        return drawn / everyone if everyone else 1.0

    async def all_shown(self) -> None:
        """Wait until the card of every open request has been drawn. Raises TimeoutError."""
        await _until(lambda: self.shown() == 1)

    async def quiet(self) -> None:
        """Wait until no work is left. Raises TimeoutError."""
        await _until(self._is_quiet)

    def _is_quiet(self) -> bool:
        with self._connection() as connection:
            left = [
                connection.execute(
                    select(func.count()).select_from(table).where(table.c.due_at.is_not(None))
                ).scalar_one()
                for table in (requests, items)
            ]
        return not any(left)

    def sweep(self) -> None:
        """End every open request, so that a bot that starts now has nothing to do."""
        cancelled = {"state": "cancelled", "ended_at": datetime.now(UTC), "told": true()}
        with self._connection() as connection:
            connection.execute(update(items).where(items.c.open).values(**_NO_WORK, open=false()))
            still_open = update(requests).where(requests.c.ended_at.is_(None))
            connection.execute(still_open.values(**_NO_WORK, **cancelled))
            connection.execute(update(requests).where(requests.c.due_at.is_not(None)).values(_NO_WORK))

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        url = make_url(self.url)
        engine = create_engine(
            url.set(drivername="postgresql+psycopg") if "postgres" in url.drivername else url
        )
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  it happens in another process
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
