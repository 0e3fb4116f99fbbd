"""What tells one coupon from another, by the local Vivoldi's own log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.vivoldi.log import Event
from tests.judge.case import Case
from tests.judge.seen import Asked, Evidence

# Vivoldi's day may have begun so long before that of the record.
FURTHEST_AHEAD = timedelta(hours=14)

# Faults by which Vivoldi itself says something that is not so.
LIES = ("code_nonzero_after", "success_without_effect")
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")
# Without these none can be created.
NEEDED = ("nm", "discTypeIdx", "disc", "strtYmd", "endYmd", "useLimit")
_HOLDER = ("userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2")


def facts(event: Event) -> dict[str, object]:
    """Return what a card shows of a coupon, but for the use count: of whom it is issued to, only if it is."""
    issued = any(event.facts.get(name) for name in _HOLDER)
    return {"issued": issued, **{name: event.facts.get(name) for name in _SHOWN}}


def but_end(event: Event) -> dict[str, object]:
    """Return the same without the expiry date, which a freeze changes."""
    return {name: value for name, value in facts(event).items() if name != "endYmd"}


def created(event: Event) -> dict[str, object]:
    """Return the same without what Vivoldi gives a new coupon by itself."""
    return {name: value for name, value in facts(event).items() if name not in ("regYmdt", "domain")}


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


def deleted_last(seen: Evidence, code: str, index: int) -> Event | None:
    """Return the coupon that was deleted last before a place, as it was before a freeze; None: none was."""
    about = [change.event for change in seen.changes if change.event.code == code and change.index < index]
    gone = [event for event in about if event.kind == "deleted"]
    if not gone:
        return None
    dates = {date.call.seq for date in seen.calls("update", code)}
    own = [event for event in about if event.uid == gone[-1].uid and event.kind != "deleted"]
    frozen = [event.call in dates for event in own]
    if not own or not frozen[-1] or False not in frozen:
        return gone[-1]
    unfrozen = own[len(frozen) - 1 - frozen[::-1].index(False)]
    return replace(gone[-1], facts={**gone[-1].facts, "endYmd": unfrozen.facts.get("endYmd")})


def is_no_freeze(why: str, shown: Event | None) -> bool:
    """Return whether a coupon can't be frozen for the reason that is told. shown: None if none was shown."""
    if shown is None:
        return "does not show it" in why
    used, ends = shown.facts.get("useCnt"), shown.facts.get("endYmd")
    if used is None:
        return "does not tell whether it was used" in why
    return "used before" in why if used else ("no expiry date" in why and not ends)
