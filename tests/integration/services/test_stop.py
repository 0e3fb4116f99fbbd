"""Stop, on a real database with Slack and Vivoldi faked: what is sent after it, and what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.seal import Seal, new_key
from bot.domain.errors import LostClaim, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import NotExecuted, Unproven
from bot.domain.item.deletion import (
    Deleted,
    Gone,
    ItemState,
    NotSent,
    NotSentReason,
    Sending,
    Unknown,
    Waiting,
)
from bot.domain.people import Person
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Finished
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CARL, CHANNEL, CODE, OTHER_CODE, RIKA, a_coupon
from tests.fakes import Call
from tests.integration.wired import Wired, wired_on

LOST = Unproven("the connection broke")
WINDOW = timedelta(seconds=30)


def stopped_by(person: Person, unanswered: int = 0) -> NotSent:
    """Return the end of an item that was stopped."""
    return NotSent(NotSentReason.STOPPED, unanswered=unanswered, stopped_by=person.id)


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


@pytest.fixture
async def windowed(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path, stop_window=WINDOW) as wired:
        yield wired


def stopping(wired: Wired, kind: str, request_id: list[str]) -> Callable[[Call], Awaitable[None]]:
    """Return what clicks Stop during the next call of a kind that comes once the request's id is known."""

    async def during(call: Call) -> None:
        if call.kind == kind and request_id:
            assert await wired.click(Action.STOP, AMIR, request_id.pop()) is Verdict.ALLOWED

    return during


# ---------------------------------------------------------------- the window


async def test_nothing_is_sent_within_the_window(windowed: Wired) -> None:
    """After the final approval nothing is read or sent before the time that the card names."""
    request_id = await windowed.approved()
    await windowed.run(29, step=1)
    assert await windowed.state(request_id) == Waiting()
    assert windowed.coupons.kinds(CODE) == ["read"]
    await windowed.run(3, step=1)
    assert isinstance(await windowed.state(request_id), Deleted)


async def test_a_claim_within_the_window_sends_nothing(windowed: Wired) -> None:
    """A worker that gets hold of an item too early, by whatever mistake, gives it back and sends nothing."""
    request_id = await windowed.approved()
    await windowed.sql("UPDATE items SET due_at = 0")
    await windowed.drain()
    assert await windowed.state(request_id) == Waiting()
    assert windowed.coupons.kinds(CODE) == ["read"]
    await windowed.run(32, step=1)
    assert isinstance(await windowed.state(request_id), Deleted)


async def test_the_window_is_the_one_that_the_card_promised(windowed: Wired) -> None:
    """A setting that is changed after the final approval changes nothing for that request."""
    request_id = await windowed.approved()
    windowed.policy = replace(windowed.policy, stop_window=timedelta())
    await windowed.run(20, step=1)
    assert await windowed.state(request_id) == Waiting()
    assert await windowed.click(Action.STOP, RIKA, request_id) is Verdict.ALLOWED
    await windowed.run(60)
    assert await windowed.state(request_id) == stopped_by(RIKA)
    assert windowed.coupons.kinds(CODE) == ["read"]


async def test_a_stop_in_the_window_is_told(windowed: Wired) -> None:
    """A request that is stopped in its window ends, frees its code, and says by whom it was stopped."""
    request_id = await windowed.approved()
    await windowed.run(2, step=1)
    assert "Nothing is deleted before" in windowed.messenger.shown("1.000100").text
    assert await windowed.click(Action.STOP, BEA, request_id) is Verdict.ALLOWED
    await windowed.drain()
    assert isinstance(await windowed.request(request_id), Finished)
    (reply,) = windowed.messenger.of("reply")
    assert f"*Not deleted: stopped by <@{BEA.id}> before it was sent.*" in reply.message.text
    assert windowed.messenger.told == []
    await windowed.ask()


async def test_a_stop_is_in_the_audit(windowed: Wired) -> None:
    """Who stopped what, and what came of it, are audit events of the stop's own transaction (I7)."""
    request_id = await windowed.approved()
    await windowed.click(Action.STOP, BEA, request_id)
    decision, outcome = (await windowed.events())[-2:]
    assert (decision.kind, decision.actor, decision.data["action"]) == (EventKind.DECISION, BEA, "stop")
    assert (outcome.kind, outcome.code) == (EventKind.ITEM_OUTCOME, CODE)
    assert (outcome.data["reason"], outcome.data["stopped_by"]) == ("stopped", BEA.id)


# ---------------------------------------------------------------- who


async def test_someone_else_does_not_stop(windowed: Wired) -> None:
    """Who is neither approver nor requester is refused privately, and the deletion goes on."""
    request_id = await windowed.approved()
    assert await windowed.click(Action.STOP, CARL, request_id) is Verdict.MAY_NOT_STOP
    await windowed.run(40, step=1)
    assert isinstance(await windowed.state(request_id), Deleted)
    assert [notice.person for notice in windowed.messenger.told] == [CARL.id]


