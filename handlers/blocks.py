"""Slack's blocks, each within Slack's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.mrkdwn import clip

Block = Mapping[str, object]

_MAX_HEADER = 150
_MAX_SECTION = 3000
_MAX_FIELD = 2000


def plain(text: str, longest: int) -> Block:
    """Return a text that Slack shows as it is."""
    return {"type": "plain_text", "text": clip(text, longest), "emoji": False}


def mrkdwn(text: str, longest: int) -> Block:
    """Return a formatted text in which nothing becomes a link or a mention by itself."""
    return {"type": "mrkdwn", "text": clip(text, longest), "verbatim": True}


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain(text, _MAX_HEADER)}


def section(text: str, longest: int = _MAX_SECTION) -> Block:
    """Return a paragraph."""
    return {"type": "section", "text": mrkdwn(text, min(longest, _MAX_SECTION))}


def fields(texts: Sequence[str]) -> Block:
    """Return up to ten short texts, side by side."""
    return {"type": "section", "fields": [mrkdwn(text, _MAX_FIELD) for text in texts]}


def context(text: str) -> Block:
    """Return a line in small letters."""
    return {"type": "context", "elements": [mrkdwn(text, _MAX_FIELD)]}


def actions(block_id: str, buttons: Sequence[Block]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def button(
    action_id: str,
    value: str,
    label: str,
    spoken: str,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """Return a button.

    spoken: the label for screen readers. style: `primary` or `danger`. confirm: the dialog that comes first.
    """
    more = {name: given for name, given in (("style", style), ("confirm", confirm)) if given}
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": plain(label, 75),
        "accessibility_label": clip(spoken, 75),
        **more,
    }


def confirm(title: str, text: str, yes: str, style: str) -> Block:
    """Return a dialog that asks before a click counts."""
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain("Go Back", 30),
        "style": style,
    }


def paragraphs(lines: Sequence[str]) -> tuple[Block, ...]:
    """Return the lines in as few sections as hold them."""
    packed: list[str] = []
    for line in (clip(line, _MAX_SECTION) for line in lines):
        if packed and len(packed[-1]) + 1 + len(line) <= _MAX_SECTION:
            packed[-1] = f"{packed[-1]}\n{line}"
        else:
            packed.append(line)
    return tuple(section(text) for text in packed)
