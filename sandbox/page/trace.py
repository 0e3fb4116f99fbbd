"""The trace of one request: states, decisions, API calls and audit events on one time line.

The audit events are the bot's own, read from its database; beside them stands what the local Slack and the
local Vivoldi saw at that time. What is told and what is true can be compared line by line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from bot.domain.event import Event, EventKind
from bot.services.ports.store import Trail
from handlers.ids import FORM
from sandbox import vivoldi_client
from sandbox.audit import recorded
from sandbox.page.sentences import audit_line
from sandbox.slack_client import LogEntry, SlackControl
from sandbox.vivoldi_client import Call, VivoldiControl

# Slack and Vivoldi see a command before it is stored, and an outcome around the time when it is recorded.
_AROUND_SECONDS = 2.0
_ENDS = {EventKind.OUTCOME_TOLD, EventKind.REQUEST_FAILED}

Lane = Literal["person", "bot", "vivoldi", "slack"]


@dataclass(frozen=True)
class Line:
    """One moment. at: epoch seconds. name: what the log calls it. state: what the request or item became."""

    at: float
    lane: Lane
    text: str
    name: str = ""
    detail: str = ""
    state: str = ""


@dataclass(frozen=True)
class Subject:
    """What a trace is about: the audit events of one request, the codes, and when it happened."""

    request: str
    events: tuple[Event, ...]

    @property
    def command(self) -> Event:
        """The event that opened the request."""
        return self.events[0]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that were asked for."""
        codes: Any = self.command.data["codes"]
        return tuple(codes)

    def covers(self, at: float) -> bool:
        """Tell whether something at this time can belong to the request; one that is open has no end."""
        first, last = self.command.at.timestamp(), self.events[-1]
        ended = last.at.timestamp() + _AROUND_SECONDS if last.kind in _ENDS else math.inf
        return first - _AROUND_SECONDS <= at <= ended

    def names(self, value: object) -> bool:
        """Tell whether some text in a value names the request or one of its codes."""
        said = json.dumps(value)
        return any(word in said for word in (self.request, *self.codes))


async def trace(
    audit: Trail, slack: SlackControl, vivoldi: VivoldiControl, request: str | None
) -> Mapping[str, Any]:
    """Return all requests, newest first, and the lines of one of them: the given one, or else the newest."""
    subjects = subjects_of(await recorded(audit))
    chosen = next((subject for subject in subjects if subject.request == request), None)
    chosen = chosen or (subjects[0] if subjects else None)
    listed = [{"id": subject.request, "codes": subject.codes} for subject in subjects]
    if chosen is None:
        return {"requests": listed, "request": None, "lines": []}
    directory = await slack.directory()
    people = {person["id"]: person["name"] for person in directory["people"]}
    lines = [
        *audit_lines(chosen),
        *vivoldi_lines(chosen, await vivoldi.calls(), await vivoldi.events()),
        *slack_lines(chosen, await slack.log(), people),
    ]
    lines.sort(key=lambda line: line.at)
    return {"requests": listed, "request": chosen.request, "lines": [asdict(line) for line in lines]}


