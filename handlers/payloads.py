"""From Slack's verified payloads to the services' inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.services.decide import Action, Click
from bot.services.submit import SlashCommand
from handlers.ids import version_of

Payload = Mapping[str, Any]

_MAX_ID = 255


class BadPayload(Exception):
    """A payload misses what every payload of its kind has; it can't be Slack's."""


def slash_command(body: Payload) -> SlashCommand:
    """Return the command. Raises BadPayload."""
    return SlashCommand(
        user=_text(body, "user_id"),
        team=_text(body, "team_id"),
        channel=_text(body, "channel_id"),
        text=str(body.get("text") or ""),
        reply_url=body.get("response_url") or None,
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
    return Click(
        action=_action(action),
        user=_text(_part(body, "user"), "id"),
        team=_team(body),
        channel=_text(_part(body, "channel"), "id"),
        request_id=_text(action, "value"),
        version=version,
        message_ts=message.get("message_ts") if isinstance(message, Mapping) else None,
        reply_url=body.get("response_url") or None,
    )


def app_of(body: Payload) -> object:
    """Return the id of the app that a payload is for."""
    return body.get("api_app_id")


def _team(body: Payload) -> str | None:
    """Return the team of a click; it is null where the app is installed for a whole organisation."""
    team = body.get("team")
    return _text(team, "id") if isinstance(team, Mapping) else None


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


def _text(body: Payload, name: str) -> str:
    """Return an id: Slack's, or one that this bot gave to a button."""
    text = body.get(name)
    if not isinstance(text, str) or not text or len(text) > _MAX_ID:
        raise BadPayload(f"{name} is missing")
    if not (text.isascii() and text.isprintable()):
        raise BadPayload(f"{name} is not an id")
    return text
