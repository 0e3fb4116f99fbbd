"""When a request is due: to be read, drawn, expired or told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.store.claims import CARD_PACE, paced
from bot.domain.item.deletion import Sending
from bot.domain.request.request import FailureReason, cancel, fail, review
from bot.services.ports.store import Claim, Delivery
from tests.integration.databases import KINDS, Bench, SetClock, bench_on
from tests.integration.stored import (
    APPROVE_WITHIN,
    BEN,
    LEASE,
    code,
    store_approved,
    store_drawn,
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


async def _request(bench: Bench) -> Claim | None:
    return await bench.store.claim_request(bench.clock.now(), LEASE)


async def _must_request(bench: Bench) -> Claim:
    claim = await _request(bench)
    assert claim is not None
    return claim


async def _release(bench: Bench, claim: Claim, seconds: float | None = None) -> None:
    due = None if seconds is None else bench.clock.now() + timedelta(seconds=seconds)
    async with bench.store.transaction() as tx:
        await tx.release(claim, due)


async def test_a_click_during_a_claim_is_worked_on_after_it(bench: Bench) -> None:
    """A change while the work is claimed leaves the claim alone, and is due as soon as it is released."""
    request = await store_pending(bench.store, bench.clock.now())
    claim = await _must_request(bench)
    await store_drawn(bench.store, request)
    await store_next(bench.other, review(request, BEN, bench.clock.now()))
    assert await _request(bench) is None
    async with bench.store.transaction() as tx:
        await tx.hold(claim)
    await _release(bench, claim)
    assert await _request(bench) is not None


async def test_a_click_is_not_put_off_by_a_retry(bench: Bench) -> None:
    """A change while the work is claimed is due at once even where the holder puts its own try off."""
    request = await store_pending(bench.store, bench.clock.now())
    claim = await _must_request(bench)
    await store_next(bench.other, review(request, BEN, bench.clock.now()))
    await _release(bench, claim, 60)
    assert await _request(bench) is not None


async def test_a_click_is_not_put_off_by_a_lease_that_is_kept_up(bench: Bench) -> None:
    """A change while the work is claimed stays due at once through every renewal of the lease."""
    request = await store_pending(bench.store, bench.clock.now())
    claim = await _must_request(bench)
    await store_next(bench.other, review(request, BEN, bench.clock.now()))
    await bench.store.keep(claim, bench.clock.tick(20), LEASE)
    await _release(bench, claim, 60)
    assert await _request(bench) is not None


async def test_a_holders_own_change_is_put_off_as_it_says(bench: Bench) -> None:
    """What the holder changes itself does not cut the wait short that it asks for."""
    request = await store_pending(bench.store, bench.clock.now())
    claim = await _must_request(bench)
    async with bench.store.transaction() as tx:
        await tx.hold(claim)
        await tx.get(request.origin.id)
        await tx.save(review(request, BEN, bench.clock.now()))
        await tx.release(claim, bench.clock.now() + timedelta(seconds=60))
    assert await _request(bench) is None
    bench.clock.tick(60)
    assert await _request(bench) is not None


@pytest.mark.parametrize("retry", [None, 10 * APPROVE_WITHIN.total_seconds()])
async def test_the_deadline_makes_a_pending_request_due(bench: Bench, retry: float | None) -> None:
    """Approve-by passing is work in itself, and no retry sleeps through it."""
    request = await store_pending(bench.store, bench.clock.now())
    await store_drawn(bench.store, request)
    await _release(bench, await _must_request(bench), retry)
    bench.clock.tick(APPROVE_WITHIN.total_seconds() - 0.001)
    assert await _request(bench) is None
    bench.clock.tick(0.001)
    assert await _request(bench) is not None


async def test_an_ended_request_is_due_until_it_was_told(bench: Bench) -> None:
    """The outcome of a request stays to be posted until it was, and then nothing more is to be done (I5)."""
    ended = cancel(await store_pending(bench.store, bench.clock.now()), bench.clock.now())
    await store_next(bench.store, ended)
    for told, more in ((False, True), (True, False)):
        await store_drawn(bench.store, ended, told=told)
        await _release(bench, await _must_request(bench))
        claim = await _request(bench)
        assert (claim is not None) == more
        if claim is not None:
            await _release(bench, claim)


async def test_a_failed_request_needs_no_card(bench: Bench) -> None:
    """A request that failed is done once its requester was told, though no card shows it."""
    failed = fail(
        await store_new(bench.store, submitted(bench.clock.now())),
        FailureReason.NO_CARD,
        "not_in_channel",
        bench.clock.now(),
    )
    await store_next(bench.store, failed)
    claim = await _must_request(bench)
    async with bench.store.transaction() as tx:
        await tx.deliver(failed.origin.id, Delivery(told=True))
        await tx.release(claim, None)
    assert await _request(bench) is None


async def test_the_card_of_running_deletions_is_paced(bench: Bench) -> None:
    """While items are deleted the card is drawn once a second at most, as Slack allows."""
    request = await store_approved(bench.store, bench.clock.now(), code(), code())
    await store_drawn(bench.store, request)
    await _release(bench, await _must_request(bench))
    bench.clock.tick(0.4)
    await store_item(bench.store, request.origin.id, 0, Sending(1, 0), bench.clock.now())
    assert await _request(bench) is None
    bench.clock.tick(0.6)
    claim = await _must_request(bench)
    await store_drawn(bench.store, replace(request, version=request.version + 1))
    await store_item(bench.store, request.origin.id, 1, Sending(1, 0), bench.clock.now())
    await _release(bench, claim)
    assert await _request(bench) is None
    bench.clock.tick(1)
    assert await _request(bench) is not None


async def test_a_stale_card_is_due(bench: Bench) -> None:
    """A card that is reported as older than its request is drawn again, although nothing has changed (I6)."""
    request = await store_pending(bench.store, bench.clock.now())
    await store_drawn(bench.store, request)
    await _release(bench, await _must_request(bench))
    assert await _request(bench) is None
    async with bench.store.transaction() as tx:
        await tx.deliver(request.origin.id, Delivery("1.1", 0, False, ("1.2",)))
    assert await _request(bench) is not None


def test_a_card_does_not_wait_for_as_long_as_the_clock_was_set_back() -> None:
    """A card that was drawn in the future, by a clock that was set back since, may be drawn at once."""
    now = SetClock().now()
    assert paced(now + timedelta(hours=1), now, many=False) == now
    assert paced(now, now, many=False) == now + CARD_PACE
