"""A freeze: what a read shows of it, what may be sent, and what it means for the deletion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.coupon import Coupon, NotShown, Reading, Shown
from bot.domain.item.absence import LookAgain
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    Refused,
    Send,
    Source,
    Unknown,
    Waiting,
    check,
    confirm,
    settle,
)
from bot.domain.item.freeze import (
    Free,
    Freeze,
    Frozen,
    Goal,
    LaterRequest,
    NotDone,
    Sent,
    SetDate,
    Underway,
    Unfrozen,
    Why,
    can_be_frozen,
    can_be_unfrozen,
    executed,
    has_date,
    look,
    not_done,
    refused,
    sending,
)
from bot.domain.item.hidden import may_hide, without_effect
from bot.domain.people import Kind
from bot.domain.policy import Policy, Verdict, anyone_may_freeze, may_approve, may_freeze, may_unfreeze
from bot.domain.request import freeze as freezes
from bot.domain.request.request import OnlyFrozen, Pending, Purpose
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CODE,
    DANA,
    DATES,
    FREEZE,
    FROZEN,
    NOW,
    OTHER_CODE,
    RIKA,
    UNFREEZE,
    UNSEEN,
    a_coupon,
    a_policy,
    an_item,
    answered_at,
    approved,
    finished,
    freezing,
    later,
    on_call,
    only_frozen,
    pending,
    rejected,
    reviewed,
    standing,
    with_states,
)

BEFORE = Shown(a_coupon())
DATED = Shown(a_coupon(ends_on=DATES.frozen))
EDITED = Shown(a_coupon(name="Cake for all"))
ANOTHER = Shown(a_coupon(created_at="2025-06-02 00:00:00"))
MAYBE, DONE = sending(FREEZE), executed(FREEZE)


def seen(
    underway: Underway, reading: Reading, *, may_send: bool = True, looks: int = 2
) -> SetDate | LookAgain | Freeze:
    """Return what a read shows of a freeze, a minute later. looks: how many did not show it, this one too."""
    before = later(50) if looks > 1 else None
    return look(BEFORE, underway, answered_at(reading, later(60)), absent_since=before, may_send=may_send)


# ---------------------------------------------------------------- what a read shows


def test_frozen_is_said_once_a_read_no_longer_shows_what_vivoldi_answered() -> None:
    """I4: frozen is what Vivoldi answered, and one read after it that does not show the coupon."""
    assert seen(DONE, UNSEEN, looks=1) == Frozen(AMIR.id, later(60), DATES)
    assert seen(MAYBE, UNSEEN) == SetDate()


@pytest.mark.parametrize(
    ("underway", "why", "detail"),
    [
        (MAYBE, Why.NO_ANSWER, UNSEEN.message),
        (refused(MAYBE, "It is locked.", NOW), Why.REFUSED, "It is locked."),
    ],
)
def test_hidden_without_an_answer_is_not_said_to_be_frozen(underway: Underway, why: Why, detail: str) -> None:
    """I4: what two looks do not show, and no answer was seen for, no longer validates; why, nobody knows."""
    assert seen(underway, UNSEEN, may_send=False, looks=1) == LookAgain(later(65))
    found = seen(underway, UNSEEN, may_send=False)
    assert isinstance(found, NotDone)
    assert (found.why, found.detail, found.hidden, found.dated) == (why, detail, True, True)
    assert not may_hide(found)
    assert can_be_unfrozen(found)


def test_one_odd_read_before_a_freeze_ends_nothing() -> None:
    """I4: gone before its freeze takes two looks."""
    assert seen(FREEZE, UNSEEN, looks=1) == LookAgain(later(65))


@pytest.mark.parametrize("underway", [executed(UNFREEZE), refused(sending(UNFREEZE), "Busy.", NOW)], ids=str)
def test_one_odd_read_after_an_undoing_ends_nothing(underway: Underway) -> None:
    """C2: once the old date was sent, that the coupon is not shown speaks against it only twice."""
    assert seen(underway, UNSEEN, looks=1) == LookAgain(later(65))
    assert isinstance(seen(underway, BEFORE, looks=1), Unfrozen)


def test_shown_unchanged_without_an_answer_is_not_frozen() -> None:
    """I4: shown as before when no date is sent any more, it is told as not frozen, with its date."""
    found = seen(MAYBE, BEFORE, may_send=False)
    assert isinstance(found, NotDone)
    assert (found.why, found.hidden, found.ends_on) == (Why.NO_ANSWER, False, DATES.shown)


@pytest.mark.parametrize(
    ("underway", "reading", "why", "dated"),
    [
        (FREEZE, UNSEEN, Why.GONE, False),
        (FREEZE, EDITED, Why.CHANGED, False),
        (FREEZE, ANOTHER, Why.CHANGED, False),
        (MAYBE, EDITED, Why.CHANGED, False),
        (MAYBE, Shown(a_coupon(name="x", ends_on=DATES.frozen)), Why.CHANGED, True),
        (MAYBE, DATED, Why.NO_EFFECT, True),
        (DONE, DATED, Why.NO_EFFECT, True),
        (DONE, BEFORE, Why.NO_EFFECT, True),
        (executed(UNFREEZE), UNSEEN, Why.NO_EFFECT, True),
        (executed(UNFREEZE), DATED, Why.NO_EFFECT, True),
        (UNFREEZE, EDITED, Why.CHANGED, False),
        (UNFREEZE, ANOTHER, Why.CHANGED, False),
        (UNFREEZE, Shown(a_coupon(name="x", ends_on=DATES.frozen)), Why.CHANGED, True),
    ],
)
def test_what_did_not_come_about_is_told_as_seen(
    underway: Underway, reading: Reading, why: Why, dated: bool
) -> None:
    """I4: a freeze, or its undoing, that a read does not show did not come about, and is told with why."""
    found = seen(underway, reading)
    assert isinstance(found, NotDone)
    assert (found.goal, found.why, found.dated) == (underway.goal, why, dated)
    assert bool(found.differences) is (why is Why.CHANGED)


@pytest.mark.parametrize(
    ("underway", "reading"),
    [
        (FREEZE, BEFORE),
        (MAYBE, BEFORE),
        (FREEZE, Shown(a_coupon(use_count=1))),
        (UNFREEZE, UNSEEN),
        (sending(UNFREEZE), UNSEEN),
        (UNFREEZE, DATED),
        (sending(UNFREEZE), DATED),
    ],
)
def test_the_date_is_sent_where_a_read_shows_what_it_is_for(underway: Underway, reading: Reading) -> None:
    """A date is sent, or sent again, only where the read right before shows that it is not set."""
    assert seen(underway, reading) == SetDate()


def test_nothing_is_frozen_once_the_request_is_decided() -> None:
    """A freeze that was asked for and not sent before the request ended is not sent any more."""
    found = seen(FREEZE, BEFORE, may_send=False)
    assert isinstance(found, NotDone)
    assert (found.why, found.dated) == (Why.ENDED, False)


@pytest.mark.parametrize("underway", [UNFREEZE, sending(UNFREEZE), executed(UNFREEZE)])
def test_unfrozen_is_said_once_a_read_shows_it_again(underway: Underway) -> None:
    """I4: only a read that shows the coupon, with the expiry date of before, says that it can be used."""
    assert seen(underway, BEFORE) == Unfrozen(underway.by, later(60), DATES)


def test_a_refusal_is_told_unless_an_earlier_date_may_have_been_set() -> None:
    """I4: after a date without an answer, a refusal of the next one proves nothing about the first."""
    assert refused(FREEZE, "no", NOW) == not_done(FREEZE, Why.REFUSED, NOW, "no")
    after = refused(MAYBE, "no", NOW)
    assert isinstance(after, Underway)
    told = seen(after, BEFORE)
    assert isinstance(told, NotDone)
    assert (told.why, told.detail) == (Why.REFUSED, "no")


# ---------------------------------------------------------------- what may be asked for


@pytest.mark.parametrize(
    ("snapshot", "freeze", "possible"),
    [
        (BEFORE, Free(), True),
        (UNSEEN, Free(), False),
        (Shown(a_coupon(use_count=1)), Free(), False),
        (Shown(a_coupon(use_count=None)), Free(), False),
        (Shown(a_coupon(ends_on=None)), Free(), False),
        (BEFORE, FREEZE, False),
        (BEFORE, FROZEN, False),
        (BEFORE, not_done(FREEZE, Why.REFUSED, NOW), True),
        (BEFORE, not_done(UNFREEZE, Why.REFUSED, NOW), False),
    ],
)
def test_only_a_shown_and_unused_coupon_can_be_frozen(
    snapshot: Reading, freeze: Freeze, possible: bool
) -> None:
    """A freeze is offered where Vivoldi allows it: once used, a coupon's dates are locked."""
    assert can_be_frozen(snapshot, freeze) is possible


