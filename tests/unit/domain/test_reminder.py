"""When people are reminded: soon enough, not too late, and at most twice a step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.request.reminder import LAST_CALL, next_reminder, reminders
from bot.domain.request.request import Pending
from tests.builders import AMIR, NOW, pending, reviewed

FIVE_MINUTES = timedelta(minutes=5)
_SECONDS = st.integers(1, 7200).map(lambda seconds: timedelta(seconds=seconds))


def test_each_step_has_two_reminders() -> None:
    """People are reminded five minutes after a step began, and two minutes before the deadline."""
    first = pending()
    began = first.origin.opened_at
    assert reminders(first, FIVE_MINUTES) == (began + FIVE_MINUTES, first.approve_by - LAST_CALL)
    second = reviewed()
    assert second.review is not None
    assert reminders(second, FIVE_MINUTES) == (second.review.at + FIVE_MINUTES, second.approve_by - LAST_CALL)


def test_what_would_come_too_late_is_left_out() -> None:
    """In the last two minutes nobody is reminded any more."""
    short = replace(pending(), approve_by=NOW + LAST_CALL)
    assert reminders(short, FIVE_MINUTES) == ()
    assert reminders(replace(short, approve_by=NOW + 2 * LAST_CALL), FIVE_MINUTES) == (NOW + LAST_CALL,)


def test_the_next_one_is_the_first_that_nobody_had() -> None:
    """A reminder that was given is not given again, and of two that were missed one is made up for."""
    request = pending()
    first, last = reminders(request, FIVE_MINUTES)
    assert next_reminder(request, FIVE_MINUTES, None) == first
    assert next_reminder(request, FIVE_MINUTES, first) == last
    assert next_reminder(request, FIVE_MINUTES, last) is None
    assert next_reminder(request, FIVE_MINUTES, last + timedelta(seconds=1)) is None


@given(within=_SECONDS, remind_after=_SECONDS, reviewed_after=st.none() | _SECONDS)
def test_never_more_than_twice_and_never_late(
    within: timedelta, remind_after: timedelta, reviewed_after: timedelta | None
) -> None:
    """Whatever the times, a step has at most two reminders, none of them in the last two minutes."""
    request: Pending = replace(pending(), approve_by=NOW + within)
    began = request.origin.opened_at
    if reviewed_after is not None:
        second = reviewed()
        assert second.review is not None
        began = NOW + reviewed_after
        request = replace(request, review=replace(second.review, actor=AMIR, at=began))
    given_times = reminders(request, remind_after)
    assert len(given_times) <= 2
    assert list(given_times) == sorted(given_times)
    assert all(began < time <= request.approve_by - LAST_CALL for time in given_times)
    assert next_reminder(request, remind_after, None) == (given_times[0] if given_times else None)
