"""Every word that people read is a claim: these tests read the words, and ask the states for the evidence.

They know no function of the renderer but the two that draw a whole card and a whole outcome.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.domain.coupon import CouponCode, Reading, Shown
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    NotSent,
    Refused,
    Source,
    Unknown,
)
from bot.domain.item.freeze import Dates, Free, Frozen, Goal, NotDone, Underway, Unfrozen, Why
from bot.domain.request.request import Approved, Finished, Pending, Purpose
from bot.domain.request.request import Shown as ShownRequest
from handlers.render.card import Cards
from handlers.render.report import outcomes
from tests.builders import (
    AMIR,
    CODE,
    DATES,
    FROZEN,
    NOW,
    OTHER_CODE,
    a_coupon,
    approved,
    expired,
    finished,
    freezing,
    pending,
    rejected,
    reviewed,
    with_states,
)
from tests.many import many
from tests.strategies import shown_requests

CARDS = Cards()
THIRD = CouponCode("WINTER2025")
STILL_WORKS = Deleted(Source.ANSWER, NOW, Confirmation.STILL_SHOWN)
GONE = Deleted(Source.ANSWER, NOW, Confirmation.GONE)


# ---------------------------------------------------------------- the evidence for each word


def _not_done(item: Item, goal: Goal, *, unknown: bool) -> bool:
    match item.freeze:
        case NotDone(hidden=True):
            return False
        case NotDone(goal=found, why=why, dated=dated) if found is goal:
            # An unfreeze always leaves a date that may have been set.
            return unknown is (why is Why.NO_ANSWER and (dated or goal is Goal.UNFREEZE))
        case _:
            return False


def _is_underway(item: Item, goal: Goal) -> bool:
    return isinstance(item.freeze, Underway) and item.freeze.goal is goal


def _not_sent(item: Item, *, stopped: bool) -> bool:
    return isinstance(item.state, NotSent) and stopped is (item.state.stopped_by is not None)


def _deleted(item: Item, source: Source) -> bool:
    state = item.state
    seen = isinstance(state, Deleted) and state.confirmation not in (None, Confirmation.STILL_SHOWN)
    return isinstance(state, Deleted) and seen and state.source is source


EVIDENCE: dict[str, Callable[[Item], bool]] = {
    "frozen": lambda item: isinstance(item.freeze, Frozen),
    "unfrozen": lambda item: isinstance(item.freeze, Unfrozen),
    "being frozen": lambda item: _is_underway(item, Goal.FREEZE),
    "being unfrozen": lambda item: _is_underway(item, Goal.UNFREEZE),
    "not frozen": lambda item: isinstance(item.freeze, Free) or _not_done(item, Goal.FREEZE, unknown=False),
    "unknown whether frozen": lambda item: _not_done(item, Goal.FREEZE, unknown=True),
    "not unfrozen": lambda item: _not_done(item, Goal.UNFREEZE, unknown=False),
    "unknown whether unfrozen": lambda item: _not_done(item, Goal.UNFREEZE, unknown=True),
    "still works": lambda item: item.state == replace(STILL_WORKS),
    "deleted": lambda item: _deleted(item, Source.ANSWER),
    "deleted (settled by reading)": lambda item: _deleted(item, Source.READING),
    "unknown whether deleted": lambda item: isinstance(item.state, Unknown) and item.state.final,
    "blocked (deleted or used up)": lambda item: isinstance(item.state, Gone),
    "blocked (whether by the freeze is unknown)": lambda item: (
        isinstance(item.freeze, NotDone) and item.freeze.hidden
    ),
    "not deleted (refused)": lambda item: isinstance(item.state, Refused),
    "not deleted (changed)": lambda item: isinstance(item.state, Changed),
    "not deleted (stopped)": lambda item: _not_sent(item, stopped=True),
    "not deleted": lambda item: _not_sent(item, stopped=False),
}


def _can_be_frozen(item: Item) -> bool:
    if not isinstance(item.snapshot, Shown) or item.snapshot.coupon.use_count != 0:
        return False
    match item.freeze:
        case Free():
            return bool(item.snapshot.coupon.ends_on)
        case NotDone(goal=Goal.FREEZE, why=why, dated=dated):
            return bool(item.snapshot.coupon.ends_on) and not (dated and why is Why.CHANGED)
        case _:
            return False


def _can_be_unfrozen(item: Item) -> bool:
    if isinstance(item.state, Deleted | Gone | Unknown):
        return False
    return isinstance(item.freeze, Frozen) or (isinstance(item.freeze, NotDone) and item.freeze.dated)


# What is still to be done is said of so many: "Freeze 1 of 2 coupons?"
TO_DO: dict[str, Callable[[Item], bool]] = {
    "Freeze": _can_be_frozen,
    "Unfreeze": _can_be_unfrozen,
    "Delete": lambda _: True,
}

# ---------------------------------------------------------------- the words that are claims

_WORDS = "|".join(re.escape(word.capitalize()) for word in sorted(EVIDENCE, key=len, reverse=True))
_COUNT = r"coupon \w+|[\d,]+ coupons|[\d,]+ of [\d,]+|[A-Z0-9]{8,16}\b"
_SUM = re.compile(rf"\b(?P<word>{_WORDS}): (?P<count>{_COUNT})(?P<rest>(?: · [a-z ()]+: [\d,]+)*)")
_REST = re.compile(r" · ([a-z ()]+): ([\d,]+)")
_TO_DO = re.compile(
    r"(Freeze|Unfreeze|Delete) (coupon \w+|[\d,]+ coupons|[\d,]+ of [\d,]+ coupons)(?: now)?\?"
)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for part in parts for text in _texts(part)]


def read(request: ShownRequest) -> list[str]:
    """Return every text of the card, its dialogs, and the outcome."""
    card = CARDS.card(request)
    found = [card.text, *_texts([dict(block) for block in card.blocks])]
    if not isinstance(request, Pending | Approved):
        found.append(CARDS.outcome(request).text)
    return [html.unescape(text) for text in found]


def _number(text: str) -> int:
    return int(text.split()[0].replace(",", ""))


def _counted(claim: str, count: int) -> tuple[int, int]:
    """Return how many of how many a claim is about. count: how many coupons there are."""
    if " of " in claim:
        part, whole = claim.removesuffix(" coupons").split(" of ")
        return _number(part), _number(whole)
    return (_number(claim),) * 2 if claim.endswith(" coupons") else (1, count)


def false_claims(request: ShownRequest) -> list[str]:
    """Return each claim of how many coupons something is true of that the states do not bear out."""
    items, wrong = request.items, []

    def check(said: str, part: int, whole: int, holds: Callable[[Item], bool]) -> None:
        true = sum(map(holds, items))
        if (part, whole) != (true, len(items)):
            wrong.append(f"{said!r}: it is {true} of {len(items)}")

    for text in read(request):
        for found in _SUM.finditer(text):
            part, whole = _counted(found["count"], len(items))
            check(found[0], part, whole, EVIDENCE[found["word"].lower()])
            for word, number in _REST.findall(found["rest"]):
                check(found[0], _number(number), len(items), EVIDENCE[word])
        for verb, claim in _TO_DO.findall(text):
            part, whole = _counted(claim, len(items))
            check(f"{verb} {claim}", part, whole, TO_DO[verb])
    return wrong


# ---------------------------------------------------------------- a plural is true of every coupon


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=list(HealthCheck))
@given(request=shown_requests())
def test_a_plural_is_true_of_every_coupon_that_it_counts(request: ShownRequest) -> None:
    """Whatever state a request is in, each count in heading, outcome or dialog is that of the states."""
    if request.origin.purpose is not Purpose.RESTORE:
        assert false_claims(request) == []


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=list(HealthCheck))
@given(request=shown_requests())
def test_nothing_was_done_is_said_only_if_nothing_was_sent(request: ShownRequest) -> None:
    """Where a date may have been sent, no text says that nothing was frozen, changed or set back."""
    said = "\n".join(read(replace(request, origin=replace(request.origin, reason=""))))
    if any(not isinstance(item.freeze, Free) for item in request.items):
        assert not re.search("othing was (frozen|changed|set back|done)", said)


def _two(**second: Any) -> dict[CouponCode, Reading]:
    return {CODE: Shown(a_coupon()), OTHER_CODE: Shown(a_coupon(number=OTHER_CODE, **second))}


def _of_two() -> ShownRequest:
    return freezing(pending(_two(use_count=1), purpose=Purpose.FREEZE, freeze=True), FROZEN)


def _title(request: ShownRequest) -> str:
    header: Any = CARDS.card(request).blocks[0]
    return str(header["text"]["text"])


def test_a_freeze_of_two_of_which_one_was_used() -> None:
    """One is frozen, so "1 of 2" is said, and why not the other; of two it is said if both are."""
    request = _of_two()
    assert _title(request) == "Frozen: 1 of 2 · not frozen: 1"
    assert f"{OTHER_CODE}: Not frozen: it was used before" in CARDS.card(request).text.replace("*", "")
    assert false_claims(request) == []
    both = freezing(pending(_two(), purpose=Purpose.FREEZE, freeze=True), FROZEN, FROZEN)
    assert _title(both) == "Frozen: 2 coupons"
    assert "Frozen: 2 coupons." in CARDS.outcome(both).text


def test_a_false_plural_is_found() -> None:
    """The tests above would see it: the words of one request are not true of another one."""
    drawn = CARDS.card(freezing(pending(_two(), purpose=Purpose.FREEZE, freeze=True), FROZEN, FROZEN))
    assert [found["word"].lower() for found in _SUM.finditer(drawn.text)] == ["frozen", "frozen"]
    assert _counted("2 coupons", 2) == (2, 2) != (sum(map(EVIDENCE["frozen"], _of_two().items)), 2)


@pytest.mark.parametrize("end", [expired, rejected])
def test_what_is_frozen_when_a_request_ends_is_said(end: Callable[[Pending], ShownRequest]) -> None:
    """A request that ends undecided does not hide that a coupon stays frozen."""
    asked = freezing(pending(_two(), freeze=True), FROZEN)
    assert isinstance(asked, Pending)
    assert "Frozen: 1 of 2 · not frozen: 1." in CARDS.outcome(end(asked)).text


def test_a_freeze_that_ended_after_a_date_was_sent() -> None:
    """Where the answer to a date was lost, it is not said that nothing was frozen."""
    lost = NotDone(Goal.FREEZE, AMIR.id, NOW, DATES, Why.NO_ANSWER, dated=True)
    asked = freezing(pending(purpose=Purpose.FREEZE, freeze=True), lost)
    assert isinstance(asked, Pending)
    assert "nothing was frozen" not in CARDS.outcome(rejected(asked)).text
    assert "nothing was frozen" in CARDS.outcome(rejected(pending(purpose=Purpose.FREEZE))).text


def test_a_frozen_coupon_is_not_called_valid_today() -> None:
    """While people decide, no warning says of a frozen coupon what is not true of it any more."""
    assert "valid today" in CARDS.card(pending()).text
    assert "valid today" not in CARDS.card(freezing(pending(), FROZEN)).text


# ---------------------------------------------------------------- what a button promises


def _asks(request: ShownRequest, action: str) -> str:
    blocks: list[Any] = [block for block in CARDS.card(request).blocks if block["type"] == "actions"]
    (button,) = (each for block in blocks for each in block["elements"] if each["action_id"] == action)
    return str(button["confirm"]["text"]["text"])


@pytest.mark.parametrize(
    ("ends_on", "back"), [("2026-12-31", True), ("2027-01-01", False), ("9999-12-31", False)]
)
def test_a_freeze_that_cant_be_set_back_says_so(ends_on: str, back: bool) -> None:
    """Vivoldi takes no date after 31 December of next year: the dialog says so, and the latest date."""
    request = pending({CODE: Shown(a_coupon(ends_on=ends_on))}, freeze=True)
    said = _asks(request, "freeze")
    assert ("sets it back" in said) == back
    assert (f"can't be set back: its date is {ends_on}, and 2026-12-31 is the latest" in said) != back
    dates = Dates(ends_on, DATES.frozen)
    undone = _asks(freezing(rejected(request), Frozen(AMIR.id, NOW, dates)), "unfreeze")
    assert (f"may refuse {ends_on}" in undone) != back


def test_a_freeze_says_how_many_of_several_cant_be_set_back() -> None:
    """Of several, as many as it is true of."""
    said = _asks(pending(_two(ends_on="9999-12-31"), freeze=True), "freeze")
    assert "can't be set back for 1 of 2" in said
    assert "Left alone" not in said
    assert "Left alone: 1, since it was used before" in _asks(
        pending(_two(use_count=3), freeze=True), "freeze"
    )


# ---------------------------------------------------------------- a deletion that did not work


def test_a_deletion_that_did_not_work_is_an_alarm() -> None:
    """Heading and outcome begin with "Still works", and never with "Deleted"."""
    request = finished(STILL_WORKS)
    assert _title(request) == f"⚠️ Still works: {CODE}"
    told = CARDS.outcome(request).text
    assert told.removeprefix("<@U0RIKA0000> ").startswith(f"*⚠️ Still works: {CODE}.*")
    assert "*Deleted" not in told


def test_of_several_the_one_that_still_works_comes_first() -> None:
    """Also while the others are being deleted."""
    three = approved(reviewed(pending({**_two(), THIRD: Shown(a_coupon(number=THIRD))})))
    assert (
        _title(with_states(three, GONE, STILL_WORKS)) == "⚠️ Still works: 1 · Deleting 3 coupons · deleted: 1"
    )
    ended = finished(GONE, STILL_WORKS, GONE, request=three)
    assert _title(ended) == "⚠️ Still works: 1 of 3 · deleted: 2"
    assert f"*⚠️ Still works: {OTHER_CODE}.*" in CARDS.outcome(ended).text


def test_the_file_of_a_large_request_says_still_works() -> None:
    """The report's short word is the alarm as well."""
    codes = many(30)
    asked = pending({code: Shown(a_coupon(number=code)) for code in codes})
    request = finished(STILL_WORKS, *[GONE] * 29, request=approved(reviewed(asked)))
    assert isinstance(request, Finished)
    file = outcomes(request)
    assert file is not None
    rows = file.content.decode("utf-8-sig").splitlines()
    assert rows[1].startswith(f'{codes[0]},still works,"Still works: {codes[0]}.')
    assert rows[2].startswith(f"{codes[1]},deleted,")