@pytest.mark.parametrize(
    ("freeze", "possible"),
    [
        (Free(), False),
        (FREEZE, False),
        (FROZEN, True),
        (Unfrozen(AMIR.id, NOW, DATES), False),
        (not_done(FREEZE, Why.REFUSED, NOW), False),
        (not_done(MAYBE, Why.NO_ANSWER, NOW), True),
        (not_done(UNFREEZE, Why.NO_ANSWER, NOW), True),
    ],
)
def test_what_may_be_dated_can_be_set_back(freeze: Freeze, possible: bool) -> None:
    """The way back is offered wherever the coupon may have the date that freezes it."""
    assert can_be_unfrozen(freeze) is possible


_OFFERED = pending(freeze=True)


@pytest.mark.parametrize(
    ("who", "policy", "verdict"),
    [
        (on_call(RIKA), a_policy(), Verdict.ALLOWED),
        (on_call(AMIR), a_policy(), Verdict.ALLOWED),
        (standing(DANA), a_policy(), Verdict.ALLOWED),
        (standing(CARL), a_policy(), Verdict.NOT_AN_APPROVER),
        (standing(AMIR, "S0ONCALL00", kind=Kind.GUEST), a_policy(), Verdict.GUEST),
        (on_call(AMIR), a_policy(freeze=False), Verdict.FREEZE_OFF),
    ],
)
def test_any_one_approver_may_freeze(who: object, policy: Policy, verdict: Verdict) -> None:
    """A freeze takes one eligible approver of either step, the requester included, and the setting."""
    assert may_freeze(policy, who, _OFFERED, NOW) is verdict  # type: ignore[arg-type]


