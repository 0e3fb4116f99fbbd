"""What goes wrong inside ends in a sentence for the person, never in an error for Slack."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.domain.errors import (
    LostClaim,
    SlackRefused,
    SlackUnavailable,
    StoreUnavailable,
    VivoldiRefused,
    VivoldiUnavailable,
)
from bot.services.home import OpenHome
from bot.services.ports.home import Homes
from handlers import errors
from handlers.listeners import home
from tests.integration.bolt import SECRET, authorize, unanswered
from tests.security.rig import form_of, signed

CLICK: dict[str, Any] = {
    "type": "block_actions",
    "api_app_id": "A1",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "actions": [{"action_id": "approve", "block_id": "decide-v2", "value": "CG-1"}],
}

HOME: dict[str, Any] = {
    "type": "event_callback",
    "api_app_id": "A1",
    "team_id": "T1",
    "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
}


@pytest.mark.parametrize("where", [{}, {"response_url": None}, {"response_url": "http://127.0.0.1:1/gone"}])
async def test_a_failure_that_nobody_can_be_told_is_no_server_error(where: dict[str, Any]) -> None:
    """A click that fails, and whose person can't be answered, is still answered 200 to Slack."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000", unanswered)

    @app.block_action("approve")
    async def fail() -> None:
        raise StoreUnavailable("gone")

    body = form_of(CLICK | where)
    headers: Any = signed(body, secret=SECRET)
    answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
    assert (answer.status, answer.body) == (200, "")


async def test_an_event_that_could_not_be_stored_is_sent_again() -> None:
    """Where an opened Home can't be stored, Slack is told so, since it sends an event again."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000", unanswered)

    class Gone:
        async def opened(self, person: str) -> None:
            raise StoreUnavailable("gone")

    home.register(app, OpenHome(cast("Homes", Gone()), "T1"))
    body = json.dumps(HOME)
    headers: Any = signed(body.encode(), secret=SECRET, content_type="application/json")
    answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers=headers))
    assert answer.status == 503


async def test_a_dialog_that_fails_stays_open_and_says_so() -> None:
    """A dialog that was not stored is answered with an error in it: closed, it would pass for an approval."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000", unanswered)

    @app.view_submission("confirm-final")
    async def fail() -> None:
        raise StoreUnavailable("gone")

    view = {"type": "modal", "callback_id": "confirm-final"}
    known = {"api_app_id": "A1", "team": {"id": "T1"}, "user": {"id": "U1"}}
    body = form_of({"type": "view_submission", "view": view, **known})
    headers: Any = signed(body, secret=SECRET)
    answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
    found = json.loads(answer.body)
    assert (answer.status, found["response_action"]) == (200, "errors")
    assert "can't tell whether that counted" in found["errors"]["typed"]


async def test_a_failure_is_told_by_the_way_that_it_was_given() -> None:
    """The boundary opens no connection of its own, with a proxy of the environment's choice."""
    told = list[tuple[str, str]]()

    async def reply(address: str, text: str) -> bool:
        told.append((address, text))
        return True

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000", reply)

    @app.block_action("approve")
    async def fail() -> None:
        raise StoreUnavailable("gone")

    body = form_of(CLICK | {"response_url": "https://hooks.slack.com/1"})
    headers: Any = signed(body, secret=SECRET)
    await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
    ((address, text),) = told
    assert address == "https://hooks.slack.com/1"
    assert "My database can't be reached" in text


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        (SlackUnavailable("Slack did not answer in time"), "Slack did not answer in time. "),
        (SlackRefused("ratelimited_for_good"), "Slack refused the call: ratelimited_for_good. "),
        (VivoldiUnavailable("Vivoldi answered HTTP 503"), "Vivoldi answered HTTP 503. "),
        (VivoldiRefused("Vivoldi refused the key <@U1>"), "Vivoldi refused the key &lt;@U1&gt;. "),
        (LostClaim("someone else has it"), "I ran into an error of my own. "),
        (ValueError("T0P-SECRET"), "I ran into an error of my own. "),
    ],
)
async def test_trouble_names_its_owner(error: Exception, whose: str) -> None:
    """What Slack or Vivoldi did not answer is told as theirs, escaped; the bot's own errors as its own."""
    told = list[str]()

    async def reply(_: str, text: str) -> bool:
        told.append(text)
        return True

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0815", reply)

    @app.block_action("approve")
    async def fail() -> None:
        raise error

    body = form_of(CLICK | {"response_url": "https://hooks.slack.com/1"})
    headers: Any = signed(body, secret=SECRET)
    answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
    assert answer.status == 200
    (text,) = told
    assert text.startswith(f"{whose}I can't tell whether that counted. ")
    assert text.endswith("this number: 0815.")
    assert "T0P-SECRET" not in text