async def test_an_old_version_of_the_card_stops(wired: Wired) -> None:
    """Stopping is safe and may be urgent, so it counts from a card that has changed since."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    request_id = await wired.approved(f"{CODE},{OTHER_CODE}")
    assert await wired.click(Action.STOP, RIKA, request_id, version=1) is Verdict.ALLOWED
    await wired.drain()
    assert "delete" not in wired.coupons.kinds(CODE) + wired.coupons.kinds(OTHER_CODE)


async def test_an_approval_can_not_be_stopped_before_it_is_given(wired: Wired) -> None:
    """A stop of what waits for approval changes nothing, and is no approval either."""
    request_id = await wired.ask()
    before = await wired.request(request_id)
    for by in (AMIR, RIKA):
        assert await wired.click(Action.STOP, by, request_id) is Verdict.NOT_APPROVED
    assert await wired.request(request_id) == before


# ---------------------------------------------------------------- the race with what is sent


@pytest.mark.parametrize("after", ["read", "delete"])
async def test_a_stop_during_a_deletion_has_one_outcome(wired: Wired, after: str) -> None:
    """A stop before the DELETE is stored as being sent prevents it; one after comes too late, and is told."""
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, after, [request_id])
    with suppress(LostClaim):
        await wired.drain()
    await wired.run(5, step=1)
    state = await wired.state(request_id)
    if after == "read":
        assert state == stopped_by(AMIR)
        assert wired.coupons.kinds(CODE) == ["read", "read"]
        assert wired.messenger.told == []
    else:
        assert isinstance(state, Deleted)
        (notice,) = wired.messenger.told
        assert (notice.person, f"`{CODE}`: Being deleted now." in notice.text) == (AMIR.id, True)
    assert isinstance(await wired.request(request_id), Finished)


async def test_what_was_read_when_it_was_stopped_is_in_the_audit(wired: Wired) -> None:
    """A read that a stop overtook is an audit event all the same (I7)."""
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, "read", [request_id])
    with pytest.raises(LostClaim):
        await wired.drain()
    late = [event for event in await wired.events(EventKind.COUPON_READ) if "claim_lost" in event.data]
    assert [(event.code, event.data["shown"]) for event in late] == [(CODE, True)]


async def test_the_item_in_flight_is_the_last(wired: Wired) -> None:
    """Of several coupons those after the one in flight are not sent, and each is told as it went."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    request_id = await wired.approved(f"{CODE},{OTHER_CODE}")
    wired.coupons.during = stopping(wired, "delete", [request_id])
    await wired.run(10, step=1)
    states = await wired.states(request_id)
    assert isinstance(states[CODE], Deleted)
    assert states[OTHER_CODE] == stopped_by(AMIR)
    (reply,) = wired.messenger.of("reply")
    assert "1 deleted, 1 not deleted (stopped)" in reply.message.text


async def test_nothing_is_sent_again_after_a_stop(wired: Wired) -> None:
    """A DELETE in flight that Vivoldi asks to send later is not sent again."""
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 1.0), False)]
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, "delete", [request_id])
    await wired.run(60)
    assert await wired.state(request_id) == stopped_by(AMIR)
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def test_a_429_after_a_stop_is_told_at_once(wired: Wired) -> None:
    """Nobody waits, after a stop, for the time at which Vivoldi would take the DELETE again."""
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 300.0), False)]
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, "delete", [request_id])
    await wired.run(5, step=1)
    assert await wired.state(request_id) == stopped_by(AMIR)


@pytest.mark.parametrize(("executed", "end"), [(True, Gone), (False, NotSent)])
async def test_a_lost_attempt_is_settled_by_reading(wired: Wired, executed: bool, end: type) -> None:
    """An attempt without an answer ends as what a read after the stop shows, and is never sent again."""
    wired.coupons.deletes[CODE] = [(LOST, executed)]
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, "delete", [request_id])
    await wired.run(120)
    state = await wired.state(request_id)
    assert isinstance(state, end)
    assert isinstance(state, Gone) or state == stopped_by(AMIR, unanswered=1)
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def _waiting_after_a_lost_attempt(wired: Wired) -> str:
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()
    await wired.drain()
    assert await wired.state(request_id) == Waiting(1, 1, LOST.reason)
    return request_id


async def test_a_stop_is_seen_in_the_transaction_that_would_send(wired: Wired) -> None:
    """A stop while an item is read that is to be sent again is seen right before it would be sent."""
    request_id = await _waiting_after_a_lost_attempt(wired)
    wired.coupons.during = stopping(wired, "read", [request_id])
    await wired.run(60)
    assert await wired.state(request_id) == stopped_by(AMIR, unanswered=1)
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def test_what_waits_to_be_sent_again_is_read_once_more(wired: Wired) -> None:
    """A coupon that disappears after a lost attempt and a stop is told as gone, not as stopped."""
    request_id = await _waiting_after_a_lost_attempt(wired)
    assert await wired.click(Action.STOP, AMIR, request_id) is Verdict.ALLOWED
    assert isinstance(await wired.request(request_id), Approved)
    wired.coupons.stored.clear()
    await wired.run(60)
    assert isinstance(await wired.state(request_id), Gone)


