"""Guards of restorations: what is created again is what was approved, once, and nothing personal is shown."""

from __future__ import annotations

from tests.guards.guard import Guard

_CREATE = "bot/services/items/restore.py"
_RESTORES = "bot/domain/request/restore.py"
_RESTORE = "bot/domain/item/restore.py"
_CREATION = "bot/adapters/vivoldi/creation.py"
_RESTORED = "tests/unit/domain/test_restore.py"
_UNIT = (_RESTORED,)
_BODY = ("tests/unit/adapters/test_creation.py",)
_TESTS = "tests/integration/services/test_restore.py"

_ASKED = (
    Guard(
        name="restored: switched off",
        keeps="-",
        promise="Where nothing is kept, nobody asks for a coupon to be created again.",
        file="bot/services/asked/command.py",
        text="if parsed.purpose is Purpose.RESTORE and not self._policy.restore:",
        without="if False:",
        tests=(f"{_TESTS}::test_without_a_key_it_is_refused_at_once",),
    ),
    Guard(
        name="restored: a number in use",
        keeps="-",
        promise="A code that validates is not put before people to be created again.",
        file="bot/services/requests/draft.py",
        text="        if isinstance(reading, Shown):\n",
        without="        if False:\n",
        tests=(f"{_TESTS}::test_a_code_that_validates_is_not_restored",),
    ),
    Guard(
        name="restored: settled deletions",
        keeps="I2",
        promise="What a deletion comes to that still runs is not undone before it is known.",
        file=_RESTORES,
        text="case Gone(at=at) | Unknown(since=at, final=True):\n",
        without="case Gone(at=at) | Unknown(since=at):\n",
        tests=(f"{_RESTORED}::test_what_was_not_deleted_is_not_undone",),
    ),
    Guard(
        name="restored: doubts are told",
        keeps="I4",
        promise="Those who approve are told if the coupon may be there already, or was created before.",
        file=_RESTORES,
        text="tuple(doubt for doubt, applies in found if applies)",
        without="()",
        tests=(f"{_RESTORED}::test_doubts_are_drafted",),
    ),
    Guard(
        name="restored: ended meanwhile",
        keeps="I2",
        promise="A coupon whose last day passed since it was shown is not created.",
        file=_RESTORES,
        text=" if has_ended(drafted, today) else Send()",
        without=" if drafted is None else Send()",
        tests=(f"{_RESTORED}::test_what_has_ended_meanwhile_is_not_created",),
    ),
)

_SENT = (
    Guard(
        name="restored: execute-by",
        keeps="I1",
        promise="Nothing is created after execute-by.",
        file=_CREATE,
        text="request.execute_by:\n            return NotCreated(WhyNot.TOO_LATE)\n",
        without="request.execute_by and False:\n            return NotCreated(WhyNot.TOO_LATE)\n",
        tests=(f"{_TESTS}::test_execute_by_is_looked_at_once_more_right_before",),
    ),
    Guard(
        name="restored: approvers afresh",
        keeps="I1",
        promise="Both approvers still count when the coupon is created.",
        file=_CREATE,
        text="match still_approved(self._policy, request, approvers, server):",
        without="match None:",
        tests=(f"{_TESTS}::test_an_approver_who_left_does_not_count",),
    ),
    Guard(
        name="restored: after a slow read",
        keeps="I1",
        promise="Who stops being an approver while the coupon is read, however slowly, stops the creation.",
        file=_CREATE,
        text="            approvers = await self._approvers(request)\n",
        without="            actors = (request.review.actor.id, request.final.actor.id)\n"
        "            known = self._approvers._people\n"
        "            approvers = tuple([await known.standing(actor) for actor in actors])\n",
        tests=(f"{_TESTS}::test_an_approver_who_leaves_during_a_slow_read_does_not_count",),
    ),
    Guard(
        name="restored: a reserved call",
        keeps="I1",
        promise="A creation has its place in the rate limit before its checks, so it never waits after them.",
        file=_CREATE,
        text="            await self._coupons.reserve()\n",
        without="",
        tests=(f"{_TESTS}::test_the_place_of_a_creation_comes_before_its_checks",),
    ),
    Guard(
        name="restored: the very snapshot",
        keeps="I1",
        promise="What is created comes from the very snapshot that was approved.",
        file=_CREATE,
        text="if same_place and sealed_digest(snapshot.sealed) == drafted.sealed_digest:",
        without="if same_place:",
        tests=(f"{_TESTS}::test_what_nobody_saw_is_bound_as_well",),
    ),
    Guard(
        name="restored: the facts shown",
        keeps="I1",
        promise="What is inside the snapshot is compared once more with what the card showed.",
        file=_CREATE,
        text="return snapshot.sealed if held == drafted.held else NotCreated(WhyNot.NOT_BOUND)",
        without="return snapshot.sealed",
        tests=(f"{_TESTS}::test_what_is_inside_is_compared_once_more",),
    ),
    Guard(
        name="restored: the digest",
        keeps="I1",
        promise="Approvals are bound to everything that the card of a restoration shows.",
        file=_RESTORE,
        text='"create": code, "draft": shown}',
        without='"create": code}',
        tests=_UNIT,
    ),
    Guard(
        name="restored: a free number",
        keeps="I2",
        promise="Nothing is created over a coupon that validates.",
        file=_RESTORES,
        text="    if isinstance(reading, Shown):\n        return NotCreated(WhyNot.TAKEN)\n",
        without="",
        tests=_UNIT,
    ),
    Guard(
        name="restored: read right before",
        keeps="I2",
        promise="What was read more than seconds ago is no ground to create on.",
        file=_CREATE,
        text="on = basis(read_at, approvers.until, entry.approved.execute_by)",
        without="on = basis(self._clock.now())",
        tests=(f"{_TESTS}::test_a_bot_that_was_held_up_reads_again_first",),
    ),
    Guard(
        name="restored: never by guess",
        keeps="I3",
        promise="A creation without a clear answer is never sent again.",
        file=_RESTORES,
        text="            return lost(creating, reason, now)",
        without="            return ToCreate(creating.attempts, reason)",
        tests=_UNIT,
    ),
    Guard(
        name="restored: stored before sent",
        keeps="I5",
        promise="That a creation may be on its way is committed before it is sent.",
        file=_CREATE,
        text="await entry.move(send(ready))",
        without="send(ready)",
        tests=(f"{_TESTS}::test_a_process_that_dies_while_it_sends_creates_nothing_twice",),
    ),
    Guard(
        name="restored: late answers",
        keeps="I7",
        promise="An answer to a creation whose claim was lost is in the audit all the same.",
        file=_CREATE,
        text="async with self._ledger.entry(claim, fact) as entry:",
        without="async with self._ledger.entry(claim) as entry:",
        tests=(f"{_TESTS}::test_an_answer_that_comes_too_late_is_in_the_audit",),
    ),
)

