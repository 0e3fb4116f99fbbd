"""Deleting, on a real database with Slack and Vivoldi faked: what is sent, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.coupon import Coupon, CouponCode, NotShown, Reading
from bot.domain.errors import VivoldiError, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    NotSent,
    NotSentReason,
    Refused,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.people import Kind, Standing
from bot.domain.policy import Verdict
from bot.domain.request.request import Finished
from tests.builders import AMIR, BEA, CODE, ONCALL, OTHER_CODE, a_coupon, standing
from tests.fakes import Call, FakeCoupons, Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

DOWN = VivoldiUnavailable("no answer")
LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def test_drift_is_not_deleted(wired: Wired) -> None:
    """A coupon that changed after it was shown is left alone, and what changed is told."""
    request_id = await wired.approved()
    wired.coupons.store(a_coupon(name="Another name"))
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), Changed)
    assert wired.coupons.kinds(CODE) == ["read", "read"]
    assert "Another name" in wired.messenger.of("reply")[0].message.text


async def test_a_refusal_is_told_in_vivoldis_words(wired: Wired) -> None:
    """Where Vivoldi refuses, the outcome quotes it, and nothing is tried again."""
    refusal = "Vivoldi says: “It was redeemed.”"
    wired.coupons.deletes[CODE] = [(RefusedAnswer(refusal), False)]
    request_id = await wired.approved()
    await wired.run(60)
    assert await wired.state(request_id) == Refused(refusal)
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete"]
    assert f"Vivoldi refused.* {refusal} " in wired.messenger.of("reply")[0].message.text


async def test_what_was_not_executed_is_sent_again(wired: Wired) -> None:
    """After a 429 the same deletion is sent again, each time after a read, and not before Vivoldi asks."""
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 20.0), False)]
    request_id = await wired.approved()
    await wired.run(15)
    assert await wired.state(request_id) == Waiting(1, 0, "HTTP 429")
    assert wired.coupons.kinds(CODE)[-1] == "delete"
    await wired.run(15)
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete", "read", "delete", "read"]


async def test_a_deletion_whose_sender_is_lost_is_in_the_audit(wired: Wired) -> None:
    """That a DELETE was found as being sent, and no answer to it is known, is an audit event (I7)."""

    async def die(call: Call) -> None:
        if call.kind == "delete":
            raise Killed

    await wired.approved()
    wired.coupons.during = die
    with pytest.raises(Killed):
        await wired.run(5, step=1)
    assert await wired.events(EventKind.DELETE_LOST) == []
    wired.clock.advance(LEASE_SECONDS + 1)
    wired.coupons.during = FakeCoupons().during
    await wired.drain()
    (lost,) = await wired.events(EventKind.DELETE_LOST)
    assert (lost.code, "before it stored the answer" in str(lost.data["reason"])) == (CODE, True)


@pytest.mark.parametrize("executed", [True, False])
async def test_an_unclear_answer_is_settled_by_reading(wired: Wired, executed: bool) -> None:
    """After an answer that proves nothing, reads say whether it is gone, two looks then, or is sent again."""
    wired.coupons.deletes[CODE] = [(LOST, executed)]
    request_id = await wired.approved()
    await wired.run(60)
    state = await wired.state(request_id)
    assert isinstance(state, Gone if executed else Deleted)
    again = ["read"] if executed else ["read", "delete", "read"]
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete", "read", *again]


async def test_one_odd_read_after_a_lost_answer_settles_nothing(wired: Wired) -> None:
    """A DELETE that was not executed, then one read that fails in disguise: sent again, told as deleted."""
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()

    async def odd_once(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.reads[CODE] = [NotShown("system error")]
            wired.coupons.during = _nothing

    wired.coupons.during = odd_once
    await wired.run(60, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, Deleted)
    assert (state.source, state.confirmation) == (Source.ANSWER, Confirmation.GONE)
    assert CODE not in wired.coupons.stored
    kinds = ["read", "read", "delete", "read", "read", "read", "delete", "read"]
    assert wired.coupons.kinds(CODE) == kinds


async def _nothing(call: Call) -> None:
    """Happens to every other call."""


async def test_a_use_in_the_wrong_moment_is_not_told_as_deleted(wired: Wired) -> None:
    """The DELETE gets lost, and a customer uses the coupon up: blocked, and not said to be deleted."""
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()

    async def use_up(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.reads[CODE] = [NotShown("It was used up.")] * 9

    wired.coupons.during = use_up
    await wired.run(30, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, Gone)
    assert (state.reason, state.message) == (LOST.reason, "It was used up.")
    told = wired.messenger.of("reply")[0].message.text
    assert "no longer works" in told
    assert "Vivoldi says “It was used up”" in told
    assert "Deleted" not in told


async def test_one_odd_read_before_a_deletion_is_no_change(wired: Wired) -> None:
    """Not shown once, right before its DELETE, and shown again: it is deleted, five seconds later."""
    request_id = await wired.approved()
    wired.coupons.reads[CODE] = [NotShown("system error")]
    await wired.drain()
    assert isinstance(await wired.state(request_id), Waiting)
    await wired.run(6, step=1)
    assert isinstance(await wired.state(request_id), Deleted)


async def test_a_coupon_that_was_never_shown_is_looked_at_twice(wired: Wired) -> None:
    """A DELETE that rests on absence needs two looks after the card: one odd read is no ground to send on."""
    wired.coupons.stored.clear()
    request_id = await wired.approved()
    await wired.run(4, step=1)
    assert wired.coupons.kinds(CODE) == ["read", "read"]
    await wired.run(4, step=1)
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE) == ["read", "read", "read", "delete", "read"]


async def test_an_old_odd_read_is_no_first_look(wired: Wired) -> None:
    """A look that shows the coupon makes those before it count for nothing, also a good while later."""
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429", 20.0), False)]
    request_id = await wired.approved()
    wired.coupons.reads[CODE] = [NotShown("system error")]
    await wired.run(10, step=1)
    wired.coupons.reads[CODE] = [NotShown("system error")]
    await wired.run(17, step=1)
    assert isinstance(await wired.state(request_id), Waiting)
    await wired.run(10, step=1)
    assert isinstance(await wired.state(request_id), Deleted)


@pytest.mark.parametrize("shown", [True, False])
async def test_a_second_look_that_would_come_too_late_is_none(wired: Wired, shown: bool) -> None:
    """Without the time for a second look before execute-by, nothing is sent; that is told once it is late."""
    if not shown:
        wired.coupons.stored.clear()
    request_id = await wired.approved()
    wired.coupons.stored.clear()
    wired.clock.advance(wired.policy.execute_within.total_seconds() - 4)
    await wired.run(3, step=1)
    assert isinstance(await wired.state(request_id), Waiting)
    await wired.run(2, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, NotSent)
    assert state.reason is NotSentReason.TOO_LATE
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_an_unclear_deletion_of_an_unseen_coupon_stays_unknown(wired: Wired) -> None:
    """A coupon that was never shown can't be settled by reading: people are told what to look at."""
    wired.coupons.stored.clear()
    wired.coupons.deletes[CODE] = [(LOST, True)]
    request_id = await wired.approved()
    await wired.run(60)
    state = await wired.state(request_id)
    assert isinstance(state, Unknown)
    assert state.final
    assert wired.coupons.kinds(CODE).count("delete") == 1
    assert "dashboard" in wired.messenger.of("reply")[0].message.text


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (standing(AMIR), Verdict.NOT_AN_APPROVER),
        (standing(BEA, ONCALL, kind=Kind.DEACTIVATED), Verdict.DEACTIVATED),
    ],
)
async def test_approvers_are_asked_for_afresh(wired: Wired, lost: Standing, reason: Verdict) -> None:
    """An approver who no longer counts in Slack stops the deletion, whatever the directory remembers."""
    request_id = await wired.approved()
    wired.people.change(lost)
    await wired.run(5, step=1)
    assert await wired.state(request_id) == NotSent(
        NotSentReason.APPROVER_LOST, reason, approver=lost.person.id
    )
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_nothing_is_sent_while_slack_can_not_be_asked(wired: Wired) -> None:
    """Without Slack's word on the approvers nothing is sent; the item waits, and its card says why."""
    request_id = await wired.approved()
    wired.people.unreachable = True
    await wired.run(60)
    state = await wired.state(request_id)
    assert isinstance(state, Waiting)
    assert "Slack" in str(state.obstacle)
    assert wired.messenger.shown("1.000100").text.count("Trying again") == 1
    await wired.run(600, step=30)
    ended = await wired.state(request_id)
    assert isinstance(ended, NotSent)
    assert ended.reason is NotSentReason.TOO_LATE
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_the_place_in_the_rate_limit_comes_before_the_checks(wired: Wired) -> None:
    """Without a place for the DELETE nothing is checked, so that it never waits after the checks."""
    request_id = await wired.approved()
    wired.coupons.crowded = True
    await wired.run(60)
    assert isinstance(await wired.state(request_id), Waiting)
    assert (wired.people.asked, wired.coupons.kinds(CODE)) == ([], ["read"])
    wired.coupons.crowded = False
    await wired.run(60)
    assert isinstance(await wired.state(request_id), Deleted)


