"""Absence needs two looks: that a coupon is not shown, once, can be an error of Vivoldi's in disguise.

Whatever ends because a coupon is not shown, and every DELETE that rests on that, waits for a second look. It
is asked for five seconds after the first one was answered: an answer that was long on its way may tell of any
time since its question. Looks count from the last event that changed what is expected: the card, a date that
was sent, a lost answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.coupon import NotShown, Reading

LOOKS_APART = timedelta(seconds=5)

Then = TypeVar("Then")


@dataclass(frozen=True)
class Look:
    """A read of a coupon. asked: when it was asked for; at: when it was answered."""

    reading: Reading
    asked: datetime
    at: datetime


@dataclass(frozen=True)
class LookAgain:
    """One look alone did not show the coupon. at: when the second one may be made."""

    at: datetime


def absent_since(before: datetime | None, look: Look) -> datetime | None:
    """Return when the earliest look was answered since which none has shown the coupon; None: this one does.

    before: the same, without this look.
    """
    return (before or look.at) if isinstance(look.reading, NotShown) else None


def by_absence(before: datetime | None, look: Look, then: Then) -> Then | LookAgain:
    """Return what follows from a look that does not show the coupon: `then`, if it is the second.

    before: when the earliest look was answered that did not show it, with none since that did.
    """
    if before is None:
        return LookAgain(look.at + LOOKS_APART)
    return then if look.asked - before >= LOOKS_APART else LookAgain(before + LOOKS_APART)
