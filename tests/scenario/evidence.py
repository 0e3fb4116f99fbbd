"""What is known of a scenario: the logs of the two local servers, and what can be read from them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.slack.seed import seeded_world
from sandbox.slack_client import LogEntry, Message
from sandbox.stage import Stage
from sandbox.vivoldi_client import Call, Event
from tests.scenario.playing import is_card, message_of
from tests.scenario.told import ACCEPTED, NO_CARD, OF_A_FREEZE, WAITING

Json = dict[str, Any]


@dataclass(frozen=True)
class Click:
    """A click on Approve: when it began, by whom, for which request, and what the clicked card said."""

    at: float
    user: str
    request: str
    card: str


@dataclass(frozen=True)
class Told:
    """How a request ended for a code, as people were told: `deleted`, `not deleted` or `unknown`."""

    at: float
    kind: str
    words: str


@dataclass(frozen=True)
class Evidence:
    """What the logs hold about some codes.

    world: the changes of people, groups and channels, from the beginning. interrupted: something that an
    answer could be lost with was stopped or killed. settled: everything has had time to come to its end.
    """

    log: Sequence[LogEntry]
    world: Sequence[LogEntry]
    calls: Sequence[Call]
    events: Sequence[Event]
    settings: dict[str, str]
    interrupted: bool = False
    settled: bool = False

    @classmethod
    async def of(cls, stage: Stage, codes: Sequence[str], since: int) -> Evidence:
        """Ask the two local servers; the local Slack for what came after a log entry."""
        slack, vivoldi = stage.slack, stage.vivoldi
        log, world = await slack.log(after=since), await slack.log("world")
        calls = [call for code in codes for call in await vivoldi.calls(code=code)]
        events = [event for code in codes for event in await vivoldi.events(code)]
        return cls(log, world, calls, events, stage.bot.settings)

    def cards(self, code: str) -> dict[str, list[Message]]:
        """Return the versions of all cards about a code, copies included, by request."""
        found: dict[str, list[Message]] = {}
        for entry in self.log:
            if entry.kind in ("posted", "updated") and is_card(entry):
                message = message_of(entry)
                if re.search(rf"\b{code}\b", message.text + json.dumps(message.blocks)):
                    found.setdefault(request_of(message), []).append(message)
        return found

    def time_of(self, message: Message) -> float:
        """Return when a version of a message was written."""
        return self.log[message.seq - self.log[0].seq].time

    def clicks(self, request: str) -> list[Click]:
        """Return the clicks on Approve for a request; where it is to be typed, the final one is what was."""
        clicked = [
            Click(_began(entry), payload["user"]["id"], request, payload["message"]["text"])
            for entry, payload in self._used("approve", request)
        ]
        if self.settings.get("CONFIRM_BY_TYPING") != "true":
            return clicked
        return [click for click in clicked if "Step 2 of 2" not in click.card] + self._typed(request)

    def stops(self, request: str) -> list[LogEntry]:
        """Return the clicks on Stop for a request, each at the time when it had been answered."""
        return [entry for entry, _ in self._used("stop", request) if entry.data["status"] == 200]

    def presses(self, action: str, request: str) -> list[tuple[float, str]]:
        """Return when each click on such a button of a request began, and whose it was."""
        return [(_began(entry), payload["user"]["id"]) for entry, payload in self._used(action, request)]

    def _used(self, action: str, request: str) -> list[tuple[LogEntry, Json]]:
        return [
            (entry, payload)
            for entry, payload in self._interactions("block_actions")
            if payload["actions"][0]["action_id"] == action and payload["actions"][0].get("value") == request
        ]

    def _interactions(self, kind: str) -> list[tuple[LogEntry, Json]]:
        return [
            (entry, payload)
            for entry in self.log
            if entry.kind == "interaction"
            and entry.data["signature"] == "good"
            and (payload := entry.data["payload"]).get("type") == kind
        ]

    def _typed(self, request: str) -> list[Click]:
        """Return each dialog in which the right text was sent, as a click on the card that it was about."""
        found = []
        for entry, payload in self._interactions("view_submission"):
            about = json.loads(payload["view"]["private_metadata"])
            (field,) = payload["view"]["state"]["values"].values()
            (state,) = field.values()
            cards = [
                message_of(e) for e in self.log if e.kind in ("posted", "updated") and e.time < entry.time
            ]
            shown = [card.text for card in cards if card.ts == about["card"] and "Step 2 of 2" in card.text]
            codes = re.findall(r"^(?:Delete coupon )(\w+)\?", shown[-1]) if shown else []
            right = len(codes) == 1 and str(state["value"]).strip().lower() == codes[0][-4:].lower()
            if about["request"] == request and right:
                found.append(Click(_began(entry), payload["user"]["id"], request, shown[-1]))
        return found

    def requesters(self, code: str, card: Message) -> set[str]:
        """Return who may have opened a request: whom its card names, if they asked, or else all who asked."""
        asked = {
            str(entry.data["payload"]["user_id"])
            for entry in self._commands(code)
            if _began(entry) < self.time_of(card)
        }
        named = set(re.findall(r"\*Asked by\* <@(\w+)>", card.text))
        return named & asked or asked

    def accepted(self, code: str) -> bool:
        """Return whether anyone was told that a card about a code comes."""
        answers = [json.dumps(entry.data["body"] or "") for entry in self._commands(code)]
        return any(ACCEPTED in answer for answer in answers)

    def refused_to_show(self, code: str) -> bool:
        """Return whether someone was told privately why a code has no card."""
        written = [message_of(entry) for entry in self.log if entry.kind in ("posted", "ephemeral")]
        return any(_is_private(m) and m.contains(NO_CARD) and m.contains(code) for m in written)

    def _commands(self, code: str) -> list[LogEntry]:
        return [
            entry
            for entry in self.log
            if entry.kind == "interaction"
            and (payload := entry.data["payload"]).get("command") == "/coupon-delete"
            and code in payload["text"].replace("-", "")
        ]

    def eligible(self, user: str, setting: str, at: float) -> bool:
        """Return whether a person was a full member, and one of those whom a setting names, at a time."""
        world = seeded_world()
        kinds = {person.id: str(person.kind) for person in world.people.values()}
        groups = {group.id: set(group.members) for group in world.groups.values()}
        for entry in self.world:
            if entry.time < at:
                if entry.data["change"] == "person":
                    kinds[entry.data["person"]["id"]] = entry.data["person"]["kind"]
                if entry.data["change"] == "group":
                    groups[entry.data["group"]["id"]] = set(entry.data["group"]["members"])
        named = (self.settings.get(setting) or self.settings["APPROVERS"]).split(",")
        return kinds[user] == "member" and any(user == name or user in groups.get(name, ()) for name in named)

    def archived(self) -> set[str]:
        """Return the channels that were archived while the bot was at work."""
        changed = [entry.data["channel"] for entry in self.world if entry.data["change"] == "channel"]
        return {str(channel["id"]) for channel in changed if channel["archived"]}

    def told(self, code: str, cards: Iterable[Message]) -> list[Told]:
        """Return what was told about a code in the threads of a request's cards, or else privately."""
        threads = {card.ts for card in cards}
        written = [entry for entry in self.log if entry.kind in ("posted", "ephemeral")]
        messages = [(entry.time, message_of(entry)) for entry in written]
        return [
            _as_told(at, code, message.text)
            for at, message in messages
            if not message.contains(WAITING)
            if message.thread_ts in threads or (_is_private(message) and names_an_outcome(message, code))
        ]


