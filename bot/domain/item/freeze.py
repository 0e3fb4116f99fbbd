"""A freeze: a coupon's expiry date is set to yesterday, so that nobody can use it; and set back again.

    Free → Underway(freeze) → Frozen | NotDone(freeze)
    Frozen | NotDone → Underway(unfreeze) → Unfrozen | NotDone(unfreeze)

Unlike a deletion it can be undone, and sending it twice changes nothing more. So a date that got no answer
is sent again, after a read that shows the unchanged coupon, or none. "Frozen" claims only what was answered:
that Vivoldi set the date, and that a read no longer shows the coupon; "unfrozen" is said once a read shows it
with its old date (I4). Nothing is sent over what someone else changed meanwhile.

`bot.domain.item.hidden` says what a freeze means for a deletion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from bot.domain.coupon import Coupon, Difference, NotShown, Reading, Shown, differences
from bot.domain.item.absence import Look, LookAgain, by_absence


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


class Fate(StrEnum):
    """What a later request has done to the coupon: it is not the one that was frozen any more."""

    DELETED = "deleted"
    MAYBE_DELETED = "maybe_deleted"  # no answer came, and it is not shown any more
    CREATED = "created"  # one was created again under the number
    MAYBE_CREATED = "maybe_created"


@dataclass(frozen=True)
class LaterRequest:
    """A later request that has the coupon.

    fate: what it has done to it; None: it holds it, or froze it. hidden: whether it was asked for in another
    channel, so that the card of the older one does not name it (I8).
    """

    request: str
    fate: Fate | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Free:
    """Nothing was done to the expiry date."""

    audit_name: ClassVar[str] = "free"


@dataclass(frozen=True)
class Underway:
    """Asked for, and not settled yet.

    by: the user id of who asked. refusal: Vivoldi's, if one followed a date that got no answer.
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
    """Vivoldi answered that it set the date, and a read afterwards no longer showed the coupon.

    later: the request that has deleted it since, for example, so that nothing can be set back.
    """

    audit_name: ClassVar[str] = "frozen"

    by: str
    at: datetime
    dates: Dates
    later: LaterRequest | None = None


@dataclass(frozen=True)
class Unfrozen:
    """A read showed the coupon again, with the expiry date of before."""

    audit_name: ClassVar[str] = "unfrozen"

    by: str
    at: datetime
    dates: Dates


class Why(StrEnum):
    """Why a freeze, or its undoing, did not come about."""

    REFUSED = "refused"  # Vivoldi refused the date, the last one if there were several
    NO_EFFECT = "no_effect"  # the date was set, and the coupon validates, or doesn't, as before
    CHANGED = "changed"  # someone changed the coupon meanwhile
    GONE = "gone"  # it was not shown any more before anything was sent
    NO_ANSWER = "no_answer"  # Vivoldi could not be reached, or read, or answered nothing certain, in time
    ENDED = "ended"  # the request ended before anything was sent
    TAKEN_OVER = "taken_over"  # a later request froze the coupon, or holds its code


@dataclass(frozen=True)
class NotDone:
    """It did not come about. dated: whether the coupon may have the date that freezes it all the same.

    detail: Vivoldi's message, or what stood in the way, or the id of the request that has it now.
    differences: what someone else changed. sent: whether the date was sent, and answered; of what is stored
    from before, that it may have been. ends_on: the expiry date by the last read, if that showed the coupon.
    hidden: two looks did not show it, although it is not certain that the date was set. later: see `Frozen`.
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
    sent: Sent = Sent.MAYBE
    ends_on: str | None = None
    hidden: bool = False
    later: LaterRequest | None = None


Freeze = Free | Underway | Frozen | Unfrozen | NotDone


# ---------------------------------------------------------------- what may be asked for


class Hindrance(StrEnum):
    """Why a coupon, as it was read, can't be frozen. The words are stored, and stand in the audit."""

    NOT_SHOWN = "not shown"
    USES_UNKNOWN = "uses unknown"
    USED = "used before"
    NO_END = "no expiry date"


def hindrance(reading: Reading) -> Hindrance | None:
    """Return why a coupon, as it was read, can't be frozen; None: nothing of that stands in the way."""
    if not isinstance(reading, Shown):
        return Hindrance.NOT_SHOWN
    if reading.coupon.use_count is None:
        return Hindrance.USES_UNKNOWN
    if reading.coupon.use_count:
        return Hindrance.USED
    return None if reading.coupon.ends_on else Hindrance.NO_END


def can_be_frozen(snapshot: Reading, freeze: Freeze) -> bool:
    """Tell whether a freeze can be asked for: of a coupon that was shown and never used, with an expiry date.

    Once a coupon was used, Vivoldi locks its dates. One that someone changed, and that may have the date
    already, has to be seen anew first: hidden by that date, it could no longer be told from what was shown.
    """
    if hindrance(snapshot) is not None:
        return False
    match freeze:
        case Free():
            return True
        case NotDone(goal=Goal.FREEZE, why=why, dated=dated):
            return not (dated and why is Why.CHANGED)
        case _:
            return False


def can_be_unfrozen(freeze: Freeze) -> bool:
    """Tell whether a freeze can be undone: it came about, or its date may have been set all the same.

    Not once a later request has deleted the coupon, or created another one: that one has no date to go back.
    """
    if not isinstance(freeze, Frozen | NotDone) or freeze.later is not None:
        return False
    return isinstance(freeze, Frozen) or freeze.dated


