"""A pooler before PostgreSQL: one connection for each client will do, one for each transaction won't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store import SqlStore, migrate
from bot.domain.errors import StoreError, StoreUnavailable
from bot.operate.check.database import look_at_database
from bot.operate.check.finding import Level
from bot.operate.check.given import read_settings
from tests.integration.databases import SetClock, fresh_url
from tests.integration.pooler import PGBOUNCER, pgbouncer, pooled
from tests.integration.stored import store_pending

_Way = Callable[..., AbstractAsyncContextManager[str]]
pytestmark = pytest.mark.outside("PgBouncer")
_PGBOUNCER = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
_WAYS = [pytest.param(pooled, id="ours"), pytest.param(pgbouncer, id="pgbouncer", marks=_PGBOUNCER)]
# Each has two connections while it looks.
_AT_ONCE = 20
_AS_IT_COMES = ("server_round_robin = 1", "server_round_robin = 0")


@pytest.mark.parametrize("way", _WAYS)
async def test_a_connection_for_each_client_will_do(way: _Way, tmp_path: Path) -> None:
    """Behind a pooler in session mode the bot works, although that takes no settings at the start."""
    url, clock = fresh_url("postgresql", tmp_path), SetClock()
    async with way(url, "session") as pooled_url:
        await migrate(pooled_url)
        async with SqlStore(pooled_url, clock, lambda _: None) as store:
            request = await store_pending(store, clock.now())
            # More often than it takes until the driver prepares a statement.
            for _ in range(8):
                await store.require_room()
                assert await store.find(request.origin.id) is not None


@pytest.mark.parametrize(
    ("way", "more"),
    [
        pytest.param(pooled, (), id="ours"),
        *(pytest.param(pgbouncer, (line,), id=line, marks=_PGBOUNCER) for line in _AS_IT_COMES),
    ],
)
async def test_a_connection_for_each_transaction_is_refused(
    way: _Way, more: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler in transaction mode is refused at the start, with the reason, and `check` says it as well."""
    url = fresh_url("postgresql", tmp_path)
    await migrate(url)
    async with way(url, "transaction", *more) as pooled_url:
        store = SqlStore(pooled_url, SetClock(), lambda _: None)
        with pytest.raises(StoreError, match="pool_mode = transaction"):
            await store.open()
        await store.close()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DATABASE_URL", pooled_url)
        found = await look_at_database(read_settings())
    assert found.level is Level.FAILURE
    assert "pool_mode = transaction" in found.said


@_PGBOUNCER
async def test_a_connection_for_each_statement_is_refused(tmp_path: Path) -> None:
    """PgBouncer takes no transactions in statement mode, and the bot says what to set."""
    async with pgbouncer(fresh_url("postgresql", tmp_path), "statement") as url:
        with pytest.raises(StoreUnavailable, match="pool_mode = session"):
            await migrate(url)


async def test_a_server_itself_is_never_refused(tmp_path: Path) -> None:
    """Without a pooler nobody is refused, also if many connect at once."""
    url = fresh_url("postgresql", tmp_path)
    await migrate(url)

    async def use() -> None:
        async with SqlStore(url, SetClock(), lambda _: None) as store:
            await store.ping()

    await asyncio.gather(*(use() for _ in range(_AT_ONCE)))
