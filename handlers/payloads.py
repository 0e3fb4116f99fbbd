"""From Slack's verified payloads to the services' inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.services.asked.click import Action, Click
from bot.services.asked.command import SlashCommand
from bot.services.asked.form import Filled
from bot.services.asked.show_all import Look
from bot.services.home import Opening
from handlers.ids import (
    ALL,
    CODES,
    CONFIRM,
    FILE,
    FORM,
    GROUND,
    HOME_OPENED,
    INCIDENT,
    PAGE,
    TYPED,
    WORDS,
    page_block,
    version_of,
)
from handlers.markup import as_typed
from handlers.render.dialogs import ground_of

Payload = Mapping[str, Any]

_MAX_ID = 255
_MAX_URL = 2000
_MAX_TYPED = 3000
_MAX_METADATA = 3000
_MOST_VERSIONS = 999_999_999
_MOST_PAGES = 100
_EVENT, _CHALLENGE, _DIALOG = "event_callback", "url_verification", "view_submission"
# Parts of dialogs and workflow steps, those of events, and what else a dialog does not have: in all of them
# Bolt looks for people and places.
_OF_NO_KIND = ("function_data", "response_urls", "view", "workflow_step")
_OF_EVENTS = ("authorizations", "event")
_OF_MESSAGES = ("actions", "callback_id", "channel", "container", "message", "previous_message")


class BadPayload(Exception):
    """A payload misses what every payload of its kind has; it can't be Slack's."""


def require_heard(body: object) -> None:
    """Make sure that a payload is a command, a click, a dialog that was sent, an opened Home, or the question
    whether the bot is at the address that events go to; and nothing else besides. Raises BadPayload.

    Bolt looks at it as whatever it may be, and trips over parts of other types.
    """
    if not isinstance(body, Mapping):
        raise BadPayload("the payload is no object")
    kind = body.get("type")
    if kind == _DIALOG:
        _require_dialog(body)
        return
    foreign = _OF_NO_KIND if kind == _EVENT else (*_OF_NO_KIND, *_OF_EVENTS)
    if any(body.get(part) is not None for part in foreign):
        raise BadPayload("the payload is of another kind")
    if "command" in body and kind is None:
        slash_command(body)
    elif "command" not in body and kind == "block_actions":
        _require_click(body)
    elif "command" not in body and kind == _EVENT:
        home_opened(body)
    elif "command" not in body and kind == _CHALLENGE:
        _text(body, "challenge")
    else:
        raise BadPayload("the payload is no command, click, dialog or opened Home")


def _require_dialog(body: Payload) -> None:
    others = {*_OF_NO_KIND, *_OF_EVENTS, *_OF_MESSAGES, "command"} - {"view"}
    # Slack sends an empty list of addresses for answers with every dialog that asks for none.
    if any(body.get(part) not in (None, []) for part in others):
        raise BadPayload("the payload is not only a dialog's")
    installed = _part(body, "view").get("app_installed_team_id")
    if installed is not None and not isinstance(installed, str):
        raise BadPayload("the dialog's workspace is not one of Slack's")
    if _is_dialog(body, FORM):
        filled(body)
    elif _is_dialog(body, ALL):
        turned(body)
    else:
        typed(body)


def _require_click(body: Payload) -> None:
    if is_press(body, FORM):
        form_asked(body)
    elif is_press(body, ALL):
        look(body)
    else:
        click(body)


def _is_dialog(body: Payload, name: str) -> bool:
    return _part(body, "view").get("callback_id") == name


def field_of(body: Payload) -> str:
    """Return the field of a dialog that was sent under which an error is shown."""
    if _is_dialog(body, FORM):
        return CODES
    if _is_dialog(body, ALL):
        return page_block(_page(_about(_part(body, "view"))))
    return TYPED


def is_press(body: Payload, name: str) -> bool:
    """Tell whether a click is one on a button that decides nothing. name: its id, and that of its block."""
    actions = body.get("actions")
    only = actions[0] if isinstance(actions, list) and len(actions) == 1 else None
    return isinstance(only, Mapping) and only.get("block_id") == name and only.get("action_id") == name


def look(body: Payload) -> Look:
    """Return who wants to see every coupon of which request. Raises BadPayload."""
    user, (action, *_) = _part(body, "user"), body["actions"]
    return Look(
        user=_text(user, "id"),
        team=_team(body),
        channel=_text(_part(body, "channel"), "id"),
        request_id=_text(action, "value"),
    )


def turned(body: Payload) -> Look:
    """Return who wants to see which page of the coupons of which request. Raises BadPayload."""
    view, user = _part(body, "view"), _part(body, "user")
    about = _about(view)
    block = _part(_part(_part(view, "state"), "values"), page_block(_page(about)))
    chosen = _text(_part(_part(block, PAGE), "selected_option"), "value")
    if view.get("type") != "modal" or not (chosen.isdecimal() and 1 <= int(chosen) <= _MOST_PAGES):
        raise BadPayload("the page is not one of the dialog's")
    return Look(
        user=_text(user, "id"),
        team=_team(body),
        channel=_text(about, "channel"),
        request_id=_text(about, "request"),
        page=int(chosen),
    )


def _page(about: Payload) -> int:
    """Return the page that a dialog shows."""
    page = about.get("page")
    if type(page) is not int or not 1 <= page <= _MOST_PAGES:
        raise BadPayload("the dialog does not show a page")
    return page


def form_asked(body: Payload) -> SlashCommand:
    """Return by whom and where the form for many codes is asked for, by its button. Raises BadPayload."""
    user = _part(body, "user")
    return SlashCommand(
        user=_text(user, "id"),
        team=_team(body),
        channel=_text(_part(body, "channel"), "id"),
        text="",
        reply_url=_reply_url(body),
    )


def filled(body: Payload) -> Filled:
    """Return what was filled into the form for many codes. Raises BadPayload."""
    view, user = _part(body, "view"), _part(body, "user")
    if view.get("type") != "modal":
        raise BadPayload("the form is not one of this bot's")
    values = _part(_part(view, "state"), "values")

    def element(name: str) -> Payload:
        return _part(_part(values, name), name)

    ground = ground_of(_text(_part(element(GROUND), "selected_option"), "value"))
    if ground is None:
        raise BadPayload("the reason is not one of the form's")
    command = SlashCommand(
        user=_text(user, "id"),
        team=_team(body),
        channel=_text(_about(view), "channel"),
        text="",
    )
    return Filled(
        command=command,
        pasted=_words(element(CODES)),
        file=_file(element(FILE)),
        ground=ground,
        words=_shown(_words(element(WORDS))),
        incident=_shown(_words(element(INCIDENT))),
    )


def _shown(text: str) -> str:
    """Return a text with one space for whatever can't be shown, or is a space."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _file(field: Payload) -> str | None:
    """Return the address of the added file, or its id if it came without one; None: there is no file."""
    files = field.get("files") or []
    if not isinstance(files, list) or len(files) > 1:
        raise BadPayload("the form takes one file")
    if not files:
        return None
    if not isinstance(files[0], Mapping):
        raise BadPayload("the file is not one of Slack's")
    for name in ("url_private_download", "url_private"):
        if files[0].get(name):
            return _text(files[0], name, _MAX_URL)
    return _text(files[0], "id")