def subjects_of(events: Iterable[Event]) -> list[Subject]:
    """Return every request that the audit knows, newest first."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.request is not None:
            found.setdefault(event.request, []).append(event)
    return [Subject(request, tuple(own)) for request, own in reversed(found.items())]


def audit_lines(subject: Subject) -> Iterable[Line]:
    """Return the audit events, in the order in which they were written, with the states that they led to."""
    at = 0.0
    unsettled = set(subject.codes)
    for event in subject.events:
        at = max(at, event.at.timestamp())
        if event.kind is EventKind.ITEM_OUTCOME and event.code is not None:
            unsettled.discard(event.code)
        text, detail, state = audit_line(event, last=not unsettled)
        yield Line(at, "bot", text, event.kind, detail, state)


def vivoldi_lines(
    subject: Subject, calls: Iterable[Call], events: Iterable[vivoldi_client.Event]
) -> Iterable[Line]:
    """Return what Vivoldi was asked about the codes, and what truly changed."""
    for call in calls:
        if call.code in subject.codes and subject.covers(at := _epoch(call.at)):
            yield Line(at, "vivoldi", f"{call.method} {call.code}", call.kind, _answered(call))
    for event in events:
        # Those that were there from the start are no news.
        seeded = event.kind == "created" and event.by == "control"
        if event.code in subject.codes and not seeded and subject.covers(at := _epoch(event.at)):
            by = "by the API" if event.by == "api" else "by someone else"
            yield Line(at, "vivoldi", f"{event.code} truly {event.kind}", "truth", by)


def _answered(call: Call) -> str:
    if not call.finished:
        return "no answer yet"
    executed = "executed" if call.executed else "not executed"
    code = "" if call.answer_code is None else f", code {call.answer_code}"
    answer = "connection lost, no answer" if call.dropped else f"answered {call.status}{code}"
    return f"{executed}; {answer}" + (f" (fault: {call.fault})" if call.fault else "")


def _epoch(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def slack_lines(subject: Subject, entries: Iterable[LogEntry], people: Mapping[str, str]) -> Iterable[Line]:
    """Return what people did in Slack about the request, and what the bot asked of Slack for it."""
    card = ""
    for entry in entries:
        if not subject.covers(entry.time):
            continue
        if entry.kind == "posted" and not card and subject.request in json.dumps(entry.data):
            card = str(entry.data["message"]["ts"])
        line = None
        if entry.kind == "interaction":
            line = _deed(subject, entry, people)
        elif entry.kind == "api_call":
            line = _request(subject, entry, card)
        elif entry.kind == "ephemeral" and subject.names(entry.data):
            name = people.get(entry.data["message"]["ephemeral_to"], "someone")
            line = Line(entry.time, "slack", f"{name} reads a private answer", "ephemeral")
        if line is not None:
            yield line


def _deed(subject: Subject, entry: LogEntry, people: Mapping[str, str]) -> Line | None:
    payload = entry.data["payload"]
    # The log has it when the answer is there; the person did it before.
    at = entry.time - entry.data["elapsed_ms"] / 1000
    took = f"acknowledged in {entry.data['elapsed_ms']:.0f} ms"
    detail = entry.data["error"] or took
    if "command" in payload:
        if (payload["user_id"], payload["text"]) != _typed(subject.command):
            return None
        name = people.get(payload["user_id"], "Someone")
        return Line(at, "person", f"{name} types {payload['command']} {payload['text']}", "command", detail)
    if payload.get("type") == "view_submission":
        name = people.get(payload["user"]["id"], "Someone")
        if subject.request in payload["view"]["private_metadata"]:
            return Line(at, "person", f"{name} sends the dialog", "dialog", detail)
        asker, text = _typed(subject.command)
        is_form = payload["view"]["callback_id"] == FORM and str(text).startswith("(form)")
        if is_form and payload["user"]["id"] == asker:
            return Line(at, "person", f"{name} sends the form", "form", detail)
        return None
    used = payload["actions"][0] if payload.get("actions") else {}
    if used.get("value") != subject.request:
        return None
    name = people.get(payload["user"]["id"], "Someone")
    return Line(at, "person", f"{name} clicks {used['text']['text']}", "click", detail)


def _typed(command: Event) -> tuple[str | None, object]:
    return (command.actor.id if command.actor else None, command.data["text"])


_CALLS = {"chat.postMessage": "Card posted", "chat.update": "Card updated"}


def _request(subject: Subject, entry: LogEntry, card: str) -> Line | None:
    call = entry.data
    args, method = call["args"], str(call["method"])
    on_card = card and card in (args.get("ts"), args.get("thread_ts"))
    if method.startswith("chat.") and (on_card or subject.names(args)):
        text = "Outcome posted in the thread" if args.get("thread_ts") else _CALLS.get(method, method)
    elif method == "views.open" and subject.request in str(args.get("view")):
        text = "A dialog opens"
    elif method in ("users.info", "usergroups.users.list") and _approved_before(subject, entry.time):
        text = f"Slack is asked about {args.get('user') or args.get('usergroup')}"
    else:
        return None
    fault = f" (fault: {call['fault']})" if call["fault"] else ""
    return Line(entry.time, "slack", text, method, ("ok" if call["ok"] else str(call["error"])) + fault)


def _approved_before(subject: Subject, at: float) -> bool:
    """Tell whether the request was being executed then, when the approvers are checked afresh."""
    final = [e for e in subject.events if e.kind is EventKind.DECISION and e.data.get("step") == 2]
    return bool(final) and at >= final[0].at.timestamp()
