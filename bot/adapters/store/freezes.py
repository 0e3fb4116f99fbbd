"""Freezes to stored values and back. Nothing is stored where nothing was done."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.domain.coupon import Difference
from bot.domain.item.freeze import Dates, Free, Freeze, Frozen, Goal, NotDone, Sent, Underway, Unfrozen, Why

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
    return _STATES[data["state"]](**fields)
