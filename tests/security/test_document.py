"""docs/security.md names tests that exist, and every threat has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_named_test_exists() -> None:
    """A reader who follows a reference finds the file, and the test in it."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 30
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or test in _tests_of(ROOT / path), test


def test_each_threat_has_a_test() -> None:
    """No threat is said to be answered without a test that shows it."""
    tables = PAGE.split("## Threats")[1].split("## Figures")[0]
    rows = [
        line
        for line in tables.splitlines()
        if line.startswith("| ") and not line.startswith(("| threat", "| ---"))
    ]
    assert len(rows) > 20
    assert [row for row in rows if "`tests/" not in row] == []


def test_every_file_of_security_tests_is_named() -> None:
    """A theme that is tested is one that the page speaks of."""
    files = {f"tests/security/{path.name}" for path in (ROOT / "tests" / "security").glob("test_*.py")}
    assert files - {"tests/security/test_document.py"} <= set(re.findall(r"tests/[\w/]+\.py", PAGE))


def test_the_page_is_short() -> None:
    """It can be read through in one go."""
    assert len(PAGE.splitlines()) < 200
