"""The invariants I1 to I4, each held by tests that go red when its guard is removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import LostClaim
from bot.domain.event import EventKind
from bot.domain.item.answer import Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import Changed, Deleted, Gone, NotSent, NotSentReason, Sending
from bot.domain.people import Person
from bot.domain.policy import RequesterMayApprove, Verdict
from bot.domain.request.request import Finished, Pending
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CODE, RIKA, a_coupon, standing
from tests.fakes import Call, Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


# ---------------------------------------------------------------- I1: two people, bound to what was shown


@pytest.mark.parametrize("first", [AMIR, RIKA], ids=["another", "the requester"])
async def test_i1_nobody_gives_both_steps(wired: Wired, first: Person) -> None:
    """I1: the person who gave step 1, and the requester in any case, can't give step 2."""
    request_id = await wired.ask()
    assert await wired.click(Action.APPROVE, first, request_id) is Verdict.ALLOWED
    for person in {first, RIKA}:
        assert await wired.click(Action.APPROVE, person, request_id) is not Verdict.ALLOWED
    await wired.run(5, step=1)
    assert isinstance(await wired.request(request_id), Pending)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_i1_approvals_count_for_what_was_shown(wired: Wired) -> None:
    """I1: where what is stored is no longer what the approvals are bound to, nothing is sent."""
    request_id = await wired.approved()
    wired.coupons.store(a_coupon(name="Swapped"))
    await wired.sql("UPDATE items SET snapshot = replace(snapshot, '$100 off cake coupon', 'Swapped')")
    await wired.run(5, step=1)
    assert await wired.state(request_id) == NotSent(NotSentReason.NOT_BOUND)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_i1_eligibility_is_checked_after_the_read(wired: Wired) -> None:
    """I1: an approver who leaves during the read, however long it takes, stops the deletion."""

    async def leave(call: Call) -> None:
        wired.people.change(standing(BEA))
        wired.clock.advance(9)

    request_id = await wired.approved()
    wired.coupons.during = leave
    await wired.drain()
    state = await wired.state(request_id)
    assert isinstance(state, NotSent)
    assert (state.reason, state.approver) == (NotSentReason.APPROVER_LOST, BEA.id)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_i1_what_slack_said_before_the_approval_does_not_count(wired: Wired) -> None:
    """I1: Slack is asked about both approvers anew, after the final approval was given."""
    request_id = await wired.approved()
    await wired.run(5, step=1)
    request = await wired.request(request_id)
    assert isinstance(request, Finished)
    # Before the read, and after it, when the first answers may be old.
    assert wired.people.asked == [(person.id, request.final.at) for person in (AMIR, BEA)] * 2


async def test_i1_the_rules_of_today_count(wired: Wired) -> None:
    """I1: an approval that today's settings no longer allow stops the deletion."""
    request_id = await wired.ask()
    await wired.approve(request_id, first=RIKA)
    wired.policy = replace(wired.policy, requester_may_approve=RequesterMayApprove.NEVER)
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), NotSent)


@pytest.mark.parametrize("seconds_left", [0, 5], ids=["already over", "over during the read"])
async def test_i1_nothing_is_sent_after_execute_by(wired: Wired, seconds_left: int) -> None:
    """I1: no DELETE is sent after execute-by, also where the read before it took until then."""
    request_id = await wired.approved()
    wired.clock.advance(wired.policy.execute_within.total_seconds() - seconds_left)

    async def slow(call: Call) -> None:
        wired.clock.advance(seconds_left)

    wired.coupons.during = slow
    await wired.drain()
    assert await wired.state(request_id) == NotSent(NotSentReason.TOO_LATE)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_i1_nothing_is_sent_after_execute_by_once_it_is_stored(wired: Wired) -> None:
    """I1: storing that a DELETE is sent takes time as well; past execute-by it is not sent, and told so."""
    request_id = await wired.approved()
    wired.clock.advance(wired.policy.execute_within.total_seconds() - 0.5)
    # What Slack said would still be young enough.
    _slow_to_store(wired, 0.7)
    await wired.drain()
    await wired.run(5, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, NotSent)
    assert state.reason is NotSentReason.TOO_LATE
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_i1_slack_was_asked_right_before_it_is_sent(wired: Wired) -> None:
    """I1: people were asked about at most 5 s before a DELETE leaves, also after a slow read and commit."""
    request_id = await wired.approved()
    wired.clock.advance(60)
    asked = wired.clock.now()

    async def slow(call: Call) -> None:
        if call.kind == "read":
            wired.clock.advance(3.5)

    wired.coupons.during = slow
    _slow_to_store(wired, 2)
    await wired.drain()
    assert {since for _, since in wired.people.asked} == {
        asked - timedelta(seconds=4),
        asked - timedelta(seconds=0.5),
    }
    assert "delete" not in wired.coupons.kinds(CODE)
    await wired.run(30, step=1)
    assert isinstance(await wired.state(request_id), Deleted)


@pytest.mark.parametrize(("seconds", "sent"), [(0.7, 1), (0.8, 0)])
async def test_i1_the_time_that_a_connection_takes_counts(wired: Wired, seconds: float, sent: int) -> None:
    """I1: a connection takes time as well, so what has to be fresh is looked at once it is there."""
    await wired.approved()
    wired.clock.advance(60)
    _slow_to_store(wired, 0.25)

    async def slow(call: Call) -> None:
        wired.coupons.connecting = at_once
        wired.clock.advance(seconds)

    async def at_once(call: Call) -> None:
        """The next connection takes no time."""

    wired.coupons.connecting = slow
    await wired.drain()
    # The fake's answers are as old as is taken: of 5 s there is 1 s left after the read.
    assert wired.coupons.kinds(CODE).count("delete") == sent
    await wired.run(30, step=1)
    assert wired.coupons.kinds(CODE).count("delete") == 1


