"""What can be seen from outside: cards, clicks, calls and replies, read off the journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.slack.log import LogEntry
from sandbox.slack.seed import seeded_world
from sandbox.vivoldi.log import Call, Event
from tests.chaos.journal import Journal

ONCALL = "S0ONCALL00"
_PEOPLE = frozenset(seeded_world().people)
# What the bot tells someone whose stop came too late, for some coupons or for all, which is no outcome.
_STOPS = ("Stopped: nothing more is sent.", "There is nothing left to stop.", "has stopped it already")
_TELLING = ("chat.postEphemeral", "chat.postMessage")
# How often a private message is tried at least.
_TRIES = 3
# What Slack says of a message that can't be posted or changed, however often it is tried.
_FOR_GOOD = ("channel_not_found", "message_not_found", "cant_update_message", "msg_too_long")


@dataclass(frozen=True)
class Card:
    """One version of a card: its place in the journal, its message, what it says, and if it can be used."""

    index: int
    at: datetime
    ts: str
    request: str
    text: str
    live: bool


@dataclass(frozen=True)
class Click:
    """One click on a card: by whom, on which button, and what the card said.

    carried_out: when the bot answered it; where it never did, when it was made. done: the place in the
    journal at which it was answered; None: it never was.
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
    """One reply in a thread (`thread`: the card's ts), or one private message (`thread` None)."""

    index: int
    at: datetime
    thread: str | None
    text: str


@dataclass(frozen=True)
class Asked:
    """One call to Vivoldi: where it arrived, and where it was finished."""

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
            400 <= status < 500 and status not in (408, 429)
        )

    @property
    def proves_nothing(self) -> bool:
        """Whether the answer leaves open if it was carried out (the vendor's table, in short)."""
        return not self.answered and not self.refused and self.call.status != 429


@dataclass(frozen=True)
class Change:
    """One true change of a coupon."""

    index: int
    event: Event


@dataclass
class Evidence:
    """Everything that was seen, each kind in its order.

    unchangeable: the messages whose last change Slack refused for good. unposted: how many posts it refused.
    undelivered: the private messages that it refused for good by the last way to the person, after as many
    tries as they are worth; they are among what was said. reminded: the thread and the step of each reminder.
    tried: when each private message was not delivered. interrupted: how often a bot was crashed or frozen.
    """

    cards: list[Card] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    oncall: list[tuple[datetime, frozenset[str]]] = field(default_factory=list)
    unchangeable: set[str] = field(default_factory=set)
    unposted: int = 0
    undelivered: list[str] = field(default_factory=list)
    reminded: list[tuple[str, str]] = field(default_factory=list)
    tried: dict[str, set[datetime]] = field(default_factory=dict)
    interrupted: int = 0

    # ------------------------------------------------------------ questions

    def of(self, request: str) -> list[Card]:
        """Return the versions of the cards of a request."""
        return [card for card in self.cards if card.request == request]

    def calls(self, kind: str, code: str) -> list[Asked]:
        """Return the calls of a kind about a code."""
        return [asked for asked in self.asked if (asked.call.kind, asked.call.code) == (kind, code)]

    def coupon(self, code: str, index: int) -> Event | None:
        """Return the last event of the coupon that stood under a number at a place in the journal, if any."""
        before = [c.event for c in self.changes if c.event.code == code and c.index < index]
        return before[-1] if before and before[-1].kind != "deleted" else None

    def was_on_call(self, user: str, begin: datetime, end: datetime) -> bool:
        """Return whether a person was on call at any time from `begin` to `end`."""
        return any(user in members for members in self._on_call(begin, end))

    def was_always_on_call(self, user: str, begin: datetime, end: datetime) -> bool:
        """Return whether a person was on call all the time from `begin` to `end`."""
        return all(user in members for members in self._on_call(begin, end))

    def _on_call(self, begin: datetime, end: datetime) -> list[frozenset[str]]:
        known = [at for at, _ in self.oncall if at <= begin]
        return [members for at, members in self.oncall[max(len(known) - 1, 0) :] if at <= end]


