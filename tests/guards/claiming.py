"""Guards of what people read: each word is a claim, and the states bear it out."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLAIMS, _FREEZE = "handlers/render/claims.py", "handlers/render/freeze.py"
_TESTS = "tests/unit/handlers/test_claims.py"
_SETTLED = "tests/integration/services/test_settled_at_last.py"
_BESIDE = "tests/unit/handlers/test_freeze_words.py"
_WITH_FREEZES = "tests/integration/services/test_told_with_freezes.py"
_FROZEN = "tests/integration/services/test_freeze.py"
_OF_TWO = f"{_TESTS}::test_a_freeze_of_two_of_which_one_was_used"
_BACK = f"{_TESTS}::test_a_freeze_that_cant_be_set_back_says_so"
_ALARM = f"{_TESTS}::test_a_deletion_that_did_not_work_is_an_alarm"

GUARDS = (
    Guard(
        name="claims: the last cause",
        keeps="I4",
        promise="A request that could not be read is told with what stood in the way last.",
        file="bot/services/requests/read.py",
        text="known or UNFORESEEN",
        without="UNFORESEEN",
        tests=(f"{_SETTLED}::test_a_minute_of_trouble_is_told_with_its_cause",),
    ),
    Guard(
        name="claims: a freeze's last cause",
        keeps="I4",
        promise="A freeze that failed each time is told with what stood in the way last.",
        file="bot/services/items/freeze.py",
        text="known = trouble or UNFORESEEN",
        without="known = UNFORESEEN",
        tests=(f"{_FROZEN}::test_a_freeze_that_ended_while_the_bot_was_away_names_vivoldis_trouble",),
    ),
    Guard(
        name="claims: a freeze's own cause",
        keeps="I4",
        promise="What stood in the way before a freeze was asked for is not told as what ended it.",
        file="bot/adapters/store/audit.py",
        text=" and row.at >= earliest",
        without="",
        tests=(f"{_FROZEN}::test_a_bug_in_a_freeze_is_not_blamed_on_an_earlier_read",),
    ),
    Guard(
        name="claims: counted as it is",
        keeps="I4",
        promise="A coupon that still works after its deletion is not counted as deleted.",
        file="bot/observe/metrics.py",
        text='_STILL_WORKS if still_works else str(said["outcome"])',
        without='str(said["outcome"])',
        tests=("tests/unit/run/test_metrics.py::test_a_coupon_that_still_works_is_not_counted_as_deleted",),
    ),
    Guard(
        name="claims: a plural is true",
        keeps="I4",
        promise="A plural is said only if it is true of every coupon that it counts.",
        file=_CLAIMS,
        text='return f"{whole:,} coupons" if part == whole else f"{part:,} of {whole:,}"',
        without='return f"{whole:,} coupons"',
        tests=(_OF_TWO,),
    ),
    Guard(
        name="claims: others counted",
        keeps="I4",
        promise="A heading that is true of some coupons counts the others as well.",
        file=_CLAIMS,
        text='return f"{led}{first[:1].upper()}{first[1:]}: {which}{rest}"',
        without='return f"{led}{first[:1].upper()}{first[1:]}: {which}"',
        tests=(_OF_TWO,),
    ),
    Guard(
        name="claims: with its reason",
        keeps="I4",
        promise="A coupon that a freeze alone leaves out is told with the reason.",
        file=_FREEZE,
        text="if _is_left_out(request) and (why := obstacle(item)) else None",
        without="if (why := None) else None",
        tests=(_OF_TWO,),
    ),
    Guard(
        name="claims: frozen at the end",
        keeps="I4",
        promise="A request that ends undecided says what stays frozen.",
        file="handlers/render/words.py",
        text='return f"nothing was {done(request)}.{freezing.sum_of(request)}"',
        without='return f"nothing was {done(request)}."',
        tests=(f"{_TESTS}::test_what_is_frozen_when_a_request_ends_is_said",),
    ),
    Guard(
        name="claims: nothing was sent",
        keeps="I4",
        promise="That nothing was frozen is said only if no date can have been sent.",
        file="handlers/render/words.py",
        text="if request.origin.purpose is Purpose.FREEZE and not freezing.is_touched(request):",
        without="if request.origin.purpose is Purpose.FREEZE:",
        tests=(f"{_TESTS}::test_a_freeze_that_ended_after_a_date_was_sent",),
    ),
    Guard(
        name="claims: no way back",
        keeps="-",
        promise="The dialog of a freeze says which expiry date can't be set back, and the latest that can.",
        file=_FREEZE,
        text="if not can_be_set_back(_ends_on(item), today)]",
        without="if False]",
        tests=(_BACK,),
    ),
    Guard(
        name="claims: frozen, not valid",
        keeps="I4",
        promise="While people decide, a frozen coupon is not called valid today.",
        file=_FREEZE,
        text="if not (hidden and each is Warning.RUNNING)",
        without="",
        tests=(f"{_TESTS}::test_a_frozen_coupon_is_not_called_valid_today",),
    ),
    Guard(
        name="claims: still works",
        keeps="I4",
        promise="A deletion that did not work is told as an alarm, and not as deleted.",
        file="handlers/render/words.py",
        text='f"*Still works: {item.code}.* Vivoldi answered',
        without='f"*Deleted: {item.code}.* Vivoldi answered',
        tests=(_ALARM,),
    ),
    Guard(
        name="claims: the alarm first",
        keeps="I4",
        promise="Among several outcomes, the coupon that still works comes first.",
        file=_CLAIMS,
        text='_FIRST = (STILL_WORKS, "frozen", "deleted")',
        without='_FIRST = ("frozen", "deleted", STILL_WORKS)',
        tests=(f"{_TESTS}::test_of_several_the_one_that_still_works_comes_first",),
    ),
    Guard(
        name="claims: a button to press",
        keeps="I4",
        promise="Nobody is called to freeze where no coupon can be frozen any more.",
        file="handlers/render/words.py",
        text="    if not can_freeze(request):\n",
        without="    if False:\n",
        tests=(f"{_BESIDE}::test_a_reminder_calls_for_nothing_that_no_button_does",),
    ),
    Guard(
        name="claims: what came first",
        keeps="I4",
        promise="A freeze that the final approval overtook is not told as one whose request ended.",
        file=_FREEZE,
        text='first = "the deletion was approved first" if _is_approved(request) else',
        without='first = "the request ended before" if True else',
        tests=(f"{_BESIDE}::test_an_approval_that_came_first_is_not_the_end_of_a_request",),
    ),
    Guard(
        name="claims: an answer that came",
        keeps="I4",
        promise="A refusal after a lost answer is told, and not that no answer came.",
        file="bot/domain/item/deletion.py",
        text="unknown.reason, message, unknown.refusal))",
        without="unknown.reason, message))",
        tests=(
            "tests/unit/domain/test_deletion.py::test_a_refusal_after_an_unknown_attempt_is_settled_by_reading",
        ),
    ),
    Guard(
        name="claims: no code left out",
        keeps="I5",
        promise="An outcome of many long words still names every code.",
        file="handlers/render/card.py",
        text="shared(about, _MAX_TEXT - _length([*head, *tail]))",
        without="about[:15]",
        tests=("tests/unit/handlers/test_card.py::test_the_outcome_names_every_code_whatever_else_it_says",),
    ),
    Guard(
        name="claims: told with its freeze",
        keeps="I4",
        promise="How a request ended is told with what came of its freezes.",
        file="bot/services/requests/tell.py",
        text="if until is not None and not is_hopeless(claim.attempts, self._clock.now(), until):",
        without="if False:",
        tests=(f"{_WITH_FREEZES}::test_an_end_is_told_with_what_came_of_a_freeze",),
    ),
    Guard(
        name="claims: told all the same",
        keeps="I5",
        promise="A freeze that never ends keeps nobody from hearing how a request ended.",
        file="bot/services/requests/tell.py",
        text="if until is not None and not is_hopeless(claim.attempts, self._clock.now(), until):",
        without="if until is not None:",
        tests=(f"{_WITH_FREEZES}::test_an_end_is_told_although_a_freeze_never_ends",),
    ),
)
