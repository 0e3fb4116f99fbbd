"""Text from outside, made fit for storing and showing."""

from __future__ import annotations

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
