"""One word as people write it: which coupon code it is, if it is one, and what else it could be.

Quotes, brackets, bold marks, bullets and a final full stop around a code are dropped, and dashes of every
kind between its groups. Nothing else is: what is not certain is never made a code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.coupon import CouponCode

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
# Between codes in a command; a list has pipes as well.
BETWEEN = re.compile(r"[,;，；、﹐；]+")
_CODE = re.compile(r"[A-Za-z0-9]{8,16}", re.ASCII)
# Of so many letters and digits is a code at most; no word is looked at any further.
_LONGEST = 16
_DASH = re.compile(f"[{re.escape(DASHES)}]+")
_MARKS = "\"'`´*_~<>′″＂＇•·‣◦▪●○■□☐☑✓✔➤►"
_BRACKETS_AND_QUOTES = {"Ps", "Pe", "Pi", "Pf"}
_AT_END = ".,:;!?…。，、：；！？．"
# They turn round what people see, so that a code is not what it looked like.
_OVERRIDES = "\u202d\u202e"


@dataclass(frozen=True)
class Doubt:
    """A word with dashes that may be one code, or several, or a code and words. joined: the one code."""

    joined: str
    codes: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Word:
    """A word, and the code that it is; None: it is none, or not for certain.

    rest: what stood behind a dash that ended the code. doubt: what it could be.
    """

    typed: str
    code: CouponCode | None = None
    rest: str = ""
    doubt: Doubt | None = None


def is_code_like(text: str) -> bool:
    """Tell whether a text looks like a code: 8 to 16 letters or digits, with a digit, or capitals only."""
    return bool(_CODE.fullmatch(text)) and (text.isupper() or any(letter.isdigit() for letter in text))


def could_be_code(text: str) -> bool:
    """Tell whether a text would be one of 8 to 16 letters and digits, whatever dashes are in it."""
    return bool(_CODE.fullmatch(_DASH.sub("", bare(text))))


def bare(word: str) -> str:
    """Return a word without what stands around a code: quotes, marks, dashes, a final full stop."""
    start, end = 0, len(word)
    while start < end and _is_around(word[start]):
        start += 1
    while end > start and (_is_around(word[end - 1]) or word[end - 1] in _AT_END):
        end -= 1
    return word[start:end]


def _is_around(letter: str) -> bool:
    if letter in _MARKS or letter in DASHES or letter.isspace():
        return True
    unseen = not letter.isprintable() and letter not in _OVERRIDES
    return unseen or unicodedata.category(letter) in _BRACKETS_AND_QUOTES


def read_word(word: str) -> Word:
    """Return what a word is. It is never a code together with a word behind or before a dash."""
    text = bare(word)
    groups = _DASH.split(text, maxsplit=_LONGEST)
    for place in range(1, len(groups)):
        if _is_word(groups[place], "".join(groups[:place])):
            head = _grouped(word, groups[:place])
            rest = _DASH.split(text, maxsplit=place)[-1]
            is_certain = head.code is not None and is_code_like(head.code)
            return Word(word, head.code, rest) if is_certain else Word(word)
    return _grouped(word, groups)


def _grouped(word: str, groups: Sequence[str]) -> Word:
    joined = "".join(groups)
    if not _CODE.fullmatch(joined):
        is_code = is_code_like(groups[0]) and all(each.isalpha() and len(each) < 8 for each in groups[1:])
        return Word(word, CouponCode(groups[0]), " ".join(groups[1:])) if is_code else Word(word)
    if len(groups) == 1:
        return Word(word, CouponCode(joined))
    if joined.isdigit() or _is_word(groups[0], "".join(groups[1:])):
        # A date, a telephone number, or a word in front of a code.
        return Word(word)
    whole = [group for group in groups if is_code_like(group)]
    others = [group for group in groups if group not in whole]
    if len(whole) > 1 or (whole and any(map(is_plain, others))):
        return Word(word, doubt=Doubt(joined, tuple(whole), " ".join(others)))
    return Word(word, CouponCode(joined))


def _is_word(group: str, beside: str) -> bool:
    """Tell whether letters beside a code are a word: in small ones, if the code has none."""
    if not group.isalpha():
        return False
    is_small = group.islower() or group.istitle()
    return not group.isascii() or (is_small and beside.upper() == beside)


def is_plain(group: str) -> bool:
    """Tell whether letters and digits could stand for themselves: a word, or a number."""
    return group.isdigit() or (group.isalpha() and (group.isupper() or group.islower() or group.istitle()))
