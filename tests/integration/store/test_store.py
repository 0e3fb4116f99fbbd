"""The store keeps what it is given, and holds the rules that must hold whatever the program does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.coupon import CouponCode
from bot.domain.errors import CodeTaken, StoreError
from bot.domain.event import Event, EventKind
from bot.domain.item.deletion import Sending
from bot.domain.request.request import Approved, cancel, progress, reject, review
from bot.services.ports.store import Delivery
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import (
    ANN,
    BEN,
    approved,
    code,
    pending,
    store_approved,
    store_item,
    store_new,
    store_next,
    store_pending,
    submitted,
)


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def _open_ids(bench: Bench) -> list[str]:
    return [found.request.origin.id for found in await bench.store.open_requests(100)]


# ---------------------------------------------------------------- one open request per code (I6)


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
async def test_a_code_is_in_one_open_request(bench: Bench, spelling: type[str]) -> None:
    """A code that is in an open request, in whatever case, is refused with the request that holds it."""
    holder = await store_new(bench.store, submitted(bench.clock.now(), CouponCode("AbCd1234")))
    second = submitted(bench.clock.now(), code(), CouponCode(spelling("AbCd1234")))
    with pytest.raises(CodeTaken) as caught:
        await store_new(bench.other, second)
    assert (caught.value.code, caught.value.request_id) == (second.codes[1], holder.origin.id)
    assert await _open_ids(bench) == [holder.origin.id]


async def test_an_ended_request_lets_go_of_its_codes(bench: Bench) -> None:
    """A code may be asked for again as soon as its request has ended."""
    shown = await store_pending(bench.store, bench.clock.now())
    await store_next(bench.store, cancel(shown, bench.clock.now()))
    again = await store_new(bench.other, submitted(bench.clock.now(), shown.items[0].code))
    assert await _open_ids(bench) == [again.origin.id]


async def test_two_adds_at_once_open_one_request(bench: Bench) -> None:
    """Of two commands for one code, sent to two processes at once, the second is told who was first."""
    first, second = (submitted(bench.clock.now(), CouponCode("RACE1234")) for _ in range(2))
    async with bench.store.transaction() as tx:
        await tx.add(first, None)
        racing = asyncio.create_task(store_new(bench.other, second))
        # Let it run into the lock as far as it gets.
        await asyncio.wait([racing], timeout=0.2)
        assert not racing.done()
    with pytest.raises(CodeTaken, match=first.origin.id):
        await racing


async def test_an_add_that_is_rolled_back_leaves_the_code_free(bench: Bench) -> None:
    """A command that waits for another one's transaction goes through where that one is rolled back."""
    first, second = (submitted(bench.clock.now(), CouponCode("RACE1234")) for _ in range(2))
    racing: list[asyncio.Task[object]] = []

    async def fails_while_the_other_waits() -> None:
        async with bench.store.transaction() as tx:
            await tx.add(first, None)
            racing.append(asyncio.create_task(store_new(bench.other, second)))
            await asyncio.wait(racing, timeout=0.2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_while_the_other_waits()
    await racing[0]
    assert await _open_ids(bench) == [second.origin.id]


# ---------------------------------------------------------------- transactions


async def test_an_exception_rolls_everything_back(bench: Bench) -> None:
    """Nothing of a transaction stays that ends with an exception, and nobody is woken for it (I5)."""
    request = submitted(bench.clock.now())

    async def fails() -> None:
        async with bench.store.transaction() as tx:
            await tx.add(request, None)
            await tx.record(Event(kind=EventKind.COMMAND, at=bench.clock.now()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await bench.store.find(request.origin.id) is None
    assert await bench.events() == []
    assert bench.commits == []


async def test_a_commit_that_changed_something_is_announced_once(bench: Bench) -> None:
    """The worker is woken by a change, after it is committed, and not by a look."""
    request = await store_new(bench.store, submitted(bench.clock.now()))
    assert len(bench.commits) == 1
    async with bench.store.transaction() as tx:
        await tx.get(request.origin.id)
    assert len(bench.commits) == 1


async def test_changes_at_once_are_all_kept(bench: Bench) -> None:
    """Changes to one request by two processes come one after the other, and none is lost."""
    request = await store_approved(bench.store, bench.clock.now(), *(code() for _ in range(6)))
    stores = [bench.store, bench.other] * 3
    await asyncio.gather(
        *(
            store_item(store, request.origin.id, position, Sending(1, 0), bench.clock.now())
            for position, store in enumerate(stores)
        )
    )
    found = await bench.store.find(request.origin.id)
    assert found is not None
    assert isinstance(found.request, Approved)
    assert found.request.version == request.version + len(stores)
    assert all(item.state == Sending(1, 0) for item in found.request.items)


async def test_who_is_about_to_write_reads_nothing_old(bench: Bench) -> None:
    """A transaction that will change a request reads it only when the one that is changing it has ended."""
    request = await store_approved(bench.store, bench.clock.now(), code())
    versions: list[int] = []

    async def another() -> None:
        async with bench.other.transaction() as tx:
            found = await tx.get(request.origin.id)
            assert found is not None
            versions.append(found.version)

    async with bench.store.transaction() as tx:
        await tx.get(request.origin.id)
        second = asyncio.create_task(another())
        # It waits until this one has ended; where nothing makes it wait, it has read by then.
        await asyncio.wait([second], timeout=0.2)
        await tx.save(progress(request, 0, Sending(1, 0), bench.clock.now()))
    await second
    assert versions == [request.version + 1]


async def test_what_was_not_read_is_not_saved(bench: Bench) -> None:
    """A request is saved only over the version that the same transaction has read."""
    request = await store_pending(bench.store, bench.clock.now())
    async with bench.store.transaction() as tx:
        with pytest.raises(StoreError, match="without having been read"):
            await tx.save(cancel(request, bench.clock.now()))


async def test_a_save_over_another_version_is_refused(bench: Bench) -> None:
    """The update is conditional on the version that was read: where that is gone, nothing is stored."""
    request = await store_pending(bench.store, bench.clock.now())

    async def save_over_another() -> None:
        async with bench.store.transaction() as tx:
            await tx.get(request.origin.id)
            # The lock lets no one else do this, so the transaction does it to itself.
            await run(tx._connection, text("UPDATE requests SET version = version + 1"))
            await tx.save(cancel(request, bench.clock.now()))

    with pytest.raises(StoreError, match="changed by someone else"):
        await save_over_another()
    found = await bench.store.find(request.origin.id)
    assert found is not None
    assert found.request == request


async def test_cancelled_work_is_rolled_back(bench: Bench) -> None:
    """A task that is cancelled in the middle of a transaction leaves nothing behind, not even a lock."""
    request, inside = submitted(bench.clock.now()), asyncio.Event()

    async def interrupted() -> None:
        async with bench.store.transaction() as tx:
            await tx.add(request, None)
            inside.set()
            while True:
                await tx.get(request.origin.id)
                await asyncio.sleep(0)

    task = asyncio.create_task(interrupted())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.store.find(request.origin.id) is None
    await store_new(bench.store, request)


# ---------------------------------------------------------------- decisions and events


async def test_one_person_gives_one_step(bench: Bench) -> None:
    """The database itself refuses a second approval by the same person (I1)."""
    request = await store_pending(bench.store, bench.clock.now())
    both = approved(request, bench.clock.now())
    with pytest.raises(StoreError):
        await store_next(bench.store, replace(both, final=replace(both.final, actor=BEN)))
    found = await bench.store.find(request.origin.id)
    assert found is not None
    assert found.request == request


async def test_a_decision_that_was_given_stays(bench: Bench) -> None:
    """A stored approval can't be replaced by another one for the same step."""
    request = review(await store_pending(bench.store, bench.clock.now()), BEN, bench.clock.now())
    await store_next(bench.store, request)
    with pytest.raises(StoreError):
        await store_next(bench.store, review(request, ANN, bench.clock.now()))


@pytest.mark.parametrize("change", ["UPDATE events SET code = 'X'", "DELETE FROM events"])
async def test_events_are_append_only(bench: Bench, change: str) -> None:
    """The database refuses to change or drop an audit event (I7)."""
    event = Event(
        kind=EventKind.COMMAND, at=bench.clock.now(), request="R1", code="A", actor=ANN, data={"n": [1, None]}
    )
    async with bench.store.transaction() as tx:
        await tx.record(event)
        await tx.record(replace(event, request=None, actor=None))
    database = connect(bench.url)
    try:
        with pytest.raises(StoreError):
            async with database.write() as connection:
                await run(connection, text(change))
    finally:
        await database.close()
    assert await bench.events() == [event, replace(event, request=None, actor=None)]


# ---------------------------------------------------------------- reading


async def test_open_requests_are_listed_oldest_first(bench: Bench) -> None:
    """The list holds open requests only, the oldest first, and no more than asked for."""
    ids = []
    for _ in range(3):
        ids.append((await store_pending(bench.store, bench.clock.tick(1))).origin.id)
    ended = await store_pending(bench.store, bench.clock.tick(1))
    await store_next(bench.store, reject(ended, BEN, bench.clock.now()))
    assert await _open_ids(bench) == ids
    assert [found.request.origin.id for found in await bench.store.open_requests(2)] == ids[:2]


async def test_the_place_of_the_card_is_kept(bench: Bench) -> None:
    """How far a request was shown is kept beside it, and does not change it."""
    request = pending(await store_new(bench.store, submitted(bench.clock.now())), bench.clock.now())
    await store_next(bench.store, request)
    shown = Delivery("17.2", request.version, True, ("17.3", "17.4"))
    async with bench.store.transaction() as tx:
        assert await tx.delivery(request.origin.id) == Delivery()
        assert await tx.reply_url(request.origin.id) == "https://answer.example/1"
        await tx.deliver(request.origin.id, shown)
    async with bench.other.transaction() as tx:
        assert await tx.delivery(request.origin.id) == shown
        assert await tx.get(request.origin.id) == request
        # Nobody is answered by it once the outcome was told.
        assert await tx.reply_url(request.origin.id) is None
    found = await bench.store.find(request.origin.id)
    assert found is not None
    assert found.card_ts == "17.2"


async def test_an_unknown_request_is_none(bench: Bench) -> None:
    """What is not there is None when looked for."""
    assert await bench.store.find("R0") is None
    async with bench.store.transaction() as tx:
        assert await tx.get("R0") is None
