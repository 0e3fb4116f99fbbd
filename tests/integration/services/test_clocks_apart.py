"""Leases where two replicas, or a moment, could make them worth nothing; approvals of another server (I3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.elapsed import elapsed
from bot.adapters.store import SqlStore, migrate
from bot.adapters.store.clock import DatabaseClock
from bot.domain.errors import LostClaim, VivoldiRefused
from bot.domain.event import EventKind
from bot.domain.item.deletion import Deleted, NotSent, NotSentReason
from bot.domain.policy import Verdict
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CODE, a_coupon, standing
from tests.fakes import Call, FixedClock
from tests.integration.databases import KINDS, fresh_url
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

SWITCHED = {
    "step 1": "UPDATE decisions SET server = 'the one before' WHERE step = 1",
    "step 2": "UPDATE decisions SET server = 'the one before' WHERE step = 2",
}


@dataclass
class Machine(FixedClock):
    """What a replica on a machine goes by. ahead: by how much its count is ahead of another machine's."""

    ahead: float = 0.0
    kept: DatabaseClock = field(init=False)

    def __post_init__(self) -> None:
        self.kept = DatabaseClock(lambda: elapsed() + self.ahead)

    def now(self) -> datetime:
        """Return the time as this replica knows it."""
        return self.kept.now()


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


