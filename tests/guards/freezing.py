"""Guards of the freeze: who freezes and unfreezes, and what is sent for it."""

from __future__ import annotations

from tests.guards.guard import Guard

_POLICY, _SUBMIT = "bot/domain/policy.py", "bot/services/asked/command.py"
_FREEZE, _FREEZES = "bot/domain/item/freeze.py", "bot/domain/request/freeze.py"
_SERVICE = "bot/services/items/freeze.py"
_BY_VALUE = "tests/unit/domain/test_freeze.py"
_TESTS = "tests/integration/services/test_freeze.py"
_OFF = (f"{_TESTS}::test_freezing_can_be_switched_off",)

_WHO = (
    Guard(
        name="frozen: one approver",
        keeps="-",
        promise="Nobody but an approver of either step freezes.",
        file=_POLICY,
        text="if (verdict := may_reject(policy, standing, request, now)) is not Verdict.ALLOWED:",
        without="if (verdict := may_act(standing)) is not Verdict.ALLOWED:",
        tests=(f"{_BY_VALUE}::test_any_one_approver_may_freeze",),
    ),
    Guard(
        name="frozen: by the policy",
        keeps="-",
        promise="A click freezes only where the policy allows it.",
        file="bot/services/asked/click.py",
        text="return may_freeze(self._policy, standing, request, now)",
        without="return Verdict.ALLOWED",
        tests=(f"{_TESTS}::test_the_requester_may_freeze_if_eligible",),
    ),
    Guard(
        name="frozen: switched off",
        keeps="-",
        promise="With FREEZE=off no click freezes, whatever card it is from.",
        file=_POLICY,
        text="    if not policy.freeze:\n        return Verdict.FREEZE_OFF\n",
        without="",
        tests=(f"{_BY_VALUE}::test_any_one_approver_may_freeze",),
    ),
    Guard(
        name="frozen: off in commands",
        keeps="-",
        promise="With FREEZE=off nobody asks for a freeze.",
        file=_SUBMIT,
        text="if parsed.purpose is Purpose.FREEZE and not self._policy.freeze:",
        without="if False:",
        tests=_OFF,
    ),
    Guard(
        name="frozen: off on cards",
        keeps="-",
        promise="With FREEZE=off no card offers it.",
        file=_SUBMIT,
        text="freeze=self._policy.freeze and ask.purpose",
        without="freeze=ask.purpose",
        tests=_OFF,
    ),
    Guard(
        name="frozen: someone who can",
        keeps="-",
        promise="A freeze that nobody could give is not asked for.",
        file=_SUBMIT,
        text="return anyone_may_freeze(self._policy, everyone)",
        without="return True",
        tests=(f"{_TESTS}::test_a_freeze_that_nobody_could_give_is_not_asked_for",),
    ),
    Guard(
        name="frozen: once, where it can be",
        keeps="I6",
        promise="A freeze is asked for once, and only where the coupon allows it.",
        file=_POLICY,
        text="return Verdict.ALLOWED if can_freeze(request) else Verdict.NOT_FREEZABLE",
        without="return Verdict.ALLOWED",
        tests=(f"{_BY_VALUE}::test_nothing_is_frozen_after_approve_by_or_twice",),
    ),
    Guard(
        name="frozen: never used",
        keeps="-",
        promise="A coupon that was used is not frozen: Vivoldi locks its dates then.",
        file=_FREEZE,
        text="    if reading.coupon.use_count:\n        return Hindrance.USED\n",
        without="",
        tests=(f"{_BY_VALUE}::test_only_a_shown_and_unused_coupon_can_be_frozen",),
    ),
    Guard(
        name="frozen: not a deletion",
        keeps="I1",
        promise="A request for a freeze alone can never be approved as a deletion.",
        file=_POLICY,
        text="    if request.origin.purpose is Purpose.FREEZE:\n        return Verdict.ONLY_A_FREEZE\n",
        without="",
        tests=(f"{_BY_VALUE}::test_a_freeze_alone_can_never_be_approved_as_a_deletion",),
    ),
)

