"""What someone pasted into the form: a list, as people write them, or a table."""

from __future__ import annotations

import io
from collections.abc import Sequence

from bot.domain.errors import BadInput
from bot.domain.typed.cells import Cell, Found, looks_like_codes, mentions_code, require_alike, words_in
from bot.domain.typed.table import from_table, heading_row, rows_of
from bot.domain.typed.words import bare

Line = tuple[int, list[str]]


def from_text(text: str) -> Found:
    """Return the words of a list, with their lines, or the cells of the column of codes, if it is a table.

    Raises BadInput with a question to the person.
    """
    lines = [(number, words) for number, line in enumerate(_lines(text), 1) if (words := words_in(line))]
    if _is_table(text, lines):
        return from_table(text)
    require_alike([words for _, words in lines])
    return Found(tuple(Cell(number, word) for number, words in lines for word in words))


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text.removeprefix("\ufeff"), newline=""))


def _is_table(text: str, lines: Sequence[Line]) -> bool:
    """Tell whether a text is a table: it has headings, or columns of which not all hold codes."""
    try:
        rows, delimiter = rows_of(text)
    except BadInput:
        # A quotation mark that is not closed is no trouble in a list.
        return not all(looks_like_codes(word) for _, words in lines for word in words)
    if heading_row(rows) is not None:
        return True
    first, *others = lines or [(0, [])]
    if others and all(len(words) == 1 for _, words in others):
        # One code in each line: what stands above them may be a heading.
        return len(first[1]) == 1 or not any(map(mentions_code, first[1]))
    widths = {len(row.cells) for row in rows}
    if len(rows) < 2 or len(widths) != 1 or widths == {1}:
        return False
    return delimiter == "\t" or not all(
        looks_like_codes(cell) for row in rows for cell in row.cells if bare(cell)
    )
