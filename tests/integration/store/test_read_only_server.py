"""A PostgreSQL that can be read and not written to any more: after a failover, or as someone set it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.adapters.store import SqlStore, SqlTrail, migrate
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.errors import StoreError, StoreUnavailable
from bot.domain.rate import Plan
from bot.operate.audit.verify import verify
from tests.integration.databases import SetClock
from tests.integration.stored import store_pending
from tests.scenario.postgres import Postgres, on, postgres

_NAME = "coupons"
_READ_ONLY = "can be read, but not written to"


@pytest.fixture
async def server() -> AsyncIterator[Postgres]:
    async with postgres() as server:
        yield server


@pytest.mark.parametrize("wanted", ["", "&target_session_attrs=any", "&target_session_attrs=primary"])
async def test_of_several_servers_the_one_that_takes_changes_is_used(server: Postgres, wanted: str) -> None:
    """Wherever in the URL the primary stands, and whatever else the URL asks for, it is the one."""
    async with postgres() as standby:
        for each in (server, standby):
            each.fresh_url(_NAME)
        await standby.demote()
        database = connect(on(_NAME, standby, server) + wanted)
        async with database.write() as connection:
            recovering = (await run(connection, text("SELECT pg_is_in_recovery()"))).scalar()
        await database.close()
    assert recovering is False


@pytest.mark.parametrize("wanted", ["standby", "read-only", "prefer-standby"])
def test_a_server_that_is_only_read_is_not_asked_for(wanted: str) -> None:
    """A URL that asks for what the bot can't work with is refused with that reason."""
    url = f"postgresql://bot:hunter2@host/coupons?target_session_attrs={wanted}"
    with pytest.raises(StoreError, match="has to write") as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)
    connect(url, only_read=True)


@pytest.mark.outside("a PostgreSQL pair with a failover")
async def test_a_demoted_server_is_left_and_comes_back(server: Postgres) -> None:
    """While its server is a standby the bot is not ready and says why; then it goes on by itself."""
    url, clock = server.fresh_url(), SetClock()
    await migrate(url)
    async with SqlStore(url, clock, lambda _: None) as store:
        await server.demote()
        with pytest.raises(StoreUnavailable, match=_READ_ONLY):
            await store_pending(store, clock.now())
        with pytest.raises(StoreUnavailable, match=_READ_ONLY):
            await store.require_room()
        await server.promote()
        await store_pending(store, clock.now())


async def test_a_server_that_is_set_to_read_only_is_left(server: Postgres) -> None:
    """Connections that stay, and can't be written to any more, are not kept."""
    url, clock = server.fresh_url(), SetClock()
    await migrate(url)
    async with SqlStore(url, clock, lambda _: None) as store:
        await server.command("ALTER SYSTEM SET default_transaction_read_only = on")
        with pytest.raises(StoreUnavailable, match=_READ_ONLY):
            await _use_often(store)
        await server.command("SET default_transaction_read_only = off", "ALTER SYSTEM RESET ALL")
        await store_pending(store, clock.now())


async def _use_often(store: SqlStore) -> None:
    """Use it until the server has told that its settings have changed, which takes it a moment."""
    async with asyncio.timeout(20):
        while True:
            await store.rate.take(Plan(60, 1000), 1)


async def test_after_one_refusal_no_connection_to_that_server_is_used(server: Postgres) -> None:
    """A server that says it can't be written to is left with every connection, not with one alone."""
    database = connect(server.fresh_url())
    raised = text("DO $$ BEGIN RAISE EXCEPTION 'demoted' USING ERRCODE = '25006'; END $$")
    process = text("SELECT pg_backend_pid()")
    async with database.look_up() as one, database.look_up() as other:
        before = {(await run(each, process)).scalar() for each in (one, other)}
    with pytest.raises(StoreUnavailable, match=_READ_ONLY):
        async with database.write() as connection:
            await run(connection, raised)
    async with database.look_up() as one, database.look_up() as other:
        after = {(await run(each, process)).scalar() for each in (one, other)}
    await database.close()
    assert not before & after


async def test_the_audit_is_read_on_a_standby(server: Postgres) -> None:
    """To verify the audit, no server is needed that can be written to."""
    url, clock = server.fresh_url(), SetClock()
    await migrate(url)
    async with SqlStore(url, clock, lambda _: None) as store:
        await store_pending(store, clock.now())
    await server.demote()
    async with SqlTrail(url + "&target_session_attrs=standby") as trail:
        assert (await verify(trail)).fault is None