def another(wired: Wired, **changes: object) -> Wired:
    """Return another replica that shares everything, or all but what is changed."""
    return replace(wired, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
async def test_i3_replicas_on_machines_apart_send_once(kind: str, tmp_path: Path) -> None:
    """I3: however far the machines of two replicas are apart, neither takes over what the other one sends."""
    url, codes = fresh_url(kind, tmp_path), [f"CODE{number}AAAA" for number in range(6)]
    await migrate(url)
    async with AsyncExitStack() as stack:
        machines = [Machine(ahead=ahead) for ahead in (0.0, 12.0)]
        stores = [
            await stack.enter_async_context(SqlStore(url, machine, lambda _: None)) for machine in machines
        ]
        for machine, store in zip(machines, stores, strict=True):
            await machine.kept.begin(store)
        one = Wired(tmp_path, stores[0], clock=machines[0])
        one.coupons.store(*(a_coupon(number=code) for code in codes))
        other = another(one, store=stores[1], clock=machines[1])
        await one.approved(",".join(codes))

        async def meanwhile(call: Call) -> None:
            if call.kind == "delete":
                await other.drain()

        one.coupons.during = meanwhile
        with suppress(LostClaim):
            await one.drain()
    assert [one.coupons.kinds(code).count("delete") for code in codes] == [1] * 6


async def test_i3_what_is_sent_in_the_last_moment_of_a_lease_is_sent_once(wired: Wired) -> None:
    """I3: a deletion that is stored as being sent 50 ms before its lease ends is nobody else's yet."""
    other = another(wired)
    request_id = await wired.approved()

    async def slow(call: Call) -> None:
        wired.coupons.during = sending
        wired.clock.advance(LEASE_SECONDS - 0.05)

    async def sending(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.during = quiet
            await other.run(LEASE_SECONDS - 1, step=0.5)

    wired.coupons.during = slow
    await wired.drain()
    assert wired.coupons.kinds(CODE).count("delete") == 1
    await wired.run(5)
    assert isinstance(await wired.state(request_id), Deleted)


async def test_i3_a_date_in_the_last_moment_of_a_lease_is_sent_once(wired: Wired) -> None:
    """I3: the same for the date of a freeze."""
    other = another(wired)
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def slow(call: Call) -> None:
        wired.coupons.during = sending
        wired.clock.advance(LEASE_SECONDS - 0.05)

    async def sending(call: Call) -> None:
        if call.kind == "update":
            wired.coupons.during = quiet
            await other.run(LEASE_SECONDS - 1, step=0.5)

    wired.coupons.during = slow
    await wired.drain()
    assert wired.coupons.kinds(CODE).count("update") == 1


async def quiet(_: Call) -> None:
    """Nothing happens during a call."""


async def test_i3_a_read_of_which_nobody_knows_the_age_is_not_sent_on(wired: Wired) -> None:
    """I3: where the clock is set back between the last checks and the DELETE, it is read anew first."""

    def set_back() -> None:
        if wired.coupons.kinds(CODE) == ["read", "read"]:
            wired.clock.advance(-1)
            wired.committed.then = lambda: None

    request_id = await wired.approved()
    wired.committed.then = set_back
    await wired.drain()
    assert wired.coupons.kinds(CODE) == ["read", "read"]
    await wired.run(30)
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE) == ["read", "read", "read", "delete", "read"]


@pytest.mark.parametrize("step", SWITCHED)
async def test_i3_an_approval_of_another_server_is_void(wired: Wired, step: str) -> None:
    """I3: what was stored after an approval may be lost with the server that stored it: nothing is sent."""
    request_id = await wired.approved()
    await wired.sql(SWITCHED[step])
    await wired.run(10)
    assert await wired.state(request_id) == NotSent(NotSentReason.OTHER_SERVER)
    assert "delete" not in wired.coupons.kinds(CODE)
    (reply,) = wired.messenger.of("reply")
    assert "switched to another server" in reply.message.text
    (event,) = await wired.events(EventKind.ITEM_OUTCOME)
    assert event.data["reason"] == "other_server"


async def test_i3_a_deletion_lost_with_its_server_is_not_repeated(wired: Wired) -> None:
    """I3: `sending` was lost in a failover, and someone created the coupon anew: it is not touched."""
    request_id = await wired.approved()
    await wired.sql("UPDATE decisions SET server = 'the one before'")
    wired.coupons.store(replace(a_coupon(), created_at="2026-01-01 00:00:00"))
    await wired.run(10)
    assert "delete" not in wired.coupons.kinds(CODE)
    assert not isinstance(await wired.state(request_id), Deleted)


def _gone(wired: Wired) -> None:
    wired.coupons.stored.clear()


def _edited(wired: Wired) -> None:
    wired.coupons.store(replace(a_coupon(), name="Another name"))


def _late(wired: Wired) -> None:
    wired.clock.advance(wired.policy.execute_within.total_seconds())


def _unreadable(wired: Wired) -> None:
    wired.coupons.reads[CODE] = [VivoldiRefused("HTTP 403")] * 9


def _left(wired: Wired) -> None:
    wired.people.change(standing(BEA))


@pytest.mark.parametrize("happening", [_gone, _edited, _late, _unreadable, _left])
async def test_i3_what_a_lost_server_knew_is_not_guessed(
    wired: Wired, happening: Callable[[Wired], None]
) -> None:
    """I3, I4: a deletion may be lost with its server, so no end of such a request says there was none."""
    request_id = await wired.approved()
    await wired.sql("UPDATE decisions SET server = 'the one before'")
    happening(wired)
    await wired.run(60)
    assert await wired.state(request_id) == NotSent(NotSentReason.OTHER_SERVER)
    (reply,) = wired.messenger.of("reply")
    assert "switched to another server" in reply.message.text
    assert "Not deleted" not in reply.message.text


async def test_i3_a_stop_after_a_lost_server_guesses_nothing(tmp_path: Path) -> None:
    """I3, I4: a stop of a deletion whose approvals are void does not say that nothing was sent."""
    async with wired_on(tmp_path, stop_window=timedelta(seconds=60)) as wired:
        request_id = await wired.approved()
        await wired.sql("UPDATE decisions SET server = 'the one before'")
        assert await wired.click(Action.STOP, AMIR, request_id) is Verdict.ALLOWED
        await wired.drain()
        assert await wired.state(request_id) == NotSent(NotSentReason.OTHER_SERVER)
