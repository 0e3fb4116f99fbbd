"""The audit chain as it is stored: any tampering is found, and any number of writers keeps it whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text

from bot.adapters.store import SqlStore, SqlTrail, migrate
from bot.adapters.store.engine.connect import Connection as AnyConnection
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.engine.migrate import _config
from bot.domain.audit import Wrong
from bot.domain.errors import StoreError
from bot.domain.event import Event, EventKind
from bot.domain.people import Person
from bot.operate.audit.verify import Verified, verify
from tests.integration.databases import KINDS, Bench, SetClock, bench_on, fresh_url
from tests.integration.stored import ANN, code, store_new, submitted

_EVENTS = 7
_COLUMNS: Mapping[str, object] = {
    "at": 5,
    "kind": "decision",
    "request_id": "CG-OTHER",
    "code": None,
    "actor_id": "U9",
    "actor_name": "Åsa",
    "data": '{"n": 1}',
    "previous": "f" * 64,
    "hash": "f" * 64,
}


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


def an_event(bench: Bench, number: int = 0) -> Event:
    return Event(
        kind=EventKind.COUPON_READ,
        at=bench.clock.tick(0.000001),
        request="CG-1",
        code="SUMMER2025",
        actor=Person("U1", "Ann"),
        data={"n": number},
    )


async def record(store: SqlStore, *events: Event) -> None:
    async with store.transaction() as tx:
        for event in events:
            await tx.record(event)


async def verified(url: str) -> Verified:
    async with SqlTrail(url) as trail:
        return await verify(trail)


@asynccontextmanager
async def unguarded(url: str) -> AsyncIterator[AnyConnection]:
    """Open a transaction in which none of the database's own guards holds."""
    database = connect(url)
    try:
        async with database.write() as connection:
            if connection.dialect.name == "sqlite":
                found = await run(connection, text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
                for name in found.scalars().all():
                    await run(connection, text(f"DROP TRIGGER {name}"))
            else:
                await run(connection, text("ALTER TABLE events DISABLE TRIGGER USER"))
                await run(connection, text("ALTER TABLE audit_head DISABLE TRIGGER USER"))
            yield connection
    finally:
        await database.close()


async def execute(url: str, *statements: str, **values: object) -> None:
    """Change what is stored, as someone does who has the database to themselves."""
    async with unguarded(url) as connection:
        for statement in statements:
            await run(connection, text(statement).bindparams(**values))


# ---------------------------------------------------------------- tampering


def _tamperings() -> dict[str, tuple[Wrong, int, list[str]]]:
    """Return ways to tamper with events 1 to 7: what is found, after how many sound ones, the statements."""
    found: dict[str, tuple[Wrong, int, list[str]]] = {}
    for number in (1, 4, _EVENTS):
        for column, value in _COLUMNS.items():
            new = "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
            change = f"UPDATE events SET {column} = {new} WHERE id = {number}"  # noqa: S608
            found[f"{column} of {number} changed"] = (Wrong.CHANGED, number - 1, [change])
        removal = f"DELETE FROM events WHERE id = {number}"  # noqa: S608
        found[f"{number} removed"] = (Wrong.REMOVED, number - 1, [removal])
    found["last three removed"] = (Wrong.REMOVED, 4, ["DELETE FROM events WHERE id > 4"])
    found["all removed"] = (Wrong.REMOVED, 0, ["DELETE FROM events"])
    for one, other in ((1, 2), (1, 7), (3, 5), (6, 7)):
        found[f"{one} and {other} swapped"] = (Wrong.REORDERED, one - 1, _swap(one, other))
    found["first moved to the end"] = (Wrong.REORDERED, 0, ["UPDATE events SET id = 8 WHERE id = 1"])
    found["last given another id"] = (Wrong.CHANGED, 6, ["UPDATE events SET id = 9 WHERE id = 7"])
    found["inserted at the end"] = (Wrong.INSERTED, 7, [_copy(4, 8)])
    found["inserted before the first"] = (Wrong.INSERTED, 0, [_copy(7, 0)])
    shift = ["UPDATE events SET id = id + 100 WHERE id > 3", "UPDATE events SET id = id - 99 WHERE id > 100"]
    found["inserted in the middle"] = (Wrong.INSERTED, 3, [*shift, _copy(3, 4)])
    return found


def _swap(one: int, other: int) -> list[str]:
    steps = ((one, -1), (other, one), (-1, other))
    return [f"UPDATE events SET id = {new} WHERE id = {old}" for old, new in steps]  # noqa: S608


def _copy(number: int, to: int) -> str:
    names = ", ".join(_COLUMNS)
    return f"INSERT INTO events (id, {names}) SELECT {to}, {names} FROM events WHERE id = {number}"  # noqa: S608


async def test_every_tampering_is_found(bench: Bench) -> None:
    """Of all ways to change, remove, reorder and insert rows, each is found, with its place and its kind."""
    await record(bench.store, *(an_event(bench, number) for number in range(_EVENTS)))
    await execute(bench.url, "CREATE TABLE spare AS SELECT * FROM events")
    tamperings = _tamperings()
    for name, (wrong, sound, statements) in tamperings.items():
        await execute(bench.url, *statements)
        found = await verified(bench.url)
        assert found.fault is not None, name
        assert (found.fault.wrong, found.sound.count) == (wrong, sound), name
        await execute(bench.url, "DELETE FROM events", "INSERT INTO events SELECT * FROM spare")
    assert (await verified(bench.url)).fault is None
    assert len(tamperings) == 41


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_head",
        "UPDATE audit_head SET last_id = 3",
        "UPDATE audit_head SET count = 6",
        "UPDATE audit_head SET last_hash = 'f'",
        "UPDATE audit_head SET last_id = 2, count = 2, last_hash = (SELECT hash FROM events WHERE id = 2)",
    ],
)
async def test_a_tampered_head_is_found(bench: Bench, statement: str) -> None:
    """A head that is gone, or that says anything else than the last event, is found."""
    await record(bench.store, *(an_event(bench) for _ in range(_EVENTS)))
    await execute(bench.url, statement)
    assert (await verified(bench.url)).fault is not None


