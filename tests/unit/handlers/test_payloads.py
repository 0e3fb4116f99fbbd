"""From Slack's payloads to typed inputs: what is taken from them, and what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.services.asked.click import Action, Click
from bot.services.asked.command import SlashCommand
from bot.services.home import Opening
from handlers.ids import block_id, version_of
from handlers.payloads import app_of, require_heard
from handlers.payloads.buttons import CardButton
from handlers.payloads.commands import Command
from handlers.payloads.dialogs import ConfirmDialog
from handlers.payloads.home import HomeOpened
from handlers.payloads.parts import BadPayload
from handlers.render.dialogs import confirmation
from sandbox.slack.api.blocks import view_problems
from tests.builders import reviewed

COMMAND: dict[str, Any] = {
    "command": "/coupon-delete",
    "text": "ABCD1234 leaked",
    "user_id": "U1",
    "user_name": "rika",
    "team_id": "T1",
    "channel_id": "C1",
    "api_app_id": "A1",
    "response_url": "https://reply.example/1",
}
CLICK: dict[str, Any] = {
    "type": "block_actions",
    "api_app_id": "A1",
    "user": {"id": "U1", "username": "rika", "team_id": "T1"},
    "team": {"id": "T1"},
    "channel": {"id": "C1"},
    "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1"},
    "response_url": "https://reply.example/2",
    "actions": [{"action_id": "approve", "block_id": "decide-v7", "value": "CG-1", "type": "button"}],
}

HOME: dict[str, Any] = {
    "type": "event_callback",
    "api_app_id": "A1",
    "team_id": "T1",
    "event": {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"},
    "authorizations": [{"team_id": "T1", "user_id": "U0BOT", "is_bot": True}],
}
CHALLENGE: dict[str, Any] = {"type": "url_verification", "challenge": "3eZbrw1aB"}


DIALOG: dict[str, Any] = {
    "type": "view_submission",
    "api_app_id": "A1",
    "user": {"id": "U1", "username": "rika", "team_id": "T1"},
    "team": {"id": "T1"},
    "response_urls": [],
    "view": {
        "type": "modal",
        "callback_id": "confirm-final",
        "private_metadata": '{"request":"CG-1","version":7,"channel":"C1","card":"1.2"}',
        "state": {"values": {"typed": {"typed": {"type": "plain_text_input", "value": "WQ9J"}}}},
    },
}
_TYPED = "view.state.values.typed.typed"


def _with(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return the payload with the value at a path such as `actions.0.value`; `...` removes it."""
    changed = copy.deepcopy(payload)
    *parents, name = path.split(".")
    place: Any = changed
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return changed


def test_a_command_is_taken_over() -> None:
    """Who typed what, where, and how to answer come from the payload."""
    assert Command.read(COMMAND).command() == SlashCommand(
        user="U1", team="T1", channel="C1", text="ABCD1234 leaked", reply_url="https://reply.example/1"
    )


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("CODE1234 R&amp;D and &lt;5", "CODE1234 R&D and <5"),
        ("CODE1234 &lt;!channel&gt;", "CODE1234 <!channel>"),
        ("CODE1234 &amp;lt; &amp;amp;", "CODE1234 &lt; &amp;"),
        ("CODE1234 &quot; &", "CODE1234 &quot; &"),
    ],
)
def test_what_slack_writes_in_another_way_is_read_once(sent: str, typed: str) -> None:
    """Three characters come as entities in a command: each is read once, and nothing else is."""
    assert Command.read(_with(COMMAND, "text", sent)).command().text == typed


@pytest.mark.parametrize("text", ["", None, ...])
def test_a_command_may_be_empty(text: object) -> None:
    """A command without a text asks for help."""
    assert Command.read(_with(COMMAND, "text", text)).command().text == ""


@pytest.mark.parametrize("name", ["user_id", "team_id", "channel_id"])
@pytest.mark.parametrize("value", [..., None, "", 7, "x" * 256, {"id": "U1"}])
def test_a_command_without_its_parts_is_refused(name: str, value: object) -> None:
    """A payload that misses what Slack always sends is not taken for a command."""
    with pytest.raises(BadPayload, match=name):
        Command.read(_with(COMMAND, name, value))


def test_a_click_is_taken_over() -> None:
    """The actor, the action, the request, the version and the place of the card come from the payload."""
    assert CardButton.read(CLICK).click() == Click(
        action=Action.APPROVE,
        user="U1",
        team="T1",
        channel="C1",
        request_id="CG-1",
        version=7,
        message_ts="1.2",
        reply_url="https://reply.example/2",
    )


@pytest.mark.parametrize("action", Action)
def test_each_button_is_known(action: Action) -> None:
    """Every action has its button's id."""
    assert CardButton.read(_with(CLICK, "actions.0.action_id", action.value)).click().action is action


