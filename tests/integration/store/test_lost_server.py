"""What PostgreSQL can lose of what it has committed: by a crash, and when another server takes over (I3)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.adapters.store import SqlStore, migrate
from bot.domain.item.deletion import Sending
from bot.domain.request.request import Approved, decisions_of, progress
from bot.services.ports.store import LEASE
from tests.integration.databases import SetClock
from tests.integration.stored import store_approved
from tests.scenario.postgres import Postgres, postgres


@pytest.fixture
async def server() -> AsyncIterator[Postgres]:
    async with postgres() as server:
        yield server


async def test_a_crash_loses_nothing_that_was_committed(server: Postgres) -> None:
    """Whatever the server's `synchronous_commit` is, what the bot has committed survives a crash (I3)."""
    url, clock = server.fresh_url(), SetClock()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("synchronous_commit = off", "wal_writer_delay = '10s'", "bgwriter_delay = '10s'"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    await migrate(url)
    async with SqlStore(url, clock, lambda _: None) as store:
        request = await store_approved(store, clock.now())
        claim = await store.claim_item(clock.now(), LEASE)
        assert claim is not None
        async with store.transaction() as tx:
            await tx.hold(claim)
            await tx.get(claim.request_id)
            await tx.save(progress(request, 0, Sending(1, 0), clock.now()))
    await server.stop("immediate")
    await server.start()
    async with SqlStore(url, clock, lambda _: None) as store:
        found = await store.find(request.origin.id)
        assert found is not None
        assert isinstance(found.request, Approved)
        assert found.request.items[0].state == Sending(1, 0)


async def test_a_server_that_takes_over_is_another_one(server: Postgres) -> None:
    """Approvals from before a failover or a switchover are those of another server (I3)."""
    url, clock = server.fresh_url(), SetClock()
    await migrate(url)
    async with SqlStore(url, clock, lambda _: None) as store:
        request = await store_approved(store, clock.now())
        await server.switch()
        claim = await store.claim_item(clock.now(), LEASE)
        assert claim is not None
        async with store.transaction() as tx:
            now = await tx.renew(claim)
        found = await store.find(request.origin.id)
    assert found is not None
    (before,) = {decision.server for decision in decisions_of(found.request)}
    assert before is not None
    assert now is not None
    assert before != now
