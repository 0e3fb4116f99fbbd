"""Every coupon of a large request: page by page in a dialog, and at its end as a CSV file for its thread."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import Any

from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Finished, Shown
from bot.services.ports.outside import File
from bot.text import cell
from handlers.ids import ALL, PAGE, page_block
from handlers.render import coupon, freeze, many, refusals, words
from handlers.render.blocks import Block, actions, button, clip, code, paragraphs, plain, section
from handlers.render.many import in_short

# What fits on a few screens of a phone. A thousand codes make twenty pages; Slack takes a hundred options.
_A_PAGE = 50
_LONGEST = 160
_MAX_TITLE = 24


def offer(request: Shown) -> Block:
    """Return the button."""
    spoken = f"Show all {len(request.items):,} coupons"
    return actions(ALL, [button(ALL, request.origin.id, "Show All", spoken)])


def dialog(shown: Shown | Verdict, channel: str, page: int = 1) -> dict[str, Any]:
    """Return the dialog with a page of the coupons, or with why there is none.

    channel: where the card is; it comes back when another page is asked for. page: from 1.
    """
    if isinstance(shown, Verdict):
        return _view("Not shown", [section(refusals.denied(shown))])
    count = len(shown.items)
    pages = -(-count // _A_PAGE)
    page = min(page, pages)
    first = (page - 1) * _A_PAGE
    lines = _lines(shown, first)
    head = f"*{first + 1:,} to {first + len(lines):,} of {count:,}:*"
    view = _view(f"{count:,} coupons", [*paragraphs([many.sums(shown), head]), *paragraphs(lines)])
    if pages == 1:
        return view
    about = {"request": shown.origin.id, "channel": channel, "page": page}
    return {
        **view,
        "callback_id": ALL,
        "private_metadata": json.dumps(about),
        "submit": plain("Show Page", _MAX_TITLE),
        "blocks": [*view["blocks"], _choice(shown, pages, page)],
    }


def _lines(request: Shown, first: int) -> list[str]:
    decided = isinstance(request, Approved | Finished)
    lines = []
    for number, item in enumerate(request.items[first : first + _A_PAGE], start=first + 1):
        warnings = freeze.warned_of(request, item)
        warned = f" ({coupon.warnings_in_list(warnings)})" if warnings else ""
        state = f"{words.state(item)} " if decided else ""
        said = clip(f"{state}{coupon.summary(item.snapshot)}", _LONGEST)
        lines.append(f"{number}. {code(item.code)}{warned}: {said}")
    return lines


def _choice(request: Shown, pages: int, page: int) -> Block:
    """Return the field in which a page is chosen; the next one is, unless someone chooses another."""
    options = [_option(request, number) for number in range(1, pages + 1)]
    select = {
        "type": "static_select",
        "action_id": PAGE,
        "options": options,
        "initial_option": options[page % pages],
    }
    # Slack keeps what was chosen in a block of the same name.
    return {"type": "input", "block_id": page_block(page), "label": plain("Page", 200), "element": select}


def _option(request: Shown, page: int) -> Block:
    of_page = request.items[(page - 1) * _A_PAGE : page * _A_PAGE]
    first = (page - 1) * _A_PAGE + 1
    text = f"{first:,} to {first + len(of_page) - 1:,}: {of_page[0].code} to {of_page[-1].code}"
    return {"text": plain(text, 75), "value": str(page)}


def _view(title: str, blocks: list[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(title, _MAX_TITLE),
        "close": plain("Close", _MAX_TITLE),
        "blocks": blocks,
    }


_NO_MARKS = str.maketrans("", "", "*`")
_MENTION = re.compile(r"<@(\w+)>")


def outcomes(request: Finished) -> File | None:
    """Return the file; None: the outcome itself lists every code."""
    if not many.are_many(len(request.items)):
        return None
    stoppers = () if request.stopped is None else (request.stopped.by,)
    people = (request.origin.requester, request.review.actor, request.final.actor, *stoppers)
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
