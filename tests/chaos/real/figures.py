"""What was run and what came of it, in numbers: in `.chaos/real.json`, and at the end of the output."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.real.run import Ran

_FILE = Path(__file__).resolve().parents[3] / ".chaos" / "real.json"


@dataclass
class Figures:
    """The numbers of one session. seconds: that the runs took by the wall clock."""

    runs: list[Ran] = field(default_factory=list)
    seconds: float = 0.0
    frozen: dict[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """Return the numbers by their names."""
        found: dict[str, object] = {"frozen around the DELETE": self.frozen} if self.frozen else {}
        if not self.runs:
            return found
        counted: Counter[str] = sum((ran.counted for ran in self.runs), Counter())
        seeds = sorted(ran.plan.seed for ran in self.runs)
        takeovers = sorted(each for ran in self.runs for each in ran.takeovers)
        return {
            "runs": len(self.runs),
            "first seed": seeds[0],
            "last seed": seeds[-1],
            "seconds in all": round(self.seconds),
            "seconds for each run": round(self.seconds / len(self.runs), 2),
            "findings": sum(len(ran.findings) for ran in self.runs),
            "longest takeover, seconds": round(takeovers[-1], 1) if takeovers else 0,
            **dict(sorted(counted.items())),
            **found,
        }

    def lines(self) -> Iterator[str]:
        """Return a line for each number."""
        for name, number in self.told().items():
            yield f"real processes, {name}: {number}"

    def write(self) -> None:
        """Write the numbers into the file, if there are any; those of the other tests stay."""
        if told := self.told():
            _FILE.parent.mkdir(exist_ok=True)
            known = json.loads(_FILE.read_text()) if _FILE.exists() else {}
            _FILE.write_text(json.dumps({**known, **told}, indent=2) + "\n")


FIGURES = Figures()
