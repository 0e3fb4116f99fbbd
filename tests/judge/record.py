"""One order over everything that happened outside: the two local servers' logs, in one list."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.slack.log import LogEntry as SlackEntry
from sandbox.slack_client import LogEntry as SeenEntry
from sandbox.vivoldi.log import Call, Event

What = SlackEntry | SeenEntry | Call | Event


@dataclass(frozen=True)
class Fact:
    """Something that happened: when, and what. A call to Vivoldi is there as it arrives and as it ends."""

    at: datetime
    what: What


@dataclass(frozen=True)
class Terms:
    """What was agreed before: who may approve, and by when what has to be done.

    first, final: the people and groups that may give step 1 and step 2. approve_within, execute_within,
    stop_window: the bot's settings. typed: whether the final approval is typed in a dialog.

    What the judge has to put up with: memory: how old the bot's knowledge of who is on call may be when
    someone clicks; asked_afresh, groups_afresh: how long before something arrives Slack may have been asked
    about a person, and about a group. read_afresh: how old the read before a DELETE may be. arrives_within:
    from a first byte until it arrives. on_the_way: from a bot's last look at its database until then.
    told_within: how soon an outcome is told; None: not measured here.
    """

    first: frozenset[str]
    final: frozenset[str]
    approve_within: timedelta
    execute_within: timedelta
    stop_window: timedelta = timedelta()
    typed: bool = False
    memory: timedelta = timedelta()
    asked_afresh: timedelta = timedelta()
    groups_afresh: timedelta = timedelta()
    arrives_within: timedelta = timedelta(seconds=1)
    read_afresh: timedelta | None = None
    on_the_way: timedelta = timedelta(seconds=1)
    told_within: timedelta | None = None


@dataclass
class Record:
    """All facts in the order in which they happened, and what the judge has to know of how it was run.

    interruptions: between which places of the record a bot was crashed, or stood still, once for each time.
    troubled: how many calls were spoilt at most.
    strays: whether each of those may leave a copy of a card with buttons, which nobody clicked. idle: when,
    and for how many seconds, no bot did anything. forged: whether someone changed what is stored.
    switched: whether the database was switched to another server. settled: whether all had time to come to
    its end. audit: the audit's events as exported; None: it was not.
    """

    terms: Terms
    facts: list[Fact] = field(default_factory=list)
    interruptions: list[tuple[int, int]] = field(default_factory=list)
    troubled: int = 0
    strays: bool = False
    idle: list[tuple[datetime, float]] = field(default_factory=list)
    forged: bool = False
    switched: bool = False
    settled: bool = True
    audit: list[dict[str, Any]] | None = None

    @property
    def interrupted(self) -> int:
        """How often a bot was crashed, or stood still."""
        return len(self.interruptions)

    def interrupt(self) -> None:
        """Note that a bot is crashed, or stands still, now."""
        self.interruptions.append((len(self.facts), len(self.facts)))

    def was_interrupted(self, begin: int, end: int) -> bool:
        """Return whether a bot was crashed, or stood still, between two places."""
        return any(begin < last and first <= end for first, last in self.interruptions)


def merged(log: Sequence[SeenEntry], calls: Sequence[Call], events: Sequence[Event]) -> list[Fact]:
    """Return the facts of two servers on one machine in one order.

    What a person did stands where it began; its entry is completed with when it was answered (`carried_out`)
    and after how many facts (`done`), if it was.
    """
    facts = [Fact(datetime.fromtimestamp(_began(entry), UTC), entry) for entry in log]
    facts += [Fact(datetime.fromisoformat(call.at), _as_it_arrived(call)) for call in calls]
    facts += [Fact(datetime.fromisoformat(call.ended), call) for call in calls if call.ended]
    facts += [Fact(datetime.fromisoformat(event.at), event) for event in events]
    facts.sort(key=lambda fact: fact.at)
    answered = [entry for entry in log if entry.kind == "interaction" and entry.data["status"] == 200]
    for entry in answered:
        at = datetime.fromtimestamp(entry.time, UTC)
        entry.data.update(carried_out=at, done=sum(fact.at <= at for fact in facts))
    return facts


def places(facts: Sequence[Fact], times: Sequence[float], around: float) -> list[tuple[int, int]]:
    """Return the places of the record that are at most so many seconds away from each of these times."""
    at = [fact.at.timestamp() for fact in facts]
    return [(bisect_left(at, time - around), bisect_right(at, time + around)) for time in times]


def _began(entry: SeenEntry) -> float:
    """Return when an entry began; the log has an interaction when it was answered."""
    waited = entry.data["elapsed_ms"] / 1000 if entry.kind == "interaction" else 0.0
    return float(entry.time - waited)


def _as_it_arrived(call: Call) -> Call:
    return Call(
        call.seq,
        call.at,
        call.kind,
        call.method,
        call.path,
        call.code,
        call.headers,
        call.key_ok,
        call.port,
        end=call.end,
    )
