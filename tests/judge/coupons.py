"""What tells one coupon from another, by the local Vivoldi's own log."""

from __future__ import annotations

from datetime import datetime

from sandbox.vivoldi.log import Event
from tests.judge.case import Case
from tests.judge.seen import Asked

# Faults by which Vivoldi itself says something that is not so.
LIES = ("code_nonzero_after", "success_without_effect")
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")
_HOLDER = ("userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2")


def facts(event: Event) -> dict[str, object]:
    """Return what a card shows of a coupon, but for the use count: of whom it is issued to, only if it is."""
    issued = any(event.facts.get(name) for name in _HOLDER)
    return {"issued": issued, **{name: event.facts.get(name) for name in _SHOWN}}


def but_end(event: Event) -> dict[str, object]:
    """Return the same without the expiry date, which a freeze changes."""
    return {name: value for name, value in facts(event).items() if name != "endYmd"}


def is_over(event: Event, at: datetime) -> bool:
    """Return whether a coupon's expiry date has passed."""
    return str(event.facts.get("endYmd")) < at.date().isoformat()


def is_past(date: Asked) -> bool:
    """Return whether the expiry date that was sent is one that has passed, so that it freezes."""
    return date.call.end is None or date.call.end < date.at.date().isoformat()


def lied(calls: list[Asked]) -> bool:
    """Return whether Vivoldi answered any of these calls with the opposite of what it did, or knew."""
    return any(asked.call.fault in LIES for asked in calls)


def was_frozen(case: Case, code: str, request: str, index: int) -> bool:
    """Return whether a freeze was asked for on a request's card, and its date sent, before a place."""
    asked = [c.index for c in case.clicks(request, index) if c.action == "freeze"]
    return bool(asked) and any(asked[0] < sent.index < index for sent in case.seen.calls("update", code))
