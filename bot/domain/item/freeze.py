"""A freeze: a coupon's expiry date is set to yesterday, so that nobody can use it; and set back again.

    Free → Underway(freeze) → Frozen | NotDone(freeze)
    Frozen | NotDone → Underway(unfreeze) → Unfrozen | NotDone(unfreeze)

Unlike a deletion it can be undone, and sending it twice changes nothing more. So what is sent is settled by
reading alone: "frozen" is said once a read no longer shows the coupon, "unfrozen" once one shows it again
(I4). Every date is sent after a read that showed what it is about, and nothing is sent over what someone
else changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from bot.domain.coupon import Coupon, Difference, NotShown, Reading, Shown, differences


class Goal(StrEnum):
    """What is to be reached."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


class Sent(StrEnum):
    """How far the new date is on its way to Vivoldi."""

    NOT_YET = "not_yet"
    MAYBE = "maybe"  # sent, answer not seen: also what is found after a crash
    EXECUTED = "executed"  # Vivoldi answered that it was set


@dataclass(frozen=True)
class Dates:
    """Expiry dates as Vivoldi writes them. shown: what people were shown. frozen: the one that freezes it."""

    shown: str
    frozen: str


@dataclass(frozen=True)
class Free:
    """Nothing was done to the expiry date."""

    audit_name: ClassVar[str] = "free"


@dataclass(frozen=True)
class Underway:
    """Asked for, and not settled yet.

    by: the user id of who asked. refusal: Vivoldi's, where one followed a date that got no answer.
    """

    audit_name: ClassVar[str] = "underway"

    goal: Goal
    by: str
    at: datetime
    dates: Dates
    sent: Sent = Sent.NOT_YET
    refusal: str | None = None

    @property
    def date(self) -> str:
        """The expiry date to be set."""
        return self.dates.frozen if self.goal is Goal.FREEZE else self.dates.shown


@dataclass(frozen=True)
class Frozen:
    """The date was sent, and a read afterwards no longer showed the coupon."""

    audit_name: ClassVar[str] = "frozen"

    by: str
    at: datetime
    dates: Dates


@dataclass(frozen=True)
class Unfrozen:
    """A read showed the coupon again, with the expiry date of before."""

    audit_name: ClassVar[str] = "unfrozen"

    by: str
    at: datetime
    dates: Dates


class Why(StrEnum):
    """Why a freeze, or its undoing, did not come about."""

    REFUSED = "refused"  # Vivoldi refused the date
    NO_EFFECT = "no_effect"  # the date was set, and the coupon validates, or doesn't, as before
    CHANGED = "changed"  # someone changed the coupon meanwhile
    GONE = "gone"  # it was not shown any more before anything was sent
    NO_ANSWER = "no_answer"  # Vivoldi could not be reached, or read, in time
    ENDED = "ended"  # the request ended before anything was sent


@dataclass(frozen=True)
class NotDone:
    """It did not come about. dated: whether the coupon may have the date that freezes it all the same.

    detail: Vivoldi's message, or what stood in the way. differences: what someone else changed.
    """

    audit_name: ClassVar[str] = "notdone"

    goal: Goal
    by: str
    at: datetime
    dates: Dates
    why: Why
    dated: bool
    detail: str | None = None
    differences: tuple[Difference, ...] = ()


Freeze = Free | Underway | Frozen | Unfrozen | NotDone


# ---------------------------------------------------------------- what may be asked for


def can_be_frozen(snapshot: Reading, freeze: Freeze) -> bool:
    """Tell whether a freeze can be asked for: of a coupon that was shown and never used, with an expiry date.

    Once a coupon was used, Vivoldi locks its dates. One that someone changed, and that may have the date
    already, has to be seen anew first: hidden by that date, it could no longer be told from what was shown.
    """
    if not isinstance(snapshot, Shown) or snapshot.coupon.use_count != 0 or not snapshot.coupon.ends_on:
        return False
    match freeze:
        case Free():
            return True
        case NotDone(goal=Goal.FREEZE, why=why, dated=dated):
            return not (dated and why is Why.CHANGED)
        case _:
            return False


def can_be_unfrozen(freeze: Freeze) -> bool:
    """Tell whether a freeze can be undone: it came about, or its date may have been set all the same."""
    return isinstance(freeze, Frozen) or (isinstance(freeze, NotDone) and freeze.dated)


def begin(coupon: Coupon, before: Freeze, by: str, now: datetime, yesterday: date) -> Underway:
    """Return a freeze that was asked for.

    before: what came of an earlier one. yesterday: the day before today in Vivoldi's time zone.

    A date that may have been set by an earlier one stays the date, and is not forgotten: hidden is then what
    it may have led to.
    """
    assert coupon.ends_on is not None, "it was checked that there is an expiry date to go back to"
    if isinstance(before, NotDone) and before.dated:
        return Underway(Goal.FREEZE, by, now, before.dates, Sent.MAYBE)
    return Underway(Goal.FREEZE, by, now, Dates(coupon.ends_on, yesterday.isoformat()))


