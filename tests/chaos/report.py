"""What was run and how it ended, in numbers: in `.chaos/report.json`, and at the end of the tests' output."""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.runs import Run

# What is drawn is drawn from here on, so that every run draws the same.
SEED = 20260301

_FILE = Path(__file__).resolve().parents[2] / ".chaos" / "report.json"


@dataclass
class Report:
    """Numbers by the test that runs: runs, boundaries that were crossed, DELETEs, verdicts, findings."""

    numbers: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, run: Run) -> None:
        """Count a run."""
        judged = run.judgement
        found = Counter({"runs": 1, "boundaries": sum(len(bounds.crossed) for bounds in run.started)})
        found.update({"DELETEs": judged.deletes, "findings": len(judged.findings)})
        found.update(f"told {ending.kind}" for ending in judged.endings)
        found.update(f"excused: {why}" for why in judged.excused)
        self.add(found)

    def add(self, found: Counter[str]) -> None:
        """Add numbers to those of the test that runs now."""
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].rpartition(" ")[0]
        self.numbers.setdefault(test, Counter()).update(found)

    def lines(self) -> Iterator[str]:
        """Return a line for each test function, whatever it was given."""
        functions: dict[str, Counter[str]] = {}
        for test, found in self.numbers.items():
            functions.setdefault(test.partition("[")[0], Counter()).update(found)
        if functions:
            yield f"seed of what is drawn: {SEED}"
        for function, found in functions.items():
            yield f"{function}: " + ", ".join(f"{number} {what}" for what, number in sorted(found.items()))

    def write(self) -> None:
        """Write the numbers into the file, if there are any; those of other tests stay."""
        if not self.numbers:
            return
        _FILE.parent.mkdir(exist_ok=True)
        with _FILE.open("a+") as file:
            # Test processes that end together would overwrite each other's numbers.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = json.loads(file.read() or "{}") | {"seed": SEED}
            known |= {test: dict(found) for test, found in self.numbers.items()}
            file.truncate(0)
            file.write(json.dumps(known, indent=2, sort_keys=True) + "\n")


REPORT = Report()
