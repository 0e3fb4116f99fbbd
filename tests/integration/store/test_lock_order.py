"""On PostgreSQL a request is locked before its items, so that no two transactions wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.item.deletion import Sending
from bot.domain.request.request import Approved, progress
from bot.services.ports.store import Claim, Transaction
from tests.integration.databases import Bench, bench_on
from tests.integration.stored import LEASE, store_approved


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
