"""What can be seen from outside: cards, clicks, calls and replies, read off the record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.vivoldi.log import Call, Event

NEVER = 10**9


@dataclass(frozen=True)
class Card:
    """One version of a card: its place in the record, its message, what it says, and if it can be used.

    full: its text, and that of its blocks.
    """

    index: int
    at: datetime
    ts: str
    channel: str
    request: str
    text: str
    full: str
    live: bool


@dataclass(frozen=True)
class Redrawn:
    """One try to change a message. refused: whether Slack said no, by a name that is no passing trouble."""

    index: int
    at: datetime
    ts: str
    refused: bool


@dataclass(frozen=True)
class Click:
    """One click on a card: by whom, on which button, and what the card said.

    carried_out: when the bot answered it; where it never did, when it was made. done: the place in the
    record at which it was answered; None: it never was.
    """

    index: int
    at: datetime
    carried_out: datetime
    user: str
    action: str
    request: str
    text: str
    ts: str
    done: int | None


@dataclass(frozen=True)
class Command:
    """One command: by whom, what was typed, and what was answered, if anything."""

    index: int
    user: str
    text: str
    answer: str | None


@dataclass(frozen=True)
class Said:
    """One reply in a thread (`thread`: the card's ts), or one private message (`thread` None).

    to: whom a private message is for; None: it went to a channel of their own, or could not be delivered.
    """

    index: int
    at: datetime
    thread: str | None
    text: str
    to: str | None = None


@dataclass(frozen=True)
class Text:
    """Something that everyone, or one person, read about a request."""

    index: int
    at: datetime
    request: str
    text: str
    full: str


@dataclass(frozen=True)
class Asked:
    """One call to Vivoldi: where it arrived, and where it was finished, if it was (`NEVER`: it was not)."""

    index: int
    finished: int
    at: datetime
    finished_at: datetime
    call: Call

    @property
    def agent(self) -> str:
        """The process that made it."""
        return self.call.headers.get("user-agent", "")

    @property
    def answered(self) -> bool:
        """Whether a usable answer was put on the wire as a whole. A read that succeeds shows a coupon."""
        whole = self.call.status == 200 and self.call.answer_code is not None and self.call.dropped is None
        return whole and (self.call.kind, self.call.fault) != ("read", "success_without_effect")

    @property
    def shown(self) -> bool:
        """Whether a read showed the coupon."""
        return self.answered and self.call.answer_code == 0

    @property
    def refused(self) -> bool:
        """Whether the answer says that it was not carried out and never will be."""
        status = self.call.status or 0
        return (self.answered and self.call.answer_code != 0) or (
            self.call.dropped is None and 400 <= status < 500 and status not in (408, 429)
        )

    @property
    def not_executed(self) -> bool:
        """Whether the answer says that it was not carried out, for good or for now (429)."""
        return self.refused or self.call.status == 429

    @property
    def proves_nothing(self) -> bool:
        """Whether the answer leaves open if it was carried out (the vendor's table, in short)."""
        return not self.answered and not self.not_executed


@dataclass(frozen=True)
class Change:
    """One true change of a coupon."""

    index: int
    at: datetime
    event: Event


@dataclass(frozen=True)
class World:
    """Who is who from a time on: the kind of each person, the members of each group."""

    at: datetime
    kinds: dict[str, str]
    groups: dict[str, frozenset[str]]

    def counts(self, user: str, named: frozenset[str]) -> bool:
        """Return whether a person is a full member, and one of those who are named."""
        member = self.kinds.get(user) == "member"
        return member and (user in named or any(user in self.groups.get(name, ()) for name in named))


@dataclass
class Evidence:
    """Everything that was seen, each kind in its order.

    unchangeable: the messages whose last change Slack refused, by a name that is no passing trouble.
    unposted: how many posts it refused.
    redrawn: each try to change a message that Slack took, or refused for itself.
    undelivered: the private messages that it refused for good by the last way to the person, after as many
    tries as they are worth; they are among what was said. reminded: the thread and the step of each reminder;
    reminders: what they say.
    tried: when each private message was not delivered. interrupted: how often a bot was crashed or frozen.
    archived: the channels that were archived meanwhile. written: everything that anyone could read.
    """

    cards: list[Card] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    worlds: list[World] = field(default_factory=list)
    unchangeable: set[str] = field(default_factory=set)
    unposted: int = 0
    redrawn: list[Redrawn] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    reminded: list[tuple[str, str]] = field(default_factory=list)
    reminders: list[Said] = field(default_factory=list)
    tried: dict[str, set[datetime]] = field(default_factory=dict)
    interrupted: int = 0
    archived: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)

    def of(self, request: str) -> list[Card]:
        """Return the versions of the cards of a request."""
        return [card for card in self.cards if card.request == request]

    def calls(self, kind: str, code: str) -> list[Asked]:
        """Return the calls of a kind about a code."""
        return [asked for asked in self.asked if (asked.call.kind, asked.call.code) == (kind, code)]

    def coupon(self, code: str, index: int) -> Event | None:
        """Return the last event of the coupon that stood under a number at a place in the record, if any."""
        before = [c.event for c in self.changes if c.event.code == code and c.index < index]
        return before[-1] if before and before[-1].kind != "deleted" else None

    def last_shown(self, code: str, index: int) -> Event | None:
        """Return the coupon that the last read of a number showed before a place in the record, if any."""
        shown = [read for read in self.calls("read", code) if read.shown and read.finished < index]
        return self.coupon(code, shown[-1].finished) if shown else None

    def done_by(self, call: Asked) -> list[Event]:
        """Return the true changes that a call made."""
        return [c.event for c in self.changes if c.event.call == call.call.seq]

    def counted(self, user: str, named: frozenset[str], begin: datetime, end: datetime) -> bool:
        """Return whether a person was one of those who are named at any time from `begin` to `end`."""
        return any(world.counts(user, named) for world in self._worlds(begin, end))

    def was_member(self, user: str, begin: datetime, end: datetime) -> bool:
        """Return whether a person was a full member at any time from `begin` to `end`."""
        return any(world.kinds.get(user) == "member" for world in self._worlds(begin, end))

    def always_counted(self, user: str, named: frozenset[str], begin: datetime, end: datetime) -> bool:
        """Return whether a person was one of those who are named all the time from `begin` to `end`."""
        return all(world.counts(user, named) for world in self._worlds(begin, end))

    def _worlds(self, begin: datetime, end: datetime) -> list[World]:
        known = [world for world in self.worlds if world.at <= begin]
        return [world for world in self.worlds[max(len(known) - 1, 0) :] if world.at <= end]

    def text(self) -> str:
        """Return everything that anyone could read, as one text."""
        return json.dumps(self.written, ensure_ascii=False)
