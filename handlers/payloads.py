"""From Slack's verified payloads to the services' inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.services.decide import Action, Click
from bot.services.home import Opening
from bot.services.submit import SlashCommand
from handlers.ids import HOME_OPENED, version_of

Payload = Mapping[str, Any]

_MAX_ID = 255
_MAX_URL = 2000
_EVENT, _CHALLENGE = "event_callback", "url_verification"
# Parts of dialogs and workflow steps, and those of events, in which Bolt looks for people and places.
_OF_NO_KIND = ("function_data", "response_urls", "view", "workflow_step")
_OF_EVENTS = ("authorizations", "event")


class BadPayload(Exception):
    """A payload misses what every payload of its kind has; it can't be Slack's."""


def require_heard(body: object) -> None:
    """Make sure that a payload is a command, a click, an opened Home, or the question whether the bot is at
    the address that events go to; and nothing else besides. Raises BadPayload.

    Bolt looks at it as whatever it may be, and trips over parts of other types.
    """
    if not isinstance(body, Mapping):
        raise BadPayload("the payload is no object")
    kind = body.get("type")
    foreign = _OF_NO_KIND if kind == _EVENT else (*_OF_NO_KIND, *_OF_EVENTS)
    if any(body.get(part) is not None for part in foreign):
        raise BadPayload("the payload is of another kind")
    if "command" in body and kind is None:
        slash_command(body)
    elif "command" not in body and kind == "block_actions":
        click(body)
    elif "command" not in body and kind == _EVENT:
        home_opened(body)
    elif "command" not in body and kind == _CHALLENGE:
        _text(body, "challenge")
    else:
        raise BadPayload("the payload is no command, click or opened Home")


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


def home_opened(body: Payload) -> Opening | None:
    """Return who opened their Home; None: another tab of the app, such as its messages. Raises BadPayload."""
    event = _part(body, "event")
    if event.get("type") != HOME_OPENED:
        raise BadPayload("the event is not one that the bot asked for")
    opening = Opening(user=_text(event, "user"), team=_text(body, "team_id"))
    return opening if _text(event, "tab") == "home" else None


def is_event(body: Payload) -> bool:
    """Tell whether a payload is an event, which Slack sends again where it is not answered with success."""
    return body.get("type") == _EVENT


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
