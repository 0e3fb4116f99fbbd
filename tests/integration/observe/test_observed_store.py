"""What the store lets observers know: committed events, lost workers, and how long work has been due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.store import SqlStore
from bot.adapters.store.schema import metadata
from bot.domain.event import Event, EventKind, Notice
from bot.services.ports.store import Delivery
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import (
    ANN,
    LEASE,
    store_approved,
    store_drawn,
    store_new,
    submitted,
)
from tests.integration.wired import wired_on


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def test_observers_see_what_was_committed_and_nothing_else(bench: Bench) -> None:
    """Each commit comes with its own events in their order; what is rolled back is never seen."""
    first, second, third = (
        Event(kind=kind, at=bench.clock.now(), request="R1", actor=ANN)
        for kind in (EventKind.COMMAND, EventKind.DECISION, EventKind.OUTCOME_TOLD)
    )
    async with bench.store.transaction() as tx:
        await tx.record(first)
        await tx.record(second)
        assert bench.commits == []

    async def fails() -> None:
        async with bench.store.transaction() as tx:
            await tx.record(second)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    async with bench.store.transaction() as tx:
        await tx.record(third)
    await store_new(bench.store, submitted(bench.clock.now()))
    assert [list(events) for events in bench.commits] == [[first, second], [third], []]


async def test_what_becomes_due_is_announced_by_its_sort(bench: Bench) -> None:
    """Only the lanes that a commit gave work are woken, and a rolled back one wakes nobody."""
    announced: list[set[str]] = []
    store = SqlStore(bench.url, bench.clock, lambda _: None, lambda due: announced.append(set(due)))
    async with store:
        approved = await store_approved(store, bench.clock.now())
        assert announced == [{"requests"}, {"requests"}, {"requests", "items"}]
        announced.clear()
        async with store.transaction() as tx:
            await tx.notify(Notice(id="N1", at=bench.clock.now(), person="U1", channel="C1", text="no"))
        claim = await store.claim_item(bench.clock.now(), LEASE)
        assert claim is not None
        assert announced == [{"notices"}]
        async with store.transaction() as tx:
            await tx.release(claim, bench.clock.now())
        await store_drawn(store, approved)
        with pytest.raises(ZeroDivisionError):
            await _fails(store, approved.origin.id)
        assert announced == [{"notices"}, {"items"}]


async def _fails(store: SqlStore, request_id: str) -> None:
    async with store.transaction() as tx:
        await tx.deliver(request_id, Delivery())
        raise ZeroDivisionError


async def test_the_worker_s_lanes_are_called_as_what_is_announced(tmp_path: Path) -> None:
    """Each sort of work that the store announces is the name of the lane that does it."""
    tables = {table.name for table in metadata.tables.values() if "due_at" in table.columns}
    async with wired_on(tmp_path) as wired:
        assert {lane.name for lane in wired.lanes} == tables


async def test_work_is_taken_over_only_from_a_lease_that_ran_out(bench: Bench) -> None:
    """First claims and work that was given back are no takeovers; what a lost worker left is one."""
    await store_new(bench.store, submitted(bench.clock.now()))
    first = await bench.store.claim_request(bench.clock.now(), LEASE)
    assert first is not None
    async with bench.store.transaction() as tx:
        await tx.release(first, bench.clock.now())
    again = await bench.store.claim_request(bench.clock.now(), LEASE)
    lost = await bench.other.claim_request(bench.clock.tick(LEASE.total_seconds()), LEASE)
    assert again is not None
    assert lost is not None
    assert [claim.taken_over for claim in (first, again, lost)] == [False, False, True]


async def test_every_lane_knows_a_takeover(bench: Bench) -> None:
    """Items and notices of a lost worker are taken over as requests are."""
    await store_approved(bench.store, bench.clock.now())
    async with bench.store.transaction() as tx:
        await tx.notify(Notice(id="N1", at=bench.clock.now(), person="U1", channel="C1", text="no"))
    for claim in (bench.store.claim_item, bench.store.claim_notice):
        first = await claim(bench.clock.now(), LEASE)
        later = await claim(bench.clock.tick(LEASE.total_seconds()), LEASE)
        assert first is not None
        assert later is not None
        assert (first.taken_over, later.taken_over) == (False, True)


async def test_the_age_of_due_work_is_that_of_the_oldest(bench: Bench) -> None:
    """Work counts from when it became due; what is not due yet, or is being worked on, has no age."""
    none = timedelta()
    lanes = dict.fromkeys(("requests", "items", "notices", "homes"), none)
    assert await bench.store.overdue(bench.clock.now()) == lanes
    await store_new(bench.store, submitted(bench.clock.now()))
    bench.clock.tick(30)
    request = await store_approved(bench.store, bench.clock.now())
    bench.clock.tick(20)
    ages = await bench.store.overdue(bench.clock.now())
    assert ages == lanes | {"requests": timedelta(seconds=50), "items": timedelta(seconds=20)}
    for _ in range(2):
        assert await bench.store.claim_request(bench.clock.now(), LEASE) is not None
    assert (await bench.store.overdue(bench.clock.now()))["requests"] == none
    await store_drawn(bench.store, request)
    assert (await bench.store.overdue(bench.clock.tick(29)))["requests"] == none


async def test_a_deadline_in_the_future_is_not_due(bench: Bench) -> None:
    """A request that waits for people is not overdue before its deadline."""
    await store_new(bench.store, submitted(bench.clock.now()))
    claim = await bench.store.claim_request(bench.clock.now(), LEASE)
    assert claim is not None
    async with bench.store.transaction() as tx:
        await tx.release(claim, bench.clock.now() + timedelta(minutes=30))
    assert (await bench.store.overdue(bench.clock.tick(60)))["requests"] == timedelta()
