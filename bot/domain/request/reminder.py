"""When those who can act on a request are reminded of it: at most twice a step."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.request.request import Pending

# Before the deadline there has to be time to open the channel, look at the coupon, and click.
LAST_CALL = timedelta(minutes=2)


def reminders(
    request: Pending, remind_after: timedelta, shown_at: datetime | None = None
) -> tuple[datetime, ...]:
    """Return when people are reminded of the step that a request waits for: a while after it began, and
    shortly before the deadline. A time that would come too late is left out.

    shown_at: when its coupons were read, if that took long; None: at once.
    """
    began = request.review.at if request.review else shown_at or request.origin.opened_at
    last = request.approve_by - LAST_CALL
    return tuple(sorted({time for time in (began + remind_after, last) if began < time <= last}))


def is_of_use(request: Pending, time: datetime) -> bool:
    """Tell whether a reminder that could not be posted is still of use at a time: who sees it has to act."""
    return time <= request.approve_by - LAST_CALL / 2


def next_reminder(
    request: Pending,
    remind_after: timedelta,
    reminded_at: datetime | None,
    shown_at: datetime | None = None,
) -> datetime | None:
    """Return when people are to be reminded next. reminded_at: when they last were, of this step or another.

    Of two that were both missed, while nothing ran, only one is made up for. shown_at: as above.
    """
    times = reminders(request, remind_after, shown_at)
    return next((time for time in times if reminded_at is None or time > reminded_at), None)
