"""What is said of several coupons at once: a plural only if it is true of each of them.

This is the one place for that rule (the first of "A claim" in the design). What is true of a single coupon
comes in a few words from the features (`many.in_short`, `freeze.in_short`); here these words are counted.
"Frozen: 2 coupons" is said if two are frozen, and otherwise "Frozen: 1 of 2", and how many are what else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.domain.coupon import CouponCode
from bot.domain.item.deletion import Item

STILL_WORKS = "still works"
# First what someone has to see to, then what was asked for; the rest as it comes.
_FIRST = (STILL_WORKS, "frozen", "deleted")
_ALARM = "⚠️"
_NAMED = 3


def target(part: Sequence[Item], whole: Sequence[Item]) -> str:
    """Return what something is about: the one coupon, all of them, or how many of how many."""
    if len(whole) == 1:
        return f"coupon {whole[0].code}"
    return f"{of(len(part), len(whole))}{' coupons' if len(part) < len(whole) else ''}"


def of(part: int, whole: int) -> str:
    """Return a count that is true of all it names: "2 coupons", or "1 of 2"."""
    return f"{whole:,} coupons" if part == whole else f"{part:,} of {whole:,}"


def heading(words: Sequence[str], codes: Sequence[CouponCode]) -> str:
    """Return how coupons stand. words: what is true of each. codes: theirs, in the same order."""
    (first, count), *others = counted(words)
    alarm = first == STILL_WORKS
    only = codes[0] if alarm else f"coupon {codes[0]}"
    which = only if len(words) == 1 else of(count, len(words))
    led = f"{_ALARM} " if alarm else ""
    rest = "".join(f" · {word}: {number:,}" for word, number in others)
    return f"{led}{first[:1].upper()}{first[1:]}: {which}{rest}"


def so_far(running: str, words: Sequence[str]) -> str:
    """Return the heading of what still runs. words: what is true of those coupons that have an outcome."""
    ended = [f"{word}: {number:,}" for word, number in counted(words)]
    if STILL_WORKS in words:
        first, *ended = ended
        running = f"{_ALARM} {first[:1].upper()}{first[1:]} · {running}"
    return " · ".join([running, *ended])


def alarm(codes: Sequence[CouponCode]) -> str | None:
    """Return that these coupons still work, which were to be deleted; None: there are none."""
    if not codes:
        return None
    more = f" and {len(codes) - _NAMED:,} more" if len(codes) > _NAMED else ""
    return f"{_ALARM} Still works: {', '.join(codes[:_NAMED])}{more}"


def counted(words: Sequence[str]) -> list[tuple[str, int]]:
    """Return how many coupons each word is true of: what matters first."""
    ranks = {word: rank for rank, word in enumerate(_FIRST)}
    return sorted(Counter(words).items(), key=lambda pair: ranks.get(pair[0], len(ranks)))


def counts(words: Sequence[str]) -> str:
    """Return the same as a part of a sentence."""
    return ", ".join(f"{count:,} {word}" for word, count in counted(words))