def undo(freeze: Frozen | NotDone, by: str, now: datetime) -> Underway:
    """Return the undoing of a freeze, asked for by someone."""
    return Underway(Goal.UNFREEZE, by, now, freeze.dates)


# ---------------------------------------------------------------- what a read shows


@dataclass(frozen=True)
class SetDate:
    """The read showed that the expiry date is to be set, to `underway.date`."""


def look(
    snapshot: Reading, underway: Underway, reading: Reading, now: datetime, *, may_send: bool
) -> SetDate | Freeze:
    """Return what follows from a read: the date is to be sent, or how it came out.

    snapshot: what people were shown. may_send: whether the date may still be sent.
    """
    assert isinstance(snapshot, Shown), "only a coupon that was shown can be frozen"
    if underway.goal is Goal.FREEZE:
        settled = _frozen(snapshot.coupon, underway, reading, now)
    else:
        settled = _unfrozen(snapshot.coupon, underway, reading, now)
    if not isinstance(settled, SetDate):
        return settled
    if underway.refusal is not None:
        return not_done(underway, Why.REFUSED, now, underway.refusal)
    return settled if may_send else not_done(underway, Why.ENDED, now)


def _frozen(before: Coupon, underway: Underway, reading: Reading, now: datetime) -> SetDate | Freeze:
    dates, sent = underway.dates, underway.sent
    match reading:
        case NotShown(message) if sent is Sent.NOT_YET:
            return not_done(underway, Why.GONE, now, message)
        case NotShown():
            return Frozen(underway.by, now, dates)
        case Shown(after):
            changed = _changed(before, after, dates)
            if changed:
                return _changed_meanwhile(underway, after, changed, now)
            if sent is Sent.EXECUTED or after.ends_on == dates.frozen:
                return not_done(underway, Why.NO_EFFECT, now)
            return SetDate()
    raise AssertionError("unreachable: every reading is covered")


def _unfrozen(before: Coupon, underway: Underway, reading: Reading, now: datetime) -> SetDate | Freeze:
    match reading:
        case NotShown(message) if underway.sent is Sent.EXECUTED:
            return not_done(underway, Why.NO_EFFECT, now, message)
        case NotShown():
            return SetDate()
        case Shown(after):
            changed = _changed(before, after, underway.dates)
            if changed:
                return _changed_meanwhile(underway, after, changed, now)
            if after.ends_on == underway.dates.shown:
                return Unfrozen(underway.by, now, underway.dates)
            if underway.sent is Sent.EXECUTED:
                return not_done(underway, Why.NO_EFFECT, now)
            return SetDate()
    raise AssertionError("unreachable: every reading is covered")


def _changed(before: Coupon, after: Coupon, dates: Dates) -> tuple[Difference, ...]:
    """Return what someone else changed: neither of the two expiry dates counts as that."""
    ends_on = after.ends_on if after.ends_on in (dates.shown, dates.frozen) else dates.shown
    return differences(replace(before, ends_on=ends_on), after)


def _changed_meanwhile(
    underway: Underway, after: Coupon, changed: tuple[Difference, ...], now: datetime
) -> NotDone:
    dated = after.ends_on == underway.dates.frozen
    return replace(not_done(underway, Why.CHANGED, now), differences=changed, dated=dated)


# ---------------------------------------------------------------- what was sent and answered


def sending(underway: Underway) -> Underway:
    """Return the state that is stored right before the date is sent."""
    return replace(underway, sent=Sent.MAYBE)


def executed(underway: Underway) -> Underway:
    """Return the state after Vivoldi answered that the date was set; a read tells what came of it."""
    return replace(underway, sent=Sent.EXECUTED)


def refused(underway: Underway, message: str, now: datetime) -> Underway | NotDone:
    """Return the state after a refusal. Where an earlier date got no answer, a read tells about that one."""
    if underway.sent is Sent.NOT_YET:
        return not_done(underway, Why.REFUSED, now, message)
    return replace(underway, refusal=message)


def not_done(underway: Underway, why: Why, now: datetime, detail: str | None = None) -> NotDone:
    """Return that it did not come about. detail: Vivoldi's message, or what stood in the way."""
    dated = underway.goal is Goal.UNFREEZE or underway.sent is not Sent.NOT_YET
    return NotDone(underway.goal, underway.by, now, underway.dates, why, dated, detail)


def without_effect(frozen: Frozen, now: datetime) -> NotDone:
    """Return a freeze that was seen to hold, and that a later read shows not to, its date unchanged."""
    return NotDone(Goal.FREEZE, frozen.by, now, frozen.dates, Why.NO_EFFECT, dated=True)


# ---------------------------------------------------------------- what it means for a deletion


def may_hide(freeze: Freeze) -> bool:
    """Tell whether a coupon that is not shown is what the freeze has led to, as far as anyone can know."""
    match freeze:
        case Frozen():
            return True
        case Underway(goal=Goal.FREEZE, sent=sent):
            return sent is not Sent.NOT_YET
        case NotDone(goal=Goal.FREEZE, why=Why.NO_ANSWER, dated=dated):
            return dated
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
