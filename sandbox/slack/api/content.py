"""What a message says: text and blocks as an app sent them, checked as Slack checks them."""

import json
from typing import Any

from sandbox.slack.api.blocks import completed, problems
from sandbox.slack.api.wire import ApiError
from sandbox.slack.rules.hold import broken
from sandbox.slack.world import Json, World


def content(world: World, args: Json) -> tuple[str, tuple[Json, ...]]:
    """Return the text and the completed blocks of a call's arguments.

    Raises ApiError `no_text`, `msg_blocks_too_long`, `invalid_blocks_format` or `invalid_blocks`, the last
    with the place of each fault in `response_metadata.messages`.
    """
    text, blocks = str(args.get("text") or ""), _block_list(args.get("blocks"))
    if not text and not blocks:
        raise ApiError("no_text")
    found = problems(blocks)
    if found:
        messages = [f"[ERROR] {sentence}" for sentence in found]
        raise ApiError("invalid_blocks", errors=found, response_metadata={"messages": messages})
    for more in broken("message", {"blocks": blocks}):
        raise ApiError(more.rule.error)
    return text, completed(blocks, world.number())


def _block_list(blocks: Any) -> list[Any]:
    if isinstance(blocks, str) and blocks:
        try:
            blocks = json.loads(blocks)
        except ValueError as error:
            raise ApiError("invalid_blocks_format") from error
    if blocks in (None, ""):
        return []
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    return blocks
