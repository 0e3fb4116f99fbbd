"""The form for many codes, what it says is wrong, and the dialog for the final approval."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.policy import Verdict
from bot.domain.request.request import Pending
from bot.domain.typed.cells import BadCode, Column, Fault
from bot.services.asked.form import (
    FileFault,
    Filled,
    Ground,
    NoCodes,
    NoFile,
    Opened,
    TooLong,
    Unclear,
    Wrong,
    WrongCodes,
)
from handlers.ids import CODES, CONFIRM, FILE, FORM, GROUND, INCIDENT, TYPED, WORDS
from handlers.render import many
from handlers.render.blocks import Block, actions, button, clip, plain, quote, section
from handlers.render.coupon import as_seen
from handlers.render.many import listed
from handlers.render.refusals import denied

_MAX_TITLE = 24


def confirmation(request: Pending, channel: str, card_ts: str | None) -> dict[str, Any]:
    """Return the dialog. What comes back with it says which request, version and card it is about."""
    count, codes = len(request.items), listed([item.code for item in request.items])
    if count == 1:
        label, asked = "Delete Coupon", "The last four characters of the code"
    else:
        label, asked = f"Delete {count:,} Coupons", "How many coupons this deletes, as a number"
    about = {
        "request": request.origin.id,
        "version": request.version,
        "channel": channel,
        "card": card_ts,
    }
    typed = {"type": "plain_text_input", "action_id": TYPED, "max_length": 20, "focus_on_load": True}
    return {
        "type": "modal",
        "callback_id": CONFIRM,
        "private_metadata": json.dumps(about),
        "title": plain("Final approval", _MAX_TITLE),
        "submit": plain(label, _MAX_TITLE),
        "close": plain("Go Back", _MAX_TITLE),
        "blocks": [
            section(f"This deletes {codes}, {as_seen(request.items)}. It can't be undone."),
            {"type": "input", "block_id": TYPED, "label": plain(asked, 200), "element": typed},
        ],
    }


def wrong_text() -> dict[str, str]:
    """Return what the dialog says under its field if something else was typed."""
    return {TYPED: denied(Verdict.WRONG_TEXT)}


_TITLE = "Delete many coupons"
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
                "Separated by spaces, commas or lines. What does not fit here fits in a file.",
                optional=True,
            ),
            _field(
                FILE,
                "CSV file",
                {"type": "file_input", "filetypes": ["csv", "txt"], "max_files": 1},
                "With a column “coupon code”, or one column that looks like codes.",
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


def sent(opened: Opened, channel: str) -> dict[str, Any]:
    """Return what takes the place of the form once the request is stored. channel: where its card will be."""
    accepted, repeated = opened.accepted, opened.duplicates
    lines = [f"Asked for {many.listed(accepted.codes)}. (Request {accepted.request_id})"]
    lines += [_column(each) for each in opened.columns]
    if repeated:
        lines.append(f"{repeated:,} repeated code{'s were' if repeated > 1 else ' was'} left out.")
    if accepted.bulk:
        read = many.reading(len(accepted.codes), accepted.bulk)
        lines.append(f"{read} The card appears in <#{channel}> then.")
    else:
        lines.append(f"The card appears in <#{channel}> in a moment.")
    return told("\n".join(lines))


def _column(column: Column) -> str:
    if column.heading is None:
        return f"They are those of column {column.place}, the only one that looks like codes."
    return f"They are those of column {column.place}, with the heading {quote(column.heading)}."


def told(text: str) -> dict[str, Any]:
    """Return a dialog that says something, as mrkdwn, in the place of the form."""
    return {
        "type": "modal",
        "title": plain(_TITLE, _MAX_TITLE),
        "close": plain("Close", _MAX_TITLE),
        "blocks": [section(text)],
    }


def errors(wrong: Wrong, filled: Filled) -> dict[str, str]:
    """Return what the form says under its fields. Everything that was filled in stays there."""
    at_codes = _at_codes(filled)
    match wrong:
        case NoFile():
            return {FILE: clip(_no_file(wrong), _MAX_ERROR)}
        case Unclear(question, in_file):
            return {FILE if in_file else CODES: clip(question.replace("`", ""), _MAX_ERROR)}
        case NoCodes():
            return {at_codes: "There is no code. Paste codes here, or add a file."}
        case TooLong(characters):
            return {WORDS: f"With the link, the reason has {characters} characters; 500 are the most."}
        case WrongCodes():
            said = {field: _bad([bad for bad in wrong.bad if bad.in_file == of]) for field, of in _SOURCES}
            if wrong.taken:
                each = [f"{code} ({known})" if known else code for code, known in wrong.taken.items()]
                who = "" if all(wrong.taken.values()) else " Ask an approver about those without a number."
                said[at_codes].append(f"Already in an open request: {_some(each)}.{who}")
            return {field: _to_mend(sentences) for field, sentences in said.items() if sentences}


def _no_file(wrong: NoFile) -> str:
    match wrong.fault:
        case FileFault.LATE:
            return "Slack did not hand it over in time. Send again, or paste the codes."
        case FileFault.REFUSED if wrong.detail == "file_too_large":
            return "It is larger than a list of codes can be. Add one with the codes alone."
        case FileFault.REFUSED:
            return f"Slack does not hand it over ({wrong.detail}). Paste the codes instead."
        case FileFault.NO_TEXT:
            return "It is no text in UTF-8. Save it as a CSV file in UTF-8, and add it again."


def refused(text: str, filled: Filled) -> dict[str, str]:
    """Return the same if this can't be asked for, whatever is changed in the form. text: why, as mrkdwn.

    Errors are plain text to Slack.
    """
    return {_at_codes(filled): clip(text.replace("`", ""), _MAX_ERROR)}


def _at_codes(filled: Filled) -> str:
    return CODES if filled.pasted.strip() or not filled.file else FILE


_SOURCES = ((CODES, False), (FILE, True))


def _bad(found: Sequence[BadCode]) -> list[str]:
    said = []
    for fault, sentence in _FAULTS.items():
        named = [_named(bad) for bad in found if bad.fault is fault]
        said += [sentence.format(_some(named))] if named else []
    return said


_FAULTS = {
    Fault.NO_CODE: "Not a code of 8 to 16 letters and digits: {}.",
    Fault.UNLIKE: "Doesn't look like a code: {}. (If it is one, paste it by itself, without hyphens.)",
    Fault.ROW: "More or fewer cells than the first row: {}. (If there is a code in it, paste that alone.)",
    Fault.TWIN: "The same as another code but for capitals: {}.",
}


def _named(bad: BadCode) -> str:
    also = f" ({bad.as_well})" if bad.as_well else ""
    return f"line {bad.line}: {clip(bad.text, 30)}{also}"


def _to_mend(sentences: Sequence[str]) -> str:
    return clip(" ".join([*sentences, "Take them out, and send again."]), _MAX_ERROR)


def _some(each: Sequence[str]) -> str:
    more = len(each) - _LISTED
    return "; ".join(each[:_LISTED]) + (f"; and {more:,} more" if more > 0 else "")


def ground_of(value: str) -> Ground | None:
    """Return what was chosen; None: it is not on the list."""
    return _GROUNDS.get(value)


_GROUNDS: Mapping[str, Ground] = {each.name.lower(): each for each in Ground}
