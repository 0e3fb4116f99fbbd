"""The text of a file, by the encodings in which spreadsheets save one."""

from __future__ import annotations

import codecs

# One letter in so many is one that needs a single byte, at least: those of the codes.
_PART = 4
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decoded(content: bytes) -> str | None:
    """Return the text of a file in UTF-8, or in UTF-16 with or without its mark; None: it is neither."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _as(content.removeprefix(mark), encoding)
    return _as(content, _without_mark(content))


def _without_mark(content: bytes) -> str:
    """Return the encoding by the NULs: of UTF-16, codes have one in every second byte."""
    even, odd = content[::2].count(0), content[1::2].count(0)
    if len(content) % 2 or _PART * max(even, odd) < len(content) // 2 or min(even, odd):
        return "utf-8"
    return "utf-16-le" if odd else "utf-16-be"


def _as(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
