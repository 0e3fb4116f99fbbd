"""From many measurements to one figure, and from a figure to its verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Verdict = Literal["met", "MISSED", ""]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that a share (0 to 1) of all values does not exceed.

    Raises ValueError without values, or for a share out of range.
    """
    if not values or not 0 < share <= 1:
        raise ValueError("a percentile needs values, and a share above 0 and up to 1")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Return the ratio of two medians, each over the rounds of one variant.

    Rounds of both variants alternate, so a noisy minute hits both, and a noisy round moves neither median.
    """
    return median(values) / median(base)


@dataclass(frozen=True)
class Limit:
    """What a figure has to keep to."""

    kind: Literal["at most", "at least"]
    value: float

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps to it."""
        return value <= self.value if self.kind == "at most" else value >= self.value

    def __str__(self) -> str:
        return f"{'≤' if self.kind == 'at most' else '≥'} {shown(self.value)}"


def at_most(value: float) -> Limit:
    """Return an upper limit."""
    return Limit("at most", value)


def at_least(value: float) -> Limit:
    """Return a lower limit."""
    return Limit("at least", value)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    goal: the number of the goal that it belongs to. unit: `ms`, `/s`, ... or empty for a ratio. limit: None
    where it is told without being judged. rounds: what each round gave, in the figure's own unit where it is
    no ratio.
    """

    goal: int
    what: str
    value: float
    unit: str = ""
    limit: Limit | None = None
    rounds: Sequence[float] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether the goal was met; empty where there is none."""
        if self.limit is None:
            return ""
        return "met" if self.limit.holds(self.value) else "MISSED"


def of_rounds(goal: int, what: str, rounds: Sequence[float], unit: str, limit: Limit | None = None) -> Figure:
    """Return the figure that is the median of its rounds."""
    return Figure(goal, what, median(rounds), unit, limit, tuple(rounds))


def shown(value: float) -> str:
    """Return a number with as many digits as mean something here: three, or all before the point."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}" if abs(value) >= 0.01 else f"{value:.1e}"
