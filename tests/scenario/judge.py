"""An independent judge: what was clicked, sent, true and told, by the logs of the two local servers alone.

It knows neither the bot's code nor its database, only the rules (I1 to I4, I8) and the words that people see.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import permutations
from typing import Any

from sandbox.slack_client import Message
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Stage
from sandbox.vivoldi_client import Call, Event
from tests.scenario import freezes
from tests.scenario.evidence import Click, Evidence, Told
from tests.scenario.playing import PERSONAL
from tests.scenario.told import ANOTHER, REFUSED, STILL_THERE

# Vivoldi's log cuts times to milliseconds.
_CUT = 0.001
# From the bot's last look at its clock to the arrival of the call.
_ON_THE_WAY = 1.0
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")
_SECRETS = (*PERSONAL.values(), BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, API_KEY)


class Rule(StrEnum):
    """What must never happen."""

    UNAPPROVED = "a DELETE without two valid approvals"
    STOPPED = "a DELETE after a stop"
    UNREAD = "a DELETE without a read right before it"
    UNASKED = "an expiry date that no approver had asked for"
    FOREIGN = "a deletion of something else than was approved"
    WRONG = "a verdict that is not true"
    UNTOLD = "an outcome that nobody was told"
    LIVE = "a card with live buttons after the end"
    SECRET = "a secret that got out"


@dataclass(frozen=True)
class Finding:
    """A rule that was broken for a code, and how."""

    rule: Rule
    code: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


async def judge(stage: Stage, codes: Sequence[str], since: int = 0) -> None:
    """Raise AssertionError where anything that happened to these codes breaks a rule.

    since: the last entry of the local Slack's log before any of them was asked for.
    """
    evidence = await Evidence.of(stage, codes, since)
    found = [*findings(evidence, codes), *secrets(evidence, stage)]
    assert not found, "\n".join(map(str, found))


def findings(evidence: Evidence, codes: Sequence[str]) -> list[Finding]:
    """Return everything that breaks a rule about what was sent and told."""
    found: list[Finding] = []

    def look(rule: Rule, code: str, check: Callable[..., None], *what: Any) -> None:
        try:
            check(evidence, code, *what)
        except AssertionError as error:
            found.append(Finding(rule, code, str(error)))

    for code in codes:
        cards = evidence.cards(code)
        for call in _calls(evidence, "delete", code):
            look(Rule.UNAPPROVED, code, _judge_approvals, cards, call)
            look(Rule.STOPPED, code, _judge_stops, cards, call)
            look(Rule.FOREIGN, code, _judge_what_was_deleted, cards, call)
            look(Rule.UNREAD, code, _judge_reads, call)
        for date in _calls(evidence, "update", code):
            look(Rule.UNASKED, code, freezes.judge_date, cards, date)
            look(Rule.UNREAD, code, freezes.judge_read, date)
        for versions in cards.values():
            look(Rule.WRONG, code, freezes.judge_words, versions)
            look(Rule.UNTOLD, code, _judge_is_told, versions)
            look(Rule.LIVE, code, _judge_buttons, versions)
            look(Rule.WRONG, code, _judge_words, versions)
        if evidence.settled and not cards:
            look(Rule.UNTOLD, code, _judge_no_card)
    return found


def _judge_approvals(evidence: Evidence, code: str, cards: dict[str, list[Message]], delete: Call) -> None:
    """I1: two different eligible people approved exactly this, in time, the final one not the requester."""
    request = _latest(evidence, cards, delete)
    clicks = evidence.clicks(request) if request else []
    pairs = [
        (first, final)
        for first, final in permutations(clicks, 2)
        if _is_pair(first, final) and final.at < _at(delete) + _CUT
    ]
    assert pairs, f"{code}: DELETE {delete.seq} without two approvals"
    unfit = [_unfit(evidence, code, cards[request], pair, _at(delete) + _CUT) for pair in pairs]
    assert None in unfit, f"{code}: DELETE {delete.seq}, although {', '.join(map(str, unfit))}"


def _judge_stops(evidence: Evidence, code: str, cards: dict[str, list[Message]], delete: Call) -> None:
    """Nothing is sent once a stop by someone who may has been answered, but for what was on its way."""
    request = _latest(evidence, cards, delete)
    for stop in evidence.stops(request) if request else []:
        user = stop.data["payload"]["user"]["id"]
        settings = ("APPROVERS", "FINAL_APPROVERS")
        may = any(evidence.eligible(user, setting, stop.time) for setting in settings)
        may = may or user in evidence.requesters(code, cards[request][0])
        assert not may or _at(delete) < stop.time + _ON_THE_WAY, f"{code}: DELETE {delete.seq} after a stop"


def _latest(evidence: Evidence, cards: dict[str, list[Message]], delete: Call) -> str:
    """Return the request whose card was the last one that went up before a DELETE."""
    began = {request: evidence.time_of(versions[0]) for request, versions in cards.items()}
    before = [request for request in began if began[request] < _at(delete) + _CUT]
    return max(before, key=lambda request: began[request], default="")


def _unfit(
    evidence: Evidence, code: str, versions: list[Message], pair: tuple[Click, Click], arrived: float
) -> str | None:
    """Return why two approvals don't allow a DELETE; None: they do."""
    first, final = pair
    shown_at = evidence.time_of(versions[0])
    if final.user in evidence.requesters(code, versions[0]):
        return "the requester gave the final approval"
    for setting, click in (("APPROVERS", first), ("FINAL_APPROVERS", final)):
        if not all(evidence.eligible(click.user, setting, at) for at in (click.at, arrived)):
            return f"{click.user} was not eligible"
    if final.at >= shown_at + float(evidence.settings.get("APPROVE_WITHIN_SECONDS", 1800)):
        return "the final approval came after approve-by"
    if arrived < final.at + float(evidence.settings.get("STOP_WINDOW_SECONDS", 0)):
        return "it was sent while it could still be stopped"
    execute_by = final.at + float(evidence.settings.get("EXECUTE_WITHIN_SECONDS", 600))
    return "it was sent after execute-by" if arrived >= execute_by + _ON_THE_WAY else None


