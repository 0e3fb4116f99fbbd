"""Three bots on one PostgreSQL: they share the load, and what one can't finish another one takes over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from bot.services.ports.store import LEASE
from sandbox.stage import Transport
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, PATIENCE, Play, message_of
from tests.scenario.postgres import postgres
from tests.scenario.replicas import Fleet, Replica, a_fleet
from tests.scenario.told import CONFIRMED, SETTLED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

_AT_ONCE = 6
# One that no work had come to after so many has a share of nothing.
_MOST_ROUNDS = 10
_TRANSPORTS: list[Transport] = ["http", "socket"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleets() -> AsyncIterator[dict[Transport, Fleet]]:
    """Three bots for each transport, on a PostgreSQL of their own. Calls to Vivoldi may take long."""
    patient = {"VIVOLDI_TIMEOUT_SECONDS": "30"}
    async with postgres() as server, AsyncExitStack() as stack:
        yield {
            transport: await stack.enter_async_context(a_fleet(transport, 3, server, **patient))
            for transport in _TRANSPORTS
        }


@pytest.fixture(params=_TRANSPORTS)
def fleet(request: pytest.FixtureRequest, fleets: dict[Transport, Fleet]) -> Fleet:
    """The bots on one transport."""
    return fleets[request.param]


@pytest_asyncio.fixture(loop_scope="module")
async def play(fleet: Fleet) -> AsyncIterator[Play]:
    """A play on the fleet's stage. At its end the judge looks at what happened to its codes."""
    played = await Play.begin(fleet.stage)
    yield played
    await judge(fleet.stage, played.codes, played.since)


async def test_load_is_shared(fleet: Fleet, play: Play) -> None:
    """Each replica hears some people and does some deletions, and no request is handled twice (I6)."""

    async def story() -> None:
        assert CONFIRMED in (await play.deleted_story(await play.open_card())).text

    for _ in range(_MOST_ROUNDS):
        await asyncio.gather(*(story() for _ in range(_AT_ONCE)))
        deletes = [call for code in play.codes for call in await play.deletes(code)]
        working = {fleet.sender(call).name for call in deletes}
        if all(_has_heard(replica) and replica.name in working for replica in fleet.replicas):
            break
    else:
        pytest.fail("a replica had nothing to do")
    assert Counter(call.code for call in deletes) == Counter(play.codes)
    posted = [message_of(entry) for entry in await fleet.stage.slack.log("posted", play.since)]
    for code in play.codes:
        mine = [message for message in posted if message.contains(code)]
        assert len([message for message in mine if message.thread_ts is None]) == 1, "one card"
        assert len([message for message in mine if message.thread_ts]) == 1, "one outcome"


def _has_heard(replica: Replica) -> bool:
    """Return whether commands and clicks have come to a replica."""
    return bool(replica.logged("command") and replica.logged("decision"))


async def test_one_click_counts_once(fleet: Fleet, play: Play) -> None:
    """A click that reaches several replicas at once has one effect (I6)."""
    card = await play.open_card()
    await fleet.stage.slack.clicks(AMIR, card, "approve", times=6)
    second = await play.reads(card, "Step 2 of 2")
    await fleet.stage.slack.clicks(BEA, second, "approve", times=6)
    assert CONFIRMED in (await play.outcome(card)).text
    assert len(await play.deletes(play.codes[0])) == 1
    given = [each for replica in fleet.replicas for each in replica.logged("decision")]
    assert len([each for each in given if each["request"] == given[-1]["request"]]) == 2


async def test_restart_of_the_database(fleet: Fleet, play: Play) -> None:
    """When PostgreSQL goes away and comes back, every bot rides it out and every outcome is told (I5)."""
    during, asked = [await play.coupon() for _ in range(2)], await play.coupon()
    cards = [await play.approve_first(await play.open_card(code)) for code in during]
    held = [("read", during[0], 2), ("delete", during[1], 1)]
    for kind, code, number in held:
        await fleet.stage.vivoldi.fault("latency", kind, code=code, seconds=1.5)
        await fleet.stage.slack.click(BEA, cards[during.index(code)], "approve")
        await play.arrived(kind, code, number)
    await fleet.postgres.stop("immediate")
    refused = await play.ask(asked)
    assert refused.error or "try again" in refused.text.lower()
    await fleet.postgres.start()
    for card in cards:
        assert (await play.outcome(card)).contains("*Deleted")
    assert (await play.deleted_story(await play.open_card(asked))).contains(CONFIRMED)
    assert all(replica.is_running for replica in fleet.replicas)


async def test_work_of_a_dead_replica_is_taken_over(fleets: dict[Transport, Fleet]) -> None:
    """What a killed replica was doing is done by another one when the lease ends, and is told (I5)."""
    await asyncio.gather(*map(_taken_over, fleets.values()))


async def _taken_over(fleet: Fleet) -> None:
    play = await Play.begin(fleet.stage)
    code = await play.coupon()
    card = await play.approve_first(await play.open_card(code))
    await fleet.stage.vivoldi.fault("hang", "delete", code=code, execute=True)
    await fleet.stage.slack.click(BEA, card, "approve")
    await play.arrived("delete", code)
    [held] = await play.deletes(code)
    dead = fleet.sender(held)
    await dead.kill()
    # Longer than the lease, and than a busy machine takes beside it; the dead one is not started again.
    assert SETTLED in (await play.outcome(card, LEASE.total_seconds() + PATIENCE)).text
    # Any of the others may look the second time.
    looks = [read for read in await fleet.stage.vivoldi.calls("read", code) if read.seq > held.seq]
    heir, last = fleet.sender(looks[0]), fleet.sender(looks[-1])
    assert dead not in (heir, last)
    assert heir.logged("worker.taken_over")
    assert len(await play.deletes(code)) == 1
    await judge(fleet.stage, play.codes, play.since)
