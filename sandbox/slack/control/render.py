"""A message as a person sees it, in plain text at 80 columns; the same message always reads the same."""

import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.slack.api.blocks import interactive
from sandbox.slack.control.markup import readable
from sandbox.slack.world import Json, Message, World

WIDTH = 80


def render_text(message: Message, world: World) -> str:
    """Return what a person sees of a message: its blocks, or its text when it has none, then its dialogs.

    A confirm dialog, which Slack opens at a click, is listed below under the button's name.
    """
    text = readable(message.text, world) + (" (edited)" if message.edited_ts else "")
    parts = [_render_block(block, world) for block in message.blocks] or [_wrapped(text)]
    parts += [_dialog(element, world) for block in message.blocks for element in interactive(block)]
    if message.ephemeral_to:
        parts.insert(0, "(Only visible to you)")
    return "\n\n".join(part for part in parts if part) + "\n"


def render_blocks(blocks: Iterable[Json], world: World) -> str:
    """Return what a person sees of the blocks of a Home."""
    return "\n\n".join(_render_block(block, world) for block in blocks) + "\n"


def _wrapped(text: str, first: str = "", later: str | None = None) -> str:
    """Wrap each line; `first` starts the first line of all, `later` (or as much space) every other."""
    indent = " " * len(first) if later is None else later
    wrapped: list[str] = []
    for line in text.split("\n"):
        start = indent if wrapped else first
        wrapped += textwrap.wrap(
            line, WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False
        ) or [start.rstrip()]
    return "\n".join(wrapped)


def _said(text: Json, world: World) -> str:
    content = str(text["text"])
    return readable(content, world) if text["type"] == "mrkdwn" else content


def _render_block(block: Json, world: World) -> str:
    render = _RENDERERS.get(block["type"])
    return f"({block['type']})" if render is None else render(block, world)


def _header(block: Json, world: World) -> str:
    title = _wrapped(_said(block["text"], world))
    return f"{title}\n{'=' * max(map(len, title.splitlines()))}"


def _section(block: Json, world: World) -> str:
    lines = [_wrapped(_said(block["text"], world))] if "text" in block else []
    lines += [_field(_said(field, world)) for field in block.get("fields", ())]
    if "accessory" in block:
        lines.append(_element(block["accessory"], world))
    return "\n".join(lines)


def _field(text: str) -> str:
    """A field of a label and a value below it is shown on one line."""
    label, _, value = text.partition("\n")
    return _wrapped(value, f"{label.rstrip(':')}: ", "    ") if value else _wrapped(label)


def _context(block: Json, world: World) -> str:
    said = [f"({e['alt_text']})" if e["type"] == "image" else _said(e, world) for e in block["elements"]]
    return _wrapped("  ".join(said), "| ", "| ")


def _actions(block: Json, world: World) -> str:
    return _wrapped("  ".join(_element(element, world) for element in block["elements"]))


def _element(element: Json, world: World) -> str:
    match element["type"]:
        case "button":
            return f"[ {_said(element['text'], world)} ]"
        case "overflow":
            return "[ ... ]"
        case "static_select":
            placeholder = element.get("placeholder")
            return f"[ {_said(placeholder, world) if placeholder else 'Select'} v ]"
        case "image":
            return f"(image: {element['alt_text']})"
        case _:
            return "[__________]"


def _input(block: Json, world: World) -> str:
    return _wrapped(f"{_said(block['label'], world)}: {_element(block['element'], world)}")


def _rich_text(block: Json, world: World) -> str:
    return _wrapped("".join(_rich_pieces(block["elements"], world)))


def _rich_pieces(value: Any, world: World) -> Iterable[str]:
    if isinstance(value, list):
        for item in value:
            yield from _rich_pieces(item, world)
    elif isinstance(value, dict):
        if value.get("type") == "user":
            yield readable(f"<@{value.get('user_id')}>", world)
        elif isinstance(value.get("text"), str):
            yield value["text"]
        else:
            yield from _rich_pieces(value.get("elements"), world)


def _dialog(element: Json, world: World) -> str:
    confirm = element.get("confirm")
    if confirm is None:
        return ""
    opener = _said(element["text"], world) if "text" in element else element["type"]
    body = [
        f'"{opener}" asks first:',
        _wrapped(_said(confirm["title"], world), "    "),
        _wrapped(_said(confirm["text"], world), "    "),
        f"    [ {_said(confirm['confirm'], world)} ]  [ {_said(confirm['deny'], world)} ]",
    ]
    return "\n".join(body)


_RENDERERS: dict[str, Callable[[Json, World], str]] = {
    "header": _header,
    "section": _section,
    "divider": lambda block, world: "-" * WIDTH,
    "context": _context,
    "actions": _actions,
    "image": lambda block, world: f"(image: {block['alt_text']})",
    "input": _input,
    "rich_text": _rich_text,
}
