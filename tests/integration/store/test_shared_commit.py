"""On SQLite, transactions that wait for their turn at the same time share one commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.adapters.store.engine import sqlite
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Database, connect
from bot.domain.errors import StoreError, StoreUnavailable


class Bench:
    """A database with one table, and what was committed in it as another program sees it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.database: Database = connect(f"sqlite:///{file}")
        self.commits = 0
        self.holders: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Make the tables, and count the commits from then on."""
        async with self.database.write() as connection:
            await run(connection, text("CREATE TABLE parents (number INTEGER PRIMARY KEY)"))
            of = "REFERENCES parents (number) DEFERRABLE INITIALLY DEFERRED"
            await run(connection, text(f"CREATE TABLE numbers (number INTEGER PRIMARY KEY, parent {of})"))
        await self.on_connection(lambda raw: raw.set_trace_callback(self._note))

    def _note(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    async def on_connection(self, do: Any) -> None:
        """Do something with the driver's connection for writing."""

        def work(connection: Connection) -> None:
            do(connection.connection.driver_connection)

        async with self.database.write() as connection:
            await connection.run_sync(work)

    async def add(self, number: int, parent: int | None = None) -> None:
        """Store a number; it fails where the number is stored already."""
        values = {"number": number, "parent": parent}
        async with self.database.write() as connection:
            await run(connection, text("INSERT INTO numbers VALUES (:number, :parent)"), values)

    async def queued(self, *changes: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
        """Begin changes that all wait for the same turn, which is theirs when this returns."""
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with self.database.write():
                begun.set()
                await go_on.wait()

        holding = asyncio.create_task(hold())
        await begun.wait()
        waiting = [asyncio.create_task(change) for change in changes]
        await asyncio.sleep(0)
        go_on.set()
        self.holders.add(holding)
        return waiting

    async def together(self, *changes: Coroutine[Any, Any, Any]) -> list[Any]:
        """Make changes that share a commit, and return what came of each."""
        return await asyncio.gather(*await self.queued(*changes), return_exceptions=True)

    def stored(self) -> set[int]:
        """Return what is committed."""
        other = sqlite3.connect(self.file)
        try:
            return {number for (number,) in other.execute("SELECT number FROM numbers")}
        finally:
            other.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "numbers.db")
    await bench.begin()
    bench.commits = 0
    yield bench
    # The one that held the turn shared the fate of those behind.
    await asyncio.gather(*bench.holders, return_exceptions=True)
    await bench.database.close()


async def test_those_who_wait_together_wait_for_the_disk_once(bench: Bench) -> None:
    """Twenty changes at the same time take one commit, and each is stored when its block has ended."""

    async def add(number: int) -> bool:
        await bench.add(number)
        return number in bench.stored()

    assert all(await bench.together(*map(add, range(20))))
    assert bench.commits == 1


async def test_one_that_fails_takes_nobody_along(bench: Bench) -> None:
    """A change that fails is undone by itself, all of it; those beside it are stored."""

    async def two(number: int, other: int) -> None:
        async with bench.database.write() as connection:
            for each in (number, other):
                await run(connection, text("INSERT INTO numbers (number) VALUES (:n)"), {"n": each})

    results = await bench.together(bench.add(1), two(2, 1), bench.add(3))
    assert [type(result) for result in results] == [type(None), StoreError, type(None)]
    assert bench.stored() == {1, 3}


