"""Whatever goes wrong with a database reaches the program as an error that it knows by name."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Table, exc, text

from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.claims import oldest_due
from bot.adapters.store.engine import patience, postgres
from bot.adapters.store.engine.connect import Connection, run, translate
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import homes, items, notices, requests
from bot.domain.errors import StoreError, StoreUnavailable
from bot.services.ports.store import LEASE
from tests.integration.databases import KINDS, Bench, SetClock, bench_on, fresh_url
from tests.integration.stored import store_new, store_pending, submitted


@pytest.fixture(params=KINDS)
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    monkeypatch.setattr(patience, "SECONDS", 1)
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


def _all(kind: type[exc.SQLAlchemyError]) -> Iterator[type[exc.SQLAlchemyError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _all(narrower)


_UNAVAILABLE = {exc.OperationalError, exc.InterfaceError, exc.TimeoutError}


@pytest.mark.parametrize("kind", sorted(set(_all(exc.SQLAlchemyError)), key=str))
def test_every_error_is_translated(kind: type[exc.SQLAlchemyError]) -> None:
    """Every error of the library has a translation, and only trouble that may pass is `unavailable`."""
    found = kind.__new__(kind)
    if isinstance(found, exc.DBAPIError):
        found.orig, found.connection_invalidated = ValueError("secret"), False
    told = translate(found)
    assert isinstance(told, StoreUnavailable) == (kind in _UNAVAILABLE)
    assert "secret" not in str(told)


def test_a_lost_connection_is_unavailable() -> None:
    """A connection that broke is trouble that may pass, whatever the driver calls it."""
    lost = exc.DBAPIError("SELECT", None, ValueError(), connection_invalidated=True)
    assert isinstance(translate(lost), StoreUnavailable)


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:hunter2@h/d", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_can_not_be_used_is_refused(url: str) -> None:
    """A database URL that can't be used is refused at once, without being quoted."""
    with pytest.raises(StoreError) as caught:
        connect(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("database", ["no-such-folder/coupons.db", "not-a-database.db", "."])
async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, database: str) -> None:
    """A file that can't be opened, or that is something else, is reported and left as it is."""
    other = tmp_path / "not-a-database.db"
    other.write_text("a letter, not a database" * 100)
    url = f"sqlite:///{tmp_path / database}"
    with pytest.raises(StoreUnavailable):
        await migrate(url)
    store = SqlStore(url, SetClock(), lambda _: None)
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()
    assert other.read_text() == "a letter, not a database" * 100


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """Where nothing answers, the error says so without the password."""
    store = SqlStore("postgres://bot:hunter2@127.0.0.1:1/coupons", SetClock(), lambda _: None)
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    await store.close()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def test_a_database_without_tables_is_refused(tmp_path: Path) -> None:
    """A statement that a database refuses is a StoreError, and shows no value that was sent with it."""
    store = SqlStore(fresh_url("postgresql", tmp_path), SetClock(), lambda _: None)
    request = submitted(SetClock().now())
    with pytest.raises(StoreError) as caught:
        await store_new(store, request)
    await store.close()
    assert request.origin.id not in "".join(traceback.format_exception(caught.value))


async def test_a_lock_that_stays_is_unavailable(bench: Bench) -> None:
    """Where another process keeps what is needed locked, the wait ends with StoreUnavailable."""
    request = await store_pending(bench.store, bench.clock.now())

    async def get() -> None:
        async with bench.other.transaction() as tx:
            await tx.get(request.origin.id)

    async with bench.store.transaction() as tx:
        await tx.get(request.origin.id)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(get(), timeout=5)
    await get()


async def test_a_reader_waits_for_no_writer(bench: Bench) -> None:
    """What is only looked at is there at once, as it was before a change that is still going on."""
    async with bench.store.transaction() as tx:
        request = submitted(bench.clock.now())
        await tx.add(request, None)
        for store in (bench.store, bench.other):
            await store.ping()
            assert await store.find(request.origin.id) is None
            assert await store.open_requests(5) == ()


async def test_the_wait_for_ones_turn_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite a task waits for another one's transaction no longer than for another process."""
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    async with bench_on("sqlite", tmp_path) as bench:
        async with bench.store.transaction():
            with pytest.raises(StoreUnavailable, match="busy"):
                await store_new(bench.store, submitted(bench.clock.now()))
        await store_new(bench.store, submitted(bench.clock.now()))