async def test_what_is_found_stays_found(bench: Bench) -> None:
    """The bot that goes on writing after a removal neither hides it nor trips over it."""
    await record(bench.store, *(an_event(bench) for _ in range(3)))
    await execute(bench.url, "DELETE FROM events WHERE id = 3")
    await record(bench.store, an_event(bench))
    found = await verified(bench.url)
    assert found.fault is not None
    assert (found.fault.wrong, found.sound.last_id) == (Wrong.REMOVED, 2)


async def test_without_a_head_nothing_is_done(bench: Bench) -> None:
    """Where the chain can't be continued, the change that belongs to the event is not made either (I7)."""
    await execute(bench.url, "DELETE FROM audit_head")
    request = submitted(bench.clock.now())

    async def add() -> None:
        async with bench.store.transaction() as tx:
            await tx.add(request, None)
            await tx.record(an_event(bench))

    with pytest.raises(StoreError, match="head of the audit is gone"):
        await add()
    assert await bench.store.find(request.origin.id) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET code = 'X'",
        "DELETE FROM events",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = count - 1, last_id = last_id + 1",
        "UPDATE audit_head SET last_id = last_id - 1, count = count + 1",
        "UPDATE audit_head SET count = count + 1, last_id = last_id + 1, id = 2",
        "INSERT INTO audit_head (id, last_id, last_hash, count) VALUES (2, 9, 'f', 9)",
        _copy(1, 3),
        _copy(2, 9),
    ],
)
async def test_the_database_itself_refuses_to_tamper(bench: Bench, statement: str) -> None:
    """Events and head only ever grow, by what follows the last event, for everyone who is connected."""
    await record(bench.store, an_event(bench), an_event(bench))
    database = connect(bench.url)
    try:
        with pytest.raises(StoreError):
            async with database.write() as connection:
                await run(connection, text(statement))
    finally:
        await database.close()
    assert (await verified(bench.url)).fault is None


@pytest.mark.parametrize("tables", ["events", "audit_head", "events, audit_head"])
async def test_nobody_empties_the_audit_at_once(tmp_path: Path, tables: str) -> None:
    """PostgreSQL's TRUNCATE, which deletes without the trigger for that, is refused as well."""
    async with bench_on("postgresql", tmp_path) as bench:
        await record(bench.store, an_event(bench))
        database = connect(bench.url)
        with pytest.raises(StoreError):
            async with database.write() as connection:
                await run(connection, text(f"TRUNCATE {tables} CASCADE"))
        await database.close()
        found = await verified(bench.url)
        assert (found.fault, found.sound.count) == (None, 1)


async def test_replacing_an_event_is_refused(tmp_path: Path) -> None:
    """SQLite's REPLACE, which deletes without the trigger for that, is refused as well."""
    async with bench_on("sqlite", tmp_path) as bench:
        await record(bench.store, an_event(bench))
        database = connect(bench.url)
        with pytest.raises(StoreError):
            async with database.write() as connection:
                await run(connection, text("REPLACE INTO events SELECT * FROM events"))
        await database.close()


# ---------------------------------------------------------------- writing


async def test_events_stand_in_the_order_in_which_they_were_recorded(bench: Bench) -> None:
    """What one transaction records is chained in its order, without a gap, after what was there before."""
    await record(bench.store, an_event(bench, 0))
    await record(bench.other, an_event(bench, 1), an_event(bench, 2))
    found = await verified(bench.url)
    assert (found.fault, found.sound.last_id, found.sound.count) == (None, 3, 3)
    assert [event.data["n"] for event in await bench.events()] == [0, 1, 2]


