"""The rows of a file, or of a table that was pasted, and the one column in them that holds the codes.

Rows are those of Python's csv module, in its strict mode. If several columns could be meant, or if the
heading is not known, nobody guesses: the answer is a question that names them, and how to answer it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.errors import BadInput
from bot.domain.typed.cells import (
    Cell,
    Column,
    Found,
    looks_like_codes,
    mentions_code,
    require_alike,
    words_in,
)
from bot.domain.typed.headings import CHOSEN, Fit, fit
from bot.domain.typed.words import bare

_DELIMITERS = "\t;|,"
# Separates nothing: a text without any delimiter has one column.
_NONE = "\x1f"
_NAMED = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_HEADINGS_WITHIN = 10
_NAMED_AT_MOST = 5
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_RULE = re.compile(r"[\s:=+|_-]*")


@dataclass(frozen=True)
class Row:
    """A row that is not blank. line: where it begins, from 1."""

    line: int
    cells: tuple[str, ...]

    def at(self, place: int) -> str:
        """Return a cell; a row that ends before it has a blank one."""
        return self.cells[place] if place < len(self.cells) else ""


def from_table(text: str) -> Found:
    """Return the cells of the column that holds the codes. Raises BadInput with a question to the person."""
    rows, delimiter = rows_of(text)
    if not rows:
        return Found()
    head = heading_row(rows)
    if head is None:
        return _without_heading(rows, delimiter)
    _require_no_code(rows[:head])
    place = _by_heading(rows[head], rows[head + 1 :])
    width = len(rows[head].cells)
    column = Column(place + 1, " ".join(rows[head].at(place).split()))
    return _taken(rows[head + 1 :], place, width, delimiter, column)


def rows_of(text: str) -> tuple[list[Row], str]:
    """Return the rows that are not blank, and what separates their cells.

    Raises BadInput with the line, if they can't be told from each other.
    """
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"Line {line} has a character that no text has (NUL). Save it as CSV in UTF-8.")
    first, _, rest = text.partition("\n")
    named = _NAMED.fullmatch(first)
    delimiter = named[1] if named else _delimiter(text)
    return [
        Row(line, row)
        for line, row in _parsed(rest if named else text, delimiter, 2 if named else 1)
        if not all(_RULE.fullmatch(bare(cell)) for cell in row)
    ], delimiter


def _delimiter(text: str) -> str:
    """Return what separates the cells: what stands equally often in the most lines."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in io.StringIO(text, newline="")]
    best, most = _NONE, (0, 0)
    for each in _DELIMITERS:
        counts = Counter(count for line in lines if (count := line.count(each)))
        for count, in_lines in counts.items():
            if (in_lines, count) > most:
                best, most = each, (in_lines, count)
    return best


