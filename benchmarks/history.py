"""Fill a database with finished requests, a process of its own: `python -m benchmarks.history URL NUMBER`.

Requests, items and decisions are copies of those of a request that a bot really finished there, so rows are
as long as in real life. Of its audit events only the command is copied, or the disk would be the bound. Every
event has its right place in the audit chain.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    literal_column,
    make_url,
    select,
    text,
    update,
)

from benchmarks.stored import Stored
from bot.adapters.store.audit import link_of, row_of, stored_events
from bot.adapters.store.schema import audit_head, decisions, items, requests
from bot.domain.audit import Head, extend
from sandbox.stage import ROOT

_CHUNK = 10_000
# An odd factor, modulo a power of two, gives ids that all differ and look random, as real ones do.
_FACTOR, _MODULUS = 2_654_435_761, 2**40

_copies = Table("copies", MetaData(), Column("n", Integer), Column("id", Text), prefixes=["TEMPORARY"])


async def fill(database: Stored, number: int) -> None:
    """Add so many finished requests. At least one must be there already. Raises RuntimeError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.history", database.url, str(number), cwd=ROOT
    )
    if await process.wait():
        raise RuntimeError(f"{number} finished requests could not be stored")


def main(url: str, number: int) -> None:
    """Fill the database of a URL."""
    parsed = make_url(url)
    on_postgres = "postgres" in parsed.drivername
    engine = create_engine(parsed.set(drivername="postgresql+psycopg") if on_postgres else parsed)
    with engine.connect() as connection:
        if not on_postgres:
            # Nobody else is there, and a fill that is cut off is thrown away.
            connection.exec_driver_sql("PRAGMA journal_mode=OFF")
            connection.commit()
        _fill(connection, number, on_postgres)
        connection.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if on_postgres else "ANALYZE"))


def _fill(connection: Connection, number: int, on_postgres: bool) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE copies (n INTEGER, id TEXT)"))
    for chunk in _chunks({"n": n, "id": f"CG-{n * _FACTOR % _MODULUS:010X}"} for n in range(1, number + 1)):
        connection.execute(insert(_copies), chunk)
    whole = select(requests.c.id).where(requests.c.state == "finished").limit(1)
    original = connection.execute(whole).scalar_one()
    code: ColumnElement[str] = literal_column("'H' || substr(copies.id, 4) || 'X'")
    _copy(connection, requests, requests.c.id, original, {"id": _copies.c.id})
    of_items = {"request_id": _copies.c.id, "code": code, "code_key": code}
    _copy(connection, items, items.c.request_id, original, of_items)
    _copy(connection, decisions, decisions.c.request_id, original, {"request_id": _copies.c.id})
    if on_postgres:
        connection.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
    _chain(connection, original, number)
    if on_postgres:
        connection.execute(text("ALTER TABLE events ENABLE TRIGGER USER"))


def _copy(
    connection: Connection,
    table: Table,
    key: ColumnElement[Any],
    original: str,
    changed: Mapping[str, ColumnElement[Any]],
) -> None:
    """Copy the rows of one request as often as there are copies."""
    columns = [changed.get(column.name, column) for column in table.columns]
    rows = select(*columns).select_from(_copies.join(table, key == original))
    connection.execute(insert(table).from_select([column.name for column in table.columns], rows))


def _chain(connection: Connection, original: str, number: int) -> None:
    first = select(stored_events).where(stored_events.c.request_id == original).order_by(stored_events.c.id)
    facts = link_of(connection.execute(first.limit(1)).one()).facts
    stored = select(audit_head.c.last_id, audit_head.c.last_hash, audit_head.c.count)
    head = Head(**connection.execute(stored).one()._mapping)

    def links() -> Iterator[dict[str, Any]]:
        nonlocal head
        for n in range(1, number + 1):
            link, head = extend(head, replace(facts, request_id=f"CG-{n * _FACTOR % _MODULUS:010X}"))
            yield row_of(link)

    for chunk in _chunks(links()):
        connection.execute(insert(stored_events), chunk)
    # On SQLite a trigger has moved it already, and an update that moves nothing is refused.
    behind = audit_head.c.last_id < head.last_id
    connection.execute(update(audit_head).where(behind).values(**vars(head)))


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
