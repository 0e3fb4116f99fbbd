"""Drafts and the states of restorations to stored values and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.domain.coupon import Coupon, Difference, DiscountKind
from bot.domain.item.deletion import AnyState
from bot.domain.item.restore import (
    Created,
    Creating,
    Deletion,
    Doubt,
    Draft,
    Held,
    NotCreated,
    RestoreState,
    Seen,
    ToCreate,
    Unclear,
    WhyNot,
)

_BY_NAME: dict[str, type[RestoreState]] = {
    "to_create": ToCreate,
    "creating": Creating,
    "unclear": Unclear,
    "created": Created,
    "not_created": NotCreated,
}
RESTORE_STATES: dict[type[AnyState], str] = {state: name for name, state in _BY_NAME.items()}


def coupon_of(facts: dict[str, Any]) -> Coupon:
    """Return the coupon of its stored facts. Raises TypeError or ValueError for what are none."""
    kind = facts["discount_kind"]
    return Coupon(**{**facts, "discount_kind": None if kind is None else DiscountKind(kind)})


def draft_json(draft: Draft | None) -> dict[str, Any] | None:
    """Return a draft as plain values; None: nothing is to be created."""
    if draft is None:
        return None
    values = asdict(draft)
    values["deletion"]["at"] = draft.deletion.at.isoformat()
    return values


def draft_of(data: dict[str, Any] | None) -> Draft | None:
    """Return the draft. Raises KeyError, TypeError or ValueError for what is none."""
    if data is None:
        return None
    held, deletion = data["held"], data["deletion"]
    at, approvers = datetime.fromisoformat(deletion["at"]), tuple(deletion["approvers"])
    return Draft(
        Held(coupon_of(held["coupon"]), held["image"]),
        Deletion(**{**deletion, "at": at, "approvers": approvers}),
        data["sealed_digest"],
        tuple(Doubt(name) for name in data["doubts"]),
    )


def restore_state_of(name: str, detail: dict[str, Any]) -> RestoreState | None:
    """Return the state of a restoration, or None where it is none of those.

    Raises KeyError, TypeError or ValueError where its details make no sense.
    """
    if name not in _BY_NAME:
        return None
    fields = dict(detail)
    for time in ("at", "since"):
        if time in fields:
            fields[time] = datetime.fromisoformat(fields[time])
    if "differences" in fields:
        fields["differences"] = tuple(Difference(**each) for each in fields["differences"])
    if fields.get("seen") is not None:
        fields["seen"] = Seen(fields["seen"])
    if "why" in fields:
        fields["why"] = WhyNot(fields["why"])
    return _BY_NAME[name](**fields)
