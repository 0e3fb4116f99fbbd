"""What was run and how it ended, in numbers: in `.chaos/report.json`, and at the end of the tests' output."""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

from tests.chaos.runs import Run
from tests.judge.rules import Judgement

# What is drawn is drawn from here on, so that every run draws the same.
SEED = 20260301

_FILE = Path(__file__).resolve().parents[2] / ".chaos" / "report.json"
_STARTED = time()
# The test processes of one session write one report.
_SESSION = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)


@dataclass
class Report:
    """Numbers by the test that runs: runs, boundaries that were crossed, DELETEs, verdicts, findings."""

    numbers: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, run: Run) -> None:
        """Count a run."""
        self.add(Counter({"boundaries": sum(len(bounds.crossed) for bounds in run.started)}))
        self.judged(run.judgement)

    def judged(self, judgement: Judgement) -> None:
        """Count the judgement of a run."""
        found = Counter({"runs": 1, "DELETEs": judgement.deletes, "findings": len(judgement.findings)})
        found["runs with a DELETE"] = int(judgement.deletes > 0)
        found.update(f"told “{ending.manner}”" for ending in judgement.endings)
        found.update(f"excused: {why}" for why in judgement.excused)
        self.add(found)

    def add(self, found: Counter[str]) -> None:
        """Add numbers to those of the test that runs now."""
        test = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].rpartition(" (")[0]
        self.numbers.setdefault(test, Counter()).update(found)

    def write(self) -> None:
        """Add the numbers to those that other processes of this session have written, if there are any."""
        if not self.numbers:
            return
        _FILE.parent.mkdir(exist_ok=True)
        with _FILE.open("a+") as file:
            # Test processes that end together would overwrite each other's numbers.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = json.loads(file.read() or "{}")
            tests = known["tests"] if known.get("session") == _SESSION else {}
            tests |= {test: dict(found) for test, found in self.numbers.items()}
            file.truncate(0)
            whole = {"session": _SESSION, "seed": SEED, "tests": tests}
            file.write(json.dumps(whole, indent=2, sort_keys=True) + "\n")


def lines() -> Iterator[str]:
    """Return a line for each test function that this session has run, whatever it was given, and a sum."""
    if not _FILE.is_file() or _FILE.stat().st_mtime < _STARTED:
        return
    report: dict[str, Any] = json.loads(_FILE.read_text())
    functions: dict[str, Counter[str]] = {}
    for test, found in report["tests"].items():
        functions.setdefault(test.partition("[")[0], Counter()).update(found)
    yield f"seed of what is drawn: {report['seed']}"
    for function, found in [*functions.items(), ("in all", sum(functions.values(), Counter[str]()))]:
        found.setdefault("findings", 0)
        yield f"{function}: " + ", ".join(f"{number} {what}" for what, number in sorted(found.items()))


REPORT = Report()
