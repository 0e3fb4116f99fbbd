"""Exactly one of any number of workers gets a piece of work, and only while it is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import LostClaim
from bot.domain.event import Notice
from bot.domain.item.deletion import Confirmation, Deleted, Sending, Source, Unknown, Waiting
from bot.domain.request.request import decisions_of
from bot.services.ports.store import Claim, Store
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import (
    LEASE,
    code,
    store_approved,
    store_item,
    store_new,
    store_pending,
    submitted,
)


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def _request(bench: Bench, store: Store | None = None) -> Claim | None:
    return await (store or bench.store).claim_request(bench.clock.now(), LEASE)


async def _must_request(bench: Bench) -> Claim:
    claim = await _request(bench)
    assert claim is not None
    return claim


async def _item(bench: Bench) -> Claim | None:
    return await bench.store.claim_item(bench.clock.now(), LEASE)


async def _must_item(bench: Bench) -> Claim:
    claim = await _item(bench)
    assert claim is not None
    return claim


async def _hold(store: Store, claim: Claim) -> None:
    async with store.transaction() as tx:
        await tx.hold(claim)


async def _release(bench: Bench, claim: Claim, seconds: float | None = None) -> None:
    due = None if seconds is None else bench.clock.now() + timedelta(seconds=seconds)
    async with bench.store.transaction() as tx:
        await tx.release(claim, due)


# ---------------------------------------------------------------- one worker gets it


async def test_each_piece_of_work_is_claimed_once(bench: Bench) -> None:
    """Many workers in two processes that claim at once never get the same request."""
    ids = {(await store_new(bench.store, submitted(bench.clock.now()))).origin.id for _ in range(5)}
    for _ in range(5):
        claims = await asyncio.gather(*(_request(bench, store) for store in (bench.store, bench.other)))
        for claim in claims:
            if claim is not None:
                ids.remove(claim.request_id)
    assert not ids


async def test_what_is_due_the_longest_comes_first(bench: Bench) -> None:
    """Work is taken in the order in which it became due, so nothing waits for ever."""
    ids = []
    for _ in range(3):
        ids.append((await store_new(bench.store, submitted(bench.clock.tick(1)))).origin.id)
    assert [(await _must_request(bench)).request_id for _ in range(3)] == ids


async def test_a_lease_that_ran_out_is_taken_over(bench: Bench) -> None:
    """After the lease someone else gets the work, and the first worker can't touch it any more (I4)."""
    await store_new(bench.store, submitted(bench.clock.now()))
    lost = await _must_request(bench)
    bench.clock.tick(29.9)
    assert await _request(bench, bench.other) is None
    await _hold(bench.store, lost)
    bench.clock.tick(0.1)
    taken = await _request(bench, bench.other)
    assert taken is not None
    assert taken.token != lost.token
    assert taken.attempts == 2
    with pytest.raises(LostClaim):
        await _hold(bench.store, lost)
    await _release(bench, lost)
    await _hold(bench.other, taken)


async def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_over(bench: Bench) -> None:
    """A worker whose lease ran out stops, since the next moment someone else may take the work."""
    await store_new(bench.store, submitted(bench.clock.now()))
    claim = await _must_request(bench)
    bench.clock.tick(LEASE.total_seconds())
    with pytest.raises(LostClaim):
        await _hold(bench.store, claim)


async def test_a_lease_that_is_kept_up_is_not_taken_over(bench: Bench) -> None:
    """While a worker keeps its lease up nobody else gets the work; once it has run out it can't be kept."""
    await store_new(bench.store, submitted(bench.clock.now()))
    claim = await _must_request(bench)
    for _ in range(3):
        await bench.store.keep(claim, bench.clock.tick(20), LEASE)
        assert await _request(bench, bench.other) is None
    bench.clock.tick(LEASE.total_seconds())
    with pytest.raises(LostClaim):
        await bench.store.keep(claim, bench.clock.now(), LEASE)
    assert await _request(bench, bench.other) is not None


async def test_attempts_count_until_there_is_progress(bench: Bench) -> None:
    """Attempts go on counting while work is put off, and start anew once it came to its end."""
    await store_new(bench.store, submitted(bench.clock.now()))
    for attempt in (1, 2):
        claim = await _must_request(bench)
        assert claim.attempts == attempt
        await _release(bench, claim, 5)
        assert await _request(bench) is None
        bench.clock.tick(5)
    await _release(bench, await _must_request(bench))
    assert (await _must_request(bench)).attempts == 1


# ---------------------------------------------------------------- items


async def test_only_an_approval_makes_items_due(bench: Bench) -> None:
    """Nothing can be claimed for deletion before both approvals are stored (I1)."""
    await store_pending(bench.store, bench.clock.now())
    assert await _item(bench) is None
    request = await store_approved(bench.store, bench.clock.now(), code(), code())
    claims = [await _must_item(bench) for _ in range(2)]
    assert {(claim.request_id, claim.position) for claim in claims} == {
        (request.origin.id, 0),
        (request.origin.id, 1),
    }
    assert await _item(bench) is None