async def test_patience_begins_with_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks right when the turn is given on to another one does not wait for ever either."""
    monkeypatch.setattr(patience, "SECONDS", 0.05)
    turn, leave = patience.Turn(), asyncio.Event()

    async def stay() -> None:
        async with turn.taken():
            await leave.wait()

    async with turn.taken():
        staying = asyncio.create_task(stay())
        await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        async with turn.within_patience():
            pass
    leave.set()
    await staying


async def test_a_dropped_connection_is_replaced(tmp_path: Path) -> None:
    """A server that drops its connections fails the transaction in flight, and the next one goes through."""
    async with bench_on("postgresql", tmp_path) as bench:
        request = submitted(bench.clock.now())

        async def dropped() -> None:
            async with bench.store.transaction() as tx:
                await tx.add(request, None)
                await asyncio.to_thread(_drop_connections, bench.url)

        with pytest.raises(StoreUnavailable):
            await dropped()
        assert await bench.store.find(request.origin.id) is None
        await store_new(bench.store, request)


async def test_an_idle_connection_that_was_dropped_is_not_noticed(tmp_path: Path) -> None:
    """A server that was restarted meanwhile costs nobody an error."""
    async with bench_on("postgresql", tmp_path) as bench:
        await bench.store.ping()
        await asyncio.to_thread(_drop_connections, bench.url)
        await bench.store.ping()


async def test_the_locks_of_a_frozen_process_are_freed_within_a_lease(tmp_path: Path) -> None:
    """PostgreSQL drops a process that froze in a transaction soon enough for others to take over."""
    database = connect(fresh_url("postgresql", tmp_path))
    async with database.write() as connection:
        query = text(
            "SELECT name, setting::int AS setting FROM pg_settings WHERE name LIKE '%transaction%timeout'"
        )
        limits = {row.name: row.setting for row in await connection.execute(query)}
    await database.close()
    lease = LEASE.total_seconds() * 1000
    assert 0 < limits["idle_in_transaction_session_timeout"] <= lease / 2
    # One that froze between the messages of a statement is not idle.
    assert 0 < limits["transaction_timeout"] <= lease


def _drop_connections(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    """SQLite runs in WAL mode and syncs every commit, and holds foreign keys."""
    async with bench_on("sqlite", tmp_path) as bench:
        database = connect(bench.url)
        for opened in (database.write, database.read):
            async with opened() as connection:
                pragmas = [
                    (await run(connection, text(f"PRAGMA {name}"))).scalar()
                    for name in ("journal_mode", "synchronous", "foreign_keys")
                ]
            assert pragmas == ["wal", 2, 1]
        await database.close()


async def test_what_is_looked_up_leaves_no_trace_on_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL one connection serves all: each use has its own isolation, also after a cancelled one."""
    async with bench_on("postgresql", tmp_path) as bench:
        monkeypatch.setattr(postgres, "_CONNECTIONS", 1)
        database = connect(bench.url)
        for _ in range(2):
            for opened, expected in (
                (database.look_up, ("read committed", "off", False)),
                (database.read, ("repeatable read", "on", True)),
                (database.write, ("read committed", "off", True)),
            ):
                async with opened() as connection:
                    assert await _transaction(connection) == expected
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2), database.look_up() as connection:
                    await run(connection, text("SELECT pg_sleep(10)"))
        await database.close()


async def _transaction(connection: Connection) -> tuple[str, str, bool]:
    """Return the isolation, whether it only reads, and whether two statements share a transaction."""
    isolation = (await run(connection, text("SHOW transaction_isolation"))).scalar()
    only_reads = (await run(connection, text("SHOW transaction_read_only"))).scalar()
    began = [(await run(connection, text("SELECT now()"))).scalar() for _ in range(2)]
    return str(isolation), str(only_reads), began[0] == began[1]


@pytest.mark.parametrize("table", [requests, items, notices, homes], ids=str)
async def test_a_look_for_work_reads_no_finished_request(tmp_path: Path, table: Table) -> None:
    """What is due is found by an index of open work alone, however many requests have ended."""
    async with bench_on("sqlite", tmp_path) as bench:
        database = connect(bench.url)
        async with database.read() as connection:
            query = oldest_due(table).compile(dialect=connection.dialect).string
            explain, values = f"EXPLAIN QUERY PLAN {query}", (0,) * query.count("?")
            plan = await connection.run_sync(lambda plain: plain.exec_driver_sql(explain, values))
            steps = [step["detail"] for step in plan.mappings()]
        assert steps[0] == f"SEARCH {table} USING INDEX {table}_due (due_at<?)"
        # Of many codes, the later ones come after everyone else's: what is due is sorted, and nothing else.
        assert steps[1:] == (["USE TEMP B-TREE FOR ORDER BY"] if table is items else [])
        await database.close()