def _slow_to_store(wired: Wired, seconds: float) -> None:
    """Have the commit before the first DELETE take so long."""

    def slow() -> None:
        if any(event.kind is EventKind.DELETE_SENDING for event in wired.committed.heard):
            wired.committed.then = lambda: None
            wired.clock.advance(seconds)

    wired.committed.then = slow


async def test_i1_an_approval_counts_before_approve_by(wired: Wired) -> None:
    """I1: an approval that comes at approve-by is none, even where the request has not expired yet."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id)
    wired.clock.advance(wired.policy.approve_within.total_seconds())
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.TOO_LATE
    await wired.run(5, step=1)
    assert "delete" not in wired.coupons.kinds(CODE)


# ---------------------------------------------------------------- I2: read, compared, in the same claim


async def test_i2_the_coupon_is_read_right_before_it_is_deleted(wired: Wired) -> None:
    """I2: before every DELETE the coupon is read anew, and drift ends the item."""
    request_id = await wired.approved()
    wired.coupons.store(a_coupon(ends_on="2026-12-31"))
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), Changed)
    assert wired.coupons.kinds(CODE) == ["read", "read"]


async def test_i2_a_read_of_an_earlier_claim_does_not_count(wired: Wired) -> None:
    """I2: where the claim was lost after the read, nothing is sent on the strength of that read."""
    request_id = await wired.approved()

    async def held_up(call: Call) -> None:
        wired.clock.advance(2 * LEASE_SECONDS)

    wired.coupons.during = held_up
    with pytest.raises(LostClaim):
        await wired.drain()
    assert wired.coupons.kinds(CODE) == ["read", "read"]
    assert not isinstance(await wired.state(request_id), Sending)


# ---------------------------------------------------------------- I3: sent once, and again only when proven


@pytest.mark.parametrize(("shown", "sent"), [(True, 4), (False, 1)], ids=["shown", "approved unseen"])
async def test_i3_nothing_is_sent_blindly_again(wired: Wired, shown: bool, sent: int) -> None:
    """I3: between any two DELETEs stands a read that shows the very same coupon; unseen, one is sent."""
    wired.coupons.stored = wired.coupons.stored if shown else {}
    wired.coupons.deletes[CODE] = [(LOST, False), (NotExecuted("HTTP 429"), False), (LOST, False)]
    await wired.approved()
    await wired.run(300)
    kinds = wired.coupons.kinds(CODE)
    assert kinds.count("delete") == sent
    assert "delete delete" not in " ".join(kinds)


async def test_i3_a_refusal_after_an_unknown_attempt_is_read(wired: Wired) -> None:
    """I3: a refusal that follows an attempt without answer does not say that the coupon is still there."""

    async def executed_late(call: Call) -> None:
        if wired.coupons.kinds(CODE).count("delete") == 2:
            wired.coupons.stored.pop(CODE, None)

    wired.coupons.deletes[CODE] = [(LOST, False), (RefusedAnswer("no such coupon"), False)]
    wired.coupons.during = executed_late
    request_id = await wired.approved()
    await wired.run(60)
    state = await wired.state(request_id)
    assert isinstance(state, Gone)


async def test_i3_a_frozen_process_does_not_send(wired: Wired) -> None:
    """I3: a process that was frozen between its last checks and the DELETE does not send on them."""

    def frozen() -> None:
        if wired.coupons.kinds(CODE) == ["read", "read"]:
            wired.clock.advance(4)
            wired.committed.then = lambda: None

    request_id = await wired.approved()
    wired.committed.then = frozen
    await wired.drain()
    assert wired.coupons.kinds(CODE) == ["read", "read"]
    await wired.run(30)
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE) == ["read", "read", "read", "delete", "read"]


# ---------------------------------------------------------------- I4: what is told is what was observed


async def test_i4_a_deletion_that_is_found_in_flight_is_unknown(wired: Wired) -> None:
    """I4: `sending` that is found after a crash is settled by a read, and never sent again before it."""

    async def crash(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.stored.pop(CODE, None)
            raise Killed

    request_id = await wired.approved()
    wired.coupons.during = crash
    with pytest.raises(Killed):
        await wired.drain()
    assert isinstance(await wired.state(request_id), Sending)
    await wired.run(2 * LEASE_SECONDS)
    state = await wired.state(request_id)
    assert isinstance(state, Gone)
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete", "read", "read"]
    assert "no longer works" in wired.messenger.of("reply")[0].message.text


@pytest.mark.parametrize(
    ("answer", "executed", "told"),
    [
        (Executed(), True, "*Deleted.*"),
        (Executed(), False, "still validates"),
        (RefusedAnswer("no"), False, "*Not deleted: Vivoldi refused.*"),
        (LOST, True, "no longer works"),
    ],
)
async def test_i4_the_outcome_says_what_was_seen(
    wired: Wired, answer: Executed | RefusedAnswer | Unproven, executed: bool, told: str
) -> None:
    """I4: success is told only after an answer or a read has shown it."""
    wired.coupons.deletes[CODE] = [(answer, executed)]
    await wired.approved()
    assert wired.messenger.of("reply") == []
    await wired.run(8, step=1)
    assert told in wired.messenger.of("reply")[0].message.text
