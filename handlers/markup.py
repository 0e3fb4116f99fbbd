"""What someone typed behind a command, from how Slack writes it.

Three characters come as entities. If the app's command was made with "Escape channels, users, and links"
(`should_escape`), names and whatever looks like a link come in angle brackets: `<@U012|rika>`, `<#C012|ops>`,
`<!subteam^S012|@oncall>`, `<https://example.com|example.com>`; a code that looks like a telephone number or a
host is such a link. An angle bracket that someone typed is always an entity. (docs.slack.dev, "Formatting
message text" and "Slash commands".) Fields of dialogs come as they were typed.
"""

from __future__ import annotations

import re

_MARKUP = re.compile(r"<([@#!]?)([^<>|\s]+)(?:\|([^<>]*))?>")
# What Slack puts in front of an address or a number that it makes a link of.
_SCHEME = re.compile(r"(?:mailto|tel):")


def as_typed(text: str) -> str:
    """Return a command's text as it was typed, as far as Slack tells. Each entity is read once."""
    plain = _MARKUP.sub(_shown, text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(found: re.Match[str]) -> str:
    """Return what Slack shows of a name or a link: its label, if it has one."""
    sign, target, label = found[1], found[2], found[3]
    if not sign:
        return label or _SCHEME.sub("", target)
    # A group is `subteam^ID`; a time is `date^...`, and has a label.
    kind, _, rest = target.partition("^")
    if kind == "date":
        return label or ""
    shown = label or rest or target
    return shown if shown.startswith(("@", "#")) else f"{'#' if sign == '#' else '@'}{shown}"
