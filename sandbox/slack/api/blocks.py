"""Block Kit: what Slack finds wrong with blocks, and how it stores those that it takes."""

from typing import Any

from sandbox.slack.rules.hold import broken
from sandbox.slack.world import Json


def problems(blocks: Any) -> list[str]:
    """Return what Slack would find wrong with a message's blocks; an empty list means that it takes them."""
    return [
        str(each) for each in broken("message", {"blocks": blocks}) if each.rule.error == "invalid_blocks"
    ]


def view_problems(view: Any, *kinds: str) -> list[str]:
    """Return what Slack would find wrong with a view; an empty list means that it takes it.

    kinds: what it may be: a `modal`, a `home`, or either.
    """
    if not isinstance(view, dict):
        return ["must be an object [json-pointer:/view]"]
    if (kind := view.get("type")) is None:
        return ["missing required field: type [json-pointer:/view]"]
    if kind not in (kinds or ("home", "modal")):
        return [f"unsupported type: {kind} [json-pointer:/view/type]"]
    return [str(each) for each in broken(kind, view, "/view")]


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
