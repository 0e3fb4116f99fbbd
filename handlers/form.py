"""The form for many codes: its fields, what it says of what is wrong, and what it says once it was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.services.form import Filled, Ground, NoCodes, NoFile, Opened, TooLong, Wrong, WrongCodes
from handlers import many
from handlers.blocks import Block, actions, button, plain, section
from handlers.ids import CODES, FILE, FORM, GROUND, INCIDENT, WORDS
from handlers.mrkdwn import clip

_TITLE = "Delete many coupons"
_MAX_TITLE = 24
_MAX_ERROR = 1500
_LISTED = 15
# Slack takes no more into a field; a file holds the rest.
_MAX_PASTED = 3000


def form(channel: str) -> dict[str, Any]:
    """Return the form. channel: where the card is to appear; it comes back with the form."""
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({"channel": channel}),
        "title": plain(_TITLE, _MAX_TITLE),
        "submit": plain("Ask for Deletion", _MAX_TITLE),
        "close": plain("Cancel", _MAX_TITLE),
        "blocks": [
            _field(
                CODES,
                "Codes",
                {"type": "plain_text_input", "multiline": True, "max_length": _MAX_PASTED},
                "Separated by spaces, commas or lines, in any mixture.",
                optional=True,
            ),
            _field(
                FILE,
                "Or a CSV file",
                {"type": "file_input", "filetypes": ["csv", "txt"], "max_files": 1},
                "With a column “code”, or the codes in its first column.",
                optional=True,
            ),
            _field(
                GROUND, "Reason", {"type": "static_select", "options": [_option(each) for each in Ground]}
            ),
            _field(
                WORDS,
                "In your words",
                {"type": "plain_text_input", "multiline": True, "max_length": 300},
                optional=True,
            ),
            _field(INCIDENT, "Link to the incident", {"type": "url_text_input"}, optional=True),
        ],
    }


def _field(
    name: str, label: str, element: Block, hint: str | None = None, *, optional: bool = False
) -> Block:
    said = {} if hint is None else {"hint": plain(hint, 200)}
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label, 200),
        "element": {**element, "action_id": name},
        "optional": optional,
        **said,
    }


def _option(ground: Ground) -> Block:
    return {"text": plain(ground.value.capitalize(), 75), "value": ground.name.lower()}


def offer() -> Block:
    """Return the button that opens the form."""
    return actions(FORM, [button(FORM, FORM, "Many Codes…", "Open the form for many codes")])


def sent(opened: Opened) -> dict[str, Any]:
    """Return what takes the place of the form once the request is stored."""
    accepted = opened.accepted
    count = len(accepted.codes)
    told = [f"Asked for {many.listed(accepted.codes)}. (Request {accepted.request_id})"]
    if opened.duplicates:
        told.append(f"{opened.duplicates:,} that were there more than once count once.")
    told.append(
        many.reading(count, accepted.bulk)
        if accepted.bulk
        else "The card appears in the channel in a moment."
    )
    return _told("\n".join(told))


def refused(text: str) -> dict[str, Any]:
    """Return what takes the place of the form where its sender may not ask for this."""
    return _told(text)


def _told(text: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(_TITLE, _MAX_TITLE),
        "close": plain("Close", _MAX_TITLE),
        "blocks": [section(text)],
    }


def errors(wrong: Wrong, filled: Filled) -> dict[str, str]:
    """Return what the form says under its fields. Everything that was filled in stays there."""
    at_codes = CODES if filled.pasted.strip() or not filled.file else FILE
    match wrong:
        case NoFile(reason):
            return {FILE: clip(reason, _MAX_ERROR)}
        case NoCodes():
            return {at_codes: "There is no code. Paste codes here, or add a file."}
        case TooLong(characters):
            return {WORDS: f"With the link, the reason has {characters} characters; 500 are the most."}
        case WrongCodes():
            return {at_codes: clip(_wrong_codes(wrong), _MAX_ERROR)}


def _wrong_codes(wrong: WrongCodes) -> str:
    said = []
    if wrong.bad:
        each = [
            f"line {bad.line}: {clip(bad.text, 30)}"
            + (f" (differs from {bad.as_well} in capitals alone)" if bad.as_well else "")
            for bad in wrong.bad
        ]
        said.append(f"Not a code of 8 to 16 letters and digits: {_some(each)}.")
    if wrong.taken:
        each = [f"{code} ({request_id})" for code, request_id in wrong.taken.items()]
        said.append(f"Already in an open request: {_some(each)}.")
    return " ".join([*said, "Take them out, and send again."])


def _some(each: Sequence[str]) -> str:
    more = len(each) - _LISTED
    return "; ".join(each[:_LISTED]) + (f"; and {more:,} more" if more > 0 else "")


def ground_of(value: str) -> Ground | None:
    """Return what was chosen; None: it is not on the list."""
    return _GROUNDS.get(value)


_GROUNDS: Mapping[str, Ground] = {each.name.lower(): each for each in Ground}