def slash_command(body: Payload) -> SlashCommand:
    """Return the command. Raises BadPayload."""
    return SlashCommand(
        user=_text(body, "user_id"),
        team=_workspace(_text(body, "team_id")),
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
    # A private answer with a button is no copy of the card: nothing there can be drawn anew.
    on_card = on_message and not _part(body, "container").get("is_ephemeral")
    return Click(
        action=_action(action),
        user=_text(_part(body, "user"), "id"),
        team=_team(body),
        channel=_text(_part(body, "channel"), "id"),
        request_id=_text(action, "value"),
        version=version,
        message_ts=_text(_part(body, "container"), "message_ts") if on_card else None,
        reply_url=_reply_url(body),
    )


def home_opened(body: Payload) -> Opening | None:
    """Return who opened their Home; None: another tab of the app, such as its messages. Raises BadPayload."""
    event = _part(body, "event")
    if event.get("type") != HOME_OPENED:
        raise BadPayload("the event is not one that the bot asked for")
    opening = Opening(user=_text(event, "user"), team=_team_of_event(body))
    return opening if _text(event, "tab") == "home" else None


def is_event(body: Payload) -> bool:
    """Tell whether a payload is an event, which Slack sends again if it is not answered with success."""
    return body.get("type") == _EVENT


def typed(body: Payload) -> Click:
    """Return the final approval that someone confirmed in the dialog, as if the card's button were clicked.

    Actor and words come from the payload; the dialog only says which request and version is meant.

    Raises BadPayload.
    """
    view = _part(body, "view")
    if view.get("type") != "modal" or view.get("callback_id") != CONFIRM:
        raise BadPayload("the dialog is not one of this bot's")
    field = _part(_part(_part(_part(view, "state"), "values"), TYPED), TYPED)
    about = _about(view)
    return Click(
        action=Action.APPROVE,
        user=_text(_part(body, "user"), "id"),
        team=_team(body),
        channel=_text(about, "channel"),
        request_id=_text(about, "request"),
        version=_version(about),
        message_ts=None if about.get("card") is None else _text(about, "card"),
        reply_url=None,
        typed=_words(field),
    )


def trigger_of(body: Payload) -> str:
    """Return what lets the bot open a dialog for who clicked; empty if there is none."""
    return _text(body, "trigger_id") if body.get("trigger_id") else ""


def app_of(body: Payload) -> object:
    """Return the id of the app that a payload is for."""
    return body.get("api_app_id")


def _team(body: Payload) -> str | None:
    """Return the workspace of a click or a dialog; None: Slack names none, or an organisation.

    The workspace of the person (`user.team_id`) says nothing: in an organisation it is one of several.
    """
    return None if body.get("team") is None else _workspace(_text(_part(body, "team"), "id"))


def _team_of_event(body: Payload) -> str | None:
    """Return the workspace of an event; None: it is for an organisation.

    If it names an organisation, it says by its authorizations for which workspace's bot it is.
    """
    team = _workspace(_text(body, "team_id"))
    given = body.get("authorizations")
    if team is not None or not isinstance(given, list) or not given or not isinstance(given[0], Mapping):
        return team
    return None if given[0].get("team_id") is None else _workspace(_text(given[0], "team_id"))


def _workspace(team: str) -> str | None:
    """Return the id of a workspace; None for that of an organisation, which begins with another letter."""
    return None if team.startswith("E") else team


def _typed(body: Payload) -> str:
    """Return what was typed after the command, which may be nothing. Raises BadPayload."""
    text = body.get("text") or ""
    if not isinstance(text, str):
        raise BadPayload("text is not a text")
    return as_typed(text)


def _about(view: Payload) -> Payload:
    """Return what the bot wrote into a dialog when it opened it."""
    try:
        about = json.loads(_text(view, "private_metadata", _MAX_METADATA))
    except (ValueError, RecursionError) as error:
        raise BadPayload("the dialog does not say what it is about") from error
    if not isinstance(about, Mapping):
        raise BadPayload("the dialog does not say what it is about")
    return about


def _version(about: Payload) -> int:
    version = about.get("version")
    if type(version) is not int or not 0 <= version <= _MOST_VERSIONS:
        raise BadPayload("the dialog is not about a version of a card")
    return version


def _words(field: Payload) -> str:
    """Return what was typed, whatever it is; Slack sends null for nothing."""
    words = field.get("value") or ""
    if not isinstance(words, str) or len(words) > _MAX_TYPED:
        raise BadPayload("what was typed is not a text")
    return words


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