def _is_pair(first: Click, final: Click) -> bool:
    """Return whether the second click was for step 2, on a card that named the first one for step 1."""
    return (
        "Step 1 of 2" in first.card
        and "Step 2 of 2" in final.card
        and f"Approved by <@{first.user}>" in final.card
        and first.at < final.at
        and first.user != final.user
    )


def _frozen(evidence: Evidence, delete: Call, request: str) -> set[str]:
    """Return the facts that may be others by a freeze that was asked for: the date that the bot itself set.

    While it hides the coupon, nobody can see what else is changed by hand, so then it is every fact.
    """
    by_bot = [each for each in evidence.events if each.kind == "updated" and each.call is not None]
    changed = any(each.seq < delete.seq and each.code == delete.code for each in by_bot)
    if not (changed and evidence.presses("freeze", request)):
        return set()
    reads = [call for call in _calls(evidence, "read", str(delete.code)) if call.seq < delete.seq]
    return set(_SHOWN) if reads and reads[-1].answer_code != 0 else {"endYmd"}


def _judge_what_was_deleted(
    evidence: Evidence, code: str, cards: dict[str, list[Message]], delete: Call
) -> None:
    """I1, I2: what a DELETE deleted was there when the card was shown, and is what the card showed."""
    request = _latest(evidence, cards, delete)
    for event in evidence.events:
        if event.kind == "deleted" and event.call == delete.seq:
            before = _as_of(evidence, code, evidence.time_of(cards[request][0])) if request else None
            assert before is not None, f"{code}: deleted, though created after it was shown"
            assert before.uid == event.uid, f"{code}: another coupon was deleted than was shown"
            # Of one that Vivoldi does not show, the card shows no facts either: it was approved unseen.
            seen = _SHOWN if _is_shown(evidence, code, evidence.time_of(cards[request][0])) else ()
            # Nothing can hold back a DELETE that has arrived, whatever changes until it is carried out.
            arrived = _newest(each for each in evidence.events if each.code == code and each.seq < delete.seq)
            found = arrived if arrived is not None and arrived.uid == event.uid else event
            for fact in set(seen) - _frozen(evidence, delete, request):
                assert before.facts.get(fact) == found.facts.get(fact), f"{code}: {fact} was another"


def _judge_reads(evidence: Evidence, code: str, delete: Call) -> None:
    """I2, I3: the last thing its sender did before a DELETE was a read of the coupon that was answered.

    Nobody else sent one in between: what a read shows holds for one DELETE.
    """
    earlier = [call for call in evidence.calls if call.code == code and call.seq < delete.seq]
    own = [call for call in earlier if call.headers["user-agent"] == delete.headers["user-agent"]]
    assert own, f"{code}: DELETE {delete.seq} without any read"
    read = own[-1]
    assert read.kind == "read", f"{code}: DELETE {delete.seq} without a read right before it"
    usable = read.status == 200 and read.answer_code is not None and not read.dropped
    assert usable, f"{code}: DELETE {delete.seq} after a read that was not answered"
    between = [call.seq for call in earlier if call.kind == "delete" and call.seq > read.seq]
    assert not between, f"{code}: DELETE {delete.seq} after a read that was older than DELETE {between}"


def _judge_is_told(evidence: Evidence, code: str, versions: Sequence[Message]) -> None:
    """I5: how a request ended is told at all, and at once where something was sent."""
    began = evidence.time_of(versions[0])
    if not evidence.told(code, versions):
        sent = [call for call in _calls(evidence, "delete", code) if _at(call) + _CUT > began]
        assert not sent, f"{code}: a DELETE was sent, and nobody was told how it ended"
        assert not evidence.settled, f"{code}: nobody was told how the request ended"