async def test_each_coupon_has_its_own_outcome(wired: Wired) -> None:
    """Of several coupons each is told by what happened to it; trouble with one does not hold up another."""
    third = CouponCode("THIRD2025")
    wired.coupons.store(a_coupon(number=OTHER_CODE), a_coupon(number=third))
    wired.coupons.deletes[OTHER_CODE] = [(RefusedAnswer("no"), False)]
    request_id = await wired.approved(f"{CODE},{OTHER_CODE},{third}")
    wired.coupons.reads[third] = [VivoldiRefused("HTTP 403")]
    await wired.run(5, step=1)
    kinds = [type(state) for state in (await wired.states(request_id)).values()]
    assert kinds == [Deleted, Refused, NotSent]
    assert isinstance(await wired.request(request_id), Finished)
    assert len(wired.messenger.of("reply")) == 1


@pytest.mark.parametrize(
    ("reads", "deletes"),
    [([DOWN], []), ([], [(NotExecuted("HTTP 429"), False)]), ([], [(LOST, False)])],
    ids=["unreadable", "429", "no answer"],
)
async def test_what_was_put_off_ends_at_execute_by(
    wired: Wired, reads: list[Reading | VivoldiError], deletes: list[tuple[DeleteAnswer, bool]]
) -> None:
    """An item that waits for its next try ends at execute-by, and not only when that try would be due."""
    request_id = await wired.approved()
    wired.clock.advance(wired.policy.execute_within.total_seconds() - 0.1)
    wired.coupons.reads[CODE], wired.coupons.deletes[CODE] = [*reads], [*deletes]
    await wired.drain()
    assert isinstance(await wired.state(request_id), Waiting)
    wired.clock.advance(0.1)
    await wired.drain()
    state = await wired.state(request_id)
    assert isinstance(state, NotSent)
    assert state.reason is NotSentReason.TOO_LATE


