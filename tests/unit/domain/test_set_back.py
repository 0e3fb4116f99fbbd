"""What a freeze promises can be kept: which expiry dates can be set back."""

from datetime import date

import pytest

from bot.domain.item.set_back import can_be_set_back, latest_end


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 7, 9), date(2026, 12, 31)])
def test_the_latest_date_is_the_last_day_of_next_year(today: date) -> None:
    """Vivoldi takes no expiry date after 31 December of next year, whichever day of this year it is."""
    assert latest_end(today) == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("ends_on", "possible"),
    [
        ("2026-12-31", True),
        ("2027-12-31", True),
        ("2020-01-01", True),
        ("2028-01-01", False),
        ("9999-12-31", False),
        ("forever", False),
    ],
)
def test_a_date_after_that_can_not_be_set_back(ends_on: str, possible: bool) -> None:
    """A coupon that ends later can be frozen, and not be given its date back; nor one that is no date."""
    assert can_be_set_back(ends_on, date(2026, 11, 30)) is possible
