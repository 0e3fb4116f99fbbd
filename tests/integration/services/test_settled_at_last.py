"""Every request ends and is told, whatever goes wrong; what proves nothing is not taken for a proof."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.domain.errors import LostClaim, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import Unproven
from bot.domain.item.deletion import Confirmation, Deleted, Source, Unknown
from bot.domain.request.request import Failed
from bot.services.asked.command import Accepted
from tests.builders import CODE, a_coupon
from tests.fakes import Call
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

LOST = Unproven("the connection broke")


class UnforeseenError(Exception):
    """What no part of the program knows by name."""


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def keep_working(wired: Wired, seconds: int) -> None:
    """Work as the worker does: what ends in an unforeseen error is taken up again when its lease is over."""
    for _ in range(seconds // 11):
        with suppress(UnforeseenError):
            await wired.drain()
        wired.clock.advance(LEASE_SECONDS + 1)


async def fail(call: Call) -> None:
    """Be a defect, or an answer that nobody thought of."""
    if call.kind == "read":
        raise UnforeseenError


async def test_a_request_that_can_never_be_read_fails(wired: Wired) -> None:
    """The requester is told that there is no card, also if every read ends in an unforeseen error."""
    wired.coupons.during = fail
    answer = await wired.command(CODE)
    assert isinstance(answer, Accepted)
    await keep_working(wired, 200)
    assert isinstance(await wired.request(answer.request_id), Failed)
    assert "I ran into an error of my own each time" in wired.messenger.told[0].text


async def test_a_minute_of_trouble_is_told_with_its_cause(wired: Wired) -> None:
    """Where Vivoldi answers 503 to every read, that is why there is no card, and not the bot's own fault."""

    async def be_down(call: Call) -> None:
        if call.kind == "read":
            raise VivoldiUnavailable("Vivoldi's answer says nothing certain (HTTP 503)")

    wired.coupons.during = be_down
    answer = await wired.command(CODE)
    assert isinstance(answer, Accepted)
    await wired.run(120)
    failed = await wired.request(answer.request_id)
    assert isinstance(failed, Failed)
    for said in (failed.detail, wired.messenger.told[0].text):
        assert "HTTP 503" in said
        assert "my own" not in said
    (event,) = await wired.events(EventKind.REQUEST_FAILED)
    assert "HTTP 503" in str(event.data["detail"])


async def test_a_cause_is_still_known_after_a_stop(wired: Wired) -> None:
    """A bot that comes back past the deadline tells what stood in the way before it was stopped."""

    async def be_down(call: Call) -> None:
        if call.kind == "read":
            raise VivoldiUnavailable("Vivoldi's answer says nothing certain (HTTP 503)")

    wired.coupons.during = be_down
    answer = await wired.command(CODE)
    assert isinstance(answer, Accepted)
    await wired.run(50)
    wired.coupons.during = fail
    await keep_working(wired, 400)
    assert isinstance(await wired.request(answer.request_id), Failed)
    assert "HTTP 503" in wired.messenger.told[0].text


async def test_a_deletion_that_can_never_be_confirmed_is_told(wired: Wired) -> None:
    """A deleted coupon is told as deleted, also where every read after it ends in an unforeseen error."""

    async def fail_afterwards(call: Call) -> None:
        if "delete" in wired.coupons.kinds(CODE):
            await fail(call)

    request_id = await wired.approved()
    wired.coupons.during = fail_afterwards
    await keep_working(wired, 200)
    state = await wired.state(request_id)
    assert isinstance(state, Deleted)
    assert (state.source, state.confirmation) == (Source.ANSWER, Confirmation.UNREAD)
    assert len(wired.messenger.of("reply")) == 1


async def test_an_unknown_outcome_that_can_never_be_read_is_told(wired: Wired) -> None:
    """An unknown outcome is told as such, also where every read after it ends in an unforeseen error."""

    async def fail_afterwards(call: Call) -> None:
        if "delete" in wired.coupons.kinds(CODE):
            await fail(call)

    request_id = await wired.approved()
    wired.coupons.deletes[CODE] = [(LOST, True)]
    wired.coupons.during = fail_afterwards
    await keep_working(wired, 800)
    state = await wired.state(request_id)
    assert isinstance(state, Unknown)
    assert state.final
    assert len(wired.messenger.of("reply")) == 1


async def test_without_creation_times_the_same_facts_prove_nothing(wired: Wired) -> None:
    """A coupon that was created anew, with the facts of the deleted one, gets no second DELETE."""
    wired.coupons.store(a_coupon(created_at=None))

    async def create_anew(call: Call) -> None:
        if wired.coupons.kinds(CODE) == ["read", "read", "delete", "read"]:
            wired.coupons.store(a_coupon(created_at=None))

    request_id = await wired.approved()
    wired.coupons.deletes[CODE] = [(LOST, True)]
    wired.coupons.during = create_anew
    await wired.run(120)
    assert isinstance(await wired.state(request_id), Unknown)
    assert wired.coupons.kinds(CODE).count("delete") == 1
    assert CODE in wired.coupons.stored


async def test_an_answer_that_comes_too_late_is_in_the_audit(wired: Wired) -> None:
    """I7: what Vivoldi answered is kept, also where someone else has taken over the work by then."""

    async def be_slow(call: Call) -> None:
        if call.kind == "delete":
            wired.clock.advance(LEASE_SECONDS + 5)

    await wired.approved()
    wired.coupons.during = be_slow
    with pytest.raises(LostClaim):
        await wired.drain()
    (event,) = await wired.events(EventKind.DELETE_ANSWERED)
    assert (event.code, event.data) == (CODE, {"answer": "Executed", "claim_lost": True})
