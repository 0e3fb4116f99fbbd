"""Many codes from what was pasted, or from a file: the codes, what was there twice, and what is none."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from bot.domain.coupon import CouponCode, code_key, parse_code
from bot.domain.errors import BadInput

# Between codes there may be any mixture of these, and around a code what a spreadsheet or a chat puts there.
_BETWEEN = re.compile(r"[\s,;|]+")
_AROUND = "\"'`“”‘’\ufeff\u200b"
_HEADINGS = {"code", "codes", "coupon", "couponcode", "couponnumber", "cpnno", "number"}
# A digit makes it a code: COUPON2025 is no heading.
_BLANK = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class BadCode:
    """What stands where a code should be. line: from 1. as_well: a code that differs in case alone."""

    line: int
    text: str
    as_well: str | None = None
    in_file: bool = False


@dataclass(frozen=True)
class Codes:
    """The codes in their order, each once. duplicates: how many were dropped."""

    codes: tuple[CouponCode, ...]
    duplicates: int = 0
    bad: tuple[BadCode, ...] = ()


Found = tuple[int, str]


def from_text(text: str) -> Iterator[Found]:
    """Yield what stands in a text, with its line: separated by any mixture of spaces, commas and lines."""
    for line, content in enumerate(text.splitlines(), start=1):
        for part in _BETWEEN.split(content):
            if part.strip(_AROUND):
                yield line, part


def from_table(text: str) -> Iterator[Found]:
    """Yield the cells of a CSV file's column of codes, with their lines; blank ones are left out.

    The column is the one with a heading such as `code`, `coupon` or `cpnNo`; without any, the first one.
    Where a row ends before that column, nobody knows whether a code is missing: the whole row is yielded,
    with a separator at its end so that nothing in it passes for a code.
    """
    column = 0
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.reader(text.splitlines(), delimiter=separator)
    for row in _whole(rows):
        headings = [_BLANK.sub("", cell.lower()) for cell in row]
        if rows.line_num == 1 and (named := [each for each in headings if each in _HEADINGS]):
            column = headings.index(named[0])
        elif column >= len(row) and any(map(_is_filled, row)):
            yield rows.line_num, separator.join([*row, ""])
        elif column < len(row) and _is_filled(row[column]):
            yield rows.line_num, row[column].strip()


def _is_filled(cell: str) -> bool:
    return bool(cell.strip(_AROUND + " "))


def _whole(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield rows as far as they can be told from each other. Raises BadInput."""
    try:
        yield from rows
    except csv.Error as error:
        raise BadInput(str(error)) from error


def gather(pasted: Iterable[Found], table: Iterable[Found] = ()) -> Codes:
    """Return the codes of what was pasted and of a file together."""
    codes: dict[str, CouponCode] = {}
    bad: list[BadCode] = []
    duplicates = 0
    of_file = ((line, text, True) for line, text in table)
    for line, text, in_file in chain(((line, text, False) for line, text in pasted), of_file):
        try:
            code = parse_code(text.strip(_AROUND))
        except BadInput:
            bad.append(BadCode(line, text, in_file=in_file))
            continue
        earlier = codes.get(code_key(code))
        if earlier is None:
            codes[code_key(code)] = code
        elif earlier == code:
            duplicates += 1
        else:
            bad.append(BadCode(line, text, as_well=earlier, in_file=in_file))
    return Codes(tuple(codes.values()), duplicates, tuple(bad))
