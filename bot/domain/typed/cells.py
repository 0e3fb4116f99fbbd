"""Cells that should hold codes: which codes they are, and what is wrong with those that hold none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bot.domain.coupon import CouponCode, code_key
from bot.domain.errors import BadInput
from bot.domain.typed.headings import CHOSEN, Fit, fit
from bot.domain.typed.words import bare, could_be_code, is_code_like, read_word

# What people put in front of the lines of a list, and Excel's way to keep a code a text.
_IN_FRONT = re.compile(r"\s*(?:\(?#?\d{1,4}[.):]|\[[ xX]?\]|[-*•·‣◦▪●–—>+#])\s+")
_AS_TEXT = re.compile(r"\s*=\s*[\"“”]([^\"“”]*)[\"“”]\s*")
BETWEEN = re.compile(r"[\s,;|，；、]+")
_AND = {"and", "&"}


@dataclass(frozen=True)
class Cell:
    """What should hold a code. line: from 1. is_row: a whole row, of which nobody knows where a code is."""

    line: int
    text: str
    is_row: bool = False


@dataclass(frozen=True)
class Column:
    """Which column was taken, from 1. heading: what stands above it; None: nothing does."""

    place: int
    heading: str | None


@dataclass(frozen=True)
class Found:
    """The cells that should hold codes. column: where they stood, if there were several."""

    cells: tuple[Cell, ...] = ()
    column: Column | None = None


_NOTHING = Found()


class Fault(Enum):
    """Why something that stands where a code should be is not asked for."""

    NO_CODE = auto()  # it has no 8 to 16 letters and digits
    UNLIKE = auto()  # it would be a code, but does not look like one
    TWIN = auto()  # it differs from another code in case alone
    ROW = auto()  # its row has more or fewer cells than the others, so nobody knows which is meant


@dataclass(frozen=True)
class BadCode:
    """What stands where a code should be. line: from 1. as_well: a code that differs in case alone."""

    line: int
    text: str
    fault: Fault = Fault.NO_CODE
    as_well: str | None = None
    in_file: bool = False


@dataclass(frozen=True)
class Codes:
    """The codes in their order, each once. duplicates: how many were dropped. columns: those taken."""

    codes: tuple[CouponCode, ...]
    duplicates: int = 0
    bad: tuple[BadCode, ...] = ()
    columns: tuple[Column, ...] = ()


def words_in(text: str) -> list[str]:
    """Return the words of a cell or a line that could be codes: without bullets, numbers and `and`."""
    quoted = _AS_TEXT.fullmatch(text)
    rest = quoted[1] if quoted else _without_front(text)
    words = [_as_text(word) for word in BETWEEN.split(rest) if bare(word)]
    return [word for word in words if word.lower() not in _AND or len(words) == 1]


def _without_front(text: str) -> str:
    if (front := _IN_FRONT.match(text)) is not None:
        text = text[front.end() :]
    label, colon, rest = text.partition(":")
    return rest if colon and rest[:1].isspace() and fit(label) >= Fit.CODE else text


def _as_text(word: str) -> str:
    quoted = _AS_TEXT.fullmatch(word)
    return quoted[1] if quoted else word


def codes_in(text: str) -> tuple[CouponCode, ...]:
    """Return the codes of a cell that holds nothing else; empty: there is something else in it."""
    words = [read_word(word) for word in words_in(text)]
    codes = tuple(word.code for word in words if word.code is not None and not word.rest)
    return codes if len(codes) == len(words) else ()


def looks_like_codes(text: str) -> bool:
    """Tell whether a cell holds nothing but what looks like a code."""
    codes = codes_in(text)
    return bool(codes) and all(map(is_code_like, codes))


def mentions_code(text: str) -> bool:
    """Tell whether there is something that looks like a code in a cell, among whatever else."""
    codes = (read_word(word).code for word in words_in(text))
    return any(code is not None and is_code_like(code) for code in codes)


def require_alike(lines: Sequence[Sequence[str]]) -> None:
    """Make sure that words of several lines are all codes: not a number of something in front of each.

    Raises BadInput with a question to the person.
    """
    rows = [words for words in lines if any(map(looks_like_codes, words))]
    if len(rows) < 2 or len({len(words) for words in rows}) != 1:
        return
    columns = [[words[place] for words in rows] for place in range(len(rows[0]))]
    numbers = [column for column in columns if all(map(_is_number, column))]
    others = [
        column for column in columns if looks_like_codes(column[0]) and not any(map(_is_number, column))
    ]
    if numbers and others:
        raise BadInput(
            f"“{numbers[0][0]}” and “{others[0][0]}”, in one line, don't look alike. Send the codes alone. If"
            f" both are codes, put each on a line of its own, below a line `{CHOSEN}`."
        )


def _is_number(word: str) -> bool:
    """Tell whether a word is nothing but a number, as long as a code."""
    return bare(word).isdigit() and looks_like_codes(word)


def gather(pasted: Found, table: Found = _NOTHING) -> Codes:
    """Return the codes of what was pasted and of a file together; every cell is told of, or a code."""
    codes: dict[str, CouponCode] = {}
    bad: list[BadCode] = []
    duplicates = 0
    for found, in_file in ((pasted, False), (table, True)):
        letters = _letters(found.cells)
        for cell in found.cells:
            read = () if cell.is_row else codes_in(cell.text)
            if not read or not all(_fits(code, letters) for code in read):
                bad.append(BadCode(cell.line, cell.text, _fault(cell), in_file=in_file))
                continue
            for code in read:
                earlier = codes.get(code_key(code))
                if earlier is None:
                    codes[code_key(code)] = code
                elif earlier == code:
                    duplicates += 1
                else:
                    bad.append(BadCode(cell.line, code, Fault.TWIN, earlier, in_file))
    columns = tuple(found.column for found in (pasted, table) if found.column)
    return Codes(tuple(codes.values()), duplicates, tuple(bad), columns)


def _fault(cell: Cell) -> Fault:
    if cell.is_row:
        return Fault.ROW
    return Fault.UNLIKE if could_be_code(cell.text) else Fault.NO_CODE


def _letters(cells: Iterable[Cell]) -> str | None:
    """Return the letters of what looks like codes for certain; None: nothing does."""
    certain = [code for cell in cells for code in codes_in(cell.text) if is_code_like(code)]
    return "".join(certain) if certain else None


def _fits(code: str, letters: str | None) -> bool:
    """Tell whether a code looks like one, or else is written as the others are, in small letters."""
    return is_code_like(code) or letters is None or letters.upper() != letters
