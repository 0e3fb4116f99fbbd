"""From Slack's payloads of the form for many codes, and of the list of coupons, to typed inputs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bot.services.asked.command import SlashCommand
from bot.services.asked.form import Filled, Ground
from bot.services.asked.show_all import Look
from handlers.payloads import field_of, require_heard
from handlers.payloads.buttons import FormButton, ListButton
from handlers.payloads.dialogs import FormDialog, PageDialog
from handlers.payloads.parts import BadPayload

_FILE = "https://files.slack.com/files-pri/T1-F1/download/codes.csv"
_PERSON: dict[str, Any] = {
    "api_app_id": "A1",
    "user": {"id": "U1", "username": "rika", "team_id": "T1"},
    "team": {"id": "T1"},
}
FORM: dict[str, Any] = {
    **_PERSON,
    "type": "view_submission",
    "response_urls": [],
    "view": {
        "type": "modal",
        "callback_id": "many-codes",
        "private_metadata": '{"channel":"C1"}',
        "state": {
            "values": {
                "codes": {"codes": {"type": "plain_text_input", "value": "ABCD1234, EFGH5678"}},
                "file": {
                    "file": {"type": "file_input", "files": [{"id": "F1", "url_private_download": _FILE}]}
                },
                "ground": {"ground": {"type": "static_select", "selected_option": {"value": "leaked"}}},
                "words": {"words": {"type": "plain_text_input", "value": " on\nX \u202e"}},
                "incident": {"incident": {"type": "url_text_input", "value": "https://inc.example/7"}},
            }
        },
    },
}
PAGE: dict[str, Any] = {
    **_PERSON,
    "type": "view_submission",
    "response_urls": [],
    "view": {
        "type": "modal",
        "callback_id": "show-all",
        "private_metadata": '{"request":"CG-1","channel":"C1","page":2}',
        "state": {
            "values": {"page-2": {"page": {"type": "static_select", "selected_option": {"value": "3"}}}}
        },
    },
}
_VALUES = "view.state.values"
_PAGE = f"{_VALUES}.page-2.page"


def _with(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return the payload with the value at a path; `...` removes it."""
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


def pressed(name: str) -> dict[str, Any]:
    """Return a press on a button that decides nothing."""
    action = {"type": "button", "block_id": name, "action_id": name, "value": "CG-1"}
    return {**_PERSON, "type": "block_actions", "channel": {"id": "C1"}, "actions": [action]}


def test_a_form_is_taken_over() -> None:
    """What was filled in comes from the fields, the channel from the form, and who from the payload."""
    require_heard(FORM)
    assert FormDialog.read(FORM).filled() == Filled(
        command=SlashCommand(user="U1", team="T1", channel="C1", text=""),
        pasted="ABCD1234, EFGH5678",
        file=_FILE,
        ground=Ground.LEAKED,
        words="on X",
        incident="https://inc.example/7",
    )
    assert field_of(FORM) == "codes"


@pytest.mark.parametrize("files", [[], None])
def test_a_form_may_be_all_but_empty(files: object) -> None:
    """Slack sends null for a text that was left empty, and no file where none was added."""
    empty = _with(FORM, f"{_VALUES}.file.file.files", files)
    for name in ("codes", "words", "incident"):
        empty = _with(empty, f"{_VALUES}.{name}.{name}.value", None)
    require_heard(empty)
    found = FormDialog.read(empty).filled()
    assert (found.pasted, found.file, found.words, found.incident) == ("", None, "", "")


def test_a_page_is_taken_over() -> None:
    """Which page comes from the field, and of which request and channel from the dialog."""
    require_heard(PAGE)
    assert PageDialog.read(PAGE).look() == Look(user="U1", team="T1", channel="C1", request_id="CG-1", page=3)
    assert field_of(PAGE) == "page-2"


def test_presses_are_taken_over() -> None:
    """Who pressed comes from the payload, as does where."""
    for name in ("many-codes", "show-all"):
        require_heard(pressed(name))
    assert FormButton.read(pressed("many-codes")).command() == SlashCommand(
        user="U1", team="T1", channel="C1", text=""
    )
    assert ListButton.read(pressed("show-all")).look() == Look(
        user="U1", team="T1", channel="C1", request_id="CG-1"
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "view_closed"),
        ("actions", [{}]),
        ("command", "/coupon-delete"),
        ("response_urls", [{"response_url": "https://reply.example"}]),
        ("user", "U1"),
        ("view.type", "home"),
        ("view.callback_id", "other"),
        ("view.private_metadata", "C1"),
        ("view.private_metadata", '{"channel":7}'),
        ("view.private_metadata", json.dumps({"channel": "C" * 3000})),
        ("view.state", ...),
        (f"{_VALUES}.codes", ...),
        (f"{_VALUES}.codes.codes.value", ["ABCD1234"]),
        (f"{_VALUES}.codes.codes.value", "x" * 3001),
        (f"{_VALUES}.ground.ground.selected_option", None),
        (f"{_VALUES}.ground.ground.selected_option.value", "because"),
        (f"{_VALUES}.words.words", "on X"),
        (f"{_VALUES}.file.file.files", "F1"),
        (f"{_VALUES}.file.file.files", [{}]),
        (f"{_VALUES}.file.file.files", ["F1"]),
        (f"{_VALUES}.file.file.files", [{"url_private_download": _FILE}] * 2),
        (f"{_VALUES}.file.file.files.0.url_private_download", "https://x\n"),
        (f"{_VALUES}.file.file.files.0.url_private_download", "https://" + "x" * 2000),
    ],
)
def test_a_form_that_is_not_this_bots_is_refused(path: str, value: object) -> None:
    """A payload that can't come from the form, or is something else besides, does nothing."""
    with pytest.raises(BadPayload):
        require_heard(_with(FORM, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("view.type", "home"),
        ("view.private_metadata", '{"request":"CG-1","channel":"C1"}'),
        ("view.private_metadata", '{"request":"CG-1","channel":"C1","page":true}'),
        ("view.private_metadata", '{"request":"CG-1","channel":"C1","page":0}'),
        ("view.private_metadata", '{"request":"CG-1","channel":"C1","page":3}'),
        ("view.private_metadata", '{"request":7,"channel":"C1","page":2}'),
        ("view.private_metadata", '{"request":"CG-1","page":2}'),
        (f"{_PAGE}.selected_option", None),
        (f"{_PAGE}.selected_option.value", 3),
        (f"{_PAGE}.selected_option.value", "0"),
        (f"{_PAGE}.selected_option.value", "101"),
        (f"{_PAGE}.selected_option.value", "9" * 200),
        (f"{_PAGE}.selected_option.value", "-1"),
        (f"{_PAGE}.selected_option.value", "\u0663"),
    ],
)
def test_a_page_that_is_not_this_bots_is_refused(path: str, value: object) -> None:
    """A page that no dialog offers is not shown."""
    with pytest.raises(BadPayload):
        require_heard(_with(PAGE, path, value))


@pytest.mark.parametrize("path", ["user.id", "channel", "channel.id"])
@pytest.mark.parametrize("name", ["many-codes", "show-all"])
def test_a_press_without_its_parts_is_refused(name: str, path: str) -> None:
    """Without a person and a place nothing is opened."""
    with pytest.raises(BadPayload):
        require_heard(_with(pressed(name), path, ...))