class _Held:
    """Holds up whatever runs in a thread. begun: it is there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = asyncio.Event(), threading.Event()
        in_thread, loop = sqlite.in_thread, asyncio.get_running_loop()

        async def held(work: Any) -> Any:
            def later() -> Any:
                loop.call_soon_threadsafe(self.begun.set)
                self.go_on.wait()
                return work()

            return await in_thread(later)

        monkeypatch.setattr(sqlite, "in_thread", held)


@pytest.fixture
async def held(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[_Held]:
    held = _Held(monkeypatch)
    yield held
    held.go_on.set()


async def test_who_saw_a_change_that_is_not_committed_waits_for_it(bench: Bench, held: _Held) -> None:
    """Nobody is told of what others wrote before it is committed, also not by their own failure (I5)."""
    first, refused = await bench.queued(bench.add(1), bench.add(1))
    await held.begun.wait()
    assert not first.done()
    assert not refused.done()
    held.go_on.set()
    await first
    with pytest.raises(StoreError):
        await refused


async def test_a_commit_that_fails_fails_for_all_who_share_it(bench: Bench) -> None:
    """Where the database refuses the commit, nobody is told that anything was stored."""
    results = await bench.together(bench.add(1), bench.add(2, parent=7), bench.add(3))
    assert [type(result) for result in results] == [StoreError] * 3
    assert bench.stored() == set()
    await bench.add(4)
    assert bench.stored() == {4}


async def test_what_sqlite_drops_is_dropped_for_all_who_share_it(bench: Bench) -> None:
    """Some errors make SQLite roll back everything, as one of the disk may: everyone beside it is told."""

    async def drop() -> None:
        async with bench.database.write() as connection:
            await run(connection, text("INSERT OR ROLLBACK INTO numbers (number) VALUES (1)"))

    results = await bench.together(bench.add(1), drop(), bench.add(2))
    assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable, type(None)]
    assert bench.stored() == {2}


async def test_a_commit_that_fails_is_told_although_its_maker_is_gone(bench: Bench, held: _Held) -> None:
    """Those who share a failed commit are told, also where the one who made it was cancelled meanwhile."""
    staying, leaving = await bench.queued(bench.add(1, parent=7), bench.add(2))
    await held.begun.wait()
    leaving.cancel()
    # However often: the thread is waited for.
    await asyncio.sleep(0)
    leaving.cancel()
    held.go_on.set()
    with pytest.raises(StoreError):
        await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert bench.stored() == set()
    await bench.add(3)
    assert bench.stored() == {3}


async def test_a_commit_that_was_never_made_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread is to be had, as at the very end, nobody is told that anything was stored."""

    async def refused(_: object) -> None:
        raise RuntimeError("cannot schedule new futures after shutdown")

    changes = await bench.queued(bench.add(1), bench.add(2))
    monkeypatch.setattr(sqlite, "in_thread", refused)
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable | RuntimeError) for result in results)
    monkeypatch.undo()
    assert bench.stored() == set()


async def test_closing_takes_nobodys_change_along(bench: Bench) -> None:
    """What is written when the database is closed is stored, or its maker is told that it is not."""
    changes = await bench.queued(bench.add(1), bench.database.close(), bench.add(2), bench.add(3))
    results = await asyncio.gather(*changes, return_exceptions=True)
    told = {number for number, at in ((1, 0), (2, 2), (3, 3)) if results[at] is None}
    assert bench.stored() == told


async def test_what_is_cancelled_while_it_is_committed_is_committed(bench: Bench, held: _Held) -> None:
    """One that leaves during the commit leaves no lock behind, and the next one goes on."""
    leaving = asyncio.create_task(bench.add(1))
    await held.begun.wait()
    leaving.cancel()
    held.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await bench.add(2)
    assert bench.stored() == {1, 2}


async def test_whoever_leaves_takes_nobody_along(bench: Bench, held: _Held) -> None:
    """A change whose maker is cancelled while others share its commit is committed with theirs."""
    leaving, staying = await bench.queued(bench.add(1), bench.add(2))
    await held.begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    held.go_on.set()
    await staying
    assert bench.stored() == {1, 2}


async def test_what_is_written_is_committed_although_everyone_is_cancelled(bench: Bench) -> None:
    """What someone wrote who is cancelled in line is committed, also if nobody else is left to do it (I5)."""
    written, go_on, behind = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with bench.database.write() as connection:
            await run(connection, text("INSERT INTO numbers (number) VALUES (1)"))
            written.set()
            await go_on.wait()

    async def hang() -> None:
        async with bench.database.write():
            behind.set()
            await asyncio.Event().wait()

    leaving, last = asyncio.create_task(write()), asyncio.create_task(hang())
    await written.wait()
    go_on.set()
    await behind.wait()
    leaving.cancel()
    last.cancel()
    results = await asyncio.gather(leaving, last, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left)
    assert bench.stored() == {1}


async def test_whoever_leaves_while_waiting_for_the_lock_leaves_none(bench: Bench, held: _Held) -> None:
    """A transaction that was begun for someone who is gone by then does not lock the database."""
    with closing(sqlite3.connect(bench.file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        leaving = asyncio.create_task(bench.add(1))
        await held.begun.wait()
        leaving.cancel()
        other.execute("ROLLBACK")
        held.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    await bench.add(2)
    assert bench.stored() == {2}


async def test_the_log_begins_anew_while_people_keep_writing(bench: Bench) -> None:
    """What is written ahead is moved into the file in time, so the log stays small under lasting load."""
    log, writers = bench.file.with_name(bench.file.name + "-wal"), 4

    async def keep_writing(first: int) -> None:
        for number in range(first, 2_000, writers):
            await bench.add(number)

    await asyncio.gather(*map(keep_writing, range(writers)))
    written = bench.commits * 4096
    assert log.stat().st_size < written / 2
