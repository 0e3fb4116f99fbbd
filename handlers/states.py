"""How it ended for a coupon, in a few words, to be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Item,
    NotSent,
    NotSentReason,
    Refused,
    Source,
    Unknown,
)


def in_short(state: AnyState) -> str:
    """Return an outcome in a few words."""
    match state:
        case Deleted(confirmation=Confirmation.STILL_SHOWN):
            return "deleted but still validating"
        case Deleted(source=Source.READING):
            return "deleted (settled by reading)"
        case Deleted():
            return "deleted"
        case Refused():
            return "not deleted (refused)"
        case Changed():
            return "not deleted (changed)"
        case NotSent(reason=NotSentReason.STOPPED):
            return "not deleted (stopped)"
        case Unknown():
            return "unknown"
        case _:
            return "not deleted"


def counts(items: Iterable[Item]) -> str:
    """Return how many of the items came to which end."""
    counted = Counter(in_short(item.state) for item in items)
    return ", ".join(f"{count:,} {short}" for short, count in counted.items())
