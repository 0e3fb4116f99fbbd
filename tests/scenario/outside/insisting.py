"""For pytest: a test that is skipped has failed, and each thing of the world that was tried gets a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator

import pytest

_THING = "outside"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into one that failed, with the reason."""
    report = yield
    mark = item.get_closest_marker(_THING)
    assert mark is not None, "only marked tests are run"
    report.user_properties.append((_THING, mark.args[0]))
    if report.skipped:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.outcome, report.longrepr = "failed", f"Not tried, and nothing may be left out. {why}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how each thing went."""
    tried = defaultdict[str, list[pytest.TestReport]](list)
    for report in (
        each for kind in ("passed", "failed", "error") for each in terminalreporter.stats.get(kind, [])
    ):
        tried[dict(report.user_properties)[_THING]].append(report)
    terminalreporter.section("the world outside")
    for thing, reports in sorted(tried.items()):
        failed = sum(report.failed for report in reports)
        went = f"{failed} of {len(reports)} tests FAILED" if failed else f"{len(reports)} tests passed"
        terminalreporter.write_line(f"{thing}: {went}, {sum(each.duration for each in reports):.0f} s")
