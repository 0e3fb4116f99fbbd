"""When stored work is due: pure rules from a row's state to a time. None: there is nothing to do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from bot.domain.item.deletion import AnyState, Waiting, is_final, may_be_gone
from bot.domain.item.freeze import Freeze, Underway

# Slack allows about one update of a message a second; while items are deleted, the card changes faster.
# Of many codes it changes for a long time, and nobody reads along that closely.
CARD_PACE, CARD_PACE_OF_MANY = timedelta(seconds=1), timedelta(seconds=5)


def paced(drawn_at: datetime | None, now: datetime, *, many: bool) -> datetime:
    """Return when the card of an approved request may be drawn again."""
    pace = CARD_PACE_OF_MANY if many else CARD_PACE
    return now if drawn_at is None else max(now, drawn_at + pace)


def request_due(row: RowMapping, now: datetime) -> datetime | None:
    """Return when a request is due by its state: to be read, drawn, reminded of, expired or told.

    A failed request has no card to draw: it is due until it was told.
    """
    state = row["state"]
    if state == "submitted":
        return now
    if state == "failed":
        return None if row["told"] else now
    if row["version"] > row["drawn_version"]:
        return paced(row["drawn_at"], now, many=row["bulk"] is not None) if state == "approved" else now
    if state == "pending":
        return _waiting_due(row)
    if row["ended_at"] is not None and not row["told"]:
        return now
    return None


def retry_due(row: RowMapping, due: datetime) -> datetime:
    """Return when a request is due whose holder gives it back to be tried again at `due`.

    A change by someone else, which moved `due_at` off the end of the lease, is worked on first, and a
    deadline is not slept through.
    """
    sooner = [due]
    if row["due_at"] is not None and row["due_at"] != row["lease_until"]:
        sooner.append(row["due_at"])
    if row["state"] == "pending":
        sooner.append(_waiting_due(row))
    return min(sooner)


def _waiting_due(row: RowMapping) -> datetime:
    """Return when a request that waits for people is due: to remind them, or at its deadline."""
    times: list[datetime] = [row["approve_by"]]
    if row["remind_at"] is not None:
        times.append(row["remind_at"])
    return min(times)


def item_due(
    approved: bool, state: AnyState, freeze: Freeze, now: datetime, stop_until: datetime | None = None
) -> datetime | None:
    """Return when an item is due: only an approved request has anything to send, reconcile or confirm.

    A freeze is carried on whatever the request's state, unless the coupon is gone. stop_until: nothing is
    deleted before.
    """
    deletion = approved and not is_final(state)
    if not deletion:
        return now if isinstance(freeze, Underway) and not may_be_gone(state) else None
    return max(now, stop_until) if stop_until is not None and isinstance(state, Waiting) else now
