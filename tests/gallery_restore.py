"""Restorations at every state, and with everything that can be in them, as golden files need them."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.coupon import Difference, DiscountKind
from bot.domain.item.restore import (
    Created,
    Creating,
    Doubt,
    Held,
    NotCreated,
    RestoreState,
    Seen,
    ToCreate,
    Unclear,
    Unusable,
    WhyNot,
)
from bot.domain.policy import Verdict
from bot.domain.request.request import Failed, FailureReason, Purpose
from bot.domain.request.request import Shown as ShownRequest
from tests.builders import AMIR, a_coupon, approved, cancelled, expired, failed, later, rejected, reviewed
from tests.restoring import DELETION, a_draft, restored, restoring

_CHANGED = (Difference("ends_on", "2025-12-31", "2025-06-30"),)
_LOST = "Vivoldi's answer says nothing certain (HTTP 502)"
_EXPIRED = "The coupon has expired."
_UNCLEAR = Unclear(1, _LOST, later(180))
CREATED: dict[str, RestoreState] = {
    "created": Created(True, later(180), Seen.SAME),
    "created, other facts": Created(True, later(180), Seen.OTHER, _CHANGED),
    "created, not validating": Created(True, later(180), Seen.NOTHING, message=_EXPIRED),
    "created, not read": Created(True, later(180), Seen.UNREAD),
    "created, settled by reading": Created(False, later(180), Seen.SAME),
}
NOT_CREATED: dict[str, RestoreState] = {
    "unknown, another coupon": replace(_UNCLEAR, seen=Seen.OTHER, differences=_CHANGED),
    "unknown, the one of before": replace(_UNCLEAR, seen=Seen.ORIGINAL),
    "unknown, not shown": replace(_UNCLEAR, seen=Seen.NOTHING, message=_EXPIRED),
    "unknown, not read": replace(_UNCLEAR, seen=Seen.UNREAD),
    "refused": NotCreated(WhyNot.REFUSED, "Vivoldi says: “The coupon number is already in use.”"),
    "taken": NotCreated(WhyNot.TAKEN),
    "ended": NotCreated(WhyNot.ENDED, "2025-06-02"),
    "too late": NotCreated(WhyNot.TOO_LATE, "Vivoldi's rate limit was reached (HTTP 429)"),
    "approver lost": NotCreated(WhyNot.APPROVER_LOST, Verdict.GUEST, AMIR.id),
    "unreadable": NotCreated(WhyNot.UNREADABLE, "Vivoldi refused the call (HTTP 401)"),
    "snapshot changed": NotCreated(WhyNot.SNAPSHOT_CHANGED),
    "not bound": NotCreated(WhyNot.NOT_BOUND),
    "another server": NotCreated(WhyNot.OTHER_SERVER),
}
RUNNING: dict[str, RestoreState] = {
    "waiting": ToCreate(),
    "held up": ToCreate(1, "Vivoldi's rate limit was reached (HTTP 429)"),
    "creating": Creating(1),
    "unclear": _UNCLEAR,
    "created, not read yet": Created(True, later(180)),
}
_USED = Held(
    a_coupon(use_limit=5, use_count=3, issued_to_person=True, domain="https://shop.example"), image=True
)
_HOSTILE = "<!channel> <@U0RIKA0000> *Approved* `rm` <https://evil.example|here>"
_LONGEST = a_coupon(
    name="Cakes & pies " * 15,
    discount_kind=DiscountKind.AMOUNT,
    discount="9" * 30,
    currency="&" * 40,
    use_limit=0,
    use_count=10**29,
    domain="&" * 200,
    issued_to_person=True,
)

RESTORATIONS: dict[str, ShownRequest] = {
    "step 1": restoring(),
    "step 1, with losses": restoring(a_draft(held=_USED)),
    "step 1, every doubt": restoring(
        a_draft(deletion=replace(DELETION, certain=False), doubts=tuple(Doubt)), reason=""
    ),
    "step 1, hostile": restoring(a_draft(held=Held(a_coupon(name=_HOSTILE, domain=_HOSTILE), image=False))),
    "step 1, longest": restoring(
        a_draft(held=Held(_LONGEST, image=True), doubts=tuple(Doubt)), reason="Cakes & pies " * 38
    ),
    "step 2": reviewed(restoring()),
    "approved": approved(reviewed(restoring())),
    **{f"runs, {name}": restored(state) for name, state in RUNNING.items()},
    **{name: restored(state) for name, state in {**CREATED, **NOT_CREATED}.items()},
    "created, begins later": restored(CREATED["created, not validating"], a_draft(doubts=(Doubt.NOT_YET,))),
    "rejected": rejected(restoring()),
    "cancelled": cancelled(reviewed(restoring())),
    "expired": expired(restoring()),
}
ENDINGS: dict[str, ShownRequest] = {
    **{f"restore, {name}": restored(state) for name, state in {**CREATED, **NOT_CREATED}.items()},
    "restore, rejected": rejected(restoring()),
}


def failures() -> dict[str, Failed]:
    """Return requests of which nothing could be shown."""
    source = DELETION.request_id
    found: dict[str, Failed] = {
        "validates": failed(FailureReason.NUMBER_TAKEN, ""),
        "nothing kept": failed(FailureReason.NO_SNAPSHOT, ""),
        "ended": failed(FailureReason.ENDED, f"2025-05-01 {source}"),
        **{why.value: failed(FailureReason.SNAPSHOT_UNUSABLE, f"{why} {source}") for why in Unusable},
        "unreadable": failed(FailureReason.UNREADABLE, "Vivoldi did not answer in time"),
        "no card": failed(FailureReason.NO_CARD, "not_in_channel"),
    }
    return {
        f"restore, {name}": replace(request, origin=replace(request.origin, purpose=Purpose.RESTORE))
        for name, request in found.items()
    }
