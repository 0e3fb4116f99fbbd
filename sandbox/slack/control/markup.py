"""Slack's mrkdwn resolved to what a person reads: names for ids, dates, no control characters."""

import re
from datetime import UTC, datetime

from sandbox.slack.world import World

_SPECIAL = re.compile(r"<([^<>\n]+)>")
_CODE = re.compile(r"(```.+?```|`[^`\n]+`)", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(\S|\S[^\n]*?\S)\1(?![\w*_~])")
_DATE_TOKEN = re.compile(r"\{(\w+)\}")


def readable(text: str, world: World) -> str:
    """Return mrkdwn as a person reads it; code keeps its backticks. Dates are shown in UTC."""
    pieces = _CODE.split(text)
    # The odd pieces are code, where nothing is emphasised.
    shown = [piece if index % 2 else _without_emphasis(piece) for index, piece in enumerate(pieces)]
    resolved = _SPECIAL.sub(lambda found: _resolve(found.group(1), world), "".join(shown))
    return resolved.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _without_emphasis(text: str) -> str:
    stripped = _EMPHASIS.sub(r"\2", text)
    return stripped if stripped == text else _without_emphasis(stripped)


def _resolve(inside: str, world: World) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        person = world.people.get(target[1:])
        return f"@{person.name}" if person else f"@{label or target[1:]}"
    if target.startswith("#"):
        channel = world.channels.get(target[1:])
        return f"#{channel.name}" if channel else f"#{label or target[1:]}"
    if target.startswith("!subteam^"):
        group = world.groups.get(target.removeprefix("!subteam^"))
        return f"@{group.handle}" if group else f"@{label or 'unknown-group'}"
    if target.startswith("!date^"):
        return _date(target, label)
    if target.startswith("!"):
        return f"@{label or target[1:]}"
    return label or target


def _date(target: str, fallback: str) -> str:
    parts = target.split("^")
    if len(parts) < 3 or not parts[1].isdecimal():
        return fallback
    moment = datetime.fromtimestamp(int(parts[1]), UTC)
    return _DATE_TOKEN.sub(lambda token: _date_part(token.group(1), moment, token.group(0)), parts[2])


def _date_part(name: str, moment: datetime, unknown: str) -> str:
    """The `pretty` forms never say "today" here, so that the same message always reads the same."""
    short, long = f"{moment:%b} {moment.day}, {moment.year}", f"{moment:%B} {moment.day}, {moment.year}"
    hour = f"{moment.hour % 12 or 12}"
    formats = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date": long,
        "date_pretty": long,
        "date_short": short,
        "date_short_pretty": short,
        "date_long": f"{moment:%A}, {long}",
        "date_long_pretty": f"{moment:%A}, {long}",
        "time": f"{hour}:{moment:%M %p}",
        "time_secs": f"{hour}:{moment:%M:%S %p}",
    }
    return formats.get(name, unknown)
