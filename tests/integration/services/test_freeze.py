"""Freezing, on a real database with Slack and Vivoldi faked: what is sent, what comes of it, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.coupon import NotShown, Shown
from bot.domain.errors import LostClaim, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    NotSent,
    NotSentReason,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.item.freeze import (
    Fate,
    Free,
    Freeze,
    Frozen,
    LaterRequest,
    NotDone,
    Sent,
    Underway,
    Unfrozen,
    Why,
)
from bot.domain.policy import Verdict
from bot.domain.request.request import Failed, FailureReason, OnlyFrozen, Pending, Purpose
from bot.domain.request.request import Shown as ShownRequest
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted, Denied, TooFew
from tests.builders import AMIR, BEA, CARL, CODE, NOW, OTHER_CODE, RIKA, UNSEEN, a_coupon, standing
from tests.fakes import Call, Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

YESTERDAY = "2025-06-01"
DOWN = VivoldiUnavailable("no answer")
LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def freeze_of(wired: Wired, request_id: str, position: int = 0) -> Freeze:
    """Return how far the freeze of an item is."""
    request = await wired.request(request_id)
    assert isinstance(request, ShownRequest)
    return request.items[position].freeze


async def frozen(wired: Wired) -> str:
    """Ask for a deletion and freeze the coupon; return the request's id."""
    request_id = await wired.ask()
    assert await wired.click(Action.FREEZE, AMIR, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)
    return request_id


def card(wired: Wired) -> str:
    """Return the card as it was drawn last, with its blocks."""
    sent = [each for each in wired.messenger.sent if each.kind != "reply"][-1]
    return f"{sent.message.text}\n{sent.message.blocks}"


# ---------------------------------------------------------------- freezing


async def test_a_click_freezes_at_once_and_a_read_proves_it(wired: Wired) -> None:
    """One approver's click sets the expiry date to yesterday; "frozen" is said after a read (I4)."""
    request_id = await frozen(wired)
    assert wired.coupons.kinds(CODE) == ["read", "read", "update", "read"]
    assert wired.coupons.stored[CODE].ends_on == YESTERDAY
    assert "*Frozen* by <@U0AMIR0000>" in card(wired)
    assert "'freeze'" not in card(wired)
    request = await wired.request(request_id)
    assert isinstance(request, Pending)
    (event,) = await wired.events(EventKind.FREEZE_OUTCOME)
    assert (event.code, event.data["outcome"], event.data["by"]) == (CODE, "frozen", AMIR.id)


async def test_the_date_is_committed_before_it_is_sent(wired: Wired) -> None:
    """What may be on its way is stored first, with who asked for it (I5, I7)."""

    async def during(call: Call) -> None:
        if call.kind == "update":
            (event,) = await wired.events(EventKind.DATE_SENDING)
            assert event.data == {"goal": "freeze", "date": YESTERDAY, "by": AMIR.id}
            found = await freeze_of(wired, str(event.request))
            assert isinstance(found, Underway)
            assert found.sent is Sent.MAYBE

    wired.coupons.during = during
    await frozen(wired)


async def test_a_crowded_minute_delays_a_freeze_before_its_read(wired: Wired) -> None:
    """A freeze that waits for a place does so before the read, so that the date is sent on a fresh one."""
    request_id = await wired.ask()
    wired.coupons.crowded = True
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    assert wired.coupons.kinds(CODE) == ["read"]
    wired.coupons.crowded = False
    await wired.run(30, step=1)
    assert wired.coupons.kinds(CODE) == ["read", "read", "update", "read"]


async def test_the_requester_may_freeze_if_eligible(wired: Wired) -> None:
    """At 3 a.m. one person is enough to stop the harm, the requester included."""
    request_id = await wired.ask()
    assert await wired.click(Action.FREEZE, RIKA, request_id) is Verdict.ALLOWED
    assert await wired.click(Action.FREEZE, CARL, request_id) is Verdict.NOT_AN_APPROVER