@pytest.mark.parametrize(
    ("answer", "end"), [(LOST, Gone), (Executed(), Deleted)], ids=["unknown", "answered"]
)
async def test_the_read_afterwards_is_tried_for_a_minute(
    wired: Wired, answer: DeleteAnswer, end: type
) -> None:
    """What was sent just before execute-by is told by a read after it, also where Vivoldi is away a while."""
    request_id = await wired.approved()
    wired.clock.advance(wired.policy.execute_within.total_seconds() - 1)
    wired.coupons.deletes[CODE] = [(answer, True)]

    async def down_after_delete(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.reads[CODE] = [DOWN] * 4

    wired.coupons.during = down_after_delete
    await wired.drain()
    await wired.run(30, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, end)
    assert not isinstance(state, Deleted) or state.confirmation is Confirmation.GONE


async def test_a_deletion_that_can_not_be_confirmed_is_told_so(wired: Wired) -> None:
    """Where the read afterwards fails for a minute, the deletion is told without a confirmation."""
    request_id = await wired.approved()

    async def down_after_delete(call: Call) -> None:
        if call.kind == "delete":
            wired.coupons.reads[CODE] = [DOWN] * 99

    wired.coupons.during = down_after_delete
    await wired.run(120)
    state = await wired.state(request_id)
    assert isinstance(state, Deleted)
    assert state.confirmation is Confirmation.UNREAD


@pytest.mark.parametrize("coupon", [None, a_coupon(created_at="2025-06-02 09:00:00")])
async def test_a_deletion_that_was_executed_late_is_told_as_such(wired: Wired, coupon: Coupon | None) -> None:
    """After execute-by a last read settles an attempt without an answer: it may have been executed late.

    For a second look it is too late then, so one that does not show the coupon leaves it unknown.
    """
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()
    await wired.run(0.2, step=0.1)
    assert wired.coupons.kinds(CODE).count("delete") == 1
    wired.coupons.stored.pop(CODE)
    if coupon is not None:
        wired.coupons.store(coupon)
    wired.clock.advance(3600)
    await wired.run(10, step=1)
    state = await wired.state(request_id)
    if coupon is None:
        assert isinstance(state, Unknown)
    else:
        assert isinstance(state, Deleted)
        assert (state.source, state.confirmation) == (Source.READING, Confirmation.REPLACED)
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def test_an_attempt_that_no_read_can_settle_in_time_is_unknown(wired: Wired) -> None:
    """Where Vivoldi can't be read any more after an unanswered attempt, nobody is told "not deleted" (I4)."""
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await wired.approved()
    await wired.run(0.2, step=0.1)
    wired.coupons.reads[CODE] = [DOWN] * 9
    wired.clock.advance(3600)
    await wired.run(5, step=1)
    state = await wired.state(request_id)
    assert isinstance(state, Unknown)
    assert state.final
    assert "*Unknown.*" in wired.messenger.of("reply")[0].message.text