async def test_a_stopped_item_needs_nobodys_word(wired: Wired) -> None:
    """What is only to be read after a stop waits neither for Slack nor for an approver who left."""
    request_id = await _waiting_after_a_lost_attempt(wired)
    await wired.click(Action.STOP, AMIR, request_id)
    wired.people.unreachable = True
    await wired.run(60)
    assert await wired.state(request_id) == stopped_by(AMIR, unanswered=1)


async def test_whoever_reads_a_stopped_item_has_lost_it(wired: Wired) -> None:
    """A stop takes the claim on what it ends, also where another coupon keeps the request going."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 1.0), False)]
    wired.coupons.deletes[OTHER_CODE] = [(LOST, False)] * 9
    request_id = await wired.approved(f"{CODE},{OTHER_CODE}")
    await wired.drain()
    stop = stopping(wired, "read", [request_id])

    async def during(call: Call) -> None:
        if call.code == CODE:
            await stop(call)

    wired.coupons.during = during
    with pytest.raises(LostClaim):
        await wired.run(60, step=1)
    assert isinstance(await wired.request(request_id), Approved)
    assert await wired.state(request_id) == stopped_by(AMIR)


@pytest.mark.parametrize(("seconds", "end"), [(60, stopped_by(AMIR, unanswered=1)), (3600, None)])
async def test_a_stop_waits_for_vivoldi(wired: Wired, seconds: int, end: ItemState | None) -> None:
    """Where Vivoldi can't be read after a stop, that is tried until execute-by; then people have to look."""
    request_id = await _waiting_after_a_lost_attempt(wired)
    await wired.click(Action.STOP, AMIR, request_id)
    wired.coupons.reads[CODE] = [VivoldiUnavailable("no answer")] * (3 if end else 999)
    await wired.run(seconds)
    state = await wired.state(request_id)
    assert state == end if end else isinstance(state, Unknown) and state.final
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def test_a_deletion_found_in_flight_is_settled_after_a_stop(wired: Wired) -> None:
    """A process that died with a DELETE in flight leaves it to be read, stopped or not (I4)."""
    request_id = await wired.approved()
    lane = next(lane for lane in wired.lanes if lane.name == "items")
    claim = await lane.claim()
    await wired.sql("UPDATE items SET state = 'sending', detail = '{\"attempts\": 1, \"unanswered\": 0}'")
    assert claim is not None
    assert await wired.state(request_id) == Sending(1, 0)
    assert await wired.click(Action.STOP, RIKA, request_id) is Verdict.ALLOWED
    await wired.run(60)
    assert await wired.state(request_id) == stopped_by(RIKA, unanswered=1)
    assert "delete" not in wired.coupons.kinds(CODE)


# ---------------------------------------------------------------- too late, twice, and what it held


async def test_a_stop_after_the_end_is_told_so(wired: Wired) -> None:
    """Who stops what is finished is told that it is, and nothing changes."""
    request_id = await wired.approved()
    await wired.run(5, step=1)
    assert await wired.click(Action.STOP, AMIR, request_id) is Verdict.ALREADY_ENDED
    await wired.drain()
    assert "was finished" in wired.messenger.told[0].text


async def test_a_second_stop_has_no_effect(wired: Wired) -> None:
    """Of two stops one counts; the other person is told who was first (I6)."""
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()
    wired.coupons.during = stopping(wired, "delete", [request_id])
    await wired.drain()
    before = await wired.request(request_id)
    assert await wired.click(Action.STOP, RIKA, request_id) is Verdict.NOTHING_TO_STOP
    assert await wired.request(request_id) == before
    await wired.drain()
    assert f"<@{AMIR.id}> has stopped it already" in wired.messenger.told[-1].text


async def test_what_a_stopped_coupon_held_is_not_kept(wired: Wired) -> None:
    """A coupon that is still there is not kept, encrypted or not, after a stop."""
    wired.coupons.seal = Seal([new_key()]).close
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 60.0), False)]
    request_id = await wired.approved()
    await wired.drain()
    async with wired.store.transaction() as tx:
        assert len(await tx.snapshots.of_request(request_id)) == 1
    await wired.click(Action.STOP, AMIR, request_id)
    async with wired.store.transaction() as tx:
        assert await tx.snapshots.of_request(request_id) == []


async def test_the_stop_of_a_copy_redraws_it(windowed: Wired) -> None:
    """A Stop on a stray copy of the card works, and that copy is redrawn with the card."""
    request_id = await windowed.approved()
    await windowed.drain()
    assert await windowed.click(Action.STOP, AMIR, request_id, message_ts="9.9") is Verdict.ALLOWED
    await windowed.drain()
    assert "Not deleted" in windowed.messenger.shown("9.9").text
    assert windowed.messenger.sent[-1].channel == CHANNEL
