"""The list of guards that `make guards` removes, each as it still stands in the program."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.guards.every import GUARDS
from tests.guards.guard import Guard, GuardMoved
from tests.guards.report import heading, line, summary
from tests.guards.trial import Ran, Trial, Verdict, judge

ROOT = Path(__file__).parents[3]


def source(guard: Guard) -> str:
    return (ROOT / guard.file).read_text(encoding="utf-8")


def test_there_are_guards_enough_under_names_of_their_own() -> None:
    """At least 25 guards are tried, each under a name of its own."""
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 25


def test_every_guard_still_stands_where_the_list_says() -> None:
    """Each guard's text stands exactly once in its file, so that removing it removes just that."""
    moved = []
    for guard in GUARDS:
        try:
            if guard.removed_from(source(guard)) == source(guard):
                moved.append(f"{guard.name}: nothing is removed")
        except GuardMoved as error:
            moved.append(str(error))
    assert not moved, "\n".join(moved)


@pytest.mark.parametrize("text", ["is nowhere", "e"], ids=["nowhere", "in many places"])
def test_a_guard_that_has_moved_is_not_removed(text: str) -> None:
    """A guard whose text is gone, or stands in several places, stops everything."""
    moved = Guard("moved", "-", "", "file.py", text, "", ())
    with pytest.raises(GuardMoved, match="has moved"):
        moved.removed_from("These letters repeat.")


def is_there(test: str) -> bool:
    file, *inside = re.sub(r"\[.*", "", test).split("::")
    path = ROOT / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return bool(text) and all(re.search(rf"(def|class) {part}\b", text) for part in inside)


def test_the_tests_of_every_guard_exist() -> None:
    """Each guard names tests that are there."""
    assert [guard.name for guard in GUARDS if not guard.tests] == []
    named = [(guard.name, test) for guard in GUARDS for test in guard.tests]
    assert [missing for missing in named if not is_there(missing[1])] == []


def test_what_is_left_is_a_program(tmp_path: Path) -> None:
    """Without a guard the program still runs: a missing name would go red whatever the tests look at."""
    for number, guard in enumerate(GUARDS):
        (tmp_path / f"{number}.py").write_text(guard.removed_from(source(guard)), encoding="utf-8")
    command = (sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F82", "--quiet")
    found = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize(
    ("code", "output", "verdict"),
    [
        (1, "FAILED tests/a.py::test_b[x - y] - assert 1 == 2\n1 failed", Verdict.RED),
        (1, "FAILED tests/a.py::test_b\n1 failed", Verdict.RED),
        (0, "1 passed", Verdict.GREEN),
        (0, "1 skipped", Verdict.BROKEN),
        (0, "2 passed, 1 skipped in 0.32s", Verdict.BROKEN),
        (1, "FAILED tests/a.py::test_b - assert 1 == 2\n1 failed, 1 skipped", Verdict.RED),
        (1, "ERROR tests/a.py::test_b - RuntimeError: no fixture\n1 error", Verdict.BROKEN),
        (1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined", Verdict.BROKEN),
        (1, "FAILED tests/a.py::test_b - Failed: Timeout (>60.0s) from pytest-timeout.", Verdict.BROKEN),
        (2, "ERROR tests/a.py - SyntaxError", Verdict.BROKEN),
        (4, "ERROR: not found: tests/a.py::test_c", Verdict.BROKEN),
        (5, "no tests ran", Verdict.BROKEN),
        (None, "ended after 120 s", Verdict.TIMED_OUT),
    ],
)
def test_only_a_test_that_failed_is_proof(code: int | None, output: str, verdict: Verdict) -> None:
    """An error, a hanging test, or one that did not run, shows nothing about the guard."""
    assert judge(Ran(code, output))[0] is verdict


def test_the_table_fits_a_terminal() -> None:
    """The table has no line of more than 80 characters."""
    test = f"tests/unit/test_a.py::test_{'b' * 200}"
    trials = [Trial(guard, verdict, test, 99.9, "x" * 200) for guard in GUARDS for verdict in Verdict]
    shown = [heading(), summary(trials), *map(line, trials)]
    assert max(len(row) for text in shown for row in text.splitlines()) <= 80


def test_the_summary_says_how_many_guards_are_proven() -> None:
    """The summary says that the tests notice, and names each guard without which they don't."""
    seen, unseen = (Trial(GUARDS[0], verdict, None, 1.0, "") for verdict in (Verdict.RED, Verdict.GREEN))
    assert summary([seen, seen]).split("\n") == [
        "",
        "2 of 2 guards are proven: a test goes red when the guard is removed.",
    ]
    said = summary([seen, unseen]).split("\n")
    assert said[1] == "1 of 2 guards are proven: a test goes red when the guard is removed."
    assert said[2].startswith(f"  Not proven: {GUARDS[0].name}. ")


def test_the_document_counts_them() -> None:
    """docs/reliability.md says how many guards each invariant has, as it is."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    said = {name: int(count) for name, count in re.findall(r"^\| (I\d) \|.*\| (\d+) \|$", page, re.MULTILINE)}
    counted = Counter(guard.keeps for guard in GUARDS)
    others = counted.pop("-")
    assert said == counted
    assert f"{len(GUARDS)}: those of the table, and {others} of promises beside the eight" in " ".join(
        page.split()
    )
