"""The database tells the time, and on PostgreSQL also who it is, and whether it keeps what is committed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from bot.adapters.elapsed import elapsed
from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.clock import DatabaseClock
from bot.domain.errors import LostClaim, StoreUnavailable
from bot.domain.event import Event, EventKind
from bot.domain.request.request import decisions_of
from bot.services.ports.store import LEASE, Claim
from tests.integration.databases import KINDS, Bench, SetClock, bench_on, fresh_url
from tests.integration.stored import (
    approved,
    pending,
    store_approved,
    store_new,
    store_next,
    store_pending,
    submitted,
)

HOUR = timedelta(hours=1)
_SHOW, _FORGET = text("SHOW synchronous_commit"), text("SET LOCAL synchronous_commit = off")


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on(request.param, tmp_path) as bench:
        yield bench


@pytest.fixture
async def on_postgres(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_on("postgresql", tmp_path) as bench:
        yield bench


def sql(url: str, *statements: str) -> None:
    """Do something past every rule of the program."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def set_clock(url: str, ahead: timedelta) -> None:
    """Set the clock of a database, for connections to come: its own function shadows PostgreSQL's."""
    name = url.split("?")[0].rsplit("/", 1)[1]
    sql(
        url,
        "CREATE SCHEMA IF NOT EXISTS skewed",
        "CREATE OR REPLACE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{ahead.total_seconds()} s' $$",
        f"ALTER DATABASE {name} SET search_path = skewed, pg_catalog, public",
    )


async def item_claim(bench: Bench) -> Claim:
    """Store an approved request and claim its item."""
    await store_approved(bench.store, bench.clock.now())
    claim = await bench.store.claim_item(bench.clock.now(), LEASE)
    assert claim is not None
    return claim


# ---------------------------------------------------------------- the time


async def test_the_time_is_the_databases(tmp_path: Path) -> None:
    """On PostgreSQL the server tells the time, whatever the machine says that the bot runs on."""
    url = fresh_url("postgresql", tmp_path)
    set_clock(url, HOUR)
    await migrate(url)
    clock = DatabaseClock()
    async with SqlStore(url, clock, lambda _: None) as store:
        await clock.begin(store)
    ahead = clock.now() - datetime.now(UTC)
    assert abs(ahead - HOUR) < timedelta(seconds=2)
    assert clock.now().tzinfo is UTC


async def test_on_sqlite_the_time_is_the_machines(tmp_path: Path) -> None:
    """A file has no clock of its own."""
    async with bench_on("sqlite", tmp_path) as bench:
        sample = await bench.store.sample(elapsed)
    assert abs(sample.time - datetime.now(UTC)) < timedelta(seconds=2)
    assert sample.before <= sample.after


async def test_the_newest_time_is_that_of_the_last_event(bench: Bench) -> None:
    """By it a bot finds out at its start that the clock was set back."""
    assert await bench.store.newest() is None
    for _ in range(2):
        async with bench.store.transaction() as tx:
            await tx.record(Event(kind=EventKind.COMMAND, at=bench.clock.tick(5), data={}))
    assert await bench.store.newest() == bench.clock.now()


async def test_what_waits_by_a_clock_that_was_set_back_is_made_due(bench: Bench) -> None:
    """A request that waits is looked at, and a lease from before ends as one that is taken now (I5)."""
    claim = await item_claim(bench)
    request = await store_pending(bench.store, bench.clock.now())
    released = await bench.store.claim_request(bench.clock.now(), LEASE)
    while released is not None and released.request_id != request.origin.id:
        released = await bench.store.claim_request(bench.clock.now(), LEASE)
    assert released is not None
    async with bench.store.transaction() as tx:
        await tx.release(released, bench.clock.now() + timedelta(seconds=30))
    bench.clock.tick(-HOUR.total_seconds())
    assert await bench.store.claim_request(bench.clock.now(), LEASE) is None
    await bench.store.wake(bench.clock.now())
    again = await bench.store.claim_request(bench.clock.now(), LEASE)
    assert again is not None
    assert again.request_id == request.origin.id
    assert await bench.store.claim_item(bench.clock.now(), LEASE) is None
    taken = await bench.store.claim_item(bench.clock.tick(LEASE.total_seconds()), LEASE)
    assert taken is not None
    assert (taken.request_id, taken.taken_over) == (claim.request_id, True)


# ---------------------------------------------------------------- the lease of what is sent


async def test_whoever_sends_has_a_whole_lease(bench: Bench) -> None:
    """What is stored as being sent in the last moment of a lease is nobody else's for a whole one (I3)."""
    claim = await item_claim(bench)
    bench.clock.tick(LEASE.total_seconds() - 0.05)
    async with bench.store.transaction() as tx:
        await tx.hold(claim)
        await tx.renew(claim)
    bench.clock.tick(LEASE.total_seconds() - 0.05)
    assert await bench.other.claim_item(bench.clock.now(), LEASE) is None
    taken = await bench.other.claim_item(bench.clock.tick(0.05), LEASE)
    assert taken is not None


async def test_a_lease_that_has_ended_is_not_renewed(bench: Bench) -> None:
    """Somebody else may have the work by then."""
    claim = await item_claim(bench)
    bench.clock.tick(LEASE.total_seconds())
    with pytest.raises(LostClaim):
        async with bench.store.transaction() as tx:
            await tx.renew(claim)


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_sent_by_an_uncertain_clock(kind: str, tmp_path: Path) -> None:
    """While the database's clock is not certain, nobody can tell when a lease ends: nothing is sent (I3)."""
    async with bench_on(kind, tmp_path) as bench:
        claim = await item_claim(bench)
        unsure = SqlStore(bench.url, bench.clock, lambda _: None, uncertain=lambda: "It has jumped.")
        async with unsure:
            with pytest.raises(StoreUnavailable, match="jumped"):
                async with unsure.transaction() as tx:
                    await tx.renew(claim)


