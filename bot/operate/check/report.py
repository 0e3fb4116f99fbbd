"""What was found, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from bot.operate.check.finding import Finding, Level, overall

_WIDTH = 80
_MARKS = {Level.OK: "ok", Level.WARNING: "warn", Level.FAILURE: "FAIL"}


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings as aligned lines of at most 80 columns, and at the end a line that sums them up."""
    names = max(len(finding.name) for finding in findings)
    lines = [line for finding in findings for line in _lines(finding, names)]
    return "\n".join([*lines, "", _sum(findings)])


def _lines(finding: Finding, names: int) -> list[str]:
    head = f"{_MARKS[finding.level]:<4}  {finding.name:<{names}}  "
    blank = " " * len(head)
    lines = _wrapped(finding.said, head, blank)
    return lines + _wrapped(finding.remedy, f"{blank}-> ", f"{blank}   ") if finding.remedy else lines


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _sum(findings: Sequence[Finding]) -> str:
    if overall(findings) is Level.OK:
        return "Everything works."
    count = Counter(finding.level for finding in findings)
    return ", ".join(_counted(count[level], level) for level in (Level.FAILURE, Level.WARNING)) + "."


def _counted(number: int, level: Level) -> str:
    return f"{number} {level}{'' if number == 1 else 's'}"


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON object: the worst level as `overall`, and each of them in `findings`."""
    listed = [asdict(finding) for finding in findings]
    # In ASCII, which every terminal and every pipe takes.
    return json.dumps({"overall": overall(findings), "findings": listed}, indent=2)
