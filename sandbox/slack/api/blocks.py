"""Block Kit's rules, as strict as Slack: known types, known fields, lengths and counts, unique ids.

The limits are those of Slack's Block Kit reference.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox.slack.api.checks import (
    Check,
    anything,
    boolean,
    items,
    number,
    one_of,
    problem,
    shape,
    string,
    typed,
)
from sandbox.slack.world import Json

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
# Not documented: Slack's maintainers name about 12,000 characters of text over all blocks of one message.
MAX_BLOCKS_TEXT = 12_000


def plain(longest: int) -> Check:
    """Accept a plain_text object of at most so many characters."""
    return typed({"plain_text": shape({"text": string(longest)}, {"emoji": boolean})})


def _texts(longest: int) -> dict[str, Check]:
    return {
        "plain_text": shape({"text": string(longest)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(longest)}, {"verbatim": boolean}),
    }


def text(longest: int) -> Check:
    """Accept a plain_text or mrkdwn object of at most so many characters."""
    return typed(_texts(longest))


_STYLE = one_of("primary", "danger")
_ID = string(255)
_URL = string(3000)
_CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}, {"style": _STYLE}
)
_OPTION = shape({"text": text(75), "value": string(150)}, {"description": text(75), "url": _URL})
_OPTION_GROUP = shape({"label": plain(75), "options": items(_OPTION, 100)}, {})
_PICTURE = {"image_url": _URL, "slack_file": anything}

_BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": _ID,
        "value": string(2000, shortest=0),
        "url": _URL,
        "style": _STYLE,
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
    },
)
_OVERFLOW = shape({"options": items(_OPTION, 5)}, {"action_id": _ID, "confirm": _CONFIRM})
_SELECT_SHAPE = shape(
    {},
    {
        "action_id": _ID,
        "placeholder": plain(150),
        "options": items(_OPTION, 100),
        "option_groups": items(_OPTION_GROUP, 100),
        "initial_option": _OPTION,
        "confirm": _CONFIRM,
        "focus_on_load": boolean,
    },
)


def _static_select(value: Any, pointer: str) -> Iterator[str]:
    yield from _SELECT_SHAPE(value, pointer)
    if not isinstance(value, dict):
        return
    if ("options" in value) == ("option_groups" in value):
        yield problem("must provide either options or option_groups", pointer)
    elif "initial_option" in value and value["initial_option"] not in value.get("options", ()):
        yield problem("initial_option must match one of the options", pointer)


_PLAIN_TEXT_INPUT = shape(
    {},
    {
        "action_id": _ID,
        "placeholder": plain(150),
        "initial_value": string(3000, shortest=0),
        "multiline": boolean,
        "min_length": number(0, 3000),
        "max_length": number(1, 3000),
        "focus_on_load": boolean,
        "dispatch_action_config": anything,
    },
)
_URL_INPUT = shape(
    {},
    {"action_id": _ID, "placeholder": plain(150), "initial_value": string(3000), "focus_on_load": boolean},
)
_FILE_INPUT = shape({}, {"action_id": _ID, "filetypes": items(string(20), 100), "max_files": number(1, 10)})
_IMAGE_ELEMENT = shape({"alt_text": string(2000)}, _PICTURE)

_CLICKABLE = {"button": _BUTTON, "overflow": _OVERFLOW, "static_select": _static_select}


def _section(value: Any, pointer: str) -> Iterator[str]:
    if "text" not in value and "fields" not in value:
        yield problem("missing required field: text", pointer)
    yield from _SECTION_SHAPE(value, pointer)


_SECTION_SHAPE = shape(
    {},
    {
        "block_id": _ID,
        "text": text(3000),
        "fields": items(text(2000), 10),
        "accessory": typed({**_CLICKABLE, "image": _IMAGE_ELEMENT}),
        "expand": boolean,
    },
)
_CONTEXT_ELEMENT = typed({**_texts(3000), "image": _IMAGE_ELEMENT})
_BLOCK = typed(
    {
        "header": shape({"text": plain(150)}, {"block_id": _ID}),
        "section": _section,
        "divider": shape({}, {"block_id": _ID}),
        "context": shape({"elements": items(_CONTEXT_ELEMENT, 10)}, {"block_id": _ID}),
        "actions": shape({"elements": items(typed(_CLICKABLE), 25)}, {"block_id": _ID}),
        "image": shape({"alt_text": string(2000)}, {**_PICTURE, "title": plain(2000), "block_id": _ID}),
        "rich_text": shape({"elements": items(anything, 1000, fewest=0)}, {"block_id": _ID}),
        "input": shape(
            {
                "label": plain(2000),
                "element": typed(
                    {
                        "plain_text_input": _PLAIN_TEXT_INPUT,
                        "static_select": _static_select,
                        "url_text_input": _URL_INPUT,
                        "file_input": _FILE_INPUT,
                    }
                ),
            },
            {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean, "block_id": _ID},
        ),
    }
)


def problems(blocks: Any, most: int = MAX_BLOCKS) -> list[str]:
    """Return what Slack would find wrong with a message's or a view's blocks; empty: it takes them.

    most: how many blocks there may be.
    """
    found = list(items(_BLOCK, most, fewest=0)(blocks, "/blocks"))
    return found or list(_repeated_ids(blocks))


def view_problems(blocks: Any) -> list[str]:
    """Return what Slack would find wrong with a Home's blocks; an empty list means that it takes them."""
    found = list(items(_BLOCK, MAX_VIEW_BLOCKS, fewest=0)(blocks, "/view/blocks"))
    return found or list(_repeated_ids(blocks, "/view"))


def _repeated_ids(blocks: list[Json], pointer: str = "") -> Iterator[str]:
    """A block_id is unique in the message or view, an action_id in its block."""
    for block_id, count in Counter(block.get("block_id") for block in blocks).items():
        if block_id is not None and count > 1:
            yield problem(f'"block_id" {block_id} already exists', f"{pointer}/blocks")
    for index, block in enumerate(blocks):
        for action_id, count in Counter(e.get("action_id") for e in interactive(block)).items():
            if action_id is not None and count > 1:
                yield problem(f'"action_id" {action_id} already exists', f"{pointer}/blocks/{index}/elements")


def interactive(block: Json) -> list[Json]:
    """Return the elements of a block that a person can use."""
    candidates = [block.get("accessory"), block.get("element")]
    if block["type"] == "actions":
        candidates += block["elements"]
    return [element for element in candidates if element is not None and element["type"] != "image"]


def completed(blocks: list[Json], number: int) -> tuple[Json, ...]:
    """Return accepted blocks as Slack stores them: ids and text defaults filled in.

    `number` makes the generated ids of one message version differ from those of every other.
    """
    return tuple(_complete(block, f"{number:x}-{index}") for index, block in enumerate(blocks))


def _complete(block: Json, generated: str) -> Json:
    complete = {"block_id": generated, **_with_defaults(block)}
    for index, element in enumerate(interactive(complete)):
        element.setdefault("action_id", f"{generated}-{index}")
    return complete


def _with_defaults(value: Any) -> Any:
    """Copy a value; plain_text gets `emoji`, mrkdwn gets `verbatim`, as Slack adds them."""
    if isinstance(value, list):
        return [_with_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _with_defaults(item) for key, item in value.items()}
    if copy.get("type") == "plain_text":
        copy.setdefault("emoji", True)
    elif copy.get("type") == "mrkdwn":
        copy.setdefault("verbatim", False)
    return copy


def text_length(value: Any) -> int:
    """Return how many characters of text all text objects in a value hold together."""
    if isinstance(value, list):
        return sum(map(text_length, value))
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(map(text_length, value.values()))
