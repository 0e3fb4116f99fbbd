"""I7: the audit, as exported, says what happened, and nothing that did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.judge.case import Case
from tests.judge.rules import Rule
from tests.judge.told import told_of

# "Told" is recorded after Slack took it; its time is one of the bot's own clock.
_CLOCKS_APART = timedelta(seconds=1)
_SENDING = {"delete": "delete.sending", "update": "date.sending", "create": "create.sending"}


def look_at_audit(case: Case, codes: Sequence[str]) -> None:
    """Hold the audit against what was told and sent."""
    events = case.record.audit
    if events is None:
        return
    for code in codes:
        for request in case.requests(code):
            _judge_told(case, code, request, events)
        for kind, name in _SENDING.items():
            written = sum(event["kind"] == name and event["code"] == code for event in events)
            calls = case.seen.calls(kind, code)
            if len(calls) > written:
                what = f"{len(calls)} times {kind}, and {written} in the audit"
                case.find(Rule.AUDITED, code, what, calls[-1].index)


def _judge_told(case: Case, code: str, request: str, events: list[dict[str, Any]]) -> None:
    """Told stands there only if Slack had taken such a message before."""
    recorded = [e for e in events if (e["kind"], e["request"]) == ("outcome.told", request)]
    said = told_of(case, code, request)
    for event in recorded:
        at = datetime.fromisoformat(str(event["at"]))
        if not any(each.at <= at + _CLOCKS_APART for each in said):
            case.find(Rule.AUDITED, code, f"{request} was told at {at}, and Slack took nothing by then")
