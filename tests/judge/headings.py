"""What a card's heading says, and a sum: few words, and how many coupons they are said of.

Like `sentences`, it is a place that knows the bot's words, and judges nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Short(StrEnum):
    """How one coupon stands, in the words of a heading."""

    STILL_WORKS = "still works"
    DELETED = "deleted"
    SETTLED = "deleted (settled by reading)"
    GONE = "blocked (deleted or used up)"
    REFUSED = "not deleted (refused)"
    CHANGED = "not deleted (changed)"
    STOPPED = "not deleted (stopped)"
    NOT_DELETED = "not deleted"
    UNKNOWN = "unknown whether deleted"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    BEING_FROZEN = "being frozen"
    BEING_UNFROZEN = "being unfrozen"
    HIDDEN = "blocked (whether by the freeze is unknown)"
    FREEZE_UNKNOWN = "unknown whether frozen"
    UNFREEZE_UNKNOWN = "unknown whether unfrozen"
    NOT_UNFROZEN = "not unfrozen"
    NOT_FROZEN = "not frozen"
    DELETED_SINCE = "deleted since"
    PERHAPS_DELETED = "perhaps deleted since"
    CREATED_SINCE = "created again since"
    PERHAPS_CREATED = "perhaps created again since"


@dataclass(frozen=True)
class Count:
    """So many coupons are said to stand so. words: as they are written."""

    words: str
    number: int
    short: Short


_ANY = "|".join(re.escape(short) for short in sorted(Short, key=len, reverse=True))
_NUMBER = r"(\d{1,3}(?:,\d{3})*)\b"
_ONE = re.compile(rf"⚠️ ({_ANY}): \w+$|({_ANY}): coupon \w+$", re.I)
_COUNTED = re.compile(rf"(?:^|(?<=\W ))({_ANY}): {_NUMBER}", re.M | re.I)
_SUMMED = re.compile(rf"(?<![\w,-]){_NUMBER} ({_ANY})(?=[,.])")


def counts(text: str) -> list[Count]:
    """Return what a text counts."""
    found = [(match[0], match[2], match[1]) for match in _COUNTED.finditer(text)]
    found += [(match[0], match[1], match[2]) for match in _SUMMED.finditer(text)]
    return [
        Count(words, int(number.replace(",", "")), Short(short.lower())) for words, number, short in found
    ]


# What stands in the words that tell the end of a deletion which a heading about one coupon tells.
_DELETIONS = (
    (Short.STILL_WORKS, r"^\*Still works"),
    (Short.SETTLED, r"^\*Deleted, settled by reading"),
    (Short.DELETED, r"^\*Deleted\.\*"),
    (Short.GONE, r"^\*Blocked"),
    (Short.REFUSED, r"^\*Not deleted: Vivoldi refused\."),
    (Short.CHANGED, r"^\*Not deleted: (changed|it is no longer frozen|no longer shown)"),
    (Short.STOPPED, r"^\*Not deleted: stopped by"),
    (Short.NOT_DELETED, r"^\*Not deleted: (the|Vivoldi refused to be read)"),
    (Short.UNKNOWN, r"^\*Unknown"),
)
# The same of other ends, with what such a heading begins with; the first that fits.
_OTHERS = (
    (r"Rejected: ", r"rejected this request"),
    (r"Cancelled: ", r"cancelled this request"),
    (r"Timed out: ", r"This request ran out"),
    (r"Restored, settled by reading: ", r"^\*Created again, settled by reading"),
    (r"Restored, but not as approved: ", r"^\*Created again, but not as approved"),
    (r"Restored, but not validating: ", r"^\*Created again, but it does not validate"),
    (r"Restored: ", r"^\*Created again\.\*"),
    (r"Unknown whether restored: ", r"^\*Unknown"),
    (r"Not restored: ", r"^\*Not created"),
)
# The same of a freeze: what stands in the line that tells of it.
_FREEZES = (
    (Short.FROZEN, r"^\*Frozen\*"),
    (Short.UNFROZEN, r"^\*Unfrozen\*"),
    (Short.BEING_FROZEN, r"^\*Being frozen\*"),
    (Short.BEING_UNFROZEN, r"^\*Being unfrozen\*"),
    (Short.NOT_FROZEN, r"^\*Not frozen"),
    (Short.NOT_UNFROZEN, r"^\*Not unfrozen"),
    (Short.FREEZE_UNKNOWN, r"^\*Unknown whether frozen"),
    (Short.UNFREEZE_UNKNOWN, r"^\*Unknown whether unfrozen"),
    (Short.HIDDEN, r"^\*No longer validates\*"),
    (Short.DELETED_SINCE, r"request CG-\w+ deleted it"),
    (Short.PERHAPS_DELETED, r"request CG-\w+ may have deleted it"),
    (Short.CREATED_SINCE, r"request CG-\w+ created it again"),
    (Short.PERHAPS_CREATED, r"request CG-\w+ may have created it again"),
)


def of_an_end(heading: str) -> str | None:
    """Return what has to stand in the words that tell the end that a heading tells; None: it tells none."""
    found = (words for begin, words in _OTHERS if re.match(begin, heading))
    return next(found, _of(_DELETIONS, heading))


def of_a_freeze(heading: str) -> str | None:
    """Return what has to stand in the line about the freeze that a heading tells; None: it tells none."""
    return _of(_FREEZES, heading)


def _of(table: tuple[tuple[Short, str], ...], heading: str) -> str | None:
    named = _ONE.match(heading)
    told = (named[1] or named[2]).lower() if named else None
    return next((words for short, words in table if short == told), None)


def counts_without_reasons(text: str) -> bool:
    """Return whether a text counts coupons as not frozen beside frozen ones, and gives fewer reasons."""
    numbers = {count.short: count.number for count in counts(text)}
    return Short.FROZEN in numbers and numbers.get(Short.NOT_FROZEN, 0) > text.count("*Not frozen")


def is_of_one(heading: str) -> bool:
    """Return whether a heading that tells how something stands is about one coupon, and counts nothing."""
    return not counts(heading) and not re.search(r"\d coupons", heading)