async def test_an_item_found_in_flight_is_due_when_its_lease_ends(bench: Bench) -> None:
    """A crash in the middle of a deletion leaves it to the next worker, once the lease has run out (I4)."""
    request = await store_approved(bench.store, bench.clock.now())
    now = bench.clock.now()
    for state in (Sending(1, 0), Unknown(1, 1, "timeout", now), Deleted(Source.ANSWER, now)):
        claim = await _must_item(bench)
        await store_item(bench.store, request.origin.id, 0, state, now)
        await _hold(bench.store, claim)
        bench.clock.tick(LEASE.total_seconds() - 0.001)
        assert await _item(bench) is None
        bench.clock.tick(0.001)


async def test_an_item_that_was_taken_over_is_lost(bench: Bench) -> None:
    """The worker that held an item before can neither go on with it nor give it back (I3)."""
    await store_approved(bench.store, bench.clock.now())
    lost = await _must_item(bench)
    bench.clock.tick(LEASE.total_seconds())
    taken = await bench.other.claim_item(bench.clock.now(), LEASE)
    assert taken is not None
    with pytest.raises(LostClaim):
        await _hold(bench.store, lost)
    await _release(bench, lost)
    await _hold(bench.other, taken)
    assert await _item(bench) is None


async def test_an_outcome_ends_the_claim(bench: Bench) -> None:
    """An item with an outcome is never due again, and its last holder holds it no more (I3)."""
    request = await store_approved(bench.store, bench.clock.now(), code(), code())
    claim = await _must_item(bench)
    assert claim.position is not None
    other = await _must_item(bench)
    now = bench.clock.now()
    await store_item(bench.store, request.origin.id, claim.position, Deleted(Source.ANSWER, now), now)
    await _hold(bench.store, claim)
    gone = Deleted(Source.ANSWER, now, Confirmation.GONE)
    await store_item(bench.store, request.origin.id, claim.position, gone, now)
    with pytest.raises(LostClaim):
        await _hold(bench.store, claim)
    await _hold(bench.store, other)
    await _release(bench, claim)
    bench.clock.tick(LEASE.total_seconds())
    assert (await _must_item(bench)).position == other.position
    assert await _item(bench) is None


async def test_an_item_waits_as_long_as_it_is_told_to(bench: Bench) -> None:
    """An item that could not be sent is due again at the time given, with its attempts counted anew."""
    request = await store_approved(bench.store, bench.clock.now())
    claim = await _must_item(bench)
    await _release(bench, claim, 1)
    bench.clock.tick(1)
    claim = await _must_item(bench)
    assert claim.attempts == 2
    await store_item(bench.store, request.origin.id, 0, Waiting(1, 0, "429"), bench.clock.now())
    await _release(bench, claim, 5)
    bench.clock.tick(4.9)
    assert await _item(bench) is None
    bench.clock.tick(0.1)
    assert (await _must_item(bench)).attempts == 1


# ---------------------------------------------------------------- notices


async def test_a_notice_is_due_until_it_is_finished(bench: Bench) -> None:
    """A private notice is kept until it was delivered, through retries and lost leases."""
    notice = Notice(
        id="N1", at=bench.clock.now(), person="U1", channel="C1", text="no", reply_url="https://x.example"
    )
    async with bench.store.transaction() as tx:
        await tx.notify(notice)
    lost = await bench.store.claim_notice(bench.clock.now(), LEASE)
    assert lost is not None
    assert lost.notice == notice
    assert await bench.other.claim_notice(bench.clock.now(), LEASE) is None
    taken = await bench.other.claim_notice(bench.clock.tick(LEASE.total_seconds()), LEASE)
    assert taken is not None
    await bench.store.finish_notice(lost, None)
    await bench.other.finish_notice(taken, bench.clock.now() + timedelta(seconds=2))
    assert await bench.store.claim_notice(bench.clock.now(), LEASE) is None
    again = await bench.store.claim_notice(bench.clock.tick(2), LEASE)
    assert again is not None
    assert again.attempts == 3
    await bench.store.finish_notice(again, None)
    assert await bench.store.claim_notice(bench.clock.tick(3600), LEASE) is None


@pytest.mark.parametrize("of_item", [False, True], ids=["request", "item"])
async def test_a_look_needs_the_claim(bench: Bench, of_item: bool) -> None:
    """Nobody goes on with what they hold no more: by another token, or at the end of the lease (I3)."""
    now = bench.clock.now()
    if of_item:
        await store_approved(bench.store, now)
        claim = await _must_item(bench)
    else:
        await store_new(bench.store, submitted(now))
        claim = await _must_request(bench)
    request, _ = await bench.store.look(claim, now + LEASE - timedelta(milliseconds=1))
    assert len(decisions_of(request)) == (2 if of_item else 0)
    for given, at in ((replace(claim, token="another"), now), (claim, now + LEASE)):
        with pytest.raises(LostClaim):
            await bench.store.look(given, at)
