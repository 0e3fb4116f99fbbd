"""Guards between the second approval and the DELETE."""

from __future__ import annotations

from tests.guards.guard import Guard

_EXECUTE = "bot/services/items/deletion.py"
_APPROVERS = "bot/services/items/approvers.py"
_SEND = "bot/services/items/send.py"
_ITEM = "bot/domain/item/deletion.py"
_DELETING = "tests/integration/services/test_deletion.py"
_INVARIANTS = "tests/integration/services/test_invariants.py"

_BEFORE = (
    Guard(
        name="approvers asked afresh",
        keeps="I1",
        promise="Right before sending, Slack is asked about the approvers, not memory.",
        file=_APPROVERS,
        text="self._people.fresh(request.final.actor.id, people, groups),",
        without="asyncio.sleep(0, Asked(await self._people.standing(request.final.actor.id), now, now)),",
        tests=(f"{_DELETING}::test_approvers_are_asked_for_afresh",),
    ),
    Guard(
        name="asked after the approval",
        keeps="I1",
        promise="What Slack said of an approver before the final approval does not count.",
        file=_APPROVERS,
        text="people = max(approved, now + _TO_SEND - _PEOPLE_FOR)",
        without="people = now + _TO_SEND - _PEOPLE_FOR",
        tests=(f"{_INVARIANTS}::test_i1_what_slack_said_before_the_approval_does_not_count",),
    ),
    Guard(
        name="execute-by before the read",
        keeps="I1",
        promise="After execute-by an item ends, also where nobody can be asked any more.",
        file=_EXECUTE,
        text="        if self._clock.now() >= request.execute_by:\n            return await self._too_late",
        without="        if False:\n            return await self._too_late",
        tests=(f"{_DELETING}::test_nothing_is_sent_while_slack_can_not_be_asked",),
    ),
    Guard(
        name="execute-by when sent",
        keeps="I1",
        promise="Nothing is sent after execute-by, also where the read took until then.",
        file=_EXECUTE,
        text="        if self._clock.now() >= request.execute_by:\n            return not_sent",
        without="        if False:\n            return not_sent",
        tests=(f"{_INVARIANTS}::test_i1_nothing_is_sent_after_execute_by",),
    ),
    Guard(
        name="approvals checked when sent",
        keeps="I1",
        promise="The approvals are checked in the transaction that decides to send.",
        file=_EXECUTE,
        text="match still_approved(self._policy, request, approvers, server):",
        without="match None:",
        tests=(f"{_INVARIANTS}::test_i1_eligibility_is_checked_after_the_read",),
    ),
    Guard(
        name="read before every DELETE",
        keeps="I2",
        promise="The coupon is read right before every DELETE, also one that is sent again.",
        file=_EXECUTE,
        text="look = await read(self._coupons, item.code, self._clock)\n            # From",
        without="look = Look(item.snapshot, *[self._clock.now()] * 2)\n            # From",
        tests=(f"{_INVARIANTS}::test_i3_nothing_is_sent_blindly_again",),
    ),
    Guard(
        name="a place in the rate limit",
        keeps="I1",
        promise="A DELETE has its place in the rate limit before the checks, so it waits for nothing after.",
        file=_EXECUTE,
        text="            await self._coupons.reserve()\n",
        without="",
        tests=(f"{_DELETING}::test_the_place_in_the_rate_limit_comes_before_the_checks",),
    ),
    Guard(
        name="changed facts",
        keeps="I2",
        promise="A coupon whose facts have changed is not deleted.",
        file=_ITEM,
        text="return Changed(differences=found) if found else Send()",
        without="return Send()",
        tests=("tests/unit/domain/test_deletion.py",),
    ),
    Guard(
        name="no longer shown",
        keeps="I2",
        promise="A coupon that was shown and no longer is, is not deleted.",
        file=_ITEM,
        text="expected = Send() if may_hide(item.freeze) else Changed(message=message)",
        without="expected = Send()",
        tests=("tests/unit/domain/test_deletion.py",),
    ),
    Guard(
        name="approved unseen, now shown",
        keeps="I2",
        promise="A coupon that was approved unseen and is shown now is not deleted.",
        file=_ITEM,
        text="case NotShown(), Shown():\n            return Changed()",
        without="case NotShown(), Shown():\n            return Send()",
        tests=("tests/unit/domain/test_deletion.py",),
    ),
    Guard(
        name="created later is another",
        keeps="I2",
        promise="A coupon that was created later under the number is another one.",
        file="bot/domain/coupon.py",
        text="before.created_at != after.created_at",
        without="False",
        tests=("tests/unit/domain/test_coupon.py",),
    ),
    Guard(
        name="no creation time, no proof",
        keeps="I3",
        promise="Without creation times the same facts don't prove that it is the same coupon.",
        file="bot/domain/coupon.py",
        text="if not (before.created_at and after.created_at):",
        without="if differences(before, after) and not (before.created_at and after.created_at):",
        tests=(
            "tests/integration/services/test_settled_at_last.py::test_without_creation_times_the_same_facts_prove_nothing",
        ),
    ),
    Guard(
        name="approvers after a slow read",
        keeps="I1",
        promise="Who stops being an approver while the coupon is read, however slowly, stops the deletion.",
        file=_EXECUTE,
        text="            approvers = await self._approvers(request)\n",
        without="            actors = (request.review.actor.id, request.final.actor.id)\n"
        "            approvers = tuple([await self._people.standing(actor) for actor in actors])\n",
        tests=(f"{_INVARIANTS}::test_i1_eligibility_is_checked_after_the_read",),
    ),
    Guard(
        name="the very spelling",
        keeps="I1",
        promise="Nobody is shown the coupon of another spelling than the one that is deleted.",
        file="bot/adapters/vivoldi/answers.py",
        text='coupon.number.replace("-", "") != code',
        without="False",
        tests=("tests/unit/adapters/test_vivoldi_answers.py",),
    ),
)

