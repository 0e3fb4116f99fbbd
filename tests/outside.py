"""What someone else says about a message: slack_sdk's models, which Slack's own people write.

The local Slack knows the rules of blocks as this project reads them. The models know them independently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = Mapping[str, Any]


# What Slack adds to a dialog that an app has opened, and the models' views don't hold.
_ADDED = {"app_installed_team_id"}


def objections_to_blocks(blocks: Sequence[Json]) -> list[str]:
    """Return what the models say against blocks: an unknown kind, length or field."""
    return [objection for block in blocks for objection in _objections(block, Block.parse)]


def objections_to_view(view: Json) -> list[str]:
    """Return what the models say against a dialog or a Home, and against the blocks in it."""
    return [*_objections(view, lambda sent: View(**sent)), *objections_to_blocks(view.get("blocks", ()))]


def objections_to_log(entries: Iterable[tuple[str, Json]]) -> list[str]:
    """Return what the models say against what a local Slack took. entries: of its log, as kind and data."""
    found = list[str]()
    for kind, data in entries:
        if kind in ("posted", "updated", "ephemeral"):
            found += objections_to_blocks(data["message"].get("blocks") or ())
        elif kind == "home":
            found += objections_to_view({"type": "home", "blocks": data["home"]["blocks"]})
        elif kind == "modal":
            shown = data["modal"]["view"]
            found += objections_to_view({name: shown[name] for name in shown.keys() - _ADDED})
    return found


def _objections(sent: Json, parse: Callable[[dict[str, Any]], JsonObject | None]) -> list[str]:
    try:
        model = parse(dict(sent))
        understood = None if model is None else model.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        # A field that a model does not take is a TypeError.
        return [f"{sent.get('type')}: {error}"]
    if understood is None:
        return [f"{sent.get('type')} is no block"]
    return [f"{where} is not understood" for where in _lost(sent, understood, str(sent.get("type")))]


def _lost(sent: object, understood: object, where: str) -> list[str]:
    """Return the places whose values the models don't give back."""
    if isinstance(sent, Mapping) and isinstance(understood, Mapping):
        return [
            place
            for name, value in sent.items()
            if value not in (None, [], "")
            for place in _lost(value, understood.get(name), f"{where}.{name}")
        ]
    if (
        isinstance(sent, list | tuple)
        and isinstance(understood, list | tuple)
        and len(sent) == len(understood)
    ):
        pairs = enumerate(zip(sent, understood, strict=True))
        return [place for at, (one, other) in pairs for place in _lost(one, other, f"{where}[{at}]")]
    return [] if sent == understood else [where]
