"""What is written into the audit about a read, an answer or an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bot.domain.coupon import NotShown, Reading
from bot.domain.errors import VivoldiError
from bot.domain.event import EventKind
from bot.domain.item.deletion import AnyState
from bot.domain.item.freeze import Dates, Freeze, LaterRequest

# The cause if work failed each time and no read that was not answered says why.
UNFORESEEN = (
    "I ran into an error of my own each time, which I don't know; the person who runs Coupon Guard can see it"
    " in the log"
)


@dataclass(frozen=True)
class Fact:
    """What was observed about an item, for the audit."""

    kind: EventKind
    data: Mapping[str, object]


def was_read(reading: Reading | VivoldiError) -> Fact:
    """Return the fact of a read, or of one that failed."""
    match reading:
        case VivoldiError():
            return Fact(EventKind.COUPON_READ, {"shown": None, "error": str(reading)})
        case NotShown(message):
            return Fact(EventKind.COUPON_READ, {"shown": False, "message": message})
        case _:
            return Fact(EventKind.COUPON_READ, {"shown": True})


def outcome_of(state: AnyState | Freeze) -> dict[str, object]:
    """Return an item's outcome, or that of its freeze, as the audit keeps it."""
    # What only some have, and is written of nothing else, so that the audit reads as ever.
    told = {name: value for name, value in vars(state).items() if name != "later" or value is not None}
    plain = {name: _plain_value(value) for name, value in told.items()}
    return {"outcome": state.audit_name, **plain}


def _plain_value(value: object) -> object:
    match value:
        case tuple():
            return [asdict(difference) for difference in value]
        case Dates() | LaterRequest():
            return asdict(value)
        case int() | None:
            return value
        case _:
            return str(value)