def _judge_no_card(evidence: Evidence, code: str) -> None:
    """I5: whoever was told that a card comes sees it, or is told why there is none."""
    assert evidence.refused_to_show(code) or not evidence.accepted(code), f"{code}: no card, and no reason"


def _judge_buttons(evidence: Evidence, code: str, versions: Sequence[Message]) -> None:
    """I5: a request that has ended has no live button."""
    if evidence.told(code, versions):
        latest = {version.ts: version for version in versions}
        # Nothing can be changed in an archived channel, and nobody can click there.
        live = [m for m in latest.values() if freezes.is_live(m) and m.channel not in evidence.archived()]
        assert not live, f"{code}: the request has ended, but a card still has buttons"


def _judge_words(evidence: Evidence, code: str, versions: Sequence[Message]) -> None:
    """I4: what is told is what happened, and it is told in one way."""
    began = evidence.time_of(versions[0])
    told = evidence.told(code, versions)
    if told:
        assert len({each.kind for each in told}) == 1, f"{code}: told in two ways: {told}"
        sent = [call for call in _calls(evidence, "delete", code) if _at(call) + _CUT > began]
        _judge_told(evidence, code, began, sent, told[0])


def _judge_told(evidence: Evidence, code: str, began: float, sent: Sequence[Call], told: Told) -> None:
    sent = [call for call in sent if _at(call) < told.at]
    shown = _as_of(evidence, code, began)
    ends = [e for e in evidence.events if e.kind == "deleted" and shown and e.uid == shown.uid]
    by_the_bot = [e for e in ends if e.call in {call.seq for call in sent}]
    said_yes = any(_whole(call) and call.status == 200 and call.answer_code == 0 for call in sent)
    match told.kind:
        case "deleted" if told.words.startswith(STILL_THERE):
            assert said_yes, f"{code}: told {told.words}, but Vivoldi never said so"
            assert not by_the_bot, f"{code}: told {told.words}, but it is gone"
        case "deleted":
            assert [e for e in ends if _at(e) < told.at], f"{code}: told {told.words}, but it is there"
            if told.words.startswith(ANOTHER):
                # The answer may have been lost together with whoever was to read it.
                assert not said_yes or evidence.interrupted, f"{code}: Vivoldi said so: {told.words}"
            else:
                assert said_yes, f"{code}: Vivoldi never said so: {told.words}"
        case "gone":
            # The answer may have been lost together with whoever was to read it.
            assert not said_yes or evidence.interrupted, f"{code}: Vivoldi said so: {told.words}"
        case "not deleted" if told.words.startswith(REFUSED):
            # Vivoldi's answer is the proof; a server that refuses and deletes all the same is not seen.
            refused = [c for c in sent if _whole(c) and (c.answer_code or 400 <= (c.status or 0) < 500)]
            assert refused, f"{code}: told {told.words}, but Vivoldi never refused"
        case "not deleted":
            assert not by_the_bot, f"{code}: told {told.words}, but it was deleted"
        case _:
            unclear = [c for c in sent if not _whole(c) or c.answer_code is None]
            was_clear = not unclear and not evidence.interrupted
            assert not was_clear, f"{code}: told as unknown, but every answer was clear"


def secrets(evidence: Evidence, stage: Stage) -> list[Finding]:
    """Return each key, token or personal field of a coupon that is in a message or in a bot's log (I8)."""
    kinds = ("posted", "updated", "ephemeral")
    written = [entry.data["message"] for entry in evidence.log if entry.kind in kinds]
    logs = [log for log in stage.folder.glob("*.log") if log.stem not in ("slack", "vivoldi")]
    seen = json.dumps(written, ensure_ascii=False) + "".join(log.read_text(errors="replace") for log in logs)
    return [Finding(Rule.SECRET, "", secret) for secret in _SECRETS if secret in seen]


def _calls(evidence: Evidence, kind: str, code: str) -> list[Call]:
    return [call for call in evidence.calls if (call.kind, call.code) == (kind, code)]


def _as_of(evidence: Evidence, code: str, at: float) -> Event | None:
    """Return the newest event of a code before a time, unless the coupon was gone by then."""
    return _newest(event for event in evidence.events if event.code == code and _at(event) < at)


def _newest(events: Iterable[Event]) -> Event | None:
    """Return the last of a code's events, unless the coupon was gone by then."""
    last = deque(events, maxlen=1)
    return last[0] if last and last[0].kind != "deleted" else None


def _is_shown(evidence: Evidence, code: str, at: float) -> bool:
    """Return whether the last answered read before a time showed the coupon."""
    reads = [call for call in _calls(evidence, "read", code) if _at(call) < at]
    answers = [read.answer_code for read in reads if read.status == 200 and not read.dropped]
    return [answer for answer in answers if answer is not None][-1:] == [0]


def _whole(call: Call) -> bool:
    return call.finished and call.dropped is None and call.status is not None


def _at(entry: Any) -> float:
    return datetime.fromisoformat(entry.at).timestamp()