def request_of(card: Message) -> str:
    """Return the id of the request that a card names in its last line."""
    named = re.search(r"Request (CG-[A-Z0-9]+)", json.dumps(card.blocks[-1:]))
    return named[1] if named else ""


def _as_told(at: float, code: str, text: str) -> Told:
    """Return what a reply says about a code. Raises AssertionError where it says nothing that can be told."""
    lines = re.findall(rf"^`{code}`:? (.*)$", text, re.MULTILINE)
    words = next((line for line in lines if not line.startswith(OF_A_FREEZE)), text)
    if words.startswith(("*Deleted", "*Still works")):
        return Told(at, "deleted", words)
    if words.startswith("*Blocked"):
        return Told(at, "gone", words)
    if words.startswith("*Unknown"):
        return Told(at, "unknown", words)
    said = words.startswith("*Not deleted") or "nothing was deleted" in words
    assert said, f"{code}: what is meant by {words}"
    return Told(at, "not deleted", words)


def _is_private(message: Message) -> bool:
    return message.ephemeral_to is not None or message.channel.startswith("D")


def names_an_outcome(message: Message, code: str) -> bool:
    """Return whether a message is an outcome that has a line about a code."""
    return re.search(rf"^`{code}`:? \*", message.text, re.MULTILINE) is not None


def _began(interaction: LogEntry) -> float:
    """Return when a person did something; the log has when the bot had answered."""
    return float(interaction.time - interaction.data["elapsed_ms"] / 1000)
