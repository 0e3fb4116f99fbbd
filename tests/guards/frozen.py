"""Guards of what came of a freeze: told as a read has shown it, and what it means for the deletion."""

from __future__ import annotations

from tests.guards.guard import Guard

_FREEZE, _FREEZES, _ITEM = (
    "bot/domain/item/freeze.py",
    "bot/domain/request/freeze.py",
    "bot/domain/item/deletion.py",
)
_SERVICE = "bot/services/items/freeze.py"
_BY_VALUE = "tests/unit/domain/test_freeze.py"
_TESTS = "tests/integration/services/test_freeze.py"

_TOLD = (
    Guard(
        name="frozen: said after a read",
        keeps="I4",
        promise="That Vivoldi took the date is not told as frozen before a read shows it.",
        file=_FREEZE,
        text="    return replace(underway, sent=Sent.EXECUTED)\n",
        without="    return Frozen(underway.by, underway.at, underway.dates)\n",
        tests=(f"{_TESTS}::test_a_group_that_overrides_the_date_is_told",),
    ),
    Guard(
        name="frozen: by what was sent",
        keeps="I4",
        promise="A coupon that was gone before any date was sent is not told as frozen.",
        file=_FREEZE,
        text="        case NotShown(message) if sent is Sent.NOT_YET:\n",
        without="        case NotShown(message) if sent is None:\n",
        tests=(f"{_BY_VALUE}::test_what_did_not_come_about_is_told_as_seen",),
    ),
    Guard(
        name="frozen: proven not set",
        keeps="I4",
        promise="A date that was certainly not set is not taken for one that may have been.",
        file=_SERVICE,
        text="                    await entry.move_freeze(underway)\n",
        without="",
        tests=(f"{_TESTS}::test_a_date_that_was_certainly_not_set_has_frozen_nothing",),
    ),
    Guard(
        name="frozen: refused after unknown",
        keeps="I4",
        promise="After a date without an answer, a refusal of the next one proves nothing about the first.",
        file=_FREEZE,
        text="    if underway.sent is Sent.NOT_YET:\n        return not_done(underway, Why.REFUSED",
        without="    if underway.sent is not None:\n        return not_done(underway, Why.REFUSED",
        tests=(f"{_BY_VALUE}::test_a_refusal_is_told_unless_an_earlier_date_may_have_been_set",),
    ),
    Guard(
        name="unfrozen: with the old date",
        keeps="I4",
        promise="Unfrozen is said once a read shows the coupon with the expiry date of before.",
        file=_FREEZE,
        text="            if after.ends_on == underway.dates.shown:\n",
        without="            if after.ends_on:\n",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="frozen: given up in time",
        keeps="I5",
        promise="Whatever goes wrong, people are told within about a minute that a freeze is not certain.",
        file=_SERVICE,
        text="if is_hopeless(claim.attempts, self._clock.now(), deadline):",
        without="if is_hopeless(claim.attempts, self._clock.now(), deadline) and False:",
        tests=(f"{_TESTS}::test_a_bug_does_not_keep_a_freeze_open",),
    ),
    Guard(
        name="frozen: the first is kept",
        keeps="I4",
        promise="A freeze that is asked for again remembers that an earlier date may be set.",
        file=_FREEZE,
        text="if isinstance(before, NotDone) and before.dated:",
        without="if before is None:",
        tests=(f"{_BY_VALUE}::test_i4_a_freeze_asked_for_again_does_not_forget_the_first",),
    ),
    Guard(
        name="frozen: changed is seen anew",
        keeps="I2",
        promise="A coupon that someone changed, and that may have the date, is not frozen again unseen.",
        file=_FREEZE,
        text="return not (dated and why is Why.CHANGED)",
        without="return dated is not None",
        tests=(f"{_BY_VALUE}::test_i2_a_changed_coupon_is_not_hidden_by_a_second_freeze",),
    ),
    Guard(
        name="frozen: it may be dated",
        keeps="I4",
        promise="Where the date may have been set all the same, people are told, and can set it back.",
        file=_FREEZE,
        text="dated = underway.goal is Goal.UNFREEZE or underway.sent is not Sent.NOT_YET",
        without="dated = underway.goal is Goal.UNFREEZE",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="frozen: alone until it is",
        keeps="I4",
        promise="A request for a freeze ends as frozen only once a coupon is, and none is underway.",
        file=_FREEZES,
        text=" and request.origin.purpose is Purpose.FREEZE and _is_settled(items):",
        without=" and request.origin.purpose is Purpose.FREEZE:",
        tests=(f"{_BY_VALUE}::test_a_freeze_alone_ends_once_it_is_settled",),
    ),
    Guard(
        name="frozen: outcomes recorded",
        keeps="I7",
        promise="What came of every freeze is in the audit.",
        file="bot/services/items/ledger.py",
        text="        await self.note(Fact(EventKind.FREEZE_OUTCOME, outcome_of(state)))\n",
        without="",
        tests=(f"{_TESTS}::test_a_click_freezes_at_once_and_a_read_proves_it",),
    ),
)

