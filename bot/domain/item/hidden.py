"""What a freeze means for the deletion of the same coupon: hidden is expected, and its date is no change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.coupon import Coupon
from bot.domain.item.freeze import Free, Freeze, Frozen, Goal, NotDone, Sent, Underway, Why


def may_hide(freeze: Freeze) -> bool:
    """Tell whether a coupon is not shown because of its freeze: Vivoldi answered that it set the date."""
    match freeze:
        case Frozen():
            return True
        case Underway(goal=Goal.FREEZE, sent=sent) | NotDone(goal=Goal.FREEZE, why=Why.NO_ANSWER, sent=sent):
            return sent is Sent.EXECUTED
        case _:
            return False


def may_be_hidden(freeze: Freeze) -> bool:
    """Tell whether a date that was sent, answered or not, may be why a coupon is not shown."""
    match freeze:
        case Frozen():
            return True
        case Underway(sent=sent):
            return sent is not Sent.NOT_YET
        case NotDone(why=why, dated=dated):
            return dated and why is not Why.NO_EFFECT
        case _:
            return False


def as_frozen(coupon: Coupon, freeze: Freeze, after: Coupon) -> Coupon:
    """Return the coupon as people were shown it, with the expiry date that the freeze may have set.

    after: what a later read showed, which decides between the two dates.
    """
    match freeze:
        case Frozen(dates=dates):
            return replace(coupon, ends_on=dates.frozen)
        case Underway(dates=dates) | NotDone(dates=dates, dated=True) if after.ends_on == dates.frozen:
            return replace(coupon, ends_on=dates.frozen)
        case _:
            return coupon


def has_set_date(freeze: Freeze, after: Coupon) -> bool:
    """Tell whether a coupon that is shown has the expiry date that its freeze has set, and not its own."""
    return not isinstance(freeze, Free) and freeze.dates.shown != after.ends_on == freeze.dates.frozen


def without_effect(frozen: Frozen, now: datetime) -> NotDone:
    """Return a freeze that was seen to hold, and that a later read shows not to, its date unchanged."""
    return NotDone(
        *(Goal.FREEZE, frozen.by, now, frozen.dates, Why.NO_EFFECT),
        dated=True,
        sent=Sent.EXECUTED,
        ends_on=frozen.dates.frozen,
    )
