"""From Slack's verified payloads to the services' inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.services.decide import Action, Click
from bot.services.submit import SlashCommand
from handlers.ids import version_of

Payload = Mapping[str, Any]

_MAX_ID = 255
_MAX_URL = 2000
# Parts of events, dialogs and workflow steps, in which Bolt looks for people and places.
_OF_OTHER_KINDS = ("authorizations", "event", "function_data", "response_urls", "view", "workflow_step")


class BadPayload(Exception):
    """A payload misses what every payload of its kind has; it can't be Slack's."""


def require_heard(body: object) -> None:
    """Make sure that a payload is a command or a click, and nothing else besides. Raises BadPayload.

    Bolt looks at it as whatever it may be, and trips over parts of other types.
    """
    if not isinstance(body, Mapping):
        raise BadPayload("the payload is no object")
    if any(body.get(part) is not None for part in _OF_OTHER_KINDS):
        raise BadPayload("the payload is of another kind")
    kind = body.get("type")
    if "command" in body and kind is None:
        slash_command(body)
    elif "command" not in body and kind == "block_actions":
        click(body)
    else:
        raise BadPayload("the payload is neither a command nor a click")


def slash_command(body: Payload) -> SlashCommand:
    """Return the command. Raises BadPayload."""
    return SlashCommand(
        user=_text(body, "user_id"),
        team=_text(body, "team_id"),
        channel=_text(body, "channel_id"),
        text=_typed(body),
        reply_url=_reply_url(body),
    )


def click(body: Payload) -> Click:
    """Return the click. The actor comes from the payload; the rest only says which request is meant.

    Raises BadPayload.
    """
    actions = body.get("actions")
    if not isinstance(actions, list) or len(actions) != 1 or not isinstance(actions[0], Mapping):
        raise BadPayload("a click carries exactly one action")
    action = actions[0]
    version = version_of(_text(action, "block_id"))
    if version is None:
        raise BadPayload("the block id is not one of a card")
    message = body.get("container")
    on_message = isinstance(message, Mapping) and message.get("message_ts") is not None
    return Click(
        action=_action(action),
        user=_text(_part(body, "user"), "id"),
        team=_team(body),
        channel=_text(_part(body, "channel"), "id"),
        request_id=_text(action, "value"),
        version=version,
        message_ts=_text(_part(body, "container"), "message_ts") if on_message else None,
        reply_url=_reply_url(body),
    )


def app_of(body: Payload) -> object:
    """Return the id of the app that a payload is for."""
    return body.get("api_app_id")


def _team(body: Payload) -> str | None:
    """Return the team of a click; it is null where the app is installed for a whole organisation."""
    return None if body.get("team") is None else _text(_part(body, "team"), "id")


def _typed(body: Payload) -> str:
    """Return what was typed after the command, which may be nothing."""
    text = body.get("text") or ""
    if not isinstance(text, str):
        raise BadPayload("text is not a text")
    return text


def _reply_url(body: Payload) -> str | None:
    url = body.get("response_url")
    return _text(body, "response_url", _MAX_URL) if url else None


def _action(action: Payload) -> Action:
    try:
        return Action(_text(action, "action_id"))
    except ValueError as error:
        raise BadPayload("the action is not one of a card") from error


def _part(body: Payload, name: str) -> Payload:
    part = body.get(name)
    if not isinstance(part, Mapping):
        raise BadPayload(f"{name} is missing")
    return part


def _text(body: Payload, name: str, longest: int = _MAX_ID) -> str:
    """Return an id or an address: Slack's, or one that this bot gave to a button."""
    text = body.get(name)
    if not isinstance(text, str) or not text or len(text) > longest:
        raise BadPayload(f"{name} is missing")
    if not (text.isascii() and text.isprintable()):
        raise BadPayload(f"{name} is not one of Slack's")
    return text
