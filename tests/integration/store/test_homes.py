"""Whose Home is due, and when: opened, changed, at its pace, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import LostClaim
from bot.domain.home import KEPT_FOR, LAST_OUTCOMES, PACE
from bot.domain.request.request import FailureReason, Request, cancel, fail
from bot.services.ports.home import HomeClaim
from bot.services.ports.store import Delivery
from tests.integration.databases import KINDS, Bench, bench_on
from tests.integration.stored import (
    ANN,
    LEASE,
    store_approved,
    store_drawn,
    store_new,
    store_next,
    store_pending,
    submitted,
)

WHO, OTHER = "U0AMIR0000", "U0BEA00000"
_PACE = PACE.total_seconds()


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


async def _due(bench: Bench) -> HomeClaim | None:
    return await bench.store.homes.claim(bench.clock.now(), LEASE)


async def _must_due(bench: Bench) -> HomeClaim:
    claim = await _due(bench)
    assert claim is not None
    return claim


async def _published(bench: Bench, who: str = WHO, shown: str = "first") -> None:
    """Open someone's Home and publish it, and let its pace pass."""
    await bench.store.homes.opened(who)
    await bench.store.homes.done(await _must_due(bench), shown)
    assert await _due(bench) is None
    bench.clock.tick(_PACE)


async def _changed(bench: Bench) -> None:
    """Let a request change that people see."""
    await store_drawn(bench.other, await store_pending(bench.other, bench.clock.now()))


async def test_an_opened_home_is_due_once(bench: Bench) -> None:
    """Opening one's Home makes it due at once, for one worker; once published, nothing is left to do."""
    await bench.store.homes.opened(WHO)
    claim = await _must_due(bench)
    assert (claim.person, claim.shown, claim.attempts, claim.label) == (WHO, None, 1, WHO)
    assert await bench.other.homes.claim(bench.clock.now(), LEASE) is None
    await bench.store.homes.done(claim, "first")
    bench.clock.tick(60)
    assert await _due(bench) is None


async def test_an_opened_home_is_published_whatever_it_showed(bench: Bench) -> None:
    """Opening forgets what was published, so that a Home that Slack has lost comes back."""
    await _published(bench)
    await bench.store.homes.opened(WHO)
    assert (await _must_due(bench)).shown is None


async def test_opening_again_and_again_keeps_the_pace(bench: Bench) -> None:
    """Someone who opens their Home again and again gets it published at its pace."""
    await bench.store.homes.opened(WHO)
    await bench.store.homes.done(await _must_due(bench), "first")
    await bench.store.homes.opened(WHO)
    assert await _due(bench) is None
    bench.clock.tick(_PACE)
    assert await _due(bench) is not None


async def test_a_rest_does_not_last_as_long_as_the_clock_was_set_back(bench: Bench) -> None:
    """What was published in the future, by a clock that was set back since, rests no longer than its pace."""
    await bench.store.homes.opened(WHO)
    await bench.store.homes.done(await _must_due(bench), "first")
    bench.clock.tick(-3600)
    await bench.store.homes.opened(WHO)
    assert await _due(bench) is not None


async def test_a_burst_of_changes_is_one_look(bench: Bench) -> None:
    """However often requests change, a Home is due once at its pace, and then no more."""
    await bench.store.homes.opened(WHO)
    await bench.store.homes.done(await _must_due(bench), "first")
    for _ in range(5):
        await _changed(bench)
    assert await _due(bench) is None
    bench.clock.tick(_PACE)
    claim = await _must_due(bench)
    assert claim.shown == "first"
    await bench.store.homes.done(claim, "second")
    bench.clock.tick(60)
    assert await _due(bench) is None


async def test_every_home_that_was_opened_lately_is_due(bench: Bench) -> None:
    """A change concerns everyone who opened their Home within a week, and nobody else."""
    await _published(bench, OTHER)
    bench.clock.tick(KEPT_FOR.total_seconds() - _PACE - 1)
    await _published(bench)
    await _changed(bench)
    assert (await _must_due(bench)).person == WHO
    assert await _due(bench) is None


async def test_what_nobody_is_shown_changes_no_home(bench: Bench) -> None:
    """Homes follow cards: a command that was stored, or a card drawn as it was, makes none due."""
    request = await store_pending(bench.store, bench.clock.now())
    await store_drawn(bench.store, request)
    await _published(bench)
    await store_new(bench.store, submitted(bench.clock.now()))
    await store_drawn(bench.store, request)
    assert await _due(bench) is None


async def test_a_request_that_could_not_be_shown_changes_homes(bench: Bench) -> None:
    """A request that fails has no card, and ends on its requester's Home all the same."""
    request = await store_new(bench.store, submitted(bench.clock.now()))
    await _published(bench)
    failed = fail(request, FailureReason.UNREADABLE, "no answer", bench.clock.now())
    async with bench.store.transaction() as tx:
        await tx.get(failed.origin.id)
        await tx.save(failed)
        await tx.deliver(failed.origin.id, Delivery(drawn_version=failed.version, told=True))
    assert await _due(bench) is not None


async def test_a_change_while_it_is_published_is_published_after_it(bench: Bench) -> None:
    """A change that comes while a Home is published makes it due again, whatever is said to be shown."""
    await bench.store.homes.opened(WHO)
    claim = await _must_due(bench)
    await _changed(bench)
    await bench.store.homes.keep(claim, bench.clock.tick(1), LEASE)
    await bench.store.homes.done(claim, "first")
    assert await _due(bench) is None
    bench.clock.tick(_PACE)
    assert (await _must_due(bench)).shown is None


