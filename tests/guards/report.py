"""The table of trials, for people within 80 columns, and for the documentation as JSON."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from tests.guards.trial import Trial, Verdict

_WIDTH, _NAME, _TEST = 80, 29, 30
_LAST_WORDS = 25  # lines of pytest's own that are shown where a trial did not end red


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def heading() -> str:
    """Return the first line of the table."""
    return f"{'without':{_NAME}} {'':2} {'':11} {'seen by':{_TEST}} {'s':>4}"


def line(trial: Trial) -> str:
    """Return a line of the table, with pytest's last words below it where nothing was proven."""
    test = (trial.seen_by or "").rpartition("::")[2].removeprefix("test_")
    shown = test if len(test) <= _TEST else f"{test[: _TEST - 1]}…"
    guard = trial.guard
    told = f"{guard.name:{_NAME}} {guard.keeps:2} {trial.verdict:11} {shown:{_TEST}} {trial.seconds:4.1f}"
    if trial.verdict is Verdict.RED:
        return told
    return "\n".join([told, _wrapped(guard.promise), last_words(trial.output)])


def last_words(output: str) -> str:
    """Return the end of pytest's own output."""
    return "\n".join(words[:_WIDTH] for words in output.splitlines()[-_LAST_WORDS:])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def summary(trials: Sequence[Trial]) -> str:
    """Return how many guards are proven, and name those whose removal no test noticed."""
    unseen = [trial.guard for trial in trials if trial.verdict is not Verdict.RED]
    proven = f"\n{len(trials) - len(unseen)} of {len(trials)} guards are proven"
    told = f"{proven}: a test goes red when the guard is removed."
    each = (_wrapped(f"Not proven: {guard.name}. {guard.promise}") for guard in unseen)
    return "\n".join([told, *each])


def all_red(trials: Sequence[Trial]) -> bool:
    """Tell whether a test went red without each guard."""
    return all(trial.verdict is Verdict.RED for trial in trials)


def write(trials: Sequence[Trial], file: Path) -> None:
    """Write the table as JSON."""
    rows = [
        {
            "guard": trial.guard.name,
            "keeps": trial.guard.keeps,
            "promise": trial.guard.promise,
            "file": trial.guard.file,
            "verdict": trial.verdict,
            "seen_by": trial.seen_by,
            "seconds": round(trial.seconds, 1),
        }
        for trial in trials
    ]
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
