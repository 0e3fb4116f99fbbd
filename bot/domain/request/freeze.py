"""The freezes of a request: asked for on its card, carried on item by item, and undone after its end.

A freeze is given by one approver, since it can be undone. It changes nothing about the two approvals that a
deletion needs: they are for the same coupon, before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from bot.domain.coupon import Shown as ShownCoupon
from bot.domain.item import freeze
from bot.domain.item.deletion import Item, may_be_gone
from bot.domain.item.freeze import Freeze, Frozen, NotDone, Underway
from bot.domain.people import Person
from bot.domain.request.request import AnyShown, OnlyFrozen, Pending, Purpose, Shown, ShownAtEnd


def can_freeze(request: Shown) -> bool:
    """Tell whether a freeze can be asked for: while people decide, and where a coupon allows it."""
    return isinstance(request, Pending) and request.origin.freeze and any(map(_is_freezable, request.items))


def can_unfreeze(request: Shown) -> bool:
    """Tell whether a freeze can be undone: after the end, of a coupon that was not deleted."""
    return isinstance(request, ShownAtEnd) and any(map(_is_unfreezable, request.items))


def _is_freezable(item: Item) -> bool:
    return freeze.can_be_frozen(item.snapshot, item.freeze)


def _is_unfreezable(item: Item) -> bool:
    return not may_be_gone(item.state) and freeze.can_be_unfrozen(item.freeze)


def begin(request: Pending, actor: Person, now: datetime, yesterday: date) -> Pending:
    """Return the request with a freeze asked for, of every coupon that allows it.

    yesterday: the day before today in Vivoldi's time zone.
    """

    def begun(item: Item) -> Freeze:
        assert isinstance(item.snapshot, ShownCoupon)
        return freeze.begin(item.snapshot.coupon, item.freeze, actor.id, now, yesterday)

    return _each(request, _is_freezable, begun)


def undo(request: ShownAtEnd, actor: Person, now: datetime) -> ShownAtEnd:
    """Return the request with the undoing of its freezes asked for."""

    def undone(item: Item) -> Freeze:
        assert isinstance(item.freeze, Frozen | NotDone)
        return freeze.undo(item.freeze, actor.id, now)

    return _each(request, _is_unfreezable, undone)


def _each(request: AnyShown, which: Callable[[Item], bool], to: Callable[[Item], Freeze]) -> AnyShown:
    items = tuple(replace(item, freeze=to(item)) if which(item) else item for item in request.items)
    return replace(request, items=items, version=request.version + 1)


def progress(request: Shown, position: int, state: Freeze, now: datetime) -> Shown:
    """Return the request with the freeze of one item carried on.

    The version goes up where people see something new. One that was for the freeze alone ends when a coupon
    is frozen and none is underway any more.
    """
    item = request.items[position]
    items = (*request.items[:position], replace(item, freeze=state), *request.items[position + 1 :])
    version = request.version if isinstance(state, type(item.freeze)) else request.version + 1
    if isinstance(request, Pending) and request.origin.purpose is Purpose.FREEZE and _is_settled(items):
        return OnlyFrozen(origin=request.origin, items=items, ended_at=now, version=version)
    return replace(request, items=items, version=version)


def _is_settled(items: tuple[Item, ...]) -> bool:
    freezes = [item.freeze for item in items]
    return any(isinstance(each, Frozen) for each in freezes) and not any(
        isinstance(each, Underway) for each in freezes
    )
