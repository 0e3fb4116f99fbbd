"""Requests of many codes: at which pace they are carried out, and how long that may take.

Vivoldi's plan allows so many calls a minute and an hour, for everyone together. A request of many codes is
spread over the time that this takes, and leaves a part of the calls to the small requests of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# What one command line takes; a request of more codes is paced.
MANY = 20
# Read, DELETE, and the read that confirms it.
CALLS_A_CODE = 3

# Of the calls that the plan allows, requests of many codes together take at most this part.
_SHARE = 0.75
# Reads fail and are tried again, approvers are asked, others work as well: it may take twice as long.
_SLACK = 2


@dataclass(frozen=True)
class Plan:
    """How many calls Vivoldi's plan allows. hourly: None: ten times as many in an hour as
    in a minute, as the smallest plans have it.
    """

    per_minute: int = 120
    hourly: int | None = None

    @property
    def per_hour(self) -> int:
        """The calls of an hour."""
        return self.hourly if self.hourly is not None else 10 * self.per_minute

    def for_many(self) -> tuple[int, int]:
        """Return how many calls requests of many codes may take together: in a minute, and in an hour."""
        return max(1, int(self.per_minute * _SHARE)), max(1, int(self.per_hour * _SHARE))

    def span(self, calls: int) -> timedelta:
        """Return how long so many calls of a request of many codes take."""
        minute, hour = self.for_many()
        by_minutes = calls * timedelta(minutes=1) / minute
        return by_minutes if calls <= hour else max(by_minutes, calls * timedelta(hours=1) / hour)


@dataclass(frozen=True)
class Bulk:
    """How a request of many codes is carried out, by the plan when it was opened.

    every: the time from one coupon's deletion to the next one's. execute_within: how long after the final
    approval something may still be sent.
    """

    every: timedelta
    execute_within: timedelta

    @property
    def every_call(self) -> timedelta:
        """The time from one call to the next."""
        return self.every / CALLS_A_CODE


def bulk_of(codes: int, plan: Plan, execute_within: timedelta) -> Bulk | None:
    """Return how a request of so many codes is carried out; None: as any small one.

    execute_within: what a small request gets. A large one gets twice the time that its calls take on top.
    """
    if codes <= MANY:
        return None
    every = plan.span(CALLS_A_CODE * codes) / codes
    return Bulk(every, execute_within + _SLACK * codes * every)


def read_within(bulk: Bulk | None, codes: int) -> timedelta:
    """Return for how long, from the command, transient trouble with reading the coupons is tried again."""
    patience = timedelta(seconds=60)
    return patience if bulk is None else patience + _SLACK * codes * bulk.every_call