def test_nothing_is_frozen_after_approve_by_or_twice() -> None:
    """A freeze is asked for in time, once, and only where it was offered."""
    assert may_freeze(a_policy(), on_call(AMIR), _OFFERED, _OFFERED.approve_by) is Verdict.TOO_LATE
    asked = freezes.begin(_OFFERED, AMIR, NOW, NOW.date())
    assert may_freeze(a_policy(), on_call(AMIR), asked, NOW) is Verdict.NOT_FREEZABLE
    assert may_freeze(a_policy(), on_call(AMIR), pending(), NOW) is Verdict.NOT_FREEZABLE


def test_a_freeze_can_be_undone_after_the_end_by_any_one_approver() -> None:
    """The way back takes one approver, also where freezing is switched off by now."""
    ended = rejected(_OFFERED)
    frozen = replace(ended, items=(replace(ended.items[0], freeze=FROZEN),))
    assert may_unfreeze(a_policy(freeze=False), on_call(AMIR), frozen) is Verdict.ALLOWED
    assert may_unfreeze(a_policy(), standing(CARL), frozen) is Verdict.NOT_AN_APPROVER
    assert may_unfreeze(a_policy(), on_call(AMIR), ended) is Verdict.NOT_FROZEN


def test_what_was_deleted_is_not_unfrozen() -> None:
    """Where the coupon was deleted, another one may stand under the code. If nobody knows, people may try."""
    asked = replace(_OFFERED, items=(replace(an_item(), freeze=FROZEN),))
    deleted = finished(Deleted(Source.ANSWER, NOW, Confirmation.UNSEEN), request=approved(reviewed(asked)))
    unknown = finished(Unknown(1, 1, "lost", NOW, final=True), request=approved(reviewed(asked)))
    kept = finished(Refused("no"), request=approved(reviewed(asked)))
    assert [freezes.can_unfreeze(request) for request in (deleted, unknown, kept)] == [False, True, True]


