"""The calls to Vivoldi: what its plan allows, what is taken of it, and how many codes keep to it.

The plan allows so many calls a minute and an hour, for everyone together. All replicas take calls ahead, a
few at a time, and make them soon afterwards. They are counted in short slots of time: by the second for the
limit of a minute, by the minute for that of an hour. A slot counts until it has left the window as a whole,
so that there are never more calls in any minute or hour than allowed, and rarely fewer. A request of many
codes is spread over the time that it takes, and leaves a part of the calls to the small requests of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


# Seconds after which calls that were taken, and not made, must not be made any more.
HELD_FOR = 2.0


@dataclass(frozen=True)
class Window:
    """How long calls count, and in which slots. In seconds."""

    name: str
    span: int
    slot: int


MINUTE, HOUR = Window("minute", 60, 1), Window("hour", 3600, 60)
_WINDOWS = (MINUTE, HOUR)


@dataclass(frozen=True)
class Taken:
    """How many calls were taken, by the number of the slot, in each window."""

    minute: Mapping[int, int] = field(default_factory=dict)
    hour: Mapping[int, int] = field(default_factory=dict)

    def of(self, window: Window) -> Mapping[int, int]:
        """Return the slots of a window."""
        return self.minute if window is MINUTE else self.hour


@dataclass(frozen=True)
class Grant:
    """How many calls may be made within HELD_FOR, and, if it is none, in how many seconds to ask again."""

    calls: int
    wait: float = 0.0


def take(taken: Taken, plan: Plan, now: float, most: int) -> tuple[Grant, Taken]:
    """Take up to `most` calls. now: seconds since 1970. Returns what was granted, and what is taken then."""
    left = min(limit - used(taken, window, now) for window, limit in _limits(plan))
    if left <= 0:
        return Grant(0, _wait(taken, plan, now)), taken
    calls = min(most, left)
    after = {window.name: _added(taken.of(window), window, now, calls) for window in _WINDOWS}
    return Grant(calls), Taken(**after)


def has_room(taken: Taken, plan: Plan, now: float) -> bool:
    """Tell whether requests of many codes may make a call, which leaves a part to all others."""
    minute, hour = plan.for_many()
    return used(taken, MINUTE, now) < minute and used(taken, HOUR, now) < hour


def used(taken: Taken, window: Window, now: float) -> int:
    """Return how many calls count in a window that ends now."""
    return sum(calls for slot, calls in taken.of(window).items() if _counts(slot, window, now))


def _limits(plan: Plan) -> tuple[tuple[Window, int], ...]:
    return ((MINUTE, plan.per_minute), (HOUR, plan.per_hour))


def _leaves(slot: int, window: Window) -> float:
    """Return when a slot no longer counts: its last call may have been made as late as HELD_FOR after it."""
    return (slot + 1) * window.slot + window.span + HELD_FOR


def _counts(slot: int, window: Window, now: float) -> bool:
    """Tell whether the calls of a slot count now: those of the future do not, for the clock was set back.

    Replicas may be a little apart.
    """
    return slot * window.slot - HELD_FOR <= now < _leaves(slot, window)


def _added(slots: Mapping[int, int], window: Window, now: float, calls: int) -> dict[int, int]:
    kept = {slot: count for slot, count in slots.items() if _counts(slot, window, now)}
    slot = int(now // window.slot)
    return kept | {slot: kept.get(slot, 0) + calls}


def _wait(taken: Taken, plan: Plan, now: float) -> float:
    """Return the seconds until the first call may be free in each window that is used up."""
    full = [window for window, limit in _limits(plan) if used(taken, window, now) >= limit]
    return (
        max(min(_leaves(s, window) for s in taken.of(window) if _counts(s, window, now)) for window in full)
        - now
    )
