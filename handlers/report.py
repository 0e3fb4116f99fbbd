"""What happened to every code of a large request, as a CSV file for its thread."""

from __future__ import annotations

import csv
import html
import io
import re

from bot.domain.request.request import Finished
from bot.services.ports.outside import File
from handlers import many, words
from handlers.states import in_short

# A spreadsheet takes a cell that begins so for a formula, which could fetch or send something.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NO_MARKS = str.maketrans("", "", "*`")
_MENTION = re.compile(r"<@(\w+)>")


def outcomes(request: Finished) -> File | None:
    """Return the file; None: the outcome itself lists every code."""
    if not many.are_many(len(request.items)):
        return None
    people = (request.origin.requester, request.review.actor, request.final.actor)
    names = {person.id: person.name for person in people}
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["code", "outcome", "what happened"])
    for item in request.items:
        named = _MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", words.state(item))
        told = html.unescape(named.translate(_NO_MARKS))
        rows.writerow([cell(item.code), cell(in_short(item.state)), cell(told)])
    # With its mark, a spreadsheet reads the file as UTF-8.
    content = text.getvalue().encode("utf-8-sig")
    return File(f"{request.origin.id}.csv", f"Outcomes of {request.origin.id}", content)


def cell(text: str) -> str:
    """Return a text as a spreadsheet's cell that is shown and never calculated."""
    return f"'{text}" if text.startswith(_FORMULA) else text