async def test_a_home_put_off_stays_put_off(bench: Bench) -> None:
    """Where Slack asks to wait, neither a change nor another opening makes a Home due before."""
    await bench.store.homes.opened(WHO)
    await bench.store.homes.later(await _must_due(bench), bench.clock.now() + timedelta(seconds=30))
    await _changed(bench)
    await bench.store.homes.opened(WHO)
    bench.clock.tick(29)
    assert await _due(bench) is None
    bench.clock.tick(1)
    assert (await _must_due(bench)).attempts == 2


async def test_all_wait_but_those_that_are_worked_on(bench: Bench) -> None:
    """Where Slack asks to wait, every Home that is due waits; one that was put off longer stays so."""
    for who in (WHO, OTHER, "U0CARL0000"):
        await bench.store.homes.opened(who)
    in_work = await _must_due(bench)
    put_off = await _must_due(bench)
    await bench.store.homes.later(put_off, bench.clock.now() + timedelta(seconds=40))
    await bench.store.homes.all_later(bench.clock.now() + timedelta(seconds=20))
    await bench.store.homes.keep(in_work, bench.clock.tick(19), LEASE)
    assert await _due(bench) is None
    bench.clock.tick(1)
    assert (await _must_due(bench)).person not in (in_work.person, put_off.person)
    assert await _due(bench) is None


async def test_changes_at_once_do_not_wait_for_each_other(bench: Bench) -> None:
    """Several requests that change at the same time make all Homes due, in whatever order."""
    people = [f"U{number:09d}" for number in range(12)]
    for who in reversed(people):
        await _published(bench, who)
    stored = [await store_pending(bench.store, bench.clock.now()) for _ in range(8)]
    stores = (bench.store, bench.other)
    await asyncio.gather(*(store_drawn(stores[n % 2], request) for n, request in enumerate(stored)))
    found = [await _must_due(bench) for _ in people]
    assert sorted(claim.person for claim in found) == people


async def test_a_home_of_a_lost_worker_is_taken_over(bench: Bench) -> None:
    """A worker that is lost while it publishes leaves the Home to the next one, when its lease ends."""
    await bench.store.homes.opened(WHO)
    await _must_due(bench)
    bench.clock.tick(LEASE.total_seconds())
    claim = await bench.other.homes.claim(bench.clock.now(), LEASE)
    assert claim is not None
    assert (claim.person, claim.taken_over) == (WHO, True)


@pytest.mark.parametrize("first", ["late", "in time"])
async def test_a_late_publish_is_made_up_for(bench: Bench, first: str) -> None:
    """A publish after the lease may have replaced something newer: the Home is published once more."""
    await bench.store.homes.opened(WHO)
    late = await _must_due(bench)
    bench.clock.tick(LEASE.total_seconds())
    in_time = await bench.other.homes.claim(bench.clock.now(), LEASE)
    assert in_time is not None
    if first == "in time":
        await bench.other.homes.done(in_time, "newer")
    with pytest.raises(LostClaim):
        await bench.store.homes.done(late, "older")
    if first == "late":
        await bench.other.homes.done(in_time, "newer")
    bench.clock.tick(_PACE)
    assert (await _must_due(bench)).shown is None


async def test_a_lost_claim_is_kept_up_no_more(bench: Bench) -> None:
    """A lease that has ended can't be kept up."""
    await bench.store.homes.opened(WHO)
    claim = await _must_due(bench)
    with pytest.raises(LostClaim):
        await bench.store.homes.keep(claim, bench.clock.tick(LEASE.total_seconds()), LEASE)


async def test_a_lane_is_told_of_work(bench: Bench) -> None:
    """A commit that makes a Home due is one that wakes, and one that changes none does not."""
    before = len(bench.commits)
    await bench.store.homes.opened(WHO)
    assert len(bench.commits) == before + 1
    ages = await bench.store.overdue(bench.clock.tick(5))
    assert ages["homes"] == timedelta(seconds=5)


async def test_the_board_of_an_approver(bench: Bench) -> None:
    """With those of others come every open request and the last that ended, those that failed left out."""
    store, now = bench.store, bench.clock.now()
    opened = await store_new(store, submitted(now))
    pending = await store_pending(store, now)
    approved = await store_approved(store, now)
    failed = fail(await store_new(store, submitted(now)), FailureReason.UNREADABLE, "no", now)
    await store_next(store, failed)
    ended = []
    for _ in range(LAST_OUTCOMES + 2):
        ended.append(cancel(await store_pending(store, now), bench.clock.tick(1)))
        await store_next(store, ended[-1])
    seen = {each.request.origin.id for each in await store.homes.board(WHO, others=True)}
    expected: list[Request] = [opened, pending, approved, *ended[-LAST_OUTCOMES:]]
    assert seen == {request.origin.id for request in expected}


async def test_the_board_of_a_requester(bench: Bench) -> None:
    """Without those of others come a person's own requests alone, those that failed included."""
    store, now = bench.store, bench.clock.now()
    pending = await store_pending(store, now)
    failed = fail(await store_new(store, submitted(now)), FailureReason.UNREADABLE, "no", now)
    await store_next(store, failed)
    own = {each.request.origin.id for each in await store.homes.board(ANN.id, others=False)}
    assert own == {pending.origin.id, failed.origin.id}
    assert await store.homes.board(WHO, others=False) == ()
