"""From Slack's verified payloads to the services' inputs: one model a kind of payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers import ids
from handlers.payloads.buttons import CardButton, FormButton, ListButton
from handlers.payloads.commands import Command
from handlers.payloads.dialogs import ConfirmDialog, FormDialog, PageDialog
from handlers.payloads.home import Challenge, HomeOpened
from handlers.payloads.parts import BadPayload, Payload


def require_heard(body: object) -> None:
    """Make sure that a payload is a command, a click, a dialog that was sent, an opened Home, or the question
    whether the bot is at the address that events go to; and nothing else besides. Raises BadPayload.
    """
    if (kind := _kind_of(body)) is None:
        raise BadPayload("the payload is no command, click, dialog or opened Home")
    kind.read(body)


def _kind_of(body: object) -> type[Payload] | None:
    match body:
        case {"command": _}:
            return Command
        case {"type": "block_actions", "actions": [{"block_id": ids.FORM, "action_id": ids.FORM}]}:
            return FormButton
        case {"type": "block_actions", "actions": [{"block_id": ids.ALL, "action_id": ids.ALL}]}:
            return ListButton
        case {"type": "block_actions"}:
            return CardButton
        case {"type": "view_submission", "view": {"callback_id": ids.CONFIRM}}:
            return ConfirmDialog
        case {"type": "view_submission", "view": {"callback_id": ids.FORM}}:
            return FormDialog
        case {"type": "view_submission", "view": {"callback_id": ids.ALL}}:
            return PageDialog
        case {"type": "event_callback"}:
            return HomeOpened
        case {"type": "url_verification"}:
            return Challenge
    return None


def app_of(body: Mapping[str, Any]) -> object:
    """Return the id of the app that a payload is for."""
    return body.get("api_app_id")


def is_event(body: Mapping[str, Any]) -> bool:
    """Tell whether a payload is an event, which Slack sends again if it is not answered with success."""
    return _kind_of(body) is HomeOpened


def opens_dialog(body: Mapping[str, Any]) -> bool:
    """Tell whether a payload is a click on a button that decides nothing, and only opens a dialog."""
    return _kind_of(body) in (FormButton, ListButton)


def field_of(body: Mapping[str, Any]) -> str:
    """Return the field of a dialog that was sent under which an error is shown. Raises BadPayload."""
    kind = _kind_of(body)
    if kind is PageDialog:
        return ids.page_block(PageDialog.read(body).about.page)
    return ids.CODES if kind is FormDialog else ids.TYPED