_DELETED = (
    Guard(
        name="frozen: hidden is expected",
        keeps="I2",
        promise="A frozen coupon is deleted although no read shows it any more.",
        file=_ITEM,
        text="expected = Send() if may_hide(item.freeze) else Changed(message=message)",
        without="expected = Changed(message=message)",
        tests=(f"{_TESTS}::test_a_frozen_coupon_is_deleted_although_it_is_hidden",),
    ),
    Guard(
        name="frozen: hidden by the date",
        keeps="I2",
        promise="A coupon that is hidden before any date was sent is not taken for a frozen one.",
        file=_FREEZE,
        text="case Underway(goal=Goal.FREEZE, sent=sent):\n            return sent is not Sent.NOT_YET\n",
        without="case Underway(goal=Goal.FREEZE, sent=sent):\n            return sent is not None\n",
        tests=(f"{_BY_VALUE}::test_i2_a_frozen_coupon_is_expected_hidden",),
    ),
    Guard(
        name="frozen: shown is drift",
        keeps="I2",
        promise="A frozen coupon that is shown again is not deleted.",
        file=_ITEM,
        text="    if isinstance(freeze, Frozen):\n",
        without="    if freeze is None:\n",
        tests=(f"{_TESTS}::test_a_coupon_that_is_no_longer_frozen_is_not_deleted",),
    ),
    Guard(
        name="frozen: another date is drift",
        keeps="I2",
        promise="Of all expiry dates only the one that freezes is overlooked.",
        file=_FREEZE,
        text="ends_on = after.ends_on if after.ends_on in (dates.shown, dates.frozen) else dates.shown",
        without="ends_on = after.ends_on",
        tests=(f"{_BY_VALUE}::test_only_the_expiry_date_of_the_freeze_is_overlooked",),
    ),
    Guard(
        name="frozen: settles nothing",
        keeps="I2",
        promise="Hidden before and after, a lost DELETE of a frozen coupon stays unknown.",
        file=_ITEM,
        text=" if may_be_hidden(item.freeze):\n            return give_up(unknown)\n",
        without=" if item is None:\n            return give_up(unknown)\n",
        tests=(f"{_TESTS}::test_an_unclear_deletion_of_a_frozen_coupon_stays_unknown",),
    ),
    Guard(
        name="frozen: confirms nothing",
        keeps="I4",
        promise="The read after the deletion of a frozen coupon is not told as its confirmation.",
        file=_ITEM,
        text=" if may_hide(item.freeze):\n            return Confirmation.UNSEEN\n",
        without=" if item is None:\n            return Confirmation.UNSEEN\n",
        tests=(f"{_BY_VALUE}::test_i4_a_hidden_coupon_confirms_nothing",),
    ),
    Guard(
        name="frozen: disproved is told",
        keeps="I4",
        promise="Once a read shows the coupon again, nobody is told that it is frozen.",
        file=_ITEM,
        text="    return Free() if redated else without_effect(freeze, now)\n",
        without="    return freeze\n",
        tests=(f"{_BY_VALUE}::test_i4_a_freeze_that_a_read_disproved_is_none",),
    ),
    Guard(
        name="frozen: no waiting for it",
        keeps="I5",
        promise="An approved deletion does not wait for a freeze that Vivoldi puts off.",
        file=_SERVICE,
        text="        if entry.has_deletion:\n            return True\n",
        without="",
        tests=(f"{_TESTS}::test_an_approval_while_the_freeze_is_put_off_is_carried_out_at_once",),
    ),
    Guard(
        name="frozen: the deletion first",
        keeps="I5",
        promise="Once approved, the deletion comes before whatever its freeze still has to do.",
        file="bot/services/items/work.py",
        text="        if found.has_deletion:\n            return await self._delete(",
        without="        if found.has_deletion and not isinstance(item.freeze, Underway):\n"
        "            return await self._delete(",
        tests=(f"{_TESTS}::test_approvals_during_the_freeze_go_straight_to_the_deletion",),
    ),
)

GUARDS = (*_TOLD, *_DELETED)