_TOLD = (
    Guard(
        name="absence: after a creation",
        keeps="I4",
        promise="One odd read after Vivoldi created a coupon is not told as one that does not validate.",
        file=_CREATE,
        text="found = by_absence(item.absent_since, look, found)",
        without="pass",
        tests=(f"{_TESTS}::test_c2_one_read_that_lies_does_not_speak_against_a_creation",),
    ),
    Guard(
        name="restored: the one of before",
        keeps="I4",
        promise="A coupon with its old creation time is not told as created.",
        file=_RESTORES,
        text="created_at is not None and created_at == drafted.held.coupon.created_at",
        without="False",
        tests=_UNIT,
    ),
    Guard(
        name="restored: other facts",
        keeps="I4",
        promise="A coupon that shows other facts than were approved is told as that.",
        file=_RESTORES,
        text="    return differences(expected, after)",
        without="    return differences(expected, expected)",
        tests=_UNIT,
    ),
    Guard(
        name="restored: looked for a while",
        keeps="I4",
        promise="What is not shown yet is looked for before it is told as not seen.",
        file="bot/services/items/restore.py",
        text="deadline:\n            return await self._ledger.move(claim, give_up(state)",
        without="deadline or True:\n            return await self._ledger.move(claim, give_up(state)",
        tests=(f"{_TESTS}::test_a_creation_that_comes_late_is_seen",),
    ),
    Guard(
        name="restored: its own snapshot",
        keeps="-",
        promise="A snapshot that was moved to another item creates nothing.",
        file=_CREATION,
        text='if coupon is None or coupon.number.replace("-", "") != code:',
        without="if coupon is None:",
        tests=_BODY,
    ),
    Guard(
        name="restored: nothing guessed",
        keeps="-",
        promise="What Vivoldi would choose by itself is not left to it.",
        file=_CREATION,
        text=" if _is_complete(coupon) else Unusable.INCOMPLETE",
        without="",
        tests=_BODY,
    ),
    Guard(
        name="restored: nothing ended",
        keeps="-",
        promise="A coupon that could not be used any more is not created.",
        file="bot/services/requests/draft.py",
        text="        if has_ended(drafted, today):\n",
        without="        if False:\n",
        tests=(f"{_TESTS}::test_what_has_ended_is_not_restored",),
    ),
)

_FROZEN = (
    Guard(
        name="restored: kept before freeze",
        keeps="-",
        promise="What a coupon holds is kept before a freeze hides it, so that its deletion can be undone.",
        file="bot/services/items/freeze.py",
        text="                await entry.keep(seen.reading)\n",
        without="                pass\n",
        tests=(f"{_TESTS}::test_a_coupon_that_was_frozen_before_its_deletion_comes_back_unfrozen",),
    ),
    Guard(
        name="restored: nothing that stays",
        keeps="I8",
        promise="What a freeze had kept goes where the coupon was not deleted after all.",
        file="bot/adapters/store/transaction.py",
        text="                    await self.snapshots.drop(Place(after.origin.id, position))\n",
        without="                    pass\n",
        tests=(f"{_TESTS}::test_of_a_frozen_coupon_that_stays_nothing_is_kept",),
    ),
)

GUARDS = (*_ASKED, *_SENT, *_TOLD, *_FROZEN)