async def test_what_is_rolled_back_leaves_no_gap(bench: Bench) -> None:
    """A transaction that fails has neither an event nor a place in the chain."""

    async def fails() -> None:
        async with bench.store.transaction() as tx:
            await tx.record(an_event(bench))
            raise ZeroDivisionError

    await record(bench.store, an_event(bench))
    with pytest.raises(ZeroDivisionError):
        await fails()
    await record(bench.store, an_event(bench))
    found = await verified(bench.url)
    assert (found.fault, found.sound.last_id) == (None, 2)


async def test_writers_at_once_keep_the_chain_whole(tmp_path: Path) -> None:
    """Several processes that record at once, beside other work, never fork the chain and never deadlock."""
    async with bench_on("postgresql", tmp_path) as bench:
        stores = [SqlStore(bench.url, bench.clock, lambda _: None) for _ in range(4)]
        shared = [await store_new(bench.store, submitted(bench.clock.now(), code())) for _ in range(3)]

        async def work(store: SqlStore, number: int) -> None:
            for turn in range(10):
                async with store.transaction() as tx:
                    # Some record before they lock a request, some after: neither order may deadlock.
                    if number % 2:
                        await tx.record(an_event(bench, number))
                    await tx.get(shared[(number + turn) % 3].origin.id)
                    await tx.record(an_event(bench, number))
                    await tx.add(submitted(bench.clock.now(), code()), None)

        await asyncio.gather(*(work(store, number) for number, store in enumerate(stores * 2)))
        for store in stores:
            await store.close()
        found = await verified(bench.url)
        assert (found.fault, found.sound.count, found.sound.last_id) == (None, 120, 120)


async def test_verifying_beside_a_writer_finds_nothing(bench: Bench) -> None:
    """Events that are written while the chain is verified are no fault."""
    await record(bench.store, *(an_event(bench) for _ in range(600)))
    writing = asyncio.create_task(_write(bench))
    for _ in range(5):
        assert (await verified(bench.url)).fault is None
    await writing


async def _write(bench: Bench) -> None:
    for _ in range(40):
        await record(bench.other, an_event(bench))


# ---------------------------------------------------------------- migration


async def _upgrade_to(url: str, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    database = connect(url)
    try:
        async with database.write() as connection:
            await connection.run_sync(upgrade)
    finally:
        await database.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_events_of_the_version_before_join_the_chain(kind: str, tmp_path: Path) -> None:
    """The migration keeps every event and its id, gaps included, gives it its hash, and the bot goes on."""
    url = fresh_url(kind, tmp_path)
    await _upgrade_to(url, "0001")
    database = connect(url)
    add = text(
        "INSERT INTO events (id, at, kind, request_id, code, actor_id, actor_name, data) VALUES"
        " (:id, :id, 'command', 'CG-1', NULL, 'U1', 'Ånn', '{\"n\": 1}')"
    )
    kept = [number for number in range(1, 1203) if number not in (5, 6, 600)]
    async with database.write() as connection:
        for number in kept:
            await run(connection, add.bindparams(id=number))
    before = await _events(url)
    await migrate(url)
    assert await _events(url) == before
    assert (await verified(url)).sound.count == len(kept)
    async with bench_of(url) as bench:
        await record(bench.store, an_event(bench))
        with pytest.raises(StoreError):
            async with database.write() as connection:
                await run(connection, text("DELETE FROM events"))
    await database.close()
    found = await verified(url)
    assert (found.fault, found.sound.count, found.sound.last_id) == (None, len(kept) + 1, 1203)


async def _events(url: str) -> list[tuple[Any, ...]]:
    columns = "id, at, kind, request_id, code, actor_id, actor_name, data"
    database = connect(url)
    try:
        async with database.read() as connection:
            found = await run(connection, text(f"SELECT {columns} FROM events ORDER BY id"))  # noqa: S608
            return [tuple(row) for row in found]
    finally:
        await database.close()


@asynccontextmanager
async def bench_of(url: str) -> AsyncIterator[Bench]:
    """Open a store on a database that is there already."""
    clock = SetClock()
    async with SqlStore(url, clock, lambda _: None) as store:
        yield Bench(url, clock, store, store)


async def test_an_empty_database_begins_an_empty_chain(bench: Bench) -> None:
    """A chain without events is whole."""
    found = await verified(bench.url)
    assert (found.fault, found.sound.count, found.last) == (None, 0, None)


async def test_events_read_as_they_were_recorded(bench: Bench) -> None:
    """The chain changes nothing about what an event says."""
    event = replace(an_event(bench), actor=ANN, data={"n": [1, None], "é": "<&>"})
    await record(bench.store, event)
    assert await bench.events() == [event]
