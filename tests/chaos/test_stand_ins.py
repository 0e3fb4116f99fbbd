"""What makes the other tests quick changes nothing: the stories over HTTP, and in the driver's threads."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.log import LogEntry
from sandbox.vivoldi.log import Call, Event
from tests.chaos.journal import Journal
from tests.chaos.runs import Databases, perform
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.served import served
from tests.chaos.steady import without_threads

# These are asked about several people at once, and then their order over HTTP is any.
_ABOUT_PEOPLE = ("users.info", "usergroups.users.list")
_ON_SERVERS = [scenario for scenario in SCENARIOS.values() if not scenario.takes_time]
# The local Vivoldi's clock runs on by itself, so a second may pass before a coupon is created.
_CREATED = re.compile(r"created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_MESSAGES = ("posted", "updated", "ephemeral")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", _ON_SERVERS, ids=lambda scenario: scenario.name)
def test_servers_see_the_same(scenario: Scenario, databases: Databases) -> None:
    """A story leaves the same log whether the bot reaches the two worlds directly or over HTTP."""
    direct = perform(scenario, databases.fresh())
    over_http = perform(scenario, databases.fresh(), ground=served)
    assert over_http.judgement == direct.judgement
    assert _seen(over_http.journal) == _seen(direct.journal)


def test_threads_change_nothing(tmp_path: Path) -> None:
    """A story leaves the same log whether SQLite works in the driver's threads or where it is asked."""
    databases = Databases("sqlite", tmp_path)
    threaded = perform(SCENARIOS["single"], databases.fresh())
    with without_threads():
        at_once = perform(SCENARIOS["single"], databases.fresh())
    assert threaded.started[0].crossed == at_once.started[0].crossed
    assert _seen(threaded.journal) == _seen(at_once.journal)


def _seen(journal: Journal) -> tuple[Any, ...]:
    """Return what the servers saw: Slack in its order, Vivoldi by code, and the questions about people."""
    slack: list[Any] = []
    people: Counter[Any] = Counter()
    vivoldi: dict[str | None, list[Any]] = {}
    for fact in journal.facts:
        match fact.what:
            case LogEntry(kind="api_call", data=data):
                answered = tuple(data[name] for name in ("method", "ok", "error", "status", "fault"))
                if data["method"] in _ABOUT_PEOPLE:
                    people[answered] += 1
                else:
                    slack.append((fact.at, answered))
            case LogEntry(kind=kind, data=data) if kind in _MESSAGES:
                message = data["message"]
                text = _CREATED.sub("", message["text"])
                told = (message["channel"], text, message["broadcast"], message["ephemeral_to"])
                slack.append((fact.at, kind, told, bool(message["thread_ts"])))
            case Call(finished=True) as call:
                seen = (call.kind, call.path, call.executed, call.status, call.answer_code, call.dropped)
                vivoldi.setdefault(call.code, []).append((*seen, call.fault, call.headers["user-agent"]))
            case Event() as event:
                vivoldi.setdefault(event.code, []).append((event.kind, event.by))
    return slack, people, vivoldi
