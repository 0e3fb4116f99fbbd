"""Absence needs two looks: that a coupon is not shown, once, can be an error of Vivoldi's in disguise.

Whatever ends because a coupon is not shown, and every DELETE that rests on that, waits for a second look.
Looks count from the last event that changed what is expected: the card, a date that was sent, a lost answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.coupon import NotShown, Reading

LOOKS_APART = timedelta(seconds=5)

Then = TypeVar("Then")


@dataclass(frozen=True)
class LookAgain:
    """One look alone did not show the coupon. at: when the second one may be made."""

    at: datetime


def absent_since(before: datetime | None, reading: Reading, at: datetime) -> datetime | None:
    """Return the time of the earliest look since which none has shown the coupon; None: this one shows it.

    before: the same, without this look. at: when it was made.
    """
    return (before or at) if isinstance(reading, NotShown) else None


def by_absence(before: datetime | None, at: datetime, then: Then) -> Then | LookAgain:
    """Return what follows from a look that does not show the coupon: `then`, if it is the second.

    before: the time of the earliest look that did not show it, with none since that did. at: of this look.
    """
    if before is None:
        return LookAgain(at + LOOKS_APART)
    return then if at - before >= LOOKS_APART else LookAgain(before + LOOKS_APART)
