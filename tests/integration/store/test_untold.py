"""What Slack did not take becomes due again: on both databases, and without waiting for anyone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.services.ports.store import Claim, Delivery
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import LEASE, pending, store_new, submitted

HOUR = timedelta(hours=1)
REFUSED = Delivery(refused_by="token_expired")


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def _claimed(bench: Bench) -> Claim:
    claim = await bench.store.claim_request(bench.clock.now(), LEASE)
    assert claim is not None
    return claim


async def _refused(bench: Bench, delivery: Delivery = REFUSED) -> str:
    """Store a request of which Slack refused something; it is tried again in an hour. Returns its id."""
    request = await store_new(bench.store, submitted(bench.clock.now()))
    async with bench.store.transaction() as tx:
        await tx.get(request.origin.id)
        await tx.save(pending(request, bench.clock.now()))
    claim = await _claimed(bench)
    async with bench.store.transaction() as tx:
        await tx.hold(claim)
        await tx.deliver(request.origin.id, delivery)
        await tx.release(claim, bench.clock.now() + HOUR)
    return claim.request_id


async def _due(bench: Bench) -> list[str]:
    found = []
    while (claim := await bench.store.claim_request(bench.clock.now(), LEASE)) is not None:
        found.append(claim.request_id)
    return found


async def test_what_slack_refused_is_due_after_a_start(bench: Bench) -> None:
    """I5: all that waits for Slack is due, one a second; what waits for something else is not."""
    first, second = [await _refused(bench) for _ in range(2)]
    await _refused(bench, Delivery())
    await bench.store.retry_refused()
    assert await _due(bench) == []
    found = []
    for _ in range(3):
        bench.clock.tick(1)
        found.append(await _due(bench))
    assert sorted(found[0] + found[1]) == sorted([first, second])
    assert [len(each) for each in found] == [1, 1, 0]


async def test_nobody_waits_for_a_request_that_is_locked(bench: Bench) -> None:
    """Two whose messages are taken at once make the others due, and never wait for each other."""
    mine, others = await _refused(bench), await _refused(bench)
    last = await _refused(bench)

    async def taken(request_id: str, store_number: int, locked: asyncio.Barrier) -> None:
        async with (bench.store, bench.other)[store_number].transaction() as tx:
            await tx.get(request_id)
            if bench.url.startswith("postgres"):
                await locked.wait()
            await tx.deliver(request_id, replace(await tx.delivery(request_id), refused_by=None))

    locked = asyncio.Barrier(2)
    async with asyncio.timeout(10):
        await asyncio.gather(taken(mine, 0, locked), taken(others, 1, locked))
    bench.clock.tick(3)
    assert last in await _due(bench)