_SENT = (
    Guard(
        name="frozen: read before the date",
        keeps="-",
        promise="A date is sent after a read that showed what it is about.",
        file=_SERVICE,
        text="look = await read(self._coupons, item.code, self._clock)",
        without=(
            "look = Look(item.snapshot, now, now)\n"
            '            if underway.sent != "not_yet":\n'
            "                look = await read(self._coupons, item.code, self._clock)"
        ),
        tests=(f"{_TESTS}::test_a_click_freezes_at_once_and_a_read_proves_it",),
    ),
    Guard(
        name="frozen: stored before sent",
        keeps="I5",
        promise="That a date may be on its way is committed before it is sent.",
        file=_SERVICE,
        text="            await entry.move_freeze(sending(underway))\n",
        without="            sending(underway)\n",
        tests=(f"{_TESTS}::test_the_date_is_committed_before_it_is_sent",),
    ),
    Guard(
        name="frozen: recorded before sent",
        keeps="I7",
        promise="Every date that may be on its way is in the audit, with who asked for it.",
        file=_SERVICE,
        text="            await entry.note(Fact(EventKind.DATE_SENDING, sent))\n",
        without="",
        tests=(f"{_TESTS}::test_the_date_is_committed_before_it_is_sent",),
    ),
    Guard(
        name="frozen: answers recorded",
        keeps="I7",
        promise="Every answer to a date is in the audit.",
        file=_SERVICE,
        text="async with self._ledger.entry(claim, fact) as entry:\n            match answer:",
        without="async with self._ledger.entry(claim) as entry:\n            match answer:",
        tests=(f"{_TESTS}::test_every_answer_to_a_date_is_in_the_audit",),
    ),
    Guard(
        name="frozen: nothing once decided",
        keeps="-",
        promise="Nothing is frozen any more once its request is decided, also during the read.",
        file=_SERVICE,
        text="if not may_send(entry.request, entry.place.position, underway):",
        without="if False:",
        tests=(f"{_TESTS}::test_nothing_is_sent_where_the_request_is_decided_during_the_read",),
    ),
    Guard(
        name="frozen: on a fresh read",
        keeps="-",
        promise="A process that was frozen after its read sends no date on it.",
        file=_SERVICE,
        text="on = _basis(entry.request, underway, seen)",
        without="on = basis(self._clock.now())",
        tests=(f"{_TESTS}::test_a_frozen_process_sends_no_date",),
    ),
    Guard(
        name="frozen: its place first",
        keeps="-",
        promise="A date waits for its place in the rate limit before the read, not after it.",
        file=_SERVICE,
        text="if underway.sent is not Sent.EXECUTED:",
        without="if underway is None:",
        tests=(f"{_TESTS}::test_a_crowded_minute_delays_a_freeze_before_its_read",),
    ),
    Guard(
        name="frozen: not a changed one",
        keeps="-",
        promise="A coupon that someone else changed is not frozen.",
        file=_FREEZE,
        text="changed = _changed(before, after, underway.dates)\n",
        without='changed = () if underway.goal == "freeze" else _changed(before, after, underway.dates)\n',
        tests=(f"{_BY_VALUE}::test_what_did_not_come_about_is_told_as_seen",),
    ),
    Guard(
        name="unfrozen: nothing set back",
        keeps="-",
        promise="Where someone changed the coupon meanwhile, its date is left alone.",
        file=_FREEZE,
        text="changed = _changed(before, after, underway.dates)\n",
        without='changed = () if underway.goal == "unfreeze" else _changed(before, after, underway.dates)\n',
        tests=(f"{_TESTS}::test_what_someone_changed_meanwhile_is_not_set_back",),
    ),
    Guard(
        name="frozen: the work goes on",
        keeps="I5",
        promise="A freeze that was asked for is carried on until it is settled.",
        file="bot/adapters/store/claims.py",
        text="return now if isinstance(freeze, Underway) and not is_gone(state) else None",
        without="return None",
        tests=(f"{_TESTS}::test_a_click_freezes_at_once_and_a_read_proves_it",),
    ),
)

_BACK = (
    Guard(
        name="unfrozen: by an approver",
        keeps="-",
        promise="Nobody but an approver of either step unfreezes.",
        file=_POLICY,
        text="_of_either_step(policy, standing)) is not Verdict.ALLOWED:\n        return verdict\n"
        "    return Verdict.ALLOWED if can_unfreeze(request)",
        without="may_act(standing)) is not Verdict.ALLOWED:\n        return verdict\n"
        "    return Verdict.ALLOWED if can_unfreeze(request)",
        tests=(f"{_BY_VALUE}::test_a_freeze_can_be_undone_after_the_end_by_any_one_approver",),
    ),
    Guard(
        name="unfrozen: by the policy",
        keeps="-",
        promise="A click unfreezes only where the policy allows it.",
        file="bot/services/asked/click.py",
        text="return may_unfreeze(self._policy, standing, request)",
        without="return Verdict.ALLOWED",
        tests=(f"{_TESTS}::test_a_freeze_is_undone_after_the_end_and_a_read_proves_it",),
    ),
    Guard(
        name="unfrozen: after the end",
        keeps="I6",
        promise="Nothing is unfrozen while people decide about the coupon.",
        file=_POLICY,
        text="return _same(request, version) if isinstance(request, ShownAtEnd) else Verdict.STALE_CARD",
        without="return Verdict.ALLOWED",
        tests=(f"{_TESTS}::test_nothing_is_unfrozen_while_people_decide",),
    ),
    Guard(
        name="unfrozen: from this card",
        keeps="I6",
        promise="A click on an old version of an ended card unfreezes nothing.",
        file=_POLICY,
        text="return _same(request, version) if isinstance(request, ShownAtEnd) else",
        without="return Verdict.ALLOWED if isinstance(request, ShownAtEnd) else",
        tests=(f"{_TESTS}::test_a_click_on_an_old_card_unfreezes_nothing",),
    ),
    Guard(
        name="unfrozen: not what is deleted",
        keeps="-",
        promise="Where the coupon was deleted no date is set on what has its number now.",
        file=_FREEZES,
        text="return not is_gone(item.state) and freeze.can_be_unfrozen(item.freeze)",
        without="return freeze.can_be_unfrozen(item.freeze)",
        tests=(f"{_BY_VALUE}::test_what_was_deleted_is_not_unfrozen",),
    ),
    Guard(
        name="unfrozen: what is frozen",
        keeps="I6",
        promise="Only what came about, or may have, is undone, and only once at a time.",
        file=_POLICY,
        text="return Verdict.ALLOWED if can_unfreeze(request) else Verdict.NOT_FROZEN",
        without="return Verdict.ALLOWED",
        tests=(f"{_BY_VALUE}::test_a_freeze_can_be_undone_after_the_end_by_any_one_approver",),
    ),
)

GUARDS = (*_WHO, *_SENT, *_BACK)
