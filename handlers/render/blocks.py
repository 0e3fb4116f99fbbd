"""Slack's blocks, each within Slack's limits, and its text format: escaping, mentions and dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.domain.people import Grants

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


def with_button(block_id: str, text: str, button: Block) -> Block:
    """Return a paragraph with a button beside it."""
    return {**section(text), "block_id": block_id, "accessory": button}


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
        if packed and units(packed[-1]) + 1 + units(line) <= _MAX_SECTION:
            packed[-1] = f"{packed[-1]}\n{line}"
        else:
            packed.append(line)
    return tuple(section(text) for text in packed)


_ENDS = (".", "!", "?", ".”", "!”", "?”")


def escape(text: str) -> str:
    """Return text that a person or an API wrote, so that Slack shows it and never acts on it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return text as inline code."""
    return f"`{escape(text).replace('`', 'ˋ')}`"


def quote(text: str) -> str:
    """Return someone's words in quotation marks; they can neither mention nor link."""
    return f"“{escape(text)}”"


def said(message: str) -> str:
    """Return an API's message in quotation marks, to stand inside a sentence of one's own."""
    return quote(message.strip().rstrip("."))


def sentence(text: str | None) -> str:
    """Return an observed condition as a sentence, whatever was in it."""
    plain = quote(text or "")[1:-1].strip()
    return f"{plain[:1].upper()}{plain[1:]}" + ("" if plain.endswith(_ENDS) else ".")


def mention(user: str) -> str:
    """Return a mention of a person."""
    return f"<@{user}>"


def grants(granted: Grants) -> str:
    """Return who is granted something: user groups first, then people."""
    groups = [f"<!subteam^{group}>" for group in sorted(granted.groups)]
    return ", ".join(groups + [mention(user) for user in sorted(granted.users)])


def when(at: datetime) -> str:
    """Return a time that Slack shows in the reader's own time zone, with UTC as the fallback."""
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def card_link(workspace_url: str, channel: str, ts: str) -> str:
    """Return the address of a card."""
    return f"{workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"


def when_exactly(at: datetime) -> str:
    """Return a time to the second, never rounded up, that Slack shows in the reader's time zone."""
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time_secs}}|{fallback}>"


def clip(text: str, longest: int) -> str:
    """Return the text, cut to `longest` UTF-16 units with an ellipsis if it is longer.

    Slack does not say what it counts; an emoji has two of these. A mention, date or escaped character that
    the cut would leave half is left out as a whole.
    """
    if units(text) <= longest:
        return text
    cut = text.encode("utf-16-le", "surrogatepass")[: 2 * (longest - 1)].decode("utf-16-le", "ignore")
    return _HALF.sub("", cut) + "…"


def units(text: str) -> int:
    """Return how many UTF-16 units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shared(lines: Sequence[str], longest: int) -> list[str]:
    """Return lines that fit together into so many characters, a line end after each.

    None is left out: if they are too long, each is cut to its share, and shows it.
    """
    if sum(len(line) + 1 for line in lines) <= longest:
        return list(lines)
    return [clip(line, longest // len(lines) - 1) for line in lines]


# What `<…>` and `&…;` leave at the end when they are cut.
_HALF = re.compile(r"(<[^>]*|&[a-z]{0,4})$")
