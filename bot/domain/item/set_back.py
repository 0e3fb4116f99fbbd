"""Which expiry dates a frozen coupon can be given back: Vivoldi takes none after 31 December of next year."""

from __future__ import annotations

from datetime import date


def latest_end(today: date) -> date:
    """Return the latest expiry date that Vivoldi lets anyone set. today: the day in Vivoldi's time zone."""
    return date(today.year + 1, 12, 31)


def can_be_set_back(ends_on: str, today: date) -> bool:
    """Tell whether Vivoldi would take this expiry date again, once another one was set in its place.

    ends_on: as Vivoldi showed it. One that is no date can't be sent at all. today: see `latest_end`.
    """
    try:
        return date.fromisoformat(ends_on) <= latest_end(today)
    except ValueError:
        return False
