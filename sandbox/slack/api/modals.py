"""Modals: what an app may open with a trigger, what a person fills in, and what Slack makes of the answer.

Limits and error names are those of Slack's references of views, of views.open and of view submissions.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from sandbox.slack.api.blocks import completed, interactive, view_problems
from sandbox.slack.api.wire import ApiError
from sandbox.slack.deliver.delivery import Delivered, Signature
from sandbox.slack.deliver.payloads import VERIFICATION_TOKEN, user_json
from sandbox.slack.rules.limits import units
from sandbox.slack.world import APP_ID, BOT_ID, TEAM_DOMAIN, TEAM_ID, Json, Modal, World

TRIGGER_SECONDS = 3.0


def _checked(view: Any) -> Json:
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError as error:
            raise ApiError("invalid_arguments") from error
    found = view_problems(view, "modal")
    if found:
        messages = [f"[ERROR] {sentence}" for sentence in found]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})
    checked: Json = view
    return checked


def open_view(world: World, args: Json) -> Json:
    """Open a modal for the person whose trigger it is, and return Slack's answer. Raises ApiError."""
    view = _checked(args.get("view"))
    trigger_id = str(args.get("trigger_id") or "")
    trigger = world.triggers.get(trigger_id)
    if trigger is None:
        raise ApiError("invalid_trigger_id")
    if trigger.used:
        raise ApiError("exchanged_trigger_id")
    if world.now() - trigger.at > TRIGGER_SECONDS:
        raise ApiError("expired_trigger_id")
    world.triggers[trigger_id] = replace(trigger, used=True)
    modal_id = f"V0LOCAL{world.number():04d}"
    modal = world.show_modal(Modal(modal_id, trigger.user, _as_stored(world, modal_id, view)))
    return {"view": modal.view}


def _as_stored(world: World, modal_id: str, view: Json) -> Json:
    defaults = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None}
    kept = {"clear_on_close": False, "notify_on_close": False, **defaults, **view}
    number = world.number()
    return {
        **kept,
        "id": modal_id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
        "root_view_id": modal_id,
        "previous_view_id": None,
        "hash": f"{number}.local",
        "blocks": list(completed(view["blocks"], number)),
        "state": {"values": {}},
    }


