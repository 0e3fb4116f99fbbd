"""Freezes, judged by the two servers' logs: which dates were sent, and whether what is told of them is so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sandbox.slack_client import Message
from sandbox.vivoldi_client import Call, Event
from tests.scenario.evidence import Evidence
from tests.scenario.told import FROZEN, NOT_FROZEN, UNFROZEN

# Vivoldi's log cuts times to milliseconds.
_CUT = 0.001


def is_live(card: Message) -> bool:
    """Return whether a card has buttons, other than the way back from a freeze, which stays."""
    return any(button["action_id"] != "unfreeze" for button in card.buttons())


def judge_date(evidence: Evidence, code: str, cards: dict[str, list[Message]], date: Call) -> None:
    """A date is sent because an approver asked for it. Raises AssertionError."""
    set_to = [event for event in evidence.events if event.call == date.seq]
    goals = ["freeze" if _is_over(event) else "unfreeze" for event in set_to] or ["freeze", "unfreeze"]
    presses = [press for request in cards for goal in goals for press in evidence.presses(goal, request)]
    before = [user for began, user in presses if began < _at(date) + _CUT]
    approvers = [user for user in before if evidence.eligible(user, "APPROVERS", _at(date) + _CUT)]
    assert approvers, f"{code}: date {date.seq} was sent, and no approver had asked for it"


def judge_read(evidence: Evidence, code: str, date: Call) -> None:
    """The last thing its sender did before a date was a read, and a freeze follows one that showed it."""
    agent = date.headers["user-agent"]
    own = [
        c for c in evidence.calls if c.code == code and c.seq < date.seq and c.headers["user-agent"] == agent
    ]
    assert own, f"{code}: date {date.seq} without any read"
    assert own[-1].kind == "read", f"{code}: date {date.seq} without a read right before it"
    assert _is_answered(own[-1]), f"{code}: date {date.seq} after a read that was not answered"
    freezes = any(_is_over(event) for event in evidence.events if event.call == date.seq)
    again = [
        call for call in evidence.calls if (call.kind, call.code) == ("update", code) and call.seq < date.seq
    ]
    # What may have been set already is sent again, also if it is hidden.
    assert not freezes or again or _shows(own[-1]), f"{code}: a freeze, {date.seq}, of what was not shown"


def judge_words(evidence: Evidence, code: str, versions: Sequence[Message]) -> None:
    """I4: what cards say of a freeze is what a read had shown."""
    for card in versions:
        for words in re.findall(rf"^`?{code}`?: (.*)$", card.text, re.MULTILINE):
            _judge_line(evidence, code, evidence.time_of(card), evidence.time_of(versions[0]), words)


def _judge_line(evidence: Evidence, code: str, told_at: float, since: float, words: str) -> None:
    reads = [c for c in evidence.calls if (c.kind, c.code) == ("read", code) and _is_answered(c)]
    reads = [read for read in reads if since < _at(read) + _CUT and _at(read) < told_at]
    if words.startswith(FROZEN):
        assert any(not _shows(read) for read in reads), f"{code}: no read had failed to show it: {words}"
    if words.startswith(UNFROZEN):
        shown = [_as_of(evidence, code, read) for read in reads if _shows(read)]
        until = re.search(r"until (\d{4}-\d\d-\d\d)", words)
        assert until, f"{code}: until when? {words}"
        ends = {str(coupon.facts.get("endYmd")) for coupon in shown if coupon}
        assert until[1] in ends, f"{code}: no read had shown it with that date: {words}"
    if words.startswith(NOT_FROZEN):
        standing = _as_of(evidence, code, reads[-1]) if reads else None
        dates = {c.seq for c in evidence.calls if c.kind == "update"}
        hidden = standing is not None and standing.call in dates and _is_over(standing)
        assert not hidden, f"{code}: it is frozen: {words}"


def _as_of(evidence: Evidence, code: str, read: Call) -> Event | None:
    before = [event for event in evidence.events if event.code == code and event.seq < read.seq]
    return before[-1] if before and before[-1].kind != "deleted" else None


def _is_over(event: Event) -> bool:
    return str(event.facts.get("endYmd")) < event.at[:10]


def _is_answered(read: Call) -> bool:
    return read.status == 200 and read.answer_code is not None and not read.dropped


def _shows(read: Call) -> bool:
    return read.answer_code == 0


def _at(call: Call) -> float:
    return datetime.fromisoformat(call.at).timestamp()
