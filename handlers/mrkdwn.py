"""Slack's text format: escaping, mentions and dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.domain.people import Grants

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
    """Return the text, cut to `longest` characters with an ellipsis where it is longer.

    A mention, date or escaped character that the cut would leave half is left out as a whole.
    """
    if len(text) <= longest:
        return text
    return _HALF.sub("", text[: longest - 1]) + "…"


# What `<…>` and `&…;` leave at the end when they are cut.
_HALF = re.compile(r"(<[^>]*|&[a-z]{0,4})$")
