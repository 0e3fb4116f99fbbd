"""The append-only log of everything that happened in the local Slack, under one sequence counter."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal[
    "posted",
    "updated",
    "deleted",
    "ephemeral",
    "home",
    "modal",
    "api_call",
    "interaction",
    "response_url",
    "socket",
    "world",
]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One fact: its place in the order of all, the world's time (epoch seconds), its kind and its data."""

    seq: int
    time: float
    kind: Kind
    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the entry as it goes out over HTTP."""
        return asdict(self)


class Log:
    """Keeps the entries and wakes those who follow them."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self._followers: set[asyncio.Event] = set()
        self._closed = False

    @property
    def last_seq(self) -> int:
        """The sequence number of the newest entry, 0 when there is none."""
        return len(self.entries)

    def append(self, time: float, kind: Kind, data: dict[str, Any]) -> LogEntry:
        """Add a fact and return it with its sequence number."""
        entry = LogEntry(len(self.entries) + 1, time, kind, data)
        self.entries.append(entry)
        for follower in self._followers:
            follower.set()
        return entry

    def after(self, seq: int, kind: str | None = None) -> list[LogEntry]:
        """Return the entries later than `seq`, oldest first, of one kind if given."""
        return [entry for entry in self.entries[seq:] if kind is None or entry.kind == kind]

    def close(self) -> None:
        """Let everyone who follows the log come to an end."""
        self._closed = True
        for follower in self._followers:
            follower.set()

    async def follow(self, seq: int) -> AsyncIterator[LogEntry]:
        """Yield every entry later than `seq`, the stored ones first and then each new one, until `close`."""
        with self._following() as changed:
            while not self._closed:
                changed.clear()
                for entry in self.after(seq):
                    yield entry
                    seq = entry.seq
                if seq == self.last_seq and not self._closed:
                    await changed.wait()

    @contextmanager
    def _following(self) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self._followers.add(changed)
        try:
            yield changed
        finally:
            self._followers.discard(changed)
