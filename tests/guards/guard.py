"""What a guard is: one small piece of the program, without which a promise would not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Invariant = Literal["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "-"]


class GuardMoved(Exception):
    """The guard has moved: its text does not stand exactly once in its file."""


@dataclass(frozen=True)
class Guard:
    """A guard, how it is removed, and the tests that have to notice.

    keeps: the invariant of the design, or `-` for a promise beside those eight. promise: what holds because
    of it. text: exactly what the guard is in `file`. without: what stands there once it is removed. tests:
    pytest's names of files or tests, the quickest first; at least one of them has to fail then.
    """

    name: str
    keeps: Invariant
    promise: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]

    def removed_from(self, source: str) -> str:
        """Return the source of the guard's file without the guard. Raises GuardMoved."""
        count = source.count(self.text)
        if count != 1:
            raise GuardMoved(f"The guard {self.name} has moved: its text stands {count} times in {self.file}")
        return source.replace(self.text, self.without)
