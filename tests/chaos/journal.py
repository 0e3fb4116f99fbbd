"""The record of a town, written while it happens: the two local servers' logs, in one list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.slack.log import Kind
from sandbox.slack.log import Log as SlackLog
from sandbox.slack.log import LogEntry as SlackEntry
from sandbox.vivoldi.log import Call, Entry, Event
from sandbox.vivoldi.log import Log as VivoldiLog
from tests.judge.record import Fact, Record

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The time of a town: it stands still unless it is moved."""

    time: datetime = START

    def now(self) -> datetime:
        """Return the time."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self.time += timedelta(seconds=seconds)


@dataclass
class Journal(Record):
    """A record that is written while it happens, by the town's clock."""

    clock: Clock = field(default_factory=Clock)
    strays: bool = True

    def here(self) -> dict[str, Any]:
        """Return, for the entry of a click, that it was answered now."""
        return {"carried_out": self.clock.now(), "done": len(self.facts)}

    def write(self, what: SlackEntry | Call | Event) -> None:
        """Add a fact at the town's time."""
        self.facts.append(Fact(self.clock.now(), what))


class JournalledSlackLog(SlackLog):
    """The local Slack's log, which also goes into the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def append(self, time: float, kind: Kind, data: dict[str, Any]) -> SlackEntry:
        """Add a fact and return it with its sequence number."""
        entry = super().append(time, kind, data)
        self._journal.write(entry)
        return entry


class JournalledVivoldiLog(VivoldiLog):
    """The local Vivoldi's log, which also goes into the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def _append(self, entry: Entry) -> None:
        super()._append(entry)
        self._journal.write(entry)
