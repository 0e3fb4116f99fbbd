"""Freezes, drafts and restorations to stored values and back. Nothing is stored if nothing was done."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.domain.coupon import Coupon, Difference, DiscountKind
from bot.domain.item.deletion import AnyState
from bot.domain.item.freeze import (
    Dates,
    Fate,
    Free,
    Freeze,
    Frozen,
    Goal,
    LaterRequest,
    NotDone,
    Sent,
    Underway,
    Unfrozen,
    Why,
)
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

_STATES: dict[str, type[Freeze]] = {
    "underway": Underway,
    "frozen": Frozen,
    "unfrozen": Unfrozen,
    "not_done": NotDone,
}
_NAMES = {state: name for name, state in _STATES.items()}


def freeze_json(freeze: Freeze) -> dict[str, Any] | None:
    """Return a freeze as plain values; None: nothing was done."""
    if isinstance(freeze, Free):
        return None
    return {"state": _NAMES[type(freeze)], **asdict(freeze), "at": freeze.at.isoformat()}


def freeze_of(data: dict[str, Any] | None) -> Freeze:
    """Return the freeze. Raises KeyError, TypeError or ValueError for what is none."""
    if data is None:
        return Free()
    fields = {name: value for name, value in data.items() if name != "state"}
    fields |= {"at": datetime.fromisoformat(fields["at"]), "dates": Dates(**fields["dates"])}
    for name, kind in (("goal", Goal), ("sent", Sent), ("why", Why)):
        if name in fields:
            fields[name] = kind(fields[name])
    if "differences" in fields:
        fields["differences"] = tuple(Difference(**each) for each in fields["differences"])
    if (later := fields.get("later")) is not None:
        fields["later"] = LaterRequest(later["request"], Fate(later["fate"]), later.get("hidden", False))
    return _STATES[data["state"]](**fields)


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
        data.get("hidden", False),
    )


def restore_state_of(name: str, detail: dict[str, Any]) -> RestoreState | None:
    """Return the state of a restoration, or None if it is none of those.

    Raises KeyError, TypeError or ValueError if its details make no sense.
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