def has_date(freeze: Freeze) -> bool:
    """Tell whether a coupon has, or may have, or is about to have, an expiry date that its freeze sets."""
    return isinstance(freeze, Underway) or can_be_unfrozen(freeze)


def begin(coupon: Coupon, before: Freeze, by: str, now: datetime, yesterday: date) -> Underway:
    """Return a freeze that was asked for.

    before: what came of an earlier one. yesterday: the day before today in Vivoldi's time zone. A date that
    may have been set by an earlier one stays the date: it is sent again, also if the coupon is not shown.
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
    snapshot: Reading,
    underway: Underway,
    seen: Look,
    *,
    absent_since: datetime | None,
    may_send: bool,
) -> SetDate | LookAgain | Freeze:
    """Return what follows from a read: the date is to be sent, or another look, or how it came out.

    snapshot: what people were shown. absent_since: see `absence`. may_send: whether the date may be sent.
    """
    assert isinstance(snapshot, Shown), "only a coupon that was shown can be frozen"
    match seen.reading:
        case NotShown(message) if underway.goal is Goal.FREEZE:
            return _hidden(underway, message, seen, absent_since, may_send=may_send)
        case NotShown(message):
            return _not_back(underway, message, seen, absent_since, may_send=may_send)
        case Shown(after):
            found = _shown(snapshot.coupon, underway, after, seen.at, may_send=may_send)
            return replace(found, ends_on=after.ends_on) if isinstance(found, NotDone) else found
    raise AssertionError("unreachable: every reading is covered")


def _hidden(
    underway: Underway, message: str, seen: Look, absent_since: datetime | None, *, may_send: bool
) -> SetDate | LookAgain | Freeze:
    """Return what follows for a freeze from a read that does not show the coupon."""
    if underway.sent is Sent.EXECUTED:
        return Frozen(underway.by, seen.at, underway.dates)
    if underway.sent is Sent.NOT_YET:
        return by_absence(absent_since, seen, not_done(underway, Why.GONE, seen.at, message))
    found = _next(underway, seen.at, may_send=may_send)
    if not isinstance(found, NotDone):
        return found
    return by_absence(absent_since, seen, replace(found, hidden=True, detail=found.detail or message))


def _not_back(
    underway: Underway, message: str, seen: Look, absent_since: datetime | None, *, may_send: bool
) -> SetDate | LookAgain | Freeze:
    """Return what follows for the undoing of a freeze from a read that does not show the coupon.

    Before a date was sent that is the expected sight. Afterwards it speaks against the coupon only twice.
    """
    if underway.sent is Sent.EXECUTED:
        return by_absence(absent_since, seen, not_done(underway, Why.NO_EFFECT, seen.at, message))
    found = _next(underway, seen.at, may_send=may_send)
    is_said_of_it = isinstance(found, NotDone) and underway.sent is not Sent.NOT_YET
    return by_absence(absent_since, seen, found) if is_said_of_it else found


def _shown(
    before: Coupon, underway: Underway, after: Coupon, now: datetime, *, may_send: bool
) -> SetDate | Unfrozen | NotDone:
    """Return what follows from a read that shows a coupon."""
    changed = _changed(before, after, underway.dates)
    if changed:
        dated = after.ends_on == underway.dates.frozen
        return replace(not_done(underway, Why.CHANGED, now), differences=changed, dated=dated)
    if underway.goal is Goal.UNFREEZE and after.ends_on == underway.dates.shown:
        return Unfrozen(underway.by, now, underway.dates)
    is_set = underway.goal is Goal.FREEZE and after.ends_on == underway.dates.frozen
    if is_set or underway.sent is Sent.EXECUTED:
        return not_done(underway, Why.NO_EFFECT, now)
    return _next(underway, now, may_send=may_send)


def _next(underway: Underway, now: datetime, *, may_send: bool) -> SetDate | NotDone:
    """Return that the date is to be sent, or why it is not sent any more."""
    if underway.refusal is not None:
        return not_done(underway, Why.REFUSED, now, underway.refusal)
    if may_send:
        return SetDate()
    return overtaken(underway, now)


def _changed(before: Coupon, after: Coupon, dates: Dates) -> tuple[Difference, ...]:
    """Return what someone else changed: neither of the two expiry dates counts as that."""
    ends_on = after.ends_on if after.ends_on in (dates.shown, dates.frozen) else dates.shown
    return differences(replace(before, ends_on=ends_on), after)


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


def overtaken(underway: Underway, now: datetime) -> NotDone:
    """Return a freeze that the end of its request, or the deletion of its coupon, leaves no more time."""
    return not_done(underway, Why.ENDED if underway.sent is Sent.NOT_YET else Why.NO_ANSWER, now)


def taken_over(underway: Underway, by: LaterRequest, now: datetime) -> NotDone:
    """Return an undoing that is left alone. by: the later request that has the coupon now."""
    found = not_done(underway, Why.TAKEN_OVER, now, None if by.hidden else by.request)
    return found if by.fate is None else replace(found, later=by)


def not_done(underway: Underway, why: Why, now: datetime, detail: str | None = None) -> NotDone:
    """Return that it did not come about. detail: Vivoldi's message, or what stood in the way."""
    dated = underway.goal is Goal.UNFREEZE or underway.sent is not Sent.NOT_YET
    return NotDone(underway.goal, underway.by, now, underway.dates, why, dated, detail, sent=underway.sent)