def test_what_a_later_request_has_is_not_undone() -> None:
    """Nothing is undone over someone else's work: the card says which request has the coupon now."""
    ended = rejected(replace(_OFFERED, items=(frozen_item(FROZEN),)))
    left = freezes.undo(ended, BEA, later(200), {CODE: LaterRequest("CG-LATER")}).items[0].freeze
    assert isinstance(left, NotDone)
    assert (left.goal, left.why, left.detail) == (Goal.UNFREEZE, Why.TAKEN_OVER, "CG-LATER")
    assert (left.sent, left.dated) == (Sent.NOT_YET, True)
    assert isinstance(freezes.undo(ended, BEA, later(200)).items[0].freeze, Underway)


@pytest.mark.parametrize(
    ("freeze", "has"),
    [
        (FREEZE, True),
        (FROZEN, True),
        (UNFREEZE, True),
        (not_done(MAYBE, Why.NO_ANSWER, NOW), True),
        (not_done(FREEZE, Why.GONE, NOW), False),
        (Unfrozen(AMIR.id, NOW, DATES), False),
        (Free(), False),
    ],
)
def test_a_freeze_has_a_coupon_as_long_as_its_date_may_be_there(freeze: Freeze, has: bool) -> None:
    """An earlier request leaves a coupon alone while a later one's date may be there, or is about to be."""
    assert has_date(freeze) is has


@pytest.mark.parametrize("underway", [UNFREEZE, sending(UNFREEZE), executed(UNFREEZE)])
def test_what_was_not_undone_says_what_was_sent_and_what_stands(underway: Underway) -> None:
    """I4: whether nothing was changed, and which date the coupon has, is kept with what someone changed."""
    found = seen(underway, Shown(a_coupon(discount="10")))
    assert isinstance(found, NotDone)
    assert (found.sent, found.ends_on, found.dated) == (underway.sent, DATES.shown, False)
    assert [difference.fact for difference in found.differences] == ["discount"]


def test_someone_has_to_be_able_to_freeze() -> None:
    """A freeze alone is refused at once where nobody could give it."""
    assert anyone_may_freeze(a_policy(), [standing(CARL), on_call(RIKA)])
    assert not anyone_may_freeze(a_policy(), [standing(CARL)])


# ---------------------------------------------------------------- a request's freezes


def test_a_freeze_alone_can_never_be_approved_as_a_deletion() -> None:
    """I1: who was asked about a freeze was not asked about a deletion."""
    alone = pending(purpose=Purpose.FREEZE, freeze=True)
    assert may_approve(a_policy(), on_call(AMIR), alone, NOW) is Verdict.ONLY_A_FREEZE


def test_a_freeze_alone_ends_once_all_are_frozen() -> None:
    """I4: a plural is true of every coupon: while one is not frozen, the request stays open for it."""
    both = {CODE: BEFORE, OTHER_CODE: Shown(a_coupon(number=OTHER_CODE))}
    asked = freezes.begin(pending(both, purpose=Purpose.FREEZE, freeze=True), AMIR, NOW, NOW.date())
    missed = not_done(FREEZE, Why.REFUSED, NOW)
    assert isinstance(freezing(asked, FROZEN), Pending)
    assert isinstance(freezing(asked, FROZEN, missed), Pending)
    assert isinstance(freezing(asked, FROZEN, FROZEN), OnlyFrozen)
    assert isinstance(freezing(asked, missed, missed), Pending)
    assert isinstance(only_frozen(), OnlyFrozen)


