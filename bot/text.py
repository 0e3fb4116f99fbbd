"""Text from outside, made fit for storing and showing."""

from __future__ import annotations

import re
import unicodedata

# Control and format characters (NUL, line feeds, bidirectional overrides, zero-width ones), lone surrogates,
# and the two line separators: they break a database, a log line or the order in which a reader sees the
# letters.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(value: object, limit: int) -> str | None:
    """Return a text with spaces in place of control characters, cut to `limit` characters.

    None for anything that is not a text or holds nothing to see. A cut text ends in "…".
    """
    if not isinstance(value, str):
        return None
    text = "".join(" " if unicodedata.category(char) in _UNFIT else char for char in value).strip()
    return (text if len(text) <= limit else f"{text[: limit - 1]}…") or None


# A spreadsheet takes a cell that begins with one of these for a formula, and carries it out; the wide ones
# where Japanese, Chinese or Korean is set. Quotes and spaces before it may be gone by then.
_BEGINS_ONE = r'(?=[\s"]*[=+\-@＝＋－＠])'
_FORMULA = re.compile(_BEGINS_ONE)
# Where programs that split at semicolons or tabs, or that don't know quotes, begin another cell.
_NEXT_CELL = re.compile(rf"([;\t\r\n]){_BEGINS_ONE}")


def cell(text: str) -> str:
    """Return a text as a cell of a CSV file that no spreadsheet calculates, wherever it splits the file."""
    inside = _NEXT_CELL.sub(r"\1'", text)
    return f"'{inside}" if _FORMULA.match(text) or text.startswith(("\t", "\r", "\n")) else inside
