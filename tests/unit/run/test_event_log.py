"""The log of the audit events, and what becomes of an observer that fails."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import logs
from bot.domain.event import Event, EventKind
from bot.domain.policy import Verdict
from bot.observe.committed import Committed
from bot.observe.log import correlate, log_events
from tests.builders import AMIR, CODE, NOW
from tests.logged import fresh_logging

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Return the lines that were logged as JSON, and put logging back as it was afterwards."""
    with fresh_logging():
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def an_event(kind: EventKind, **data: object) -> Event:
    return Event(kind=kind, at=NOW, request="CG-1", code=CODE, actor=AMIR, data=data)


@pytest.mark.parametrize("kind", EventKind)
def test_each_event_is_a_line_with_its_stable_name(lines: Lines, kind: EventKind) -> None:
    """An event is logged under its kind, with request, code and the actor's id, whatever its kind."""
    logs.configure("INFO", "json")
    log_events([an_event(kind, answer="misread")])
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == (kind.value, "info", "bot.observe.log")
    assert (line["request"], line["code"], line["actor"]) == ("CG-1", CODE, AMIR.id)
    assert line["data"] == {"answer": "misread"}


def test_what_is_not_known_is_left_out(lines: Lines) -> None:
    """An event about nobody and nothing says just that."""
    logs.configure("INFO", "json")
    log_events([Event(kind=EventKind.REQUEST_EXPIRED, at=NOW, request="CG-1")])
    (line,) = lines()
    assert line.keys() == {"event", "level", "logger", "timestamp", "request"}


def test_values_are_plain(lines: Lines) -> None:
    """A verdict is logged as the word that it is stored as."""
    logs.configure("INFO", "json")
    log_events([an_event(EventKind.DECISION_REFUSED, action="approve", step=2, verdict=Verdict.TOO_LATE)])
    assert lines()[0]["data"] == {"action": "approve", "step": 2, "verdict": "too_late"}


@pytest.mark.parametrize("kind", [EventKind.COMMAND, EventKind.COMMAND_REFUSED])
def test_what_people_type_stays_out(lines: Lines, kind: EventKind) -> None:
    """Of a command the log has its codes, its channel and its answer, and no word of what was typed (I8)."""
    logs.configure("INFO", "json")
    typed = {"text": f"{CODE} hush-reason", "reason": "hush-reason", "reply_url": "https://hush.example"}
    log_events([an_event(kind, codes=[CODE], channel="C1", answer="taken", **typed)])
    (line,) = lines()
    assert line["data"] == {"answer": "taken", "channel": "C1", "codes": [CODE]}
    assert "hush" not in json.dumps(line)


def test_lines_of_one_click_share_an_id(lines: Lines) -> None:
    """Everything logged about one command or click carries one id, and the next one another."""
    logs.configure("INFO", "json")

    def listen() -> None:
        correlate()
        log_events([an_event(EventKind.DECISION)])
        logging.getLogger("library").warning("odd")

    listen()
    listen()
    first, its_other, second, _ = [line["correlation"] for line in lines()]
    assert first == its_other != second


async def test_an_observer_that_fails_hurts_nobody(lines: Lines) -> None:
    """The other observers see the events, once their maker has gone on, and the log has a reference."""
    logs.configure("INFO", "json")
    done: list[str] = []

    def broken(_: object) -> None:
        raise ZeroDivisionError("a defect")

    committed = Committed(broken, lambda events: done.extend(event.kind for event in events))
    committed([an_event(EventKind.DECISION)])
    committed(())
    assert done == []
    await asyncio.sleep(0)
    assert done == ["decision"]
    (first,) = lines()
    assert (first["event"], len(first["reference"])) == ("observer.failed", 8)
    assert "a defect" in first["exception"]
