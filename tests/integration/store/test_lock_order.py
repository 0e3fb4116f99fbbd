"""On PostgreSQL a request is locked before its items, so that no two transactions wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import requests
from bot.domain.item.deletion import Sending
from bot.domain.request.request import Approved, progress
from bot.services.ports.store import Claim, Transaction
from tests.integration.databases import Bench, bench_on
from tests.integration.stored import LEASE, store_approved, store_pending


async def hold(tx: Transaction, claim: Claim) -> None:
    await tx.hold(claim)


async def release(tx: Transaction, claim: Claim) -> None:
    await tx.release(claim, None)


async def hold_and_release(tx: Transaction, claim: Claim) -> None:
    await tx.hold(claim)
    await tx.get(claim.request_id)
    await tx.release(claim, None)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on("postgresql", tmp_path) as bench:
        yield bench


async def until_it_waits(bench: Bench, task: asyncio.Task[None]) -> bool:
    """Return whether a task comes to wait for a lock; False: it ended before."""
    waits = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    database = connect(bench.url)
    try:
        async with asyncio.timeout(5):
            while not task.done():
                async with database.look_up() as connection:
                    if (await run(connection, text(waits))).scalar():
                        return True
    finally:
        await database.close()
    return False


@pytest.mark.parametrize("work", [hold, release, hold_and_release])
async def test_who_works_on_an_item_waits_for_its_request_first(
    bench: Bench, work: Callable[[Transaction, Claim], Awaitable[None]]
) -> None:
    """The holder of an item waits for its request without locking the item, so others can change it (I6)."""
    request = await store_approved(bench.store, bench.clock.now())
    claim = await bench.store.claim_item(bench.clock.now(), LEASE)
    assert claim is not None

    async def worker() -> None:
        async with bench.other.transaction() as tx:
            await work(tx, claim)

    async with bench.store.transaction() as tx:
        found = await tx.get(request.origin.id)
        assert isinstance(found, Approved)
        working = asyncio.create_task(worker())
        assert await until_it_waits(bench, working)
        await tx.save(progress(found, 0, Sending(1, 0), bench.clock.now()))
    await working


async def test_who_makes_all_due_locks_the_newer_before_the_older(bench: Bench) -> None:
    """It waits for a newer request without locking an older one, as who ends the newer one goes on to it."""
    older = await store_pending(bench.store, bench.clock.now())
    newer = await store_pending(bench.store, bench.clock.tick(5))
    for request in (older, newer):
        await put_off(bench, request.origin.id)
    async with bench.store.transaction() as tx:
        assert await tx.get(newer.origin.id) is not None
        waking = asyncio.create_task(bench.other.wake(bench.clock.now()))
        assert await until_it_waits(bench, waking)
        assert await tx.get(older.origin.id) is not None
    await waking


async def put_off(bench: Bench, request_id: str) -> None:
    """Have a request wait for a later time, and its row be written last."""
    database = connect(bench.url)
    try:
        async with database.write() as connection:
            later = bench.clock.now() + timedelta(hours=1)
            change = update(requests).where(requests.c.id == request_id)
            await run(connection, change.values(due_at=later, lease_until=None))
    finally:
        await database.close()