async def test_a_date_without_an_answer_is_sent_again_although_it_is_hidden(wired: Wired) -> None:
    """Frozen claims what was answered: a date that got no answer is sent again, after a read."""
    wired.coupons.updates[CODE] = [(LOST, True)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    assert isinstance(await freeze_of(wired, request_id), Frozen)
    assert wired.coupons.kinds(CODE) == ["read", "read", "update", "read", "update", "read"]


async def hangs(wired: Wired, answer: tuple[DeleteAnswer, bool] = (LOST, False)) -> str:
    """Freeze a coupon whose date never gets an answer, and that a customer uses up meanwhile."""
    wired.coupons.updates[CODE] = [(LOST, False), *[answer] * 99]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    wired.coupons.reads[CODE] = [NotShown("It was used up.")] * 99
    return request_id


async def test_a_code_that_is_used_while_its_freeze_hangs_is_not_frozen(wired: Wired) -> None:
    """I4: without an answer within a minute, a hidden coupon is said to be hidden, and not to be frozen."""
    request_id = await hangs(wired)
    await wired.run(58, step=1)
    assert isinstance(await freeze_of(wired, request_id), Underway)
    await wired.run(32, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.hidden, found.detail) == (Why.NO_ANSWER, True, "It was used up.")
    assert "whether by the freeze is unknown" in card(wired)
    assert "*Frozen*" not in card(wired)
    sent = [event.at for event in await wired.events(EventKind.DATE_SENDING)]
    gaps = [(after - before).total_seconds() for before, after in pairwise(sent)]
    assert len(gaps) > 3
    assert gaps[-1] > 4 * gaps[0]
    assert (sent[-1] - sent[0]).total_seconds() <= 60


async def test_a_refused_date_after_one_without_an_answer_claims_nothing(wired: Wired) -> None:
    """I4: Vivoldi locks the dates of a used coupon; two looks then say that it is hidden, and no more."""
    request_id = await hangs(wired, (RefusedAnswer("It was redeemed."), False))
    await wired.run(10, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.hidden, found.detail) == (Why.REFUSED, True, "It was redeemed.")
    await wired.approve(request_id)
    await wired.run(10, step=1)
    assert isinstance(await wired.state(request_id), Changed)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_a_date_is_not_sent_again_over_a_change(wired: Wired) -> None:
    """I2: once a read shows something else, the date that got no answer is not sent again."""
    wired.coupons.updates[CODE] = [(LOST, False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    wired.coupons.store(a_coupon(name="Another name"))
    await wired.run(10, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.CHANGED
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_one_odd_read_before_a_freeze_is_no_end(wired: Wired) -> None:
    """I4: not shown once, right before its freeze, and shown again: it is frozen, five seconds later."""
    request_id = await wired.ask()
    wired.coupons.reads[CODE] = [NotShown("system error")]
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(8, step=1)
    assert isinstance(await freeze_of(wired, request_id), Frozen)


@pytest.mark.parametrize("answer", [LOST, NotExecuted("HTTP 429", 2.0)])
async def test_a_date_that_was_not_set_is_sent_again_after_a_read(wired: Wired, answer: DeleteAnswer) -> None:
    """The date is sent again only after a read that shows it is not set."""
    wired.coupons.updates[CODE] = [(answer, False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    assert isinstance(await freeze_of(wired, request_id), Frozen)
    assert wired.coupons.kinds(CODE) == ["read", "read", "update", "read", "update", "read"]


async def test_a_date_that_was_certainly_not_set_has_frozen_nothing(wired: Wired) -> None:
    """I4: a coupon that is gone after a date which was not set was not frozen by it."""
    wired.coupons.updates[CODE] = [(NotExecuted("HTTP 429", 2.0), False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    wired.coupons.stored.clear()
    await wired.run(12, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.dated) == (Why.GONE, False)


async def test_every_answer_to_a_date_is_in_the_audit(wired: Wired) -> None:
    """I7: what Vivoldi answered to a date is kept, whatever it was."""
    wired.coupons.updates[CODE] = [(LOST, False), (Executed(), True)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    answers = [event.data["answer"] for event in await wired.events(EventKind.DATE_ANSWERED)]
    assert answers == ["Unproven", "Executed"]


async def test_a_group_that_overrides_the_date_is_told(wired: Wired) -> None:
    """Where the coupon still validates with the new date, nobody is told that it is frozen (I4)."""
    wired.coupons.overridden.add(CODE)
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.NO_EFFECT
    assert "Not frozen: it still validates" in card(wired)
    await wired.approve(request_id)
    await wired.drain()
    assert isinstance(await wired.state(request_id), Deleted)


async def test_a_refusal_is_told_and_can_be_tried_again(wired: Wired) -> None:
    """Vivoldi's refusal is quoted, and the button comes back."""
    wired.coupons.updates[CODE] = [(RefusedAnswer("Vivoldi says: “It was redeemed.”"), False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert "Vivoldi refused.* Vivoldi says: “It was redeemed.”" in card(wired)
    assert "'freeze'" in card(wired)
    assert await wired.click(Action.FREEZE, BEA, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)


@pytest.mark.parametrize("error", [DOWN, VivoldiRefused("HTTP 401")])
async def test_a_freeze_that_vivoldi_does_not_answer_ends(
    wired: Wired, error: VivoldiUnavailable | VivoldiRefused
) -> None:
    """Within about a minute people know that it did not come about, and why."""
    request_id = await wired.ask()
    wired.coupons.reads[CODE] = [error] * 99
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(120)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.dated) == (Why.NO_ANSWER, False)
    assert "update" not in wired.coupons.kinds(CODE)
    assert isinstance(await wired.request(request_id), Pending)


async def test_a_bug_does_not_keep_a_freeze_open(wired: Wired) -> None:
    """Also where reading fails in a way that nobody foresaw, people are told after a while."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def fail(call: Call) -> None:
        raise Killed

    wired.coupons.during = fail
    for _ in range(10):
        with suppress(Killed):
            await wired.drain()
        wired.clock.advance(LEASE_SECONDS + 1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.NO_ANSWER


async def test_a_freeze_that_ended_while_the_bot_was_away_names_vivoldis_trouble(wired: Wired) -> None:
    """Trouble names its owner: what Vivoldi did not answer is not called the bot's own error."""
    request_id = await wired.ask()
    wired.coupons.reads[CODE] = [VivoldiUnavailable("Vivoldi answered HTTP 503")] * 99
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.run(40, step=1)
    wired.clock.advance(120)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.detail) == (Why.NO_ANSWER, "Vivoldi answered HTTP 503")
    assert "*Not frozen.* Vivoldi answered HTTP 503." in card(wired)


async def test_a_bug_in_a_freeze_is_not_blamed_on_an_earlier_read(wired: Wired) -> None:
    """Trouble names its owner: what went wrong before the freeze was asked for did not end it."""
    wired.coupons.reads[CODE] = [VivoldiUnavailable("Vivoldi answered HTTP 503")]
    request_id = await wired.ask()
    await wired.run(5, step=1)
    await wired.click(Action.FREEZE, AMIR, request_id)
    for _ in range(10):
        await wired.lanes[1].claim()
        wired.clock.advance(LEASE_SECONDS + 1)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.detail is not None
    assert found.detail.startswith("I ran into an error of my own each time")


async def test_a_freeze_that_was_held_up_is_sent_all_the_same(wired: Wired) -> None:
    """A bot that dies again and again still freezes what it can, as long as people have not decided."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    for _ in range(6):
        wired.clock.advance(LEASE_SECONDS + 1)
        await wired.lanes[1].claim()
    wired.clock.advance(LEASE_SECONDS + 1)
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)


async def test_nothing_is_sent_once_the_request_is_decided(wired: Wired) -> None:
    """A freeze that was not sent before the request was rejected is not sent any more."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.click(Action.REJECT, BEA, request_id)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.ENDED
    assert "update" not in wired.coupons.kinds(CODE)


async def test_nothing_is_sent_where_the_request_is_decided_during_the_read(wired: Wired) -> None:
    """The transaction that stores that a date is sent looks at the request once more."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def during(call: Call) -> None:
        wired.coupons.during = nothing
        assert await wired.click(Action.REJECT, BEA, request_id) is Verdict.ALLOWED

    async def nothing(call: Call) -> None:
        """Happens to every other call."""

    wired.coupons.during = during
    await wired.drain()
    assert "update" not in wired.coupons.kinds(CODE)


async def test_a_frozen_process_sends_no_date(wired: Wired) -> None:
    """What was read too long ago is no ground to send a date on."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    def held_up() -> None:
        if wired.committed.heard[-1].kind is EventKind.DATE_SENDING:
            wired.clock.advance(4)
            wired.committed.then = lambda: None

    wired.committed.then = held_up
    await wired.drain()
    assert "update" not in wired.coupons.kinds(CODE)
    await wired.run(5, step=1)
    assert isinstance(await freeze_of(wired, request_id), Frozen)


async def test_a_date_is_not_sent_when_its_deletion_no_longer_may(wired: Wired) -> None:
    """I1: a deletion waits for a freeze until execute-by; storing that a date is sent may take until then."""
    request_id = await wired.ask()
    wired.coupons.updates[CODE] = [(Unproven("no answer"), False)] * 9
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    wired.policy = replace(wired.policy, execute_within=timedelta(seconds=20))
    await wired.approve(request_id)
    sent = wired.coupons.kinds(CODE).count("update")
    wired.clock.advance(19)

    def slow() -> None:
        if wired.committed.heard[-1].kind is EventKind.DATE_SENDING:
            wired.clock.advance(2)
            wired.committed.then = lambda: None

    wired.committed.then = slow
    await wired.drain()
    assert wired.coupons.kinds(CODE).count("update") == sent


# ---------------------------------------------------------------- and the deletion


async def test_a_frozen_coupon_is_deleted_although_it_is_hidden(wired: Wired) -> None:
    """I2: after a freeze, hidden is what is expected, by two looks; the read afterwards adds nothing (I4)."""
    request_id = await frozen(wired)
    await wired.approve(request_id)
    await wired.drain()
    assert "delete" not in wired.coupons.kinds(CODE)
    await wired.run(6, step=1)
    found = await wired.state(request_id)
    assert isinstance(found, Deleted)
    assert (found.source, found.confirmation) == (Source.ANSWER, Confirmation.UNSEEN)
    assert CODE not in wired.coupons.stored
    assert "'unfreeze'" not in card(wired)


async def test_a_coupon_that_is_no_longer_frozen_is_not_deleted(wired: Wired) -> None:
    """I2: those who approved it saw that it was frozen; shown again, it is left alone, and told so."""
    request_id = await frozen(wired)
    await wired.approve(request_id)
    wired.coupons.store(a_coupon())
    await wired.drain()
    assert isinstance(await wired.state(request_id), Changed)
    assert "delete" not in wired.coupons.kinds(CODE)
    assert "it is no longer frozen" in wired.messenger.of("reply")[0].message.text
    assert await freeze_of(wired, request_id) == Free()


async def test_an_unclear_deletion_of_a_frozen_coupon_stays_unknown(wired: Wired) -> None:
    """I2: hidden before and hidden after, it can't be told whether the deletion was executed."""
    wired.coupons.deletes[CODE] = [(LOST, False)]
    request_id = await frozen(wired)
    await wired.approve(request_id)
    await wired.run(30)
    found = await wired.state(request_id)
    assert isinstance(found, Unknown)
    assert found.final
    assert wired.coupons.kinds(CODE).count("delete") == 1


async def test_a_deletion_does_not_wait_for_a_date_that_was_not_set(wired: Wired) -> None:
    """With both approvals the coupon is deleted at once, if its freeze is certainly not on its way."""
    wired.coupons.updates[CODE] = [(NotExecuted("HTTP 429", 300.0), False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    await wired.approve(request_id)
    await wired.drain()
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_approvals_during_the_freeze_go_straight_to_the_deletion(wired: Wired) -> None:
    """The worker that has the freeze goes on with the deletion, without waiting for its lease to end."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def during(call: Call) -> None:
        if call.kind == "update":
            await wired.approve(request_id)

    wired.coupons.during = during
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)
    await wired.run(6, step=1)
    assert isinstance(await wired.state(request_id), Deleted)
    kinds = ["read", "read", "update", "read", "read", "read", "delete", "read"]
    assert wired.coupons.kinds(CODE) == kinds


async def approved_meanwhile(wired: Wired, *answers: tuple[DeleteAnswer, bool]) -> str:
    """Approve a deletion while the date of its freeze is on its way, with these answers."""
    wired.coupons.updates[CODE] = [*answers]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def during(call: Call) -> None:
        if call.kind == "update" and wired.coupons.kinds(CODE).count("update") == 1:
            await wired.approve(request_id)

    wired.coupons.during = during
    await wired.drain()
    return request_id


async def test_an_approved_deletion_waits_for_the_answer_to_a_date(wired: Wired) -> None:
    """A date without an answer is sent again while its deletion waits; answered, hidden is expected (I2)."""
    request_id = await approved_meanwhile(wired, (LOST, True))
    assert isinstance(await wired.state(request_id), Waiting)
    await wired.run(12, step=1)
    assert isinstance(await wired.state(request_id), Deleted)
    assert isinstance(await freeze_of(wired, request_id), Frozen)


async def test_an_approved_deletion_waits_a_minute_at_most(wired: Wired) -> None:
    """Without an answer the freeze ends, and the deletion goes on; hidden then counts as changed."""
    request_id = await approved_meanwhile(wired, *[(LOST, True)] * 99)
    await wired.run(59, step=1)
    assert isinstance(await wired.state(request_id), Waiting)
    await wired.run(8, step=1)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.dated) == (Why.NO_ANSWER, True)
    assert isinstance(await wired.state(request_id), Changed)
    assert "delete" not in wired.coupons.kinds(CODE)


async def test_an_approved_deletion_does_not_begin_to_wait_after_a_minute(wired: Wired) -> None:
    """A bot that was away for the minute ends the freeze at once, and sends no date any more."""
    request_id = await approved_meanwhile(wired, (LOST, False))
    wired.clock.advance(61)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.NO_ANSWER
    assert isinstance(await wired.state(request_id), Deleted)
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_what_a_freeze_did_not_reach_is_deleted_after_a_minute(wired: Wired) -> None:
    """Shown unchanged all the time, the coupon is deleted as approved once its freeze has ended."""
    request_id = await approved_meanwhile(wired, *[(LOST, False)] * 99)
    await wired.run(65, step=1)
    assert isinstance(await wired.state(request_id), Deleted)


async def test_a_deletion_waits_for_no_freeze_past_execute_by(tmp_path: Path) -> None:
    """Whatever a freeze still waits for, nothing is deleted after execute-by, and that is told then (I1)."""
    async with wired_on(tmp_path, execute_within=timedelta(seconds=20)) as wired:
        request_id = await approved_meanwhile(wired, *[(LOST, False)] * 99)
        await wired.run(22, step=1)
        found = await wired.state(request_id)
        assert isinstance(found, NotSent)
        assert found.reason is NotSentReason.TOO_LATE
        assert "delete" not in wired.coupons.kinds(CODE)


async def test_an_approval_while_the_freeze_is_put_off_is_carried_out_at_once(wired: Wired) -> None:
    """Approved while Vivoldi asks to send the date later, the coupon is deleted, and not later."""
    wired.coupons.updates[CODE] = [(NotExecuted("HTTP 429", 300.0), False)]
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)

    async def during(call: Call) -> None:
        if call.kind == "update":
            await wired.approve(request_id)

    wired.coupons.during = during
    await wired.drain()
    assert isinstance(await wired.state(request_id), Deleted)


# ---------------------------------------------------------------- and back


async def rejected(wired: Wired) -> str:
    """Freeze a coupon and reject its deletion; return the request's id."""
    request_id = await frozen(wired)
    assert await wired.click(Action.REJECT, BEA, request_id) is Verdict.ALLOWED
    await wired.drain()
    return request_id


async def test_a_freeze_is_undone_after_the_end_and_a_read_proves_it(wired: Wired) -> None:
    """The expiry date of before is set, nothing else is changed, and "unfrozen" is said after a read."""
    request_id = await rejected(wired)
    assert "'unfreeze'" in card(wired)
    assert "*Frozen* by" in wired.messenger.of("reply")[0].message.text
    assert await wired.click(Action.UNFREEZE, CARL, request_id) is Verdict.NOT_AN_APPROVER
    assert await wired.click(Action.UNFREEZE, AMIR, request_id) is Verdict.ALLOWED
    assert await wired.click(Action.UNFREEZE, AMIR, request_id, version=1) is Verdict.STALE_CARD
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Unfrozen)
    assert wired.coupons.stored[CODE] == a_coupon()
    assert "*Unfrozen* by <@U0AMIR0000>" in card(wired)
    assert "'unfreeze'" not in card(wired)
    assert len(wired.messenger.of("reply")) == 1


async def test_what_someone_changed_meanwhile_is_not_set_back(wired: Wired) -> None:
    """Where the coupon is shown with other facts, the date is left alone."""
    request_id = await rejected(wired)
    wired.coupons.store(a_coupon(ends_on="2026-12-31", name="Another name"))
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.why is Why.CHANGED
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_what_was_changed_behind_a_freeze_is_told_with_the_date_that_stands(wired: Wired) -> None:
    """I4: the date was set, and a read then shows a change: nobody says that nothing was set back."""
    request_id = await rejected(wired)
    hidden = wired.coupons.stored[CODE]
    wired.coupons.stored[CODE] = replace(hidden, discount="10")
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.sent, found.ends_on) == (Why.CHANGED, Sent.EXECUTED, "2025-12-31")
    assert wired.coupons.stored[CODE].ends_on == "2025-12-31"
    assert "was “60” and is now “10”" in card(wired)
    assert "has the date 2025-12-31" in card(wired)
    assert "Nothing was set back" not in card(wired)


async def test_another_coupon_behind_a_frozen_number_is_not_said_to_be_unfrozen(wired: Wired) -> None:
    """I4: what got the date is another coupon, created since, and told as that."""
    request_id = await rejected(wired)
    wired.coupons.stored[CODE] = a_coupon(created_at="2025-06-02 02:00:00", ends_on=YESTERDAY)
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.drain()
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert (found.why, found.ends_on) == (Why.CHANGED, "2025-12-31")
    assert "This one has the date 2025-12-31" in card(wired)


async def test_an_old_card_leaves_the_freeze_of_a_later_request_alone(wired: Wired) -> None:
    """Nothing is undone over someone else's work: the old card says which request has the coupon now."""
    old = await rejected(wired)
    # Someone sets the date back by hand, so that a later request can freeze it again.
    wired.coupons.store(a_coupon())
    later = await frozen(wired)
    before = wired.coupons.kinds(CODE)
    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.ALLOWED
    await wired.drain()
    assert wired.coupons.kinds(CODE) == before
    found = await freeze_of(wired, old)
    assert isinstance(found, NotDone)
    assert (found.why, found.detail, found.sent) == (Why.TAKEN_OVER, later, Sent.NOT_YET)
    assert later in card(wired)
    assert wired.coupons.stored[CODE].ends_on == YESTERDAY
    outcomes = [event.data["outcome"] for event in await wired.events(EventKind.FREEZE_OUTCOME)]
    assert outcomes == ["frozen", "frozen", "notdone"]


async def test_a_later_request_that_comes_during_the_read_is_left_alone(wired: Wired) -> None:
    """The transaction that stores that a date is sent looks for later requests once more."""
    old = await rejected(wired)
    opened: list[str] = []

    async def during(call: Call) -> None:
        if call.kind == "read" and not opened:
            answer = await wired.command(CODE)
            assert isinstance(answer, Accepted)
            opened.append(answer.request_id)

    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.ALLOWED
    wired.coupons.during = during
    await wired.drain()
    found = await freeze_of(wired, old)
    assert isinstance(found, NotDone)
    assert (found.why, found.detail) == (Why.TAKEN_OVER, opened[0])
    assert wired.coupons.stored[CODE].ends_on == YESTERDAY


async def test_the_last_request_that_froze_it_can_set_its_date_back(wired: Wired) -> None:
    """Also once it has ended, the later request has the coupon, and the earlier one keeps nobody from it."""
    old = await rejected(wired)
    wired.coupons.store(a_coupon())
    wired.clock.advance(1)
    later = await rejected(wired)
    await wired.click(Action.UNFREEZE, AMIR, old)
    await wired.drain()
    assert wired.coupons.stored[CODE].ends_on == YESTERDAY
    await wired.click(Action.UNFREEZE, AMIR, later)
    await wired.drain()
    assert isinstance(await freeze_of(wired, later), Unfrozen)
    # Nobody else has it any more.
    await wired.click(Action.UNFREEZE, AMIR, old)
    await wired.drain()
    assert isinstance(await freeze_of(wired, old), Unfrozen)


async def test_c3_a_freeze_that_a_deletion_overtook_is_told_as_that(wired: Wired) -> None:
    """A freeze whose date was not sent when the deletion was approved is not told as ended before."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, RIKA, request_id)
    await wired.approve(request_id)
    wired.coupons.store(a_coupon(name="Another name"))
    await wired.drain()
    assert isinstance(await wired.state(request_id), Changed)
    told = wired.messenger.of("reply")[-1].message.text
    assert "*Not frozen:* the deletion was approved first." in told
    assert "the request ended before" not in told


async def test_c3_hidden_without_an_answer_is_told_alike_by_both(wired: Wired) -> None:
    """A deletion that finds a coupon hidden, maybe by a freeze without an answer, asserts no other cause."""
    request_id = await wired.ask()
    wired.coupons.updates[CODE] = [(LOST, True)] * 99
    await wired.click(Action.FREEZE, RIKA, request_id)
    await wired.drain()
    await wired.approve(request_id)
    await wired.run(120)
    assert isinstance(await wired.state(request_id), Changed)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, NotDone)
    assert found.hidden
    told = wired.messenger.of("reply")[-1].message.text
    assert "used up, expired or removed" not in told
    assert "*No longer validates*; whether by the freeze is unknown" in told
    assert "'unfreeze'" in card(wired)


async def test_c6_a_freeze_can_be_undone_if_nobody_knows_of_the_deletion(wired: Wired) -> None:
    """Frozen, and the DELETE's answer lost: the dates are told, and the promised Unfreeze is there."""
    request_id = await frozen(wired)
    wired.coupons.deletes[CODE] = [(LOST, False)]
    await wired.approve(request_id)
    await wired.run(120)
    assert isinstance(await wired.state(request_id), Unknown)
    told = wired.messenger.of("reply")[-1].message.text
    assert f"*Frozen* by <@{AMIR.id}>" in told
    assert f"its date is {YESTERDAY}, and was 2025-12-31" in told
    assert "'unfreeze'" in card(wired)
    assert await wired.click(Action.UNFREEZE, BEA, request_id) is Verdict.ALLOWED
    await wired.run(10)
    assert isinstance(await freeze_of(wired, request_id), Unfrozen)
    assert wired.coupons.stored[CODE] == a_coupon()


async def deleted_later(wired: Wired) -> tuple[str, str]:
    """Freeze the coupon, reject its request, and delete it with a later one; return the ids of both."""
    old = await rejected(wired)
    wired.clock.advance(1)
    later = await wired.approved()
    await wired.run(20)
    assert isinstance(await wired.state(later), Deleted)
    # The shop creates another one under the number, which no read shows yet.
    wired.coupons.store(a_coupon(starts_on="2025-08-01"))
    return old, later


def old_card(wired: Wired) -> str:
    """Return the first card as it was drawn last, with its blocks."""
    message = wired.messenger.shown("1.000100")
    return f"{message.text}\n{message.blocks}"


async def test_c5_what_the_bot_deleted_is_not_set_back_by_an_older_card(wired: Wired) -> None:
    """The old card says which request deleted the coupon, has no Unfreeze, and no click sends a date."""
    old, later = await deleted_later(wired)
    assert f"No longer frozen: request {later} deleted it" in old_card(wired)
    assert "'unfreeze'" not in old_card(wired)
    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.NOT_FROZEN
    await wired.drain()
    assert wired.coupons.stored[CODE].ends_on == "2025-12-31"
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_c5_a_deletion_elsewhere_is_told_without_its_request(wired: Wired) -> None:
    """I8: the old card says that the coupon was deleted, and not by which request of another channel."""
    old = await rejected(wired)
    wired.clock.advance(1)
    answer = await wired.command(CODE, channel="C0ELSEWHERE")
    assert isinstance(answer, Accepted)
    await wired.drain()
    await wired.click(Action.APPROVE, AMIR, answer.request_id, channel="C0ELSEWHERE")
    await wired.click(Action.APPROVE, BEA, answer.request_id, channel="C0ELSEWHERE")
    await wired.run(20)
    assert "No longer frozen: a request from another channel deleted it" in old_card(wired)
    assert answer.request_id not in old_card(wired)
    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.NOT_FROZEN


async def test_c6_what_nobody_knows_of_takes_no_unfreeze_away(wired: Wired) -> None:
    """Frozen by one request, and a later one ends as unknown: the older card still sets the date back."""
    old = await rejected(wired)
    wired.clock.advance(1)
    later = await wired.ask()
    wired.coupons.deletes[CODE] = [(LOST, False)] * 9
    await wired.approve(later)
    await wired.run(120)
    assert isinstance(await wired.state(later), Unknown)
    assert "'unfreeze'" in old_card(wired)
    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.ALLOWED
    await wired.run(10)
    assert wired.coupons.stored[CODE] == a_coupon()


async def test_c5_a_freeze_from_before_is_left_alone_as_well(wired: Wired) -> None:
    """If the older request does not know of the deletion, the unfreezing looks for it."""
    old, later = await deleted_later(wired)
    await wired.sql("UPDATE items SET freeze = json_remove(freeze, '$.later')")
    assert await wired.click(Action.UNFREEZE, AMIR, old) is Verdict.ALLOWED
    await wired.drain()
    found = await freeze_of(wired, old)
    assert isinstance(found, NotDone)
    assert (found.why, found.later) == (Why.TAKEN_OVER, LaterRequest(later, Fate.DELETED))
    assert f"Not unfrozen: request {later} deleted it" in old_card(wired)
    assert "'unfreeze'" not in old_card(wired)
    assert wired.coupons.kinds(CODE).count("update") == 1


async def test_unfreezing_where_the_old_date_has_passed_is_told(wired: Wired) -> None:
    """A date that Vivoldi took, and that does not make the coupon valid, is told as that."""
    request_id = await rejected(wired)
    wired.coupons.reads[CODE] = [UNSEEN] * 3
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.run(10)
    assert "Not unfrozen: it does not validate" in card(wired)
    assert "'unfreeze'" in card(wired)


async def test_c2_one_read_that_lies_does_not_undo_an_unfreeze(wired: Wired) -> None:
    """What Vivoldi took, and one look does not show, is looked at again before anyone is told."""
    request_id = await rejected(wired)
    wired.coupons.reads[CODE] = [UNSEEN, UNSEEN]
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.run(10)
    assert isinstance(await freeze_of(wired, request_id), Unfrozen)


async def test_c2_one_read_that_lies_after_a_refusal_is_no_end(wired: Wired) -> None:
    """A date that was set without an answer, and then refused, is not told as refused by one look."""
    request_id = await rejected(wired)
    wired.coupons.updates[CODE] = [(LOST, True), (RefusedAnswer("Busy."), False)]
    wired.coupons.reads[CODE] = [UNSEEN, UNSEEN, UNSEEN]
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.run(20)
    assert isinstance(await freeze_of(wired, request_id), Unfrozen)


async def test_nothing_is_unfrozen_while_people_decide(wired: Wired) -> None:
    """The way back is offered once the request has ended."""
    request_id = await frozen(wired)
    assert await wired.click(Action.UNFREEZE, AMIR, request_id) is Verdict.STALE_CARD


async def test_a_click_on_an_old_card_unfreezes_nothing(wired: Wired) -> None:
    """I6: what an old version of the card offered is not what counts."""
    request_id = await rejected(wired)
    assert await wired.click(Action.UNFREEZE, AMIR, request_id, version=1) is Verdict.STALE_CARD
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)


# ---------------------------------------------------------------- a freeze alone


async def test_a_freeze_alone_is_asked_for_given_and_told(wired: Wired) -> None:
    """`/coupon-delete freeze CODE` takes one approver, deletes nothing, and tells the requester."""
    request_id = await wired.ask(f"freeze {CODE} leaked")
    assert "'approve'" not in card(wired)
    assert await wired.click(Action.APPROVE, AMIR, request_id) is Verdict.ONLY_A_FREEZE
    assert await wired.click(Action.FREEZE, AMIR, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await wired.request(request_id), OnlyFrozen)
    (reply,) = wired.messenger.of("reply")
    assert reply.message.text.startswith(f"<@{RIKA.id}> asked to freeze `{CODE}`.")
    assert "*Frozen* by" in reply.message.text
    assert "'unfreeze'" in card(wired)
    assert "delete" not in wired.coupons.kinds(CODE)
    assert await wired.click(Action.UNFREEZE, BEA, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert wired.coupons.stored[CODE] == a_coupon()


async def test_a_freeze_that_nobody_could_give_is_not_asked_for(wired: Wired) -> None:
    """Where no approver is known, the requester hears at once that a freeze would wait for nobody."""
    wired.people.known.clear()
    wired.people.put(standing(CARL))
    assert await wired.command(f"freeze {CODE}", CARL) == TooFew(Purpose.FREEZE)


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (UNSEEN, "Vivoldi does not show it"),
        (Shown(a_coupon(use_count=1)), "it was used before, so Vivoldi keeps its dates"),
        (Shown(a_coupon(use_count=None)), "Vivoldi does not tell whether it was used"),
        (Shown(a_coupon(ends_on=None)), "it has no expiry date to go back to"),
    ],
)
async def test_a_freeze_alone_of_what_can_not_be_frozen_ends(wired: Wired, reading: Shown, why: str) -> None:
    """What can't be frozen is refused at once, privately, with the reason that is its own (C7)."""
    wired.coupons.reads[CODE] = [reading]
    await wired.command(f"freeze {CODE}")
    await wired.drain()
    found = await wired.store.history(CODE, 1)
    assert isinstance(found[0].request, Failed)
    assert found[0].request.reason is FailureReason.NOT_FREEZABLE
    (notice,) = wired.messenger.told
    assert f"`{CODE}` can't be frozen: {why}. Nothing was done." in notice.text
    assert [event.code for event in await wired.events(EventKind.COUPON_READ)] == [CODE]


async def test_several_are_frozen_together(wired: Wired) -> None:
    """One click freezes every coupon of the request, which ends once all of them are frozen."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    request_id = await wired.ask(f"freeze {CODE},{OTHER_CODE}")
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id, 1), Frozen)
    assert isinstance(await wired.request(request_id), OnlyFrozen)


async def test_a_freeze_of_two_stays_open_for_the_one_that_is_used(wired: Wired) -> None:
    """I4: one coupon that can't be frozen keeps the request open; the other is frozen, and told so."""
    wired.coupons.store(a_coupon(number=OTHER_CODE, use_count=1))
    request_id = await wired.ask(f"freeze {CODE},{OTHER_CODE}")
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Frozen)
    assert await freeze_of(wired, request_id, 1) == Free()
    assert isinstance(await wired.request(request_id), Pending)
    assert wired.messenger.of("reply") == []
    assert await wired.click(Action.REJECT, BEA, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert f"`{CODE}`: *Frozen* by" in wired.messenger.of("reply")[0].message.text
    assert await wired.click(Action.UNFREEZE, AMIR, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id), Unfrozen)


async def test_a_coupon_that_gets_used_while_it_is_frozen_is_tried_again(wired: Wired) -> None:
    """What was not frozen can be frozen once more, as long as the request is open."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    wired.coupons.updates[OTHER_CODE] = [(RefusedAnswer("It is locked."), False)]
    request_id = await wired.ask(f"freeze {CODE},{OTHER_CODE}")
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert isinstance(await freeze_of(wired, request_id, 1), NotDone)
    assert isinstance(await wired.request(request_id), Pending)
    assert await wired.click(Action.FREEZE, BEA, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert isinstance(await wired.request(request_id), OnlyFrozen)


async def test_freezing_can_be_switched_off(tmp_path: Path) -> None:
    """With `FREEZE=off` no card offers it, no click does it, and the command says so."""
    async with wired_on(tmp_path, freeze=False) as wired:
        request_id = await wired.ask()
        assert "'freeze'" not in card(wired)
        assert await wired.click(Action.FREEZE, AMIR, request_id) is Verdict.FREEZE_OFF
        assert await wired.command(f"freeze {OTHER_CODE}") == Denied(Verdict.FREEZE_OFF)
        assert await wired.events(EventKind.DATE_SENDING) == []


# ---------------------------------------------------------------- and crashes


@pytest.mark.parametrize("executed", [True, False])
async def test_a_freeze_survives_a_crash_anywhere(tmp_path: Path, executed: bool) -> None:
    """I5: wherever the process dies, the freeze is settled afterwards, and told as a read has shown it."""
    died = True
    crash = 0
    while died:
        crash += 1
        folder = tmp_path / f"{crash}"
        folder.mkdir()
        async with wired_on(folder) as wired:
            if not executed:
                wired.coupons.updates[CODE] = [(LOST, False)]
            request_id = await wired.ask()
            await wired.click(Action.FREEZE, AMIR, request_id)
            wired.fuse.left = crash
            died = await _dies(wired)
            wired.fuse.left = None
            await wired.run(50, step=2)
            found = await freeze_of(wired, request_id)
            assert isinstance(found, Frozen), f"crash {crash}: {found}"
            assert wired.coupons.stored[CODE].ends_on == YESTERDAY
            assert "*Frozen* by" in card(wired)
            answers = [event.data["answer"] for event in await wired.events(EventKind.DATE_ANSWERED)]
            assert "Executed" in answers
            kinds = wired.coupons.kinds(CODE)
            assert all(kinds[at - 1] == "read" for at, kind in enumerate(kinds) if kind == "update")
    assert crash > 5


async def _dies(wired: Wired) -> bool:
    try:
        await wired.run(10, step=2)
    except Killed:
        return True
    return False


async def test_the_days_are_vivoldis(wired: Wired) -> None:
    """Yesterday is the day before today in Vivoldi's time zone."""
    assert NOW.date().isoformat() > YESTERDAY
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    found = await freeze_of(wired, request_id)
    assert isinstance(found, Underway)
    assert found.date == YESTERDAY


async def test_a_stop_ends_a_deletion_whose_freeze_is_still_underway(wired: Wired) -> None:
    """Who deletes loses the claim to a stop also where the freeze goes on; nothing is sent."""
    request_id = await wired.ask()
    assert await wired.click(Action.APPROVE, AMIR, request_id) is Verdict.ALLOWED
    await wired.drain()
    wired.coupons.updates[CODE] = [(LOST, False)] * 9
    assert await wired.click(Action.FREEZE, RIKA, request_id) is Verdict.ALLOWED
    await wired.drain()
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.ALLOWED

    left = [request_id]

    async def stops(call: Call) -> None:
        if call.kind == "read" and left:
            assert await wired.click(Action.STOP, AMIR, left.pop()) is Verdict.ALLOWED

    wired.coupons.during = stops
    with pytest.raises(LostClaim):
        await wired.drain()
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), NotSent)
    assert not isinstance(await freeze_of(wired, request_id), Underway)
    assert "delete" not in wired.coupons.kinds(CODE)
