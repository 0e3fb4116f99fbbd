"""The log of the audit events: one line each, with the event's stable kind as its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import structlog

from bot.domain.event import Event, EventKind
from bot.logs import reference

_log = structlog.get_logger(__name__)

# What a person typed, the reason included, stays in the audit: of a command only these are logged (I8).
_OF_A_COMMAND = ("answer", "channel", "codes")


def log_events(events: Sequence[Event]) -> None:
    """Log committed events: request, code and actor's id if there are any, and what was observed."""
    for event in events:
        about = {
            "request": event.request,
            "code": event.code,
            "actor": event.actor.id if event.actor else None,
            "data": _loggable(event),
        }
        _log.info(event.kind.value, **{name: value for name, value in about.items() if value})


def correlate() -> None:
    """Give all that is logged about one command or click, from here on in its task, the same new id."""
    structlog.contextvars.bind_contextvars(correlation=reference())


def _loggable(event: Event) -> Mapping[str, object]:
    data = {name: value.value if isinstance(value, Enum) else value for name, value in event.data.items()}
    if event.kind in (EventKind.COMMAND, EventKind.COMMAND_REFUSED):
        return {name: data[name] for name in _OF_A_COMMAND if name in data}
    return data
