"""What is written to a terminal can't move its cursor, change its colours, or look like another line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
import typer

from bot import logs
from bot.domain.audit import EMPTY, Facts, Fault, Link, Wrong
from bot.operate.audit.report import report
from bot.operate.audit.verify import Verified
from bot.operate.exits import fail
from tests.logged import fresh_logging

PLANTED = "\x1b[2J\x1b[H\x9b1A\x07\u202eAll is well\r\n2026-01-01T00:00:00Z [info] The audit is whole"


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """Return what gives the lines that were logged. Logging is put back afterwards."""
    with fresh_logging():
        yield lambda: capsys.readouterr().err.splitlines()


def _is_clean(lines: list[str]) -> None:
    assert not [line for line in lines if not line.isprintable()]
    assert not [line for line in lines if line.startswith(("All", "The audit is whole", "2026-01-01"))]


def test_an_event_of_the_log_is_one_clean_line(written: Callable[[], list[str]]) -> None:
    """Whatever is in an event, its fields or a library's message, it stays on its line and is shown."""
    logs.configure("INFO", "console")
    structlog.get_logger("bot.test").warning(PLANTED, text=PLANTED, nested={"list": [PLANTED]})
    logging.getLogger("library").warning("said %s", PLANTED)
    lines = written()
    assert len(lines) == 2
    _is_clean(lines)
    assert all("The audit is whole" in line for line in lines)


def test_a_traceback_of_the_log_is_clean(written: Callable[[], list[str]]) -> None:
    """The text of an exception, which may quote anything, moves nothing either."""
    logs.configure("INFO", "console")
    try:
        raise ValueError(PLANTED.replace("\n", " "))
    except ValueError:
        structlog.get_logger("bot.test").exception("failed")
    lines = written()
    _is_clean(lines)
    assert "The audit is whole" in lines[-1]


@pytest.mark.parametrize("name", ["kind", "request_id", "at"])
def test_a_tampered_event_can_not_hide_that_it_was(name: str) -> None:
    """Someone who changes an event can't wipe from the screen what `audit verify` says of it."""
    facts = Facts(at=1, kind="k", request_id="r", code=None, actor_id=None, actor_name=None, data="{}")
    odd: Any = {name: PLANTED}
    link = Link(1, replace(facts, **odd), "p", "h")
    for last in (None, link):
        lines = report(Verified(EMPTY, last, EMPTY, Fault(Wrong.CHANGED, EMPTY, link))).splitlines()
        _is_clean(lines)
        assert lines[0] == "The audit does not hold: event 1 was changed."


def test_what_was_given_is_quoted_cleanly(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that ends with a sentence about what it was given shows it without its control characters."""
    with pytest.raises(typer.Exit):
        fail(2, f"There is no {PLANTED}", "Look again.")
    lines = capsys.readouterr().err.splitlines()
    _is_clean(lines)
    assert len(lines) == 2
