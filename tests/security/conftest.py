"""The numbers of what was tried."""

from __future__ import annotations

import pytest

from tests.security.fuzz_report import FUZZ


def pytest_sessionfinish() -> None:
    """Write down how much was tried."""
    FUZZ.write()


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was tried."""
    for line in FUZZ.lines():
        terminalreporter.write_line(line)
