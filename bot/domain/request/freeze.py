"""The freezes of a request: asked for on its card, carried on item by item, and undone after its end.

A freeze is given by one approver, since it can be undone. It changes nothing about the two approvals that a
deletion needs: they are for the same coupon, before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.domain.coupon import CouponCode, code_key
from bot.domain.coupon import Shown as ShownCoupon
from bot.domain.item import freeze
from bot.domain.item.deletion import Item, Waiting, is_gone
from bot.domain.item.freeze import Freeze, Frozen, Goal, LaterRequest, NotDone, Sent, Underway
from bot.domain.people import Person
from bot.domain.request.request import (
    AnyShown,
    Approved,
    OnlyFrozen,
    Pending,
    Purpose,
    Shown,
    ShownAtEnd,
)

# For how long a date is sent again, and a deletion waits for it, counted from when it was asked for.
_TRY_FOR = timedelta(seconds=60)
# How an end is told waits for that, and for the two looks after it; then it is told with what is known.
_AWAITED_FOR = timedelta(seconds=120)
_NOTHING: Mapping[CouponCode, LaterRequest] = {}


def can_freeze(request: Shown) -> bool:
    """Tell whether a freeze can be asked for: while people decide, and if a coupon allows it."""
    return isinstance(request, Pending) and request.origin.freeze and any(map(is_freezable, request.items))


def can_unfreeze(request: Shown) -> bool:
    """Tell whether a freeze can be undone: after the end, of a coupon that was not deleted."""
    return isinstance(request, ShownAtEnd) and any(map(is_unfreezable, request.items))


def is_freezable(item: Item) -> bool:
    """Tell whether a freeze can be asked for of this coupon."""
    return freeze.can_be_frozen(item.snapshot, item.freeze)


def is_unfreezable(item: Item) -> bool:
    """Tell whether a freeze of this coupon can be undone: also if nobody knows whether it was deleted."""
    return not is_gone(item.state) and freeze.can_be_unfrozen(item.freeze)


def begin(request: Pending, actor: Person, now: datetime, yesterday: date) -> Pending:
    """Return the request with a freeze asked for, of every coupon that allows it.

    yesterday: the day before today in Vivoldi's time zone.
    """

    def begun(item: Item) -> Freeze:
        assert isinstance(item.snapshot, ShownCoupon)
        return freeze.begin(item.snapshot.coupon, item.freeze, actor.id, now, yesterday)

    return _each(request, is_freezable, begun)


def to_undo(request: ShownAtEnd) -> tuple[Item, ...]:
    """Return the items whose freezes can be undone."""
    return tuple(filter(is_unfreezable, request.items))


def undo(
    request: ShownAtEnd, actor: Person, now: datetime, taken: Mapping[CouponCode, LaterRequest] = _NOTHING
) -> ShownAtEnd:
    """Return the request with the undoing of its freezes asked for.

    taken: the codes that later requests have by now. They are left alone.
    """

    def undone(item: Item) -> Freeze:
        assert isinstance(item.freeze, Frozen | NotDone)
        asked = freeze.undo(item.freeze, actor.id, now)
        return freeze.taken_over(asked, taken[item.code], now) if item.code in taken else asked

    return _each(request, is_unfreezable, undone)


def passed_on(request: ShownAtEnd, code: CouponCode, later: LaterRequest) -> ShownAtEnd:
    """Return the request with what a later one has done to a coupon that it froze: nothing can be undone."""

    def is_passed_on(item: Item) -> bool:
        return code_key(item.code) == code_key(code) and is_unfreezable(item)

    def left(item: Item) -> Freeze:
        assert isinstance(item.freeze, Frozen | NotDone)
        return replace(item.freeze, later=later)

    return _each(request, is_passed_on, left) if any(map(is_passed_on, request.items)) else request


def _each(request: AnyShown, which: Callable[[Item], bool], to: Callable[[Item], Freeze]) -> AnyShown:
    items = tuple(replace(item, freeze=to(item)) if which(item) else item for item in request.items)
    return replace(request, items=items, version=request.version + 1)


def comes_first(item: Item) -> bool:
    """Tell whether an item's freeze is carried on before its deletion, which was never sent."""
    state = item.state
    return isinstance(item.freeze, Underway) and isinstance(state, Waiting) and not state.unanswered


def deadline(request: Shown, underway: Underway) -> datetime:
    """Return until when Vivoldi is tried again; an approved deletion waits for that, within its own time."""
    until = underway.at + _TRY_FOR
    return min(until, request.execute_by) if isinstance(request, Approved) else until


def may_send(request: Shown, position: int, underway: Underway) -> bool:
    """Tell whether the date may be sent, by the request as it stands.

    Nothing is frozen any more once its request is decided. A deletion that waits for a freeze is no end of
    it: a date without an answer is sent again meanwhile.
    """
    if underway.goal is Goal.UNFREEZE or isinstance(request, Pending):
        return True
    is_waited_for = isinstance(request, Approved) and comes_first(request.items[position])
    return is_waited_for and underway.sent is not Sent.NOT_YET


def awaited_until(request: ShownAtEnd) -> datetime | None:
    """Return until when telling how a request ended waits for its freezes under way; None: there are none."""
    found = (item.freeze for item in request.items if not is_gone(item.state))
    return max((each.at + _AWAITED_FOR for each in found if isinstance(each, Underway)), default=None)


def progress(request: Shown, position: int, state: Freeze, now: datetime) -> Shown:
    """Return the request with the freeze of one item carried on.

    Looks from before a date was sent say nothing of what it led to.
    The version goes up if people see something new. One that was for the freeze alone ends once every
    coupon is frozen; while one is not, it stays open for it.
    """
    item = request.items[position]
    is_sent = isinstance(state, Underway) and state.sent is Sent.MAYBE
    after = replace(item, freeze=state, absent_since=None if is_sent else item.absent_since)
    items = (*request.items[:position], after, *request.items[position + 1 :])
    version = request.version if isinstance(state, type(item.freeze)) else request.version + 1
    if isinstance(request, Pending) and request.origin.purpose is Purpose.FREEZE and _is_settled(items):
        return OnlyFrozen(origin=request.origin, items=items, ended_at=now, version=version)
    return replace(request, items=items, version=version)


def _is_settled(items: tuple[Item, ...]) -> bool:
    return all(isinstance(item.freeze, Frozen) for item in items)
