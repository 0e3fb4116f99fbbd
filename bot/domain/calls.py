"""The calls to Vivoldi that all replicas took together, so that they stay within what its plan allows.

Calls are taken ahead, a few at a time, and made soon afterwards. They are counted in short slots of time: by
the second for the limit of a minute, by the minute for that of an hour. A slot counts until it has left the
window as a whole, so that there are never more calls in any minute or hour than allowed, and rarely fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.bulk import Plan

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
    """How many calls may be made within HELD_FOR, and, where it is none, in how many seconds to ask again."""

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
    return sum(calls for slot, calls in taken.of(window).items() if _leaves(slot, window) > now)


def _limits(plan: Plan) -> tuple[tuple[Window, int], ...]:
    return ((MINUTE, plan.per_minute), (HOUR, plan.per_hour))


def _leaves(slot: int, window: Window) -> float:
    """Return when a slot no longer counts: its last call may have been made as late as HELD_FOR after it."""
    return (slot + 1) * window.slot + window.span + HELD_FOR


def _added(slots: Mapping[int, int], window: Window, now: float, calls: int) -> dict[int, int]:
    kept = {slot: count for slot, count in slots.items() if _leaves(slot, window) > now}
    slot = int(now // window.slot)
    return kept | {slot: kept.get(slot, 0) + calls}


def _wait(taken: Taken, plan: Plan, now: float) -> float:
    """Return the seconds until the first call may be free in each window that is used up."""
    full = [window for window, limit in _limits(plan) if used(taken, window, now) >= limit]
    return (
        max(min(_leaves(s, window) for s in taken.of(window) if _leaves(s, window) > now) for window in full)
        - now
    )
