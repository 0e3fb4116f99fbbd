"""The figures of the runs."""

from __future__ import annotations

import pytest

from tests.chaos.real.figures import FIGURES


def pytest_sessionfinish() -> None:
    """Write down how much was run."""
    FIGURES.write()


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was run."""
    for line in FIGURES.lines():
        terminalreporter.write_line(line)
