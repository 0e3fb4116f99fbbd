"""The local Slack takes exactly the blocks that Slack takes: each limit at its edge and just over it."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.slack.api.blocks import problems

Json = dict[str, Any]
Build = Callable[[int], list[Json]]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def section(**fields: Any) -> Json:
    return {"type": "section", "text": mrkdwn(1), **fields}


def button(number: int = 0, **fields: Any) -> Json:
    return {"type": "button", "text": plain(1), "action_id": f"act-{number}", **fields}


def actions(*elements: Json, **fields: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **fields}


def dialog(**fields: Any) -> Json:
    whole = {"title": plain(1), "text": plain(1), "confirm": plain(1), "deny": plain(1)}
    return actions(button(confirm={**whole, **fields}))


def option(number: int, **fields: Any) -> Json:
    return {"text": plain(1), "value": str(number), **fields}


def select(**fields: Any) -> Json:
    return actions({"type": "static_select", "action_id": "s", "options": [option(0)], **fields})


LIMITS: dict[str, tuple[int, Build]] = {
    "blocks": (50, lambda n: [{"type": "divider"}] * n),
    "section text": (3000, lambda n: [{"type": "section", "text": mrkdwn(n)}]),
    "section fields": (10, lambda n: [section(fields=[mrkdwn(1)] * n)]),
    "field text": (2000, lambda n: [section(fields=[plain(n)])]),
    "header": (150, lambda n: [{"type": "header", "text": plain(n)}]),
    "context elements": (10, lambda n: [{"type": "context", "elements": [mrkdwn(1)] * n}]),
    "actions elements": (25, lambda n: [actions(*map(button, range(n)))]),
    "button text": (75, lambda n: [actions(button(text=plain(n)))]),
    "button value": (2000, lambda n: [actions(button(value="x" * n))]),
    "button url": (3000, lambda n: [actions(button(url="x" * n))]),
    "accessibility label": (75, lambda n: [actions(button(accessibility_label="x" * n))]),
    "action_id": (255, lambda n: [actions(button(action_id="x" * n))]),
    "block_id": (255, lambda n: [section(block_id="x" * n)]),
    "confirm title": (100, lambda n: [dialog(title=plain(n))]),
    "confirm text": (300, lambda n: [dialog(text=plain(n))]),
    "confirm button": (30, lambda n: [dialog(confirm=plain(n))]),
    "deny button": (30, lambda n: [dialog(deny=plain(n))]),
    "overflow options": (
        5,
        lambda n: [actions({"type": "overflow", "options": list(map(option, range(n)))})],
    ),
    "select options": (100, lambda n: [select(options=list(map(option, range(n))))]),
    "select placeholder": (150, lambda n: [select(placeholder=plain(n))]),
    "option text": (75, lambda n: [select(options=[option(0, text=plain(n))])]),
    "option value": (150, lambda n: [select(options=[option(0, value="x" * n)])]),
    "image alt text": (2000, lambda n: [{"type": "image", "image_url": "u", "alt_text": "x" * n}]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limit_is_exact(name: str) -> None:
    """A limit takes what is just at it and refuses one more."""
    most, build = LIMITS[name]
    assert problems(build(most)) == []
    assert problems(build(most + 1))


ACCEPTED: dict[str, list[Json]] = {
    "no blocks": [],
    "a whole card": [
        {"type": "header", "text": plain(5), "block_id": "h"},
        section(fields=[mrkdwn(3), plain(3)], accessory={"type": "image", "image_url": "u", "alt_text": "a"}),
        {"type": "divider"},
        actions(button(1, style="primary"), button(2, style="danger", value=""), block_id="v1"),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x", "verbatim": True}]},
    ],
    "the same action_id in two blocks": [actions(button(1)), actions(button(1))],
    "a confirm dialog": [dialog(style="danger")],
    "an input": [{"type": "input", "label": plain(3), "element": {"type": "plain_text_input"}}],
    "rich text": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_valid_blocks_pass(name: str) -> None:
    """Blocks that Slack takes are taken."""
    assert problems(ACCEPTED[name]) == []


REFUSED: dict[str, tuple[Any, str]] = {
    "unknown block": ([{"type": "table_of_contents"}], "/blocks/0/type"),
    "no type": ([{"text": plain(1)}], "/blocks/0"),
    "not an object": (["text"], "/blocks/0"),
    "not a list": ({"type": "divider"}, "/blocks"),
    "unknown block field": ([section(colour="red")], "/blocks/0"),
    "unknown button field": ([actions(button(colour="red"))], "/blocks/0/elements/0"),
    "unknown text field": ([{"type": "header", "text": {**plain(1), "size": 3}}], "/blocks/0/text"),
    "verbatim on plain_text": ([section(text={**plain(1), "verbatim": True})], "/blocks/0/text"),
    "emoji on mrkdwn": ([section(text={**mrkdwn(1), "emoji": True})], "/blocks/0/text"),
    "section without text or fields": ([{"type": "section"}], "/blocks/0"),
    "string instead of text object": ([section(text="hello")], "/blocks/0/text"),
    "empty text": ([section(text=mrkdwn(0))], "/blocks/0/text/text"),
    "empty fields": ([section(fields=[])], "/blocks/0/fields"),
    "empty actions": ([actions()], "/blocks/0/elements"),
    "mrkdwn header": ([{"type": "header", "text": mrkdwn(1)}], "/blocks/0/text/type"),
    "mrkdwn button": ([actions(button(text=mrkdwn(1)))], "/blocks/0/elements/0/text/type"),
    "default style": ([actions(button(style="default"))], "/blocks/0/elements/0/style"),
    "numeric value": ([actions(button(value=7))], "/blocks/0/elements/0/value"),
    "empty action_id": ([actions(button(action_id=""))], "/blocks/0/elements/0/action_id"),
    "dialog without title": ([actions(button(confirm={"text": plain(1)}))], "/blocks/0/elements/0/confirm"),
    "unknown element": ([actions({"type": "lever"})], "/blocks/0/elements/0/type"),
    "image in actions": (
        [actions({"type": "image", "image_url": "u", "alt_text": "a"})],
        "/blocks/0/elements/0/type",
    ),
    "button in context": ([{"type": "context", "elements": [button()]}], "/blocks/0/elements/0/type"),
    "image without alt text": ([{"type": "image", "image_url": "u"}], "/blocks/0"),
    "repeated action_id": ([actions(button(1), button(1))], "/blocks/0/elements"),
    "repeated block_id": ([section(block_id="b"), section(block_id="b")], "/blocks"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_invalid_blocks_name_the_place(name: str) -> None:
    """Blocks that Slack refuses are refused, and the problem names the place by a JSON pointer."""
    blocks, pointer = REFUSED[name]
    assert any(sentence.endswith(f"[json-pointer:{pointer}]") for sentence in problems(blocks))