# ---------------------------------------------------------------- commits that are kept


@pytest.mark.parametrize(
    ("default", "used"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
async def test_commits_are_kept_whatever_the_server_says(tmp_path: Path, default: str, used: str) -> None:
    """Neither the database's setting nor the URL's lets PostgreSQL forget what was committed (I3)."""
    url = fresh_url("postgresql", tmp_path)
    await migrate(url)
    sql(url, f"ALTER DATABASE {url.split('?')[0].rsplit('/', 1)[1]} SET synchronous_commit = {default}")
    for asked in (url, f"{url}&options=-c%20synchronous_commit%3D{default}"):
        async with SqlStore(asked, SetClock(), lambda _: None) as store, store.transaction() as tx:
            found = await tx._connection.execute(_SHOW)
            assert found.scalar_one() == used


async def test_what_a_server_may_forget_is_not_sent(on_postgres: Bench) -> None:
    """Should the setting be lost on the way, as in a pool that hands connections around, nothing is sent."""
    claim = await item_claim(on_postgres)
    async with on_postgres.store.transaction() as tx:
        await tx._connection.execute(_FORGET)
        with pytest.raises(StoreUnavailable, match="may forget"):
            await tx.renew(claim)


# ---------------------------------------------------------------- who the server is


async def test_approvals_are_stored_with_the_server(on_postgres: Bench) -> None:
    """Each approval has the server that stored it, which is the one that a send is stored on as well (I3)."""
    claim = await item_claim(on_postgres)
    async with on_postgres.store.transaction() as tx:
        server = await tx.renew(claim)
    found = await on_postgres.store.find(claim.request_id)
    assert found is not None
    assert server is not None
    assert {decision.server for decision in decisions_of(found.request)} == {server}


async def test_a_restored_dump_is_another_server(on_postgres: Bench) -> None:
    """What a dump holds was true when it was made: its approvals are those of another table (I3)."""
    claim = await item_claim(on_postgres)
    sql(
        on_postgres.url,
        "CREATE TABLE restored (LIKE decisions INCLUDING ALL)",
        "INSERT INTO restored SELECT * FROM decisions",
        "DROP TABLE decisions",
        "ALTER TABLE restored RENAME TO decisions",
    )
    async with on_postgres.store.transaction() as tx:
        server = await tx.renew(claim)
    found = await on_postgres.store.find(claim.request_id)
    assert found is not None
    assert server not in {decision.server for decision in decisions_of(found.request)}


async def test_a_role_without_any_right_can_tell_who_the_server_is(tmp_path: Path) -> None:
    """No right is needed that an ordinary owner of a database does not have."""
    url = fresh_url("postgresql", tmp_path)
    role, name = "plain_role", url.split("?")[0].rsplit("/", 1)[1]
    sql(
        url,
        f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"ALTER DATABASE {name} OWNER TO {role}",
    )
    plain = url.replace("postgres:@", f"{role}:@")
    await migrate(plain)
    clock = SetClock()
    async with SqlStore(plain, clock, lambda _: None) as store:
        request = await store_approved(store, clock.now())
        found = await store.find(request.origin.id)
        assert found is not None
        assert all(decision.server for decision in decisions_of(found.request))


async def test_a_server_that_does_not_tell_who_it_is_is_used_all_the_same(tmp_path: Path) -> None:
    """Where the bot may not ask, approvals are stored without it, and nothing else changes."""
    url = fresh_url("postgresql", tmp_path)
    await migrate(url)
    name = url.split("?")[0].rsplit("/", 1)[1]
    sql(
        url,
        "CREATE SCHEMA closed",
        "CREATE FUNCTION closed.pg_control_system(OUT system_identifier bigint) LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE insufficient_privilege; END $$",
        f"ALTER DATABASE {name} SET search_path = closed, pg_catalog, public",
    )
    clock = SetClock()
    async with SqlStore(url, clock, lambda _: None) as store:
        request = await store_approved(store, clock.now())
        claim = await store.claim_item(clock.now(), LEASE)
        assert claim is not None
        async with store.transaction() as tx:
            assert await tx.renew(claim) is None
        found = await store.find(request.origin.id)
        assert found is not None
        assert {decision.server for decision in decisions_of(found.request)} == {None}


async def test_step_1_keeps_its_server_when_step_2_is_stored(on_postgres: Bench) -> None:
    """What was stored with the first approval is not told anew with the second one."""
    request = await store_new(on_postgres.store, submitted(on_postgres.clock.now()))
    shown = pending(request, on_postgres.clock.now())
    await store_next(on_postgres.store, shown)
    after = approved(shown, on_postgres.clock.now())
    await store_next(on_postgres.store, replace(shown, review=after.review, version=shown.version + 1))
    sql(on_postgres.url, "UPDATE decisions SET server = 'the one before'")
    await store_next(on_postgres.store, replace(after, version=after.version + 1))
    found = await on_postgres.store.find(request.origin.id)
    assert found is not None
    first, final = decisions_of(found.request)
    assert first.server == "the one before"
    assert final.server not in (None, "the one before")
