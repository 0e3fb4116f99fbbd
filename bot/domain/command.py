"""What people type after `/coupon-delete`, and the codes of a form or of a file.

Of many codes it says which there are, which were there twice, and what is none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from bot.domain.coupon import CouponCode, code_key, parse_code
from bot.domain.errors import BadInput
from bot.domain.rate import MANY
from bot.domain.request.request import Purpose

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


MAX_REASON = 500


@dataclass(frozen=True)
class Help:
    """Show how the command is used."""


@dataclass(frozen=True)
class ListOpen:
    """Show the open requests."""


@dataclass(frozen=True)
class Ask:
    """Ask for a deletion, for a freeze alone, or to create a deleted coupon again. reason may be empty."""

    codes: tuple[CouponCode, ...]
    reason: str
    purpose: Purpose = Purpose.DELETE


@dataclass(frozen=True)
class ShowHistory:
    """Show what happened to a code before."""

    code: CouponCode


Command = Help | ListOpen | ShowHistory | Ask

# Every sub-word has fewer than 8 letters, so none of them can be a coupon code.
_WORDS: dict[str, Command] = {"": Help(), "help": Help(), "list": ListOpen()}
_SHOW = "show"
_PURPOSES = {"freeze": Purpose.FREEZE, "restore": Purpose.RESTORE}


def parse_command(text: str, *, reason_required: bool) -> Command:
    """Return what was asked for. The first word holds the codes, the rest is the reason.

    Raises BadInput with a sentence that says what to type instead.
    """
    first, reason = _split(text)
    word = _WORDS.get(first.lower())
    if word is not None:
        return word
    if first.lower() == _SHOW:
        return ShowHistory(_code_to_show(reason))
    if (purpose := _PURPOSES.get(first.lower())) is not None:
        return _ask(*_split(reason), purpose, reason_required=reason_required)
    return _ask(first, reason, Purpose.DELETE, reason_required=reason_required)


def _ask(first: str, reason: str, purpose: Purpose, *, reason_required: bool) -> Ask:
    typed = "/coupon-delete" if purpose is Purpose.DELETE else f"/coupon-delete {purpose}"
    if reason and (first.endswith(",") or reason.startswith(",")):
        raise BadInput(f"Please separate the codes by commas without spaces: `{typed} CODE,CODE reason`.")
    codes = _codes(first, typed)
    if purpose is Purpose.RESTORE and len(codes) > 1:
        raise BadInput(f"Please restore one coupon at a time: `{typed} CODE reason`. Each gets its own card.")
    if reason_required and not reason:
        raise BadInput(f"Please say why, after the code: `{typed} {','.join(codes)} leaked on social media`.")
    if len(reason) > MAX_REASON:
        raise BadInput(
            f"The reason has {len(reason)} characters; please shorten it to {MAX_REASON} or fewer."
        )
    return Ask(codes, reason, purpose)


def _split(text: str) -> tuple[str, str]:
    """Return the first word and the rest, with one space for whatever can't be shown, or is a space.

    Raises BadInput where the first word has something unseen inside: what follows may belong to the code.
    """
    unseen = "".join(letter for letter in text if letter.isspace() or not letter.isprintable())
    first, *more = text.strip(unseen).split(maxsplit=1) or [""]
    word = first.strip(unseen)
    if not word.isprintable():
        raise BadInput(
            "There is a character in the code that can't be seen. Please type the code instead of pasting it."
        )
    shown = "".join(letter if letter.isprintable() else " " for letter in "".join(more))
    return word, " ".join(shown.split())


def _code_to_show(text: str) -> CouponCode:
    if not text or " " in text or "," in text:
        raise BadInput("Please name one code: `/coupon-delete show CODE`.")
    return parse_code(text)


def _codes(word: str, typed: str) -> tuple[CouponCode, ...]:
    codes = tuple(parse_code(part) for part in word.split(",") if part)
    if not codes:
        raise BadInput(f"I found no coupon code. Type `{typed} CODE reason`, or `/coupon-delete help`.")
    if len(codes) > MANY:
        raise BadInput(f"That is {len(codes)} codes; one request takes up to {MANY}. Please split it.")
    seen: dict[str, CouponCode] = {}
    for code in codes:
        earlier = seen.setdefault(code_key(code), code)
        if earlier != code:
            raise BadInput(
                f"{earlier} and {code} differ only in upper and lower case, and Vivoldi may take them for one"
                " coupon. Please ask for one of them, and for the other one afterwards."
            )
    return tuple(seen.values())
