"""Databases, and the report of what was run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.report import REPORT, lines
from tests.chaos.runs import Databases
from tests.chaos.steady import little_collected, without_threads

_MEMORY = Path("/dev/shm")  # noqa: S108  only to make a folder of this user's own in it


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "chaos: takes minutes, so that `make chaos` runs it and `make test` not"
    )


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """What saves time and changes nothing."""
    with little_collected():
        yield


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: a process that dies loses nothing there."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(scope="session")
def sqlite(folder: Path) -> Databases:
    """Fresh SQLite files."""
    return Databases("sqlite", folder)


@pytest.fixture(scope="session")
def postgresql(folder: Path) -> Databases:
    """Fresh databases in a PostgreSQL."""
    return Databases("postgresql", folder)


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The databases of the kind that a test asks for: SQLite unless it is parametrized otherwise."""
    found: Databases = request.getfixturevalue(getattr(request, "param", "sqlite"))
    with without_threads():
        yield found


def pytest_sessionfinish() -> None:
    """Write down how much was run."""
    REPORT.write()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was run."""
    for line in lines():
        terminalreporter.write_line(line)