def gathered(journal: Journal) -> Evidence:
    """Read the evidence off a journal."""
    members = frozenset(seeded_world().groups[ONCALL].members)
    began = journal.facts[0].at if journal.facts else journal.clock.now()
    found = Evidence(oncall=[(began, members)], interrupted=journal.interrupted)
    arrived: dict[int, tuple[int, datetime]] = {}
    for index, fact in enumerate(journal.facts):
        match fact.what:
            case Call(finished=False, seq=seq):
                arrived[seq] = (index, fact.at)
            case Call(seq=seq) as call:
                begun, at = arrived[seq]
                found.asked.append(Asked(begun, index, at, fact.at, call))
            case Event() as event:
                found.changes.append(Change(index, event))
            case entry:
                _take(found, index, fact.at, entry)
    found.asked.sort(key=lambda asked: asked.index)
    return found


def _take(found: Evidence, index: int, at: datetime, entry: LogEntry) -> None:
    data = entry.data
    match entry.kind:
        case "posted" | "updated" | "ephemeral":
            _take_message(found, index, at, data["message"])
        case "interaction":
            _take_interaction(found, index, at, data)
        case "world" if data["change"] == "group":
            found.oncall.append((at, frozenset(data["group"]["members"])))
        case "api_call" if data["method"] == "chat.update":
            change = found.unchangeable.add if data["error"] in _FOR_GOOD else found.unchangeable.discard
            change(data["args"]["ts"])
        case "api_call" if data["method"] in _TELLING and not data["ok"]:
            found.unposted += bool(data["error"] and data["method"] == "chat.postMessage")
            if _PEOPLE.intersection((data["args"]["channel"], data["args"].get("user"))):
                _take_untold(found, index, at, data)


def _take_untold(found: Evidence, index: int, at: datetime, data: dict[str, Any]) -> None:
    """Take in a call that did not tell a person. A process that dies spends a try, too."""
    text = data["args"]["text"]
    tries = found.tried.setdefault(text, set())
    tries.add(at)
    last_way = data["method"] == "chat.postMessage" and data["error"] in _FOR_GOOD
    if last_way and len(tries) + found.interrupted >= _TRIES:
        found.undelivered.append(text)
        found.said.append(Said(index, at, None, text))


def _take_message(found: Evidence, index: int, at: datetime, message: dict[str, Any]) -> None:
    waiting = re.search(r"still waits (for step \d|to be frozen)", message["text"])
    if message["thread_ts"] and waiting:
        found.reminded.append((message["thread_ts"], waiting[1]))
        return
    if not message["thread_ts"] and any(told in message["text"] for told in _STOPS):
        return
    named = re.search(r"Request (CG-[A-Z0-9]+)", str(message["blocks"][-1:]))
    if message["thread_ts"] or message["ephemeral_to"] or not named:
        found.said.append(Said(index, at, message["thread_ts"], message["text"]))
        return
    live = any(_decides(block) for block in message["blocks"])
    found.cards.append(Card(index, at, message["ts"], named[1], message["text"], live))


def _decides(block: dict[str, Any]) -> bool:
    """Return whether a block has buttons, other than the way back from a freeze, which stays."""
    elements = block["elements"] if block["type"] == "actions" else []
    return any(element["action_id"] != "unfreeze" for element in elements)


def _take_interaction(found: Evidence, index: int, at: datetime, data: dict[str, Any]) -> None:
    payload = data["payload"]
    if "command" in payload:
        answer = data["body"]["text"] if data["body"] else None
        found.commands.append(Command(index, payload["user_id"], payload["text"], answer))
        return
    action = payload["actions"][0]
    source = payload["message"]
    found.clicks.append(
        Click(
            index,
            at,
            data.get("carried_out", at),
            payload["user"]["id"],
            action["action_id"],
            action["value"],
            source["text"],
            payload["container"]["message_ts"],
            data.get("done"),
        )
    )
