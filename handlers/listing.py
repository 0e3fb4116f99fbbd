"""Every coupon of a large request: the button on its card, and the dialog that it opens."""

from __future__ import annotations

import json
from typing import Any

from bot.domain.policy import Verdict
from bot.domain.request import Approved, Finished, Shown
from handlers import coupons, many, refusals, words
from handlers.blocks import Block, actions, button, paragraphs, plain, section
from handlers.ids import ALL
from handlers.mrkdwn import clip, code

# Slack takes 250 kB of a view. Names may be in letters that take several bytes each, so lines get shorter
# until all of them fit: every code is there, whatever is cut of what is said about it.
_MOST_BYTES = 240_000
_LENGTHS = (160, 100, 60, 30, 1)
_MAX_TITLE = 24


def offer(request: Shown) -> Block:
    """Return the button."""
    spoken = f"Show all {len(request.items):,} coupons"
    return actions(ALL, [button(ALL, request.origin.id, "Show All", spoken)])


def dialog(shown: Shown | Verdict) -> dict[str, Any]:
    """Return the dialog with every coupon, or with why there is none."""
    if isinstance(shown, Verdict):
        return _view("Not shown", (section(refusals.denied(shown)),))
    head = many.sums(shown)
    views = (
        _view(f"{len(shown.items):,} coupons", paragraphs([head, *_lines(shown, longest)]))
        for longest in _LENGTHS
    )
    return next(view for view in views if len(json.dumps(view)) < _MOST_BYTES)


def _lines(request: Shown, longest: int) -> list[str]:
    decided = isinstance(request, Approved | Finished)
    lines = []
    for number, item in enumerate(request.items, start=1):
        warned = f" ({coupons.warnings_in_list(item.warnings)})" if item.warnings else ""
        state = f"{words.state(item)} " if decided else ""
        said = clip(f"{state}{coupons.summary(item.snapshot)}", longest)
        lines.append(f"{number}. {code(item.code)}{warned}: {said}")
    return lines


def _view(title: str, blocks: tuple[Block, ...]) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(title, _MAX_TITLE),
        "close": plain("Close", _MAX_TITLE),
        "blocks": list(blocks),
    }
