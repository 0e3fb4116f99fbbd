"""The names that Slack sends back: the command, the event, what a button carries, and the dialog."""

from __future__ import annotations

import re

COMMAND = "/coupon-delete"
HOME_OPENED = "app_home_opened"
# The dialog in which the final approval is confirmed, and the field in it, both as block and as element.
CONFIRM = "confirm-final"
TYPED = "typed"
# The form for many codes, the button that opens it, and its fields, each both as block and as element.
FORM = "many-codes"
CODES, FILE, GROUND, WORDS, INCIDENT = "codes", "file", "ground", "words", "incident"
# The button that shows every coupon of a large request, the dialog, and the field for a page in it.
ALL = "show-all"
PAGE = "page"
_BLOCK = re.compile(r"decide-v([0-9]{1,9})(?:-[0-9]{1,2})?", re.ASCII)


def block_id(version: int, line: int | None = None) -> str:
    """Return the block id of the buttons of a card's version: a click on an older one is recognised by it.

    line: the place in a list of requests, whose block ids have to differ; None: on a card.
    """
    return f"decide-v{version}" if line is None else f"decide-v{version}-{line}"


def page_block(page: int) -> str:
    """Return the block id of the field for a page, in the dialog that shows one."""
    return f"{PAGE}-{page}"


def version_of(block: str) -> int | None:
    """Return the version that a block id carries, or None if it is not one of this bot's."""
    match = _BLOCK.fullmatch(block)
    return int(match[1]) if match else None
