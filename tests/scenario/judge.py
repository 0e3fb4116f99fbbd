"""An independent judge: what was clicked, sent, true and told, by the logs of the two local servers alone.

It knows neither the bot's code nor its database, only the rules (I1 to I4, I8) and the words that people see.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.slack_client import Message
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Stage
from sandbox.vivoldi_client import Call, Event
from tests.scenario.evidence import Click, Evidence, Told
from tests.scenario.playing import PERSONAL
from tests.scenario.told import REFUSED, SAID, STILL_THERE

# Vivoldi's log cuts times to milliseconds.
_CUT = 0.001
# From the bot's last look at its clock to the arrival of the call.
_ON_THE_WAY = 1.0
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")
_SECRETS = (*PERSONAL.values(), BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, API_KEY)


async def judge(stage: Stage, codes: Sequence[str], since: int = 0) -> None:
    """Raise AssertionError where anything that happened to these codes breaks a rule.

    since: the last entry of the local Slack's log before any of them was asked for.
    """
    evidence = await Evidence.of(stage, codes, since)
    for code in codes:
        cards = evidence.cards(code)
        for call in _calls(evidence, "delete", code):
            _judge_approvals(evidence, code, cards, call)
            _judge_reads(evidence, code, call)
        for versions in cards.values():
            _judge_request(evidence, code, versions)
    _judge_secrets(evidence, stage.bot.server.said())


def _judge_approvals(evidence: Evidence, code: str, cards: dict[str, list[Message]], delete: Call) -> None:
    """I1: two different eligible people approved exactly this, in time, the final one not the requester."""
    arrived = _at(delete) + _CUT
    pairs = [
        (first, final)
        for request in cards
        for first in evidence.clicks(request)
        for final in evidence.clicks(request)
        if _is_pair(first, final) and final.at < arrived
    ]
    assert pairs, f"{code}: DELETE {delete.seq} without two approvals"
    first, final = pairs[0]
    versions = cards[first.request]
    shown_at = evidence.time_of(versions[0])
    assert final.user != evidence.requester(code, shown_at), f"{code}: the requester gave the final approval"
    for at in (first.at, arrived):
        assert evidence.eligible(first.user, "APPROVERS", at), f"{code}: {first.user} was not eligible"
    for at in (final.at, arrived):
        assert evidence.eligible(final.user, "FINAL_APPROVERS", at), f"{code}: {final.user} was not eligible"
    approve_within = float(evidence.settings.get("APPROVE_WITHIN_SECONDS", 1800))
    execute_within = float(evidence.settings.get("EXECUTE_WITHIN_SECONDS", 600))
    assert final.at < shown_at + approve_within, f"{code}: the final approval came after approve-by"
    assert arrived < final.at + execute_within + _ON_THE_WAY, f"{code}: sent after execute-by"
    _judge_what_was_deleted(evidence, code, delete, shown_at)


def _is_pair(first: Click, final: Click) -> bool:
    """Return whether the second click was for step 2, on a card that named the first one for step 1."""
    return (
        "Step 1 of 2" in first.card
        and "Step 2 of 2" in final.card
        and f"Approved by <@{first.user}>" in final.card
        and first.at < final.at
        and first.user != final.user
    )


def _judge_what_was_deleted(evidence: Evidence, code: str, delete: Call, shown_at: float) -> None:
    """I1, I2: what a DELETE deleted was there when the card was shown, and is what the card showed."""
    for event in evidence.events:
        if event.kind == "deleted" and event.call == delete.seq:
            before = _as_of(evidence, code, shown_at)
            assert before is not None, f"{code}: deleted, though created after it was shown"
            assert before.uid == event.uid, f"{code}: another coupon was deleted than was shown"
            for fact in _SHOWN:
                assert before.facts.get(fact) == event.facts.get(fact), f"{code}: {fact} was another"


def _judge_reads(evidence: Evidence, code: str, delete: Call) -> None:
    """I2, I3: the last thing that happened before a DELETE was a read of the coupon that was answered."""
    earlier = [call for call in evidence.calls if call.code == code and call.seq < delete.seq]
    last = earlier[-1]
    assert last.kind == "read", f"{code}: DELETE {delete.seq} without a read right before it"
    usable = last.status == 200 and last.answer_code is not None and not last.dropped
    assert usable, f"{code}: DELETE {delete.seq} after a read that was not answered"


def _judge_request(evidence: Evidence, code: str, versions: Sequence[Message]) -> None:
    """I4, I5: what is told is what happened, it is told at all, and an ended request has no live button."""
    began = evidence.time_of(versions[0])
    told = evidence.told(code, versions)
    sent = [call for call in _calls(evidence, "delete", code) if _at(call) + _CUT > began]
    if told:
        assert len({each.kind for each in told}) == 1, f"{code}: told in two ways: {told}"
        _judge_told(evidence, code, began, sent, told[0])
        latest = {version.ts: version for version in versions}
        # Nothing can be changed in an archived channel, and nobody can click there.
        live = [m for m in latest.values() if m.buttons() and m.channel not in evidence.archived()]
        assert not live, f"{code}: the request has ended, but a card still has buttons"
    else:
        assert not sent, f"{code}: a DELETE was sent, and nobody was told how it ended"


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
            assert said_yes == told.words.startswith(SAID), f"{code}: not how it is known: {told.words}"
        case "not deleted" if told.words.startswith(REFUSED):
            # Vivoldi's answer is the proof; a server that refuses and deletes all the same is not seen.
            refused = [c for c in sent if _whole(c) and (c.answer_code or 400 <= (c.status or 0) < 500)]
            assert refused, f"{code}: told {told.words}, but Vivoldi never refused"
        case "not deleted":
            assert not by_the_bot, f"{code}: told {told.words}, but it was deleted"
        case _:
            unclear = [c for c in sent if not _whole(c) or c.answer_code is None]
            assert unclear, f"{code}: told as unknown, but every answer was clear"


def _judge_secrets(evidence: Evidence, bot_log: str) -> None:
    """I8: no key, token, or personal field of a coupon is in a message or in the bot's own log."""
    kinds = ("posted", "updated", "ephemeral")
    written = [entry.data["message"] for entry in evidence.log if entry.kind in kinds]
    seen = json.dumps(written, ensure_ascii=False) + bot_log
    assert not [secret for secret in _SECRETS if secret in seen], "a secret got out"


def _calls(evidence: Evidence, kind: str, code: str) -> list[Call]:
    return [call for call in evidence.calls if (call.kind, call.code) == (kind, code)]


def _as_of(evidence: Evidence, code: str, at: float) -> Event | None:
    """Return the newest event of a code before a time, unless the coupon was gone by then."""
    before = [event for event in evidence.events if event.code == code and _at(event) < at]
    return before[-1] if before and before[-1].kind != "deleted" else None


def _whole(call: Call) -> bool:
    return call.finished and call.dropped is None and call.status is not None


def _at(entry: Any) -> float:
    return datetime.fromisoformat(entry.at).timestamp()
