"""Ready means that a command could be stored now: what a full disk says, and what asking costs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.room import Room
from bot.domain.errors import StoreUnavailable
from tests.integration.databases import KINDS, SetClock, bench_on, fresh_url
from tests.integration.disks import fill, make_read_only, small_disk
from tests.integration.stored import store_pending

_OFTEN = 100


class Ticking:
    """A clock on which a second passes whenever someone looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.outside("a full disk")
async def test_a_full_disk_is_not_ready_until_there_is_room(tmp_path: Path) -> None:
    """On a full disk the bot says so before the first command fails, and is ready again by itself."""
    with small_disk(8) as folder:
        url = f"sqlite:///{folder / 'coupons.db'}"
        await migrate(url)
        database = connect(url)
        room = Room(database, Ticking())
        await room.require()
        filler = fill(folder)
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await room.require()
        filler.unlink()
        await room.require()
        await database.close()


@pytest.mark.outside("a full disk")
async def test_a_disk_that_became_read_only_is_not_ready(tmp_path: Path) -> None:
    """A disk that the system let nobody write to any more is named."""
    with small_disk(8) as folder:
        url = f"sqlite:///{folder / 'coupons.db'}"
        await migrate(url)
        make_read_only(folder)
        database = connect(url)
        with pytest.raises(StoreUnavailable, match="read-only"):
            await Room(database, Ticking()).require()
        await database.close()


async def test_a_lock_that_stays_is_not_ready(tmp_path: Path) -> None:
    """Where another program keeps the file locked nothing can be stored, although all of it can be read."""
    url = fresh_url("sqlite", tmp_path)
    await migrate(url)
    database = connect(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "coupons.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await Room(database, Ticking()).require()
    await database.close()


@pytest.mark.outside("a full disk")
async def test_a_full_tablespace_is_not_ready(tmp_path: Path) -> None:
    """A PostgreSQL whose disk is full can still be read; the bot says that nothing can be stored."""
    template = fresh_url("postgresql", tmp_path)
    with small_disk(24) as folder:
        _make_for_owner_of(Path(str(make_url(template).query["host"])), folder / "space")
        with psycopg.connect(template, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{folder / 'space'}'".encode())
            connection.execute(b"CREATE DATABASE on_small TABLESPACE small")
        url = make_url(template).set(database="on_small").render_as_string(hide_password=False)
        database = connect(url)
        try:
            await migrate(url)
            room = Room(database, Ticking())
            await room.require()
            filler = fill(folder)
            with pytest.raises(StoreUnavailable, match="disk is full"):
                await room.require()
            filler.unlink()
            await room.require()
        finally:
            await database.close()
            with psycopg.connect(template, autocommit=True) as connection:
                connection.execute(b"DROP DATABASE on_small")
                connection.execute(b"DROP TABLESPACE small")


@pytest.mark.parametrize("kind", KINDS)
async def test_asking_leaves_nothing_that_grows(kind: str, tmp_path: Path) -> None:
    """However often it is asked, the database stays as large as it is, and the audit as it was."""
    async with bench_on(kind, tmp_path) as bench:
        await store_pending(bench.store, bench.clock.now())
        before = await bench.events()
        database = connect(bench.url)
        room = Room(database, Ticking())
        for _ in range(_OFTEN):
            await room.require()
        first = _size(bench.url, tmp_path)
        for _ in range(_OFTEN):
            await room.require()
        await database.close()
        assert _size(bench.url, tmp_path) <= first + 16_384
        assert await bench.events() == before


async def test_those_who_ask_at_once_share_an_answer(tmp_path: Path) -> None:
    """Anyone who can reach the bot may ask: that must not become a load of commits."""
    url = fresh_url("sqlite", tmp_path)
    await migrate(url)
    database, now = connect(url), 0.0
    room = Room(database, lambda: now)
    with contextlib.closing(sqlite3.connect(tmp_path / "coupons.db")) as other:

        async def version() -> object:
            """Let many ask at once, and return what each commit changes back and forth."""
            await asyncio.gather(*(room.require() for _ in range(_OFTEN)))
            return other.execute("PRAGMA user_version").fetchone()

        before = other.execute("PRAGMA user_version").fetchone()
        first = await version()
        assert first != before
        assert await version() == first
        now = 1.0
        assert await version() == before
    await database.close()


@pytest.mark.outside("a full disk")
async def test_the_store_answers_for_its_database(tmp_path: Path) -> None:
    """What the store says to those who watch the bot is what was tried on its database."""
    with small_disk(8) as folder:
        url = f"sqlite:///{folder / 'coupons.db'}"
        await migrate(url)
        async with SqlStore(url, SetClock(), lambda _: None) as store:
            fill(folder)
            with pytest.raises(StoreUnavailable, match="disk is full"):
                await store.require_room()
            await store.ping()


# Without what vacuum keeps beside each table.
_TABLES = b"""
    SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""


def _make_for_owner_of(server: Path, folder: Path) -> None:
    folder.mkdir()
    shutil.chown(folder, server.stat().st_uid, server.stat().st_gid)


def _size(url: str, folder: Path) -> int:
    if url.startswith("sqlite"):
        return sum(file.stat().st_size for file in folder.glob("coupons.db*"))
    with psycopg.connect(url) as connection:
        row = connection.execute(_TABLES).fetchone()
    assert row is not None
    return int(row[0])