def _parsed(text: str, delimiter: str, begins: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    above = begins - 1
    try:
        for row in reader:
            yield begins, tuple(row)
            begins = above + reader.line_num + 1
    except csv.Error as error:
        if "limit" in str(error):
            raise BadInput(f"Line {begins} is too long for a list of codes: it is no CSV file.") from error
        raise BadInput(
            f"In the row that begins in line {begins}, a quotation mark is opened and not closed, or stands"
            " where none may. Close it, or take it out."
        ) from error


def heading_row(rows: Sequence[Row]) -> int | None:
    """Return which row has a heading that is known; None: none of the first ones."""
    for place, row in enumerate(rows[:_HEADINGS_WITHIN]):
        least = Fit.CODE if place else Fit.NUMBER
        if any(fit(cell) >= least for cell in row.cells) and not any(map(_is_certain, row.cells)):
            return place
    return None


def _is_certain(cell: str) -> bool:
    """Tell whether a cell can't be a heading: it is a code, with a digit."""
    return looks_like_codes(cell) and any(map(str.isdigit, cell))


def _require_no_code(rows: Sequence[Row]) -> None:
    """Make sure that nothing above the headings is a code. Raises BadInput."""
    for row in rows:
        if any(map(looks_like_codes, row.cells)):
            raise BadInput(
                f"Line {row.line} stands above the headings, and may hold a code. Move it below them, or take"
                " it out."
            )


def _by_heading(head: Row, rows: Sequence[Row]) -> int:
    """Return the column whose heading fits best. Raises BadInput if that is not certain."""
    fits = [fit(cell) for cell in head.cells]
    highest = max(fits)
    likely = {place for place in range(len(fits)) if _holds_codes(rows, place)}
    best = [place for place, each in enumerate(fits) if each is highest]
    if len(best) > 1:
        best = [place for place in best if place in likely] or best
    others = likely.difference(best)
    doubtful = others and (highest is Fit.NUMBER or likely.isdisjoint(best))
    if rows and (len(best) > 1 or doubtful):
        raise _several(head, rows, sorted({*best, *(others if doubtful else ())}), is_heading=True)
    return best[0]


def _without_heading(rows: Sequence[Row], delimiter: str) -> Found:
    first, width = rows[0], max(len(row.cells) for row in rows)
    likely = [place for place in range(width) if any(mentions_code(row.at(place)) for row in rows)]
    if width > 1 and _is_list(rows):
        cells = [Cell(row.line, cell) for row in rows for cell in row.cells if bare(cell)]
        return Found(tuple(cells))
    if width > 1 and len(likely) != 1:
        is_heading = len(rows) > 1 and not any(map(mentions_code, first.cells))
        raise _several(first, rows[is_heading:], likely or range(width), is_heading=is_heading)
    place = likely[0] if likely else 0
    if len(rows) > 1 and likely and _is_doubtful(first.at(place), rows[1:], place):
        raise BadInput(
            f"“{_short(first.at(place))}”, in line {first.line}, may be a heading. If it is that of the"
            f" codes, write `{CHOSEN}` in its place. If it is a code, put a line above it that has"
            f" `{CHOSEN}` there{_in_column(place, width)}. If it is neither, take it out."
        )
    column = Column(place + 1, None) if width > 1 else None
    return _taken(rows, place, len(first.cells), delimiter, column)


def _is_list(rows: Sequence[Row]) -> bool:
    """Tell whether rows are no table but a list that goes on from line to line: codes, and nothing else."""
    filled = [[cell for cell in row.cells if bare(cell)] for row in rows]
    is_even = len(rows) > 1 and len({len(cells) for cells in filled}) == 1
    return not is_even and all(looks_like_codes(cell) for cells in filled for cell in cells)


def _is_doubtful(head: str, rows: Sequence[Row], place: int) -> bool:
    """Tell whether a cell may be a heading: it is no code, or it has no digit, unlike all others."""
    if not bare(head):
        return False
    if not looks_like_codes(head):
        return not mentions_code(head)
    others = [row.at(place) for row in rows if bare(row.at(place))]
    return bare(head).isalpha() and bool(others) and all(any(map(str.isdigit, each)) for each in others)


def _taken(rows: Sequence[Row], place: int, width: int, delimiter: str, column: Column | None) -> Found:
    """Return the cells of a column. A row of which nobody knows what is missing is given as a whole."""
    cells = []
    for row in rows:
        _require_one_row(row, place, delimiter)
        if _is_shifted(row, place, width):
            cells.append(Cell(row.line, delimiter.join([*row.cells, ""]), is_row=True))
        elif bare(row.cells[place]):
            cells.append(Cell(row.line, row.cells[place].strip()))
    require_alike([words_in(cell.text) for cell in cells if not cell.is_row])
    return Found(tuple(cells), column)


def _is_shifted(row: Row, place: int, width: int) -> bool:
    if place >= len(row.cells):
        return True
    more = [cell for cell in row.cells[width:] if bare(cell)]
    return bool(more) and (place > 0 or any(map(looks_like_codes, more)))


def _require_one_row(row: Row, place: int, delimiter: str) -> None:
    """Make sure that no quotation mark has swallowed the rows below it. Raises BadInput."""
    for other, cell in enumerate(row.cells):
        inner = _LINE_BREAK.split(cell)[1:] if other != place else []
        for line in inner:
            cells = line.split(delimiter)
            if len(cells) > 1 and place < len(cells) and looks_like_codes(cells[place]):
                raise BadInput(
                    f"A quotation mark in the row that begins in line {row.line} is closed some lines later,"
                    " and there are codes in between. Close it, or take it out."
                )


def _holds_codes(rows: Sequence[Row], place: int) -> bool:
    return any(looks_like_codes(row.at(place)) for row in rows)


def _several(head: Row, rows: Sequence[Row], places: Sequence[int], *, is_heading: bool) -> BadInput:
    """Return the question which of some columns is meant. is_heading: the first row has headings."""
    named = []
    for place in places[:_NAMED_AT_MOST]:
        example = next((row.at(place) for row in rows if bare(row.at(place))), "")
        heading = f"“{_short(head.at(place))}”, with " if is_heading and bare(head.at(place)) else ""
        named.append(f"column {place + 1} ({heading}{_short(example)})")
    where = (
        f"Change the heading of the right one, in line {head.line},"
        if is_heading
        else "Put a line of headings above all others, and set that of the right one"
    )
    return BadInput(
        f"The codes could be in {' or '.join(named)}. {where} to `{CHOSEN}`. If all of them are codes,"
        " put each on a line of its own."
    )


def _in_column(place: int, width: int) -> str:
    return f", in column {place + 1}" if width > 1 else ""


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 30 else f"{text[:29]}…"
