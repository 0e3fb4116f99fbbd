"""Reads the evidence off a record."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sandbox.slack.seed import seeded_world
from sandbox.vivoldi.log import Call, Event
from tests.judge import sentences
from tests.judge.record import Record
from tests.judge.seen import NEVER, Asked, Card, Change, Click, Command, Evidence, Redrawn, Said, World

_PEOPLE = frozenset(seeded_world().people)
_TELLING = ("chat.postEphemeral", "chat.postMessage")
# How often a private message is tried at least.
_TRIES = 3
# What Slack says of a message that can't be posted or changed, however often it is tried.
_FOR_GOOD = ("channel_not_found", "message_not_found", "cant_update_message", "msg_too_long")


# What it says of itself, whatever the message is; no answer at all is no refusal either.
_PASSING = (None, "ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")


def gathered(record: Record) -> Evidence:
    """Return everything that was seen."""
    found = Evidence(interrupted=record.interrupted)
    if record.facts:
        found.worlds.append(_beginning(record.facts[0].at))
    arrived: dict[int, tuple[int, datetime, Call]] = {}
    for index, fact in enumerate(record.facts):
        match fact.what:
            case Call(finished=False, seq=seq) as call:
                arrived[seq] = (index, fact.at, call)
            case Call(seq=seq) as call:
                begun, at, _ = arrived.pop(seq)
                found.asked.append(Asked(begun, index, at, fact.at, call))
            case Event() as event:
                found.changes.append(Change(index, fact.at, event))
            case entry:
                _take(found, record, index, fact.at, entry)
    # Nobody got an answer to what is under way still.
    found.asked += [Asked(index, NEVER, at, at, call) for index, at, call in arrived.values()]
    found.asked.sort(key=lambda asked: asked.index)
    return found


def _beginning(at: datetime) -> World:
    seeded = seeded_world()
    kinds = {person.id: str(person.kind) for person in seeded.people.values()}
    return World(at, kinds, {group.id: frozenset(group.members) for group in seeded.groups.values()})


def _take(found: Evidence, record: Record, index: int, at: datetime, entry: Any) -> None:
    data = entry.data
    match entry.kind:
        case "posted" | "updated" | "ephemeral":
            _take_message(found, index, at, data["message"])
        case "interaction" if data["signature"] == "good":
            _take_interaction(found, record, index, at, data)
        case "world":
            _take_change(found, at, data)
        case "api_call" if data["method"] == "chat.update":
            _take_redrawn(found, index, at, data)
        case "api_call" if data["method"] in _TELLING and not data["ok"]:
            found.unposted += bool(data["error"] and data["method"] == "chat.postMessage")
            if _PEOPLE.intersection((data["args"].get("channel"), data["args"].get("user"))):
                _take_untold(found, index, at, data)


def _take_redrawn(found: Evidence, index: int, at: datetime, data: dict[str, Any]) -> None:
    ts, refused = data["args"].get("ts"), not data["ok"]
    if refused and data["error"] in _PASSING:
        return
    change = found.unchangeable.add if refused else found.unchangeable.discard
    change(ts)
    found.redrawn.append(Redrawn(index, at, ts, refused))


def _take_change(found: Evidence, at: datetime, data: dict[str, Any]) -> None:
    last, changed = found.worlds[-1], data.get(data["change"], {})
    match data["change"]:
        case "group":
            groups = {**last.groups, changed["id"]: frozenset(changed["members"])}
            found.worlds.append(World(at, last.kinds, groups))
        case "person":
            found.worlds.append(World(at, {**last.kinds, changed["id"]: changed["kind"]}, last.groups))
        case "channel" if changed["archived"]:
            found.archived.add(changed["id"])


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
    found.written.append(json.dumps(message, ensure_ascii=False))
    thread, text = message["thread_ts"], message["text"]
    if thread and (step := sentences.reminded_of(text)):
        found.reminded.append((thread, step))
        found.reminders.append(Said(index, at, thread, text))
        return
    if not thread and sentences.answers_a_stop(text):
        return
    named = sentences.request_of(message["blocks"])
    private = message["ephemeral_to"] or message["channel"].startswith("D")
    if thread or private or not named:
        found.said.append(Said(index, at, thread, text, message["ephemeral_to"]))
        return
    live = any(_decides(block) for block in message["blocks"])
    full = text + json.dumps(message["blocks"], ensure_ascii=False)
    found.cards.append(Card(index, at, message["ts"], message["channel"], named, text, full, live))


def _decides(block: dict[str, Any]) -> bool:
    """Return whether a block has buttons that decide, other than what may stay after the end."""
    elements = block["elements"] if block["type"] == "actions" else []
    return any(not sentences.stays(element["action_id"]) for element in elements)


def _take_interaction(
    found: Evidence, record: Record, index: int, at: datetime, data: dict[str, Any]
) -> None:
    payload = data["payload"]
    if "command" in payload:
        answer = data["body"]["text"] if data["body"] else None
        found.commands.append(Command(index, payload["user_id"], payload["text"], answer))
    elif payload.get("type") == "view_submission":
        if record.terms.typed:
            _take_typed(found, index, at, data)
    elif payload.get("type") == "block_actions" and (
        # A request is cancelled from the private list as well, whose message Slack leaves out.
        "message" in payload or payload["actions"][0]["action_id"] == "cancel"
    ):
        _take_click(found, record, index, at, data)


def _take_click(found: Evidence, record: Record, index: int, at: datetime, data: dict[str, Any]) -> None:
    payload = data["payload"]
    action, text = payload["actions"][0], payload.get("message", {}).get("text", "")
    name = action["action_id"]
    if record.terms.typed and name == "approve" and sentences.step_of(text) == 2:
        # It opens a dialog alone; what counts is what is typed there.
        name = "approve-by-typing"
    ts = payload["container"]["message_ts"]
    request, user, done = str(action.get("value")), payload["user"]["id"], data.get("done")
    carried_out = data.get("carried_out", at)
    found.clicks.append(Click(index, at, carried_out, user, name, request, text, ts, done))


def _take_typed(found: Evidence, index: int, at: datetime, data: dict[str, Any]) -> None:
    """Take in a dialog in which the right text was sent: a click on the card that it was about."""
    payload = data["payload"]
    about = json.loads(payload["view"]["private_metadata"] or "{}")
    typed = [
        str(state.get("value"))
        for field in payload["view"]["state"]["values"].values()
        for state in field.values()
    ]
    cards = [card for card in found.cards if card.ts == about.get("card")]
    shown = [card for card in cards if sentences.step_of(card.text) == 2]
    codes = sentences.codes_asked_to_delete(shown[-1].text) if shown else []
    if len(codes) == 1 and len(typed) == 1 and typed[0].strip().lower() == codes[0][-4:].lower():
        carried_out, request = data.get("carried_out", at), str(about.get("request"))
        user, done = payload["user"]["id"], data.get("done")
        found.clicks.append(
            Click(index, at, carried_out, user, "approve", request, shown[-1].text, shown[-1].ts, done)
        )