@pytest.mark.parametrize(
    ("path", "value", "name", "taken"),
    [
        ("team", None, "team", None),
        ("team", ..., "team", None),
        ("container", ..., "message_ts", None),
        ("response_url", "", "reply_url", None),
    ],
)
def test_what_slack_may_leave_out_is_none(path: str, value: object, name: str, taken: object) -> None:
    """An org-wide install sends no team, and a click may have no message or answer address."""
    assert getattr(CardButton.read(_with(CLICK, path, value)).click(), name) is taken


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("actions", ...),
        ("actions", []),
        ("actions", [CLICK["actions"][0]] * 2),
        ("actions", ["approve"]),
        ("actions.0.action_id", "delete"),
        ("actions.0.block_id", "decide-v"),
        ("actions.0.block_id", "xdecide-v7"),
        ("actions.0.value", ...),
        ("actions.0.value", "x" * 256),
        ("actions.0.value", "CG-1\n"),
        ("user.id", "U１"),
        ("user", ...),
        ("user.id", ""),
        ("team", {"id": 7}),
        ("channel", None),
        ("channel.id", ...),
    ],
)
def test_a_click_that_is_not_a_cards_is_refused(path: str, value: object) -> None:
    """A payload that can't come from a card's button does nothing."""
    with pytest.raises(BadPayload):
        CardButton.read(_with(CLICK, path, value))


def test_an_opened_home_is_taken_over() -> None:
    """Whose Home was opened, and in which workspace, come from the event; another tab is none."""
    assert HomeOpened.read(HOME).opening() == Opening(user="U1", team="T1")
    assert HomeOpened.read(_with(HOME, "event.tab", "messages")).opening() is None


def test_a_dialog_is_a_click_with_what_was_typed() -> None:
    """Actor and text come from the payload, the rest from what the bot wrote into its own dialog."""
    require_heard(DIALOG)
    assert ConfirmDialog.read(DIALOG).click() == Click(
        action=Action.APPROVE,
        user="U1",
        team="T1",
        channel="C1",
        request_id="CG-1",
        version=7,
        message_ts="1.2",
        reply_url=None,
        typed="WQ9J",
    )


def test_a_dialog_comes_back_as_it_was_opened() -> None:
    """What the bot writes into a dialog is what it reads from it, and Slack takes the dialog."""
    request = reviewed()
    view = confirmation(request, "C1", None)
    assert view_problems(view) == []
    sent = ConfirmDialog.read(_with(DIALOG, "view.private_metadata", view["private_metadata"])).click()
    assert (sent.request_id, sent.version) == (request.origin.id, request.version)
    assert (sent.channel, sent.message_ts) == ("C1", None)


def test_nothing_typed_is_an_empty_text() -> None:
    """Slack sends null for an empty field; it is never taken for a click without typing."""
    assert ConfirmDialog.read(_with(DIALOG, f"{_TYPED}.value", None)).click().typed == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event", ...),
        ("event", "app_home_opened"),
        ("event.type", "message"),
        ("event.user", ...),
        ("event.user", "U１"),
        ("event.tab", None),
        ("team_id", ...),
    ],
)
def test_an_event_that_is_no_opened_home_is_refused(path: str, value: object) -> None:
    """An event that the bot did not ask for, or that lacks its parts, does nothing."""
    with pytest.raises(BadPayload):
        HomeOpened.read(_with(HOME, path, value))


@pytest.mark.parametrize("payload", [COMMAND, CLICK, HOME, CHALLENGE])
def test_what_the_bot_listens_to_is_heard(payload: dict[str, Any]) -> None:
    """Commands, clicks, opened Homes, and Slack's question about the address get to Bolt."""
    require_heard(payload)


@pytest.mark.parametrize("part", ["function_data", "response_urls", "view", "workflow_step"])
@pytest.mark.parametrize("payload", [COMMAND, CLICK, HOME, CHALLENGE])
def test_parts_of_other_kinds_are_refused(payload: dict[str, Any], part: str) -> None:
    """A payload that carries a part of a dialog or a workflow besides does not get to Bolt."""
    with pytest.raises(BadPayload):
        require_heard(payload | {part: {"id": "x"}})