def view_submission(world: World, modal: Modal, values: Json) -> Json:
    """Return the payload of sending a modal with these values, by block id and, inside, by action id."""
    state = {"values": dict(_field_states(world, modal.view, values))}
    return {
        "type": "view_submission",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": user_json(world.people[modal.user]),
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "trigger_id": world.new_trigger(modal.user),
        "view": {**modal.view, "state": state},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


class Sender(Protocol):
    """What delivers a payload and logs it."""

    async def raw(self, payload: Json, signature: Signature) -> Delivered:
        """Deliver a payload as it is."""


class NoSuchModalError(Exception):
    """The person sees no such modal."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a modal: the delivery's status and error, and the modal as it is then.

    `status` is None where Slack itself found the fields not filled in, and sent nothing.
    """

    status: int | None
    error: str | None
    modal: Modal


class Modals:
    """The modals that people see: filled in, sent and closed."""

    def __init__(self, world: World, sender: Sender) -> None:
        self._world = world
        self._sender = sender

    def seen_by(self, user: str | None) -> list[Modal]:
        """Return the open modals, of one person or of all."""
        return [m for m in self._world.modals.values() if m.is_open and user in (None, m.user)]

    def payload(self, user: str, modal_id: str, values: Json) -> Json:
        """Return the payload of sending a modal, which may be closed by now. Raises NoSuchModalError."""
        return view_submission(self._world, self._modal(user, modal_id), values)

    async def send(self, user: str, modal_id: str, values: Json) -> Sent:
        """Send a modal, and do what the app answers. Raises NoSuchModalError."""
        modal = self._modal(user, modal_id)
        if not modal.is_open:
            raise NoSuchModalError("The modal is closed.")
        if wrong := dict(_unfilled(self._world, modal.view, values)):
            return Sent(None, None, self._world.show_modal(replace(modal, errors=wrong)))
        delivered = await self._sender.raw(self.payload(user, modal_id, values), "good")
        if delivered.error is not None:
            return Sent(delivered.status, delivered.error, modal)
        try:
            after = self._answered(modal, delivered.body or {})
        except ApiError as error:
            return Sent(delivered.status, error.name, modal)
        return Sent(delivered.status, None, self._world.show_modal(after))

    def close(self, user: str, modal_id: str) -> Modal:
        """Close a modal without sending it. Raises NoSuchModalError."""
        return self._world.show_modal(replace(self._modal(user, modal_id), is_open=False))

    def _modal(self, user: str, modal_id: str) -> Modal:
        modal = self._world.modals.get(modal_id)
        if modal is None or modal.user != user:
            raise NoSuchModalError("The person sees no such modal.")
        return modal

    def _answered(self, modal: Modal, body: Json) -> Modal:
        """Return the modal after the app's answer. Raises ApiError for one that Slack doesn't take."""
        match body.get("response_action"):
            case None if not body:
                return replace(modal, is_open=False)
            case "clear":
                return replace(modal, is_open=False)
            case "errors":
                return replace(modal, errors=_errors(modal.view, body.get("errors")))
            case "update":
                view = _as_stored(self._world, modal.id, _checked(body.get("view")))
                return replace(modal, view=view, errors={})
            case _:
                raise ApiError("invalid_view_response")


def _fields(view: Json) -> Iterator[tuple[Json, Json]]:
    for block in view["blocks"]:
        if block["type"] == "input":
            yield block, interactive(block)[0]


def _given(block: Json, element: Json, values: Json) -> str:
    """Return what stands in a field: what someone put there, or what it began with."""
    if block["block_id"] in values:
        return str(values[block["block_id"]].get(element["action_id"]) or "")
    option = element.get("initial_option") or {}
    return str(option.get("value") or element.get("initial_value") or "")


def _file(world: World, file: str) -> Json:
    if file not in world.files:
        raise NoSuchModalError("There is no such file.")
    kept: Json = world.files[file]
    return kept


def _field_states(world: World, view: Json, values: Json) -> Iterator[tuple[str, Json]]:
    for block, element in _fields(view):
        given = _given(block, element, values)
        state: Json = {"type": element["type"]}
        if element["type"] == "static_select":
            state["selected_option"] = _chosen(element, given)
        elif element["type"] == "file_input":
            state["files"] = [_file(world, given)["payload"]] if given else []
        else:
            state["value"] = given or None
        yield block["block_id"], {element["action_id"]: state}


def _chosen(element: Json, given: str) -> Json | None:
    return next((option for option in element.get("options", ()) if option["value"] == given), None)


def _unfilled(world: World, view: Json, values: Json) -> Iterator[tuple[str, str]]:
    """Yield what Slack says by itself of fields: empty, too short or too long, or of another sort."""
    for block, element in _fields(view):
        given = _given(block, element, values)
        length = units(given)
        if not length and not block.get("optional", False):
            yield block["block_id"], "Please complete this required field."
        elif length and not _fits(world, element, given):
            yield block["block_id"], "Not something that this field takes."
        elif length and length < element.get("min_length", 0):
            yield block["block_id"], f"Must be at least {element['min_length']} characters."
        elif length > element.get("max_length", 3000):
            yield block["block_id"], f"Must be at most {element.get('max_length', 3000)} characters."


def _fits(world: World, element: Json, given: str) -> bool:
    match element["type"]:
        case "url_text_input":
            return urlsplit(given).scheme in ("http", "https") and bool(urlsplit(given).netloc)
        case "file_input":
            kinds = element.get("filetypes")
            return kinds is None or _file(world, given)["info"]["filetype"] in kinds
        case "static_select":
            return _chosen(element, given) is not None
        case _:
            return True


def _errors(view: Json, errors: Any) -> Json:
    names = {block["block_id"] for block, _ in _fields(view)}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= names:
        raise ApiError("invalid_view_response")
    if not all(isinstance(sentence, str) and sentence for sentence in errors.values()):
        raise ApiError("invalid_view_response")
    return errors
