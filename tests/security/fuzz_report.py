"""How many requests were tried, of which kind, and how they were answered, as told after the tests.

The numbers are kept in `.chaos/fuzz.json`.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# What is drawn begins here. Hypothesis also draws on the constants of all modules that are loaded, so one
# file alone draws others than the whole suite.
SEED = 20260302

_FILE = Path(__file__).resolve().parents[2] / ".chaos" / "fuzz.json"


class FuzzReport:
    """Numbers by kind of request and by status, and of effects that a payload was entitled to."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()

    def count(self, kind: str, status: int, effect: str) -> None:
        """Count a request."""
        self.kinds[kind] += 1
        self.statuses[str(status)] += 1
        self.effects[effect] += 1

    @property
    def tried(self) -> int:
        """How many requests were tried."""
        return sum(self.kinds.values())

    def lines(self) -> Iterator[str]:
        """Return what is said after the tests."""
        if not self.tried:
            return
        yield f"fuzzing, seed {SEED}: {self.tried} requests tried"
        counts = {"kind": self.kinds, "status": self.statuses, "effect": self.effects}
        for name, numbers in counts.items():
            yield f"  by {name}: " + ", ".join(f"{number} {what}" for what, number in sorted(numbers.items()))

    def write(self) -> None:
        """Write the numbers into the file, if there are any."""
        if not self.tried:
            return
        _FILE.parent.mkdir(exist_ok=True)
        numbers = {"seed": SEED, "tried": self.tried, "kinds": self.kinds, "statuses": self.statuses}
        with _FILE.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps({**numbers, "effects": self.effects}, indent=2, sort_keys=True) + "\n")


FUZZ = FuzzReport()