@pytest.mark.parametrize("payload", [CLICK, HOME, CHALLENGE])
def test_one_kind_at_a_time_is_heard(payload: dict[str, Any]) -> None:
    """A payload that is a command as well does not get to Bolt, nor does a command with an event."""
    with pytest.raises(BadPayload):
        require_heard(payload | COMMAND | {"type": payload["type"]})
    with pytest.raises(BadPayload):
        require_heard(COMMAND | {"event": HOME["event"]})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "view_closed"),
        ("actions", [CLICK["actions"][0]]),
        ("channel", {"id": "C2"}),
        ("command", "/coupon-delete"),
        ("response_urls", [{"response_url": "https://reply.example"}]),
        ("authorizations", [{}]),
        ("user", "U1"),
        ("user.id", ""),
        ("team", {"id": 7}),
        ("view", ...),
        ("view.type", "home"),
        ("view.callback_id", "other"),
        ("view.app_installed_team_id", {"id": "T1"}),
        ("view.private_metadata", ...),
        ("view.private_metadata", "CG-1"),
        ("view.private_metadata", "[" * 2000),
        ("view.private_metadata", "[1]"),
        ("view.private_metadata", '{"request":"CG-1","version":"7","channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","version":true,"channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","version":-1,"channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","version":1e400,"channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","version":7}'),
        ("view.private_metadata", '{"request":7,"version":7,"channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","version":7,"channel":"C1","card":9}'),
        ("view.state", ...),
        ("view.state.values", []),
        ("view.state.values.typed", ...),
        (_TYPED, "WQ9J"),
        (f"{_TYPED}.value", 7),
        (f"{_TYPED}.value", ["WQ9J"]),
        (f"{_TYPED}.value", "x" * 3001),
    ],
)
def test_a_dialog_that_is_not_this_bots_is_refused(path: str, value: object) -> None:
    """A payload that can't come from the bot's own dialog, or is something else besides, does nothing."""
    with pytest.raises(BadPayload):
        require_heard(_with(DIALOG, path, value))


@pytest.mark.parametrize("view", [DIALOG["view"], {}, {"callback_id": "confirm-final"}])
def test_a_click_or_command_carries_no_dialog(view: object) -> None:
    """Neither a click nor a command is let through together with a dialog."""
    for payload in (CLICK, COMMAND):
        with pytest.raises(BadPayload):
            require_heard({**payload, "view": view})


@pytest.mark.parametrize(("given", "taken"), [("1.2.abc", "1.2.abc"), ("", None), (None, None), (..., None)])
def test_a_click_may_lack_its_trigger(given: object, taken: str | None) -> None:
    """A click without a trigger can open no dialog, and is no error for that."""
    sent = CardButton.read(_with({**CLICK, "trigger_id": "1"}, "trigger_id", given))
    assert (sent.trigger_id or None) == taken


@pytest.mark.parametrize("payload", [COMMAND, CLICK, DIALOG, HOME, CHALLENGE])
def test_fields_that_slack_adds_are_ignored(payload: dict[str, Any]) -> None:
    """Slack may add fields at any time, at the top and inside of parts."""
    added = {"a_new_field": {"id": 7}}
    parts = {name: part | added for name, part in payload.items() if isinstance(part, dict)}
    require_heard(payload | parts | added)


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (COMMAND, "user_id"),
        (COMMAND, "response_url"),
        (CLICK, "user.id"),
        (CLICK, "actions.0.action_id"),
        (CLICK, "actions.0.block_id"),
        (CLICK, "view"),
        (DIALOG, "view.private_metadata"),
        (DIALOG, f"{_TYPED}.value"),
        (HOME, "event.tab"),
        (CHALLENGE, "challenge"),
    ],
)
@pytest.mark.parametrize("value", [{"name": "Rika Secret"}, ["Rika Secret"], 7, "Rika\nSecret" * 300])
def test_a_refusal_quotes_nothing(payload: dict[str, Any], path: str, value: object) -> None:
    """A refusal, which is logged, names the field that is wrong, and no person, address or word (I8)."""
    with pytest.raises(BadPayload) as refused:
        require_heard(_with({"view": None, **payload}, path, value))
    assert str(refused.value).startswith(path)
    assert "Secret" not in str(refused.value)
    assert refused.value.__context__ is None


def test_not_even_pydantics_own_error_quotes() -> None:
    """An error that is not translated, and so logged with its trace, hides what the payload holds (I8)."""
    with pytest.raises(ValidationError) as refused:
        CardButton.model_validate(_with(CLICK, "user.id", ["Rika Secret"]))
    assert "user.id" in str(refused.value)
    assert "Secret" not in str(refused.value)


def test_the_app_is_named() -> None:
    """Which app a payload is for is there to be compared."""
    assert (app_of(COMMAND), app_of({})) == ("A1", None)


@given(version=st.integers(0, 999_999_999))
def test_a_version_comes_back_from_its_block_id(version: int) -> None:
    """The buttons' block id tells which version of the card was clicked (I6)."""
    assert version_of(block_id(version)) == version
    assert len(block_id(version)) <= 255


@pytest.mark.parametrize("block", ["", "decide-v-1", "decide-v１", "decide-v1\n", "decide-v1234567890"])
def test_no_other_block_id_has_a_version(block: str) -> None:
    """A block id that this bot does not write has no version."""
    assert version_of(block) is None
