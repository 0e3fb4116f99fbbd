"""What a request may change at most, judged from its bytes alone, without any of the bot's code.

It is given who may do what at the moment, and reads a body in every way in which it could be meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sandbox.slack.world import APP_ID, TEAM_ID
from tests.scenario.playing import AMIR, BEA, CARL, DANA, RIKA
from tests.security.rig import State

_DASH = re.compile(r"[-\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
MEMBERS = {RIKA, AMIR, BEA, CARL, DANA}


@dataclass(frozen=True)
class Opened:
    """A request was opened: by whom, where, for which codes."""

    by: str
    channel: str
    codes: frozenset[str]


@dataclass(frozen=True)
class Decided:
    """A request went on: by whom, and by which action."""

    request: str
    by: str
    action: str


Effect = Opened | Decided


@dataclass(frozen=True)
class Waiting:
    """A card that waits: its version, and who may use which of its buttons.

    A final approval counts where it is typed in the dialog: `may` names who under the word to be typed, in
    lower case. A stop counts from any version.
    """

    version: int
    may: Mapping[str, frozenset[str]]


def effect(before: State, after: State) -> Effect | None:
    """Return what happened between two looks at what is stored; None: nothing.

    Raises AssertionError where it was more than one thing, or half of one.
    """
    if before == after:
        return None
    was, now = ({row[0]: row for row in state["requests"]} for state in (before, after))
    (changed,) = [key for key in now if now[key] != was.get(key)]
    assert was.keys() <= now.keys()
    row = now[changed]
    items = [item for item in after["items"] if item[0] == changed]
    assert [item for item in before["items"] if item[0] != changed] == [
        item for item in after["items"] if item[0] != changed
    ]
    if changed not in was:
        assert row[1] == "submitted"
        assert after["decisions"] == before["decisions"]
        return Opened(row[5], row[4], frozenset(item[2] for item in items))
    given = [decision for decision in after["decisions"] if decision not in before["decisions"]]
    if given:
        (decision,) = given
        assert decision[0] == changed
        assert row[1] == ("pending" if decision[1] == 1 else "approved")
        return Decided(changed, decision[2], "approve")
    if row[1] == "finished":
        (item,) = items
        return Decided(changed, json.loads(item[6])["stopped_by"], "stop")
    assert row[1] in ("rejected", "cancelled")
    return Decided(changed, row[8] or row[5], "reject" if row[1] == "rejected" else "cancel")


def is_within(did: Effect | None, may: Effect) -> bool:
    """Tell whether what was done may be: a request for some of the codes, or exactly that decision."""
    if isinstance(did, Opened) and isinstance(may, Opened):
        return (did.by, did.channel) == (may.by, may.channel) and bool(did.codes) and did.codes <= may.codes
    return did == may


def allowed(body: bytes, cards: Mapping[str, Waiting]) -> list[Effect]:
    """Return what a body, rightly signed, may do: at most one thing for each way to read it."""
    found = (
        _of_command(read) or _of_click(read, cards) or _of_dialog(read, cards)
        for read in _readings(body)
        if isinstance(read, dict)
    )
    return [each for each in found if each is not None]


def _readings(body: bytes) -> Iterator[Any]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    fields = dict(parse_qsl(text, keep_blank_values=True))
    yield fields
    for source in (text, fields.get("payload", "")):
        try:
            yield json.loads(source)
        except (ValueError, RecursionError):
            continue


def _of_command(read: dict[str, Any]) -> Effect | None:
    ours = (read.get("command"), read.get("api_app_id"), read.get("team_id")) == (
        "/coupon-delete",
        APP_ID,
        TEAM_ID,
    )
    user, channel, text = read.get("user_id"), read.get("channel_id"), read.get("text")
    if not (isinstance(user, str) and isinstance(channel, str) and isinstance(text, str)):
        return None
    if not ours or user not in MEMBERS:
        return None
    if not channel or channel.startswith("D") or read.get("type") is not None:
        return None
    # Which of the codes are leading ones is the bot's to say; it may open none that does not stand there.
    runs = re.findall(r"[A-Za-z0-9]+", f"{_DASH.sub('', text)} {text}")
    return Opened(user, channel, frozenset(run for run in runs if 8 <= len(run) <= 16))


def _of_click(read: dict[str, Any], cards: Mapping[str, Waiting]) -> Effect | None:
    try:
        (action,) = read["actions"]
        name, value, block, user = (
            action["action_id"],
            action["value"],
            action["block_id"],
            read["user"]["id"],
        )
        place, team = read["channel"]["id"], read.get("team") or {"id": TEAM_ID}
        ours = (read["type"], read["api_app_id"], team["id"]) == ("block_actions", APP_ID, TEAM_ID)
        card = cards[value]
    except (KeyError, TypeError, ValueError):
        return None
    if not (isinstance(name, str) and isinstance(user, str)):
        return None
    if not ours or "command" in read or not isinstance(place, str) or not place:
        return None
    is_current = block == f"decide-v{card.version}"
    if name == "stop":
        is_current = isinstance(block, str) and bool(re.fullmatch(r"decide-v[0-9]{1,9}", block))
    if not is_current or user not in card.may.get(name, ()):
        return None
    return Decided(value, user, name)


def _of_dialog(read: dict[str, Any], cards: Mapping[str, Waiting]) -> Effect | None:
    try:
        view, user, team = read["view"], read["user"]["id"], read.get("team") or {"id": TEAM_ID}
        ours = (read["type"], read["api_app_id"], team["id"]) == ("view_submission", APP_ID, TEAM_ID)
        about = json.loads(view["private_metadata"])
        typed = view["state"]["values"]["typed"]["typed"]["value"].strip().lower()
        request, card = about["request"], cards[about["request"]]
        is_current = about["version"] == card.version and bool(about["channel"])
        known = (view["type"], view["callback_id"]) == ("modal", "confirm-final")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    if not (ours and known and is_current and isinstance(user, str)) or "command" in read:
        return None
    if user not in card.may.get(typed, ()):
        return None
    return Decided(request, user, "approve")