def test_people_are_shown_what_is_new_and_only_that() -> None:
    """The version goes up where the card changes: that a date was sent is nothing to be seen on it."""
    asked = freezes.begin(_OFFERED, AMIR, NOW, NOW.date())
    assert asked.version == _OFFERED.version + 1
    assert freezing(asked, MAYBE).version == asked.version
    assert freezing(asked, FROZEN).version == asked.version + 1


def test_a_look_from_before_a_date_says_nothing_of_it() -> None:
    """What was not shown before a date was sent, or sent again, tells nothing of what the date has done."""
    asked = freezes.begin(_OFFERED, AMIR, NOW, NOW.date())
    looked = replace(asked, items=(replace(asked.items[0], absent_since=NOW),))
    assert freezing(looked, MAYBE).items[0].absent_since is None
    assert freezing(looked, FROZEN).items[0].absent_since == NOW


def test_a_freeze_changes_nothing_about_what_was_approved() -> None:
    """I1: the approvals are for the coupon as it was shown, frozen or not."""
    assert freezing(reviewed(_OFFERED), FROZEN).digest == _OFFERED.digest  # type: ignore[union-attr]


# ---------------------------------------------------------------- what it means for the deletion


def frozen_item(freeze: Freeze) -> Item:
    """Return an item that was shown, then frozen or not, and that a look before NOW did not show any more."""
    return replace(an_item(BEFORE), freeze=freeze, absent_since=later(-9))


_UNANSWERED = not_done(MAYBE, Why.NO_ANSWER, NOW)
_NO_EFFECT = not_done(DONE, Why.NO_EFFECT, NOW)


@pytest.mark.parametrize(
    ("freeze", "reading", "goes_on"),
    [
        (FROZEN, UNSEEN, True),
        (FROZEN, BEFORE, False),
        (FROZEN, DATED, False),
        (FROZEN, ANOTHER, False),
        (FREEZE, UNSEEN, False),
        (FREEZE, BEFORE, True),
        (DONE, UNSEEN, True),
        (MAYBE, UNSEEN, False),
        (MAYBE, BEFORE, True),
        (MAYBE, DATED, True),
        (MAYBE, EDITED, False),
        (_UNANSWERED, UNSEEN, False),
        (not_done(DONE, Why.NO_ANSWER, NOW), UNSEEN, True),
        (not_done(MAYBE, Why.REFUSED, NOW, "no"), UNSEEN, False),
        (_UNANSWERED, DATED, True),
        (_NO_EFFECT, DATED, True),
        (_NO_EFFECT, UNSEEN, False),
        (_NO_EFFECT, EDITED, False),
        (not_done(FREEZE, Why.REFUSED, NOW), BEFORE, True),
        (not_done(FREEZE, Why.REFUSED, NOW), DATED, False),
    ],
)
def test_i2_a_frozen_coupon_is_expected_hidden(freeze: Freeze, reading: Reading, goes_on: bool) -> None:
    """I2: after a freeze, hidden is what is expected, and shown is drift; its date alone is none."""
    found = check(frozen_item(freeze), Waiting(), answered_at(reading, NOW))
    assert isinstance(found, Send if goes_on else Changed)
    assert isinstance(found, Send) or found.was_frozen is isinstance(freeze, Frozen)


@pytest.mark.parametrize(
    ("freeze", "reading", "kind"),
    [
        (FROZEN, UNSEEN, Unknown),
        (FROZEN, ANOTHER, Deleted),
        (FROZEN, BEFORE, Changed),
        (FROZEN, DATED, Waiting),
        (MAYBE, UNSEEN, Unknown),
        (MAYBE, BEFORE, Waiting),
        (_NO_EFFECT, UNSEEN, Gone),
        (_NO_EFFECT, DATED, Waiting),
    ],
)
def test_i2_a_hidden_coupon_settles_nothing(freeze: Freeze, reading: Reading, kind: type) -> None:
    """I2: a frozen coupon was hidden before the deletion, so its being hidden can't say that it is gone."""
    found = settle(frozen_item(freeze), Unknown(1, 1, "lost", NOW), answered_at(reading, NOW))
    assert isinstance(found, kind)
    assert not isinstance(found, Unknown) or found.final


