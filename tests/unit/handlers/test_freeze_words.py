"""What is said of a freeze besides its own line: in reminders, in what ended a request, and in warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.coupon import CouponCode, Reading, Shown
from bot.domain.item.freeze import Freeze, Frozen, Goal, NotDone, Underway, Why
from bot.domain.request.request import Expired, Pending, Purpose
from bot.domain.request.request import Shown as ShownRequest
from handlers.render.card import Cards
from tests.builders import (
    AMIR,
    CODE,
    DATES,
    FREEZE,
    FROZEN,
    OTHER_CODE,
    UNSEEN,
    a_coupon,
    approved,
    cancelled,
    expired,
    freezing,
    later,
    pending,
    rejected,
    reviewed,
)

CARDS = Cards()
_USED = "*Not frozen:* it was used before, so Vivoldi keeps its dates."


def _not_done(why: Why, *, dated: bool = False, hidden: bool = False) -> NotDone:
    return NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, why, dated, "It is locked.", hidden=hidden)


def _asked(*states: Freeze, purpose: Purpose = Purpose.FREEZE, **second: object) -> Pending:
    """Return a request for two coupons, the second one used before, with these freezes."""
    two: dict[CouponCode, Reading] = {
        CODE: Shown(a_coupon()),
        OTHER_CODE: Shown(a_coupon(**{"number": OTHER_CODE, "use_count": 1, **second})),
    }
    found = freezing(pending(two, purpose=purpose, freeze=True), *states)
    assert isinstance(found, Pending)
    return found


# ---------------------------------------------------------------- reminders


@pytest.mark.parametrize("first", [FROZEN, FREEZE, _not_done(Why.CHANGED, dated=True)], ids=str)
def test_a_reminder_calls_for_nothing_that_no_button_does(first: Freeze) -> None:
    """If no coupon can be frozen any more, there is no Freeze button, and nobody is called to it (C6)."""
    asked = _asked(first)
    told = CARDS.reminder(asked).text
    assert "Freeze" not in told
    assert "still wait" not in told
    assert f"`{OTHER_CODE}`: {_USED}" in told
    assert "To delete what is not frozen" in told


def test_a_reminder_says_what_is_frozen() -> None:
    """What is frozen is not said to wait for it (C1)."""
    told = CARDS.reminder(_asked(FROZEN)).text
    assert "Frozen: 1 of 2 · not frozen: 1." in told
    assert f"`{CODE}`: *Frozen*" in told
    being_frozen = CARDS.reminder(_asked(FREEZE, use_count=0)).text
    assert f"freezing `{OTHER_CODE}` still waits for one of you." in being_frozen
    assert "being frozen: 1" in being_frozen.lower()


def test_a_reminder_calls_for_what_can_be_frozen() -> None:
    """As long as there is the button, it is called for, and what can't be frozen is not said to wait."""
    told = CARDS.reminder(_asked()).text
    assert f"freezing `{CODE}` still waits for one of you." in told
    assert OTHER_CODE not in told


def test_a_reminder_says_what_came_of_a_freeze_before() -> None:
    """Who is called to freeze again reads first what stood in the way (C7)."""
    told = CARDS.reminder(_asked(_not_done(Why.REFUSED))).text
    assert f"freezing `{CODE}` still waits for one of you. Not frozen: 2 coupons." in told
    assert f"`{CODE}`: *Not frozen: Vivoldi refused.* It is locked." in told
    assert f"`{OTHER_CODE}`: {_USED}" in told


# ---------------------------------------------------------------- how a request ended


def _ended(state: Freeze) -> Expired:
    asked = freezing(pending(purpose=Purpose.FREEZE, freeze=True), state)
    assert isinstance(asked, Pending)
    return expired(asked)


@pytest.mark.parametrize("why", [Why.REFUSED, Why.NO_EFFECT, Why.NO_ANSWER, Why.CHANGED], ids=str)
def test_a_freeze_that_was_given_is_not_said_to_lack_its_approval(why: Why) -> None:
    """Who froze gave the one approval that it needs: what stands in the way is Vivoldi's word (C7)."""
    told = CARDS.outcome(_ended(_not_done(why))).text
    assert "without" not in told.split("\n")[0]
    assert f"`{CODE}`: *Not frozen" in told
    assert "without" not in CARDS.card(expired(_asked(FROZEN))).text


def test_what_nobody_froze_ends_with_nothing_frozen() -> None:
    """A freeze alone that nobody gave ran out, and nothing was sent."""
    told = CARDS.outcome(expired(pending(purpose=Purpose.FREEZE, freeze=True))).text
    assert "ran out" in told
    assert "nothing was frozen, and nothing was deleted." in told


def test_an_approval_that_came_first_is_not_the_end_of_a_request() -> None:
    """A freeze that the final approval overtook is told as that: nothing had ended (C7)."""
    ended = _not_done(Why.ENDED)
    decided = approved(reviewed(pending(freeze=True)))
    assert "*Not frozen:* the deletion was approved first." in CARDS.card(freezing(decided, ended)).text
    assert "request ended" not in CARDS.card(freezing(decided, ended)).text
    for over in (rejected(), cancelled(), expired()):
        assert "*Not frozen:* the request ended before." in CARDS.card(freezing(over, ended)).text


@pytest.mark.parametrize("end", [rejected, cancelled, expired])
def test_whoever_is_counted_as_not_frozen_has_a_reason(end: Callable[[Pending], ShownRequest]) -> None:
    """Where "not frozen: 1" is said, it is said why, also of a request to delete (C1)."""
    for purpose in (Purpose.DELETE, Purpose.FREEZE):
        request = end(_asked(FROZEN, purpose=purpose))
        for told in (CARDS.card(request), CARDS.outcome(request)):
            assert _USED in told.text
    unseen = end(_frozen_beside_unseen())
    assert f"`{OTHER_CODE}`: *Not frozen:* Vivoldi does not show it." in CARDS.outcome(unseen).text


def _frozen_beside_unseen() -> Pending:
    found = freezing(pending({CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN}, freeze=True), FROZEN)
    assert isinstance(found, Pending)
    return found


def test_nothing_is_said_of_a_freeze_that_nobody_asked_for() -> None:
    """A request to delete in which nobody froze anything says nothing of freezes."""
    assert "rozen" not in CARDS.outcome(rejected(_asked(purpose=Purpose.DELETE))).text


# ---------------------------------------------------------------- warnings


@pytest.mark.parametrize(
    "state",
    [
        FROZEN,
        _not_done(Why.NO_ANSWER, dated=True, hidden=True),
        _not_done(Why.REFUSED, dated=True, hidden=True),
        _not_done(Why.GONE),
    ],
    ids=str,
)
def test_what_is_not_shown_any_more_is_not_called_valid_today(state: Frozen | NotDone) -> None:
    """A card that says that a coupon no longer validates does not warn that it is valid (C3)."""
    told = CARDS.card(freezing(pending(freeze=True), state))
    assert "valid today" not in told.text + str(told.blocks)


@pytest.mark.parametrize("state", [FREEZE, _not_done(Why.REFUSED), _not_done(Why.NO_ANSWER)], ids=str)
def test_what_may_validate_is_called_valid_today(state: Underway | NotDone) -> None:
    """As long as nothing speaks against it, people are warned."""
    assert "valid today" in CARDS.card(freezing(pending(freeze=True), replace(state))).text
