"""What a deleted coupon held: kept, encrypted, from before its DELETE for as long as it may be gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.seal import Seal, new_key
from bot.domain.event import EventKind
from bot.domain.item.answer import NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import Gone, NotSent, NotSentReason, Unknown
from bot.domain.request.restore import deletion_of
from bot.services.ports.store import Place, Snapshot
from bot.services.retention import RemoveOldSnapshots
from tests.builders import CODE, a_coupon
from tests.fakes import HOLDER, Call, Killed
from tests.integration.databases import KINDS, bench_on
from tests.integration.stored import code, store_new, submitted
from tests.integration.wired import Wired, wired_on

SEAL = Seal([new_key()])


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        wired.coupons.seal = SEAL.close
        yield wired


async def kept(wired: Wired) -> list[Snapshot]:
    """Return every snapshot that is stored."""
    async with wired.store.transaction() as tx:
        return list(await tx.snapshots.after(None, 100))


async def test_a_deleted_coupon_is_kept_encrypted(wired: Wired) -> None:
    """What can't be had again is there, personal fields too, and only for who has the key."""
    request_id = await wired.approved()
    await wired.run(5, step=1)
    (snapshot,) = await kept(wired)
    assert (snapshot.place, snapshot.code) == (Place(request_id, 0), CODE)
    assert HOLDER in SEAL.open(snapshot.sealed).decode()
    assert all(HOLDER.encode() not in file.read_bytes() for file in wired.folder.glob("coupons.db*"))


async def test_without_a_key_nothing_is_kept(wired: Wired) -> None:
    """Personal and secret fields are not stored at all where there is no key."""
    wired.coupons.seal = None
    await wired.approved()
    await wired.run(5, step=1)
    assert "delete" in wired.coupons.kinds(CODE)
    assert await kept(wired) == []


async def test_it_is_kept_before_the_deletion_is_sent(wired: Wired) -> None:
    """A process that dies during the DELETE has what the coupon held, for it may be gone."""

    async def die(call: Call) -> None:
        if call.kind == "delete":
            raise Killed

    request_id = await wired.approved()
    wired.coupons.during = die
    with pytest.raises(Killed):
        await wired.drain()
    assert [snapshot.place for snapshot in await kept(wired)] == [Place(request_id, 0)]


async def test_nothing_is_kept_of_what_was_only_shown(wired: Wired) -> None:
    """A request that nobody approved leaves no personal field behind, encrypted or not."""
    await wired.ask()
    assert await kept(wired) == []


@pytest.mark.parametrize("answer", [RefusedAnswer("It was redeemed."), NotExecuted("HTTP 429")])
async def test_a_coupon_that_stays_is_not_kept(wired: Wired, answer: RefusedAnswer | NotExecuted) -> None:
    """Where the end is that the coupon is still there, what it held is removed again."""
    wired.coupons.deletes[CODE] = [(answer, False)] * 100
    request_id = await wired.approved()
    await wired.drain()
    await wired.run(700)
    assert not isinstance(await wired.state(request_id), Unknown)
    assert await kept(wired) == []


async def test_a_coupon_that_may_be_gone_is_kept(wired: Wired) -> None:
    """An outcome that stays unknown may be a deletion, so what the coupon held stays."""

    async def replace(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.store(a_coupon(created_at=None, name="Another"))

    request_id = await wired.approved()
    wired.coupons.during = replace
    wired.coupons.deletes[CODE] = [(Unproven("no answer"), False)]
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), Unknown)
    assert len(await kept(wired)) == 1


async def test_what_a_lost_server_may_have_deleted_is_kept(wired: Wired) -> None:
    """A server that was switched may have known of a deletion: what the coupon held can still be used."""
    request_id = await wired.approved()
    wired.coupons.deletes[CODE] = [(Unproven("no answer"), False)]
    await wired.run(1, step=1)
    await wired.sql("UPDATE decisions SET server = 'the one before'")
    await wired.run(20, step=1)
    assert await wired.state(request_id) == NotSent(NotSentReason.OTHER_SERVER, unanswered=1)
    assert len(await kept(wired)) == 1
    deletion = deletion_of(await wired.request(request_id), 0)
    assert deletion is not None
    assert not deletion.certain


async def test_a_coupon_that_is_gone_is_kept(wired: Wired) -> None:
    """It may have been deleted, so what it held stays, and two people may have it created again."""
    request_id = await wired.approved()
    wired.coupons.deletes[CODE] = [(Unproven("no answer"), True)]
    await wired.run(10, step=1)
    assert isinstance(await wired.state(request_id), Gone)
    assert len(await kept(wired)) == 1


async def test_old_snapshots_go_and_the_audit_stays(wired: Wired) -> None:
    """After the retention time what a coupon held is gone, the audit says so, and has lost nothing."""
    await wired.approved()
    await wired.run(5, step=1)
    before = await wired.events()
    remove = RemoveOldSnapshots(wired.store, wired.clock, timedelta(days=90))
    wired.clock.advance(timedelta(days=89).total_seconds())
    await remove()
    assert len(await kept(wired)) == 1
    assert await wired.events() == before
    wired.clock.advance(timedelta(days=1).total_seconds())
    await remove()
    assert await kept(wired) == []
    *same, told = await wired.events()
    assert same == before
    assert (told.kind, told.data["snapshots"]) == (EventKind.SNAPSHOTS_REMOVED, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_snapshots_are_found_by_page_and_by_request(kind: str, tmp_path: Path) -> None:
    """On both databases a walk in pages meets every snapshot once, and a request finds its own in order."""
    async with bench_on(kind, tmp_path) as bench:
        new = [submitted(bench.clock.now(), code(), code()) for _ in range(2)]
        ids = sorted([(await store_new(bench.store, request)).origin.id for request in new])
        places = [Place(request_id, position) for request_id in ids for position in (0, 1)]
        async with bench.store.transaction() as tx:
            for place in reversed(places):
                await tx.snapshots.keep(place, SEAL.close(b"first"), bench.clock.now())
                await tx.snapshots.keep(place, SEAL.close(b"last"), bench.clock.now())
        async with bench.other.transaction() as tx:
            met: list[Snapshot] = []
            while page := await tx.snapshots.after(met[-1].place if met else None, 3):
                met += page
            assert [snapshot.place for snapshot in met] == places
            assert {SEAL.open(snapshot.sealed) for snapshot in met} == {b"last"}
            assert [found.place for found in await tx.snapshots.of_request(ids[1])] == places[2:]
            await tx.snapshots.drop(places[2])
            assert [found.place for found in await tx.snapshots.of_request(ids[1])] == places[3:]
            assert await tx.snapshots.remove_before(bench.clock.tick(1)) == 3