def test_i4_a_hidden_coupon_confirms_nothing() -> None:
    """I4: the read after the deletion of a frozen coupon adds nothing, and is not told as if it did."""
    deleted = confirm(frozen_item(FROZEN), Deleted(Source.ANSWER, NOW), UNSEEN)
    assert deleted.confirmation is Confirmation.UNSEEN


@pytest.mark.parametrize(("after", "left"), [(BEFORE, Free()), (DATED, without_effect(FROZEN, later(180)))])
def test_i4_a_freeze_that_a_read_disproved_is_none(after: Shown, left: Freeze) -> None:
    """I4: once a read shows the coupon again, nobody is told that it is frozen."""
    ready = approved(reviewed(replace(_OFFERED, items=(frozen_item(FROZEN),))))
    found = check(ready.items[0], Waiting(), answered_at(after, NOW))
    assert isinstance(found, Changed)
    assert with_states(ready, found).items[0].freeze == left


def test_only_the_expiry_date_of_the_freeze_is_overlooked() -> None:
    """I2: any other expiry date is a change that someone else made."""
    other = Shown(a_coupon(ends_on="2026-12-31"))
    found = seen(MAYBE, other)
    assert isinstance(found, NotDone)
    assert found.why is Why.CHANGED
    assert isinstance(check(frozen_item(_UNANSWERED), Waiting(), answered_at(other, NOW)), Changed)


def test_goal_tells_the_date() -> None:
    """A freeze sends yesterday, its undoing the date that was shown."""
    assert (FREEZE.date, UNFREEZE.date) == (DATES.frozen, DATES.shown)
    assert FREEZE.sent is Sent.NOT_YET
    assert FREEZE.goal is Goal.FREEZE


def test_a_coupon_is_frozen_until_yesterday() -> None:
    """The date that freezes is the day before today in Vivoldi's time zone, and the old one is kept."""
    found = freezes.begin(_OFFERED, AMIR, NOW, NOW.date()).items[0].freeze
    assert isinstance(found, Underway)
    assert (found.dates.shown, found.dates.frozen) == (a_coupon().ends_on, NOW.date().isoformat())


@pytest.mark.parametrize("earlier", [_UNANSWERED, _NO_EFFECT])
def test_i4_a_freeze_asked_for_again_does_not_forget_the_first(earlier: NotDone) -> None:
    """I4: a date that may have been set is sent again, also of a hidden coupon, and can be set back."""
    asked = replace(_OFFERED, items=(frozen_item(earlier),))
    # The next day, yesterday is another date; the one that was sent stays the one that may be there.
    again = freezes.begin(asked, DANA, later(120), NOW.date()).items[0].freeze
    assert isinstance(again, Underway)
    assert again.dates == DATES
    assert seen(again, UNSEEN) == SetDate()
    assert seen(executed(again), UNSEEN) == Frozen(DANA.id, later(60), DATES)
    assert can_be_unfrozen(not_done(again, Why.NO_ANSWER, NOW))
    assert isinstance(seen(again, BEFORE), SetDate)


def test_i2_a_changed_coupon_is_not_hidden_by_a_second_freeze() -> None:
    """I2: what someone changed is seen anew first, where its expiry date may be set already."""
    changed = seen(MAYBE, Shown(a_coupon(name="x", ends_on=DATES.frozen)))
    assert not can_be_frozen(BEFORE, changed)  # type: ignore[arg-type]
    assert can_be_frozen(BEFORE, seen(FREEZE, EDITED))  # type: ignore[arg-type]


def test_only_what_can_be_frozen_is() -> None:
    """Of several coupons, those that Vivoldi does not show or that were used are left alone."""
    used: Coupon = a_coupon(number=OTHER_CODE, use_count=1)
    asked = pending({CODE: BEFORE, OTHER_CODE: Shown(used)}, freeze=True)
    began = freezes.begin(asked, AMIR, NOW, NOW.date())
    assert [type(item.freeze) for item in began.items] == [Underway, Free]
    assert not freezes.can_freeze(pending({CODE: NotShown("no")}, freeze=True))