_SENDING = (
    Guard(
        name="sending stored before",
        keeps="I4",
        promise="That a DELETE is about to be sent is committed before it is sent.",
        file=_EXECUTE,
        text="await entry.move(hindrance or send(waiting))",
        without="await entry.move(hindrance or waiting)",
        tests=(f"{_INVARIANTS}::test_i4_a_deletion_that_is_found_in_flight_is_unknown",),
    ),
    Guard(
        name="found in flight is unknown",
        keeps="I4",
        promise="A deletion found in flight after a crash is read, and never just sent again.",
        file="bot/services/items/work.py",
        text="return await self._reconcile.lost(claim, sending)",
        without="return await self._execute(claim, request, item, Waiting(sending.attempts))",
        tests=(f"{_INVARIANTS}::test_i4_a_deletion_that_is_found_in_flight_is_unknown",),
    ),
    Guard(
        name="a frozen process",
        keeps="I3",
        promise="A process that was frozen after its checks does not send on them.",
        file=_SEND,
        text="return on.read_at <= self._clock.now() < on.until",
        without="return True",
        tests=(f"{_INVARIANTS}::test_i3_a_frozen_process_does_not_send",),
    ),
    Guard(
        name="execute-by when it leaves",
        keeps="I1",
        promise="Nothing is sent after execute-by, also if storing that it is sent took until then.",
        file=_EXECUTE,
        text="on = basis(look.at, approvers.until, entry.approved.execute_by)",
        without="on = basis(look.at, approvers.until)",
        tests=(f"{_INVARIANTS}::test_i1_nothing_is_sent_after_execute_by_once_it_is_stored",),
    ),
    Guard(
        name="approvers when it leaves",
        keeps="I1",
        promise="Slack was asked about the approvers at most 5 s before a DELETE leaves, commit included.",
        file=_APPROVERS,
        text="return min(asked.person_at + _PEOPLE_FOR, asked.groups_at + _GROUPS_FOR)",
        without="return asked.person_at + 6 * _PEOPLE_FOR",
        tests=(f"{_INVARIANTS}::test_i1_slack_was_asked_right_before_it_is_sent",),
    ),
    Guard(
        name="the connection's time counts",
        keeps="I1",
        promise="A connection that takes longer than what is left of the time sends nothing.",
        file="bot/adapters/vivoldi/client.py",
        text="and not still():",
        without="and False:",
        tests=("tests/integration/vivoldi/test_vivoldi_client.py",),
    ),
    Guard(
        name="under the claim",
        keeps="I3",
        promise="A worker that lost the claim stores nothing and sends nothing.",
        file="bot/services/items/ledger.py",
        text="                await tx.hold(claim)\n",
        without="",
        tests=("tests/integration/services/test_stop.py::test_whoever_reads_a_stopped_item_has_lost_it",),
    ),
)

GUARDS = (*_BEFORE, *_SENDING)
