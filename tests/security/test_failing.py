"""What goes wrong inside ends in a sentence for the person, never in an error for Slack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.domain.errors import StoreUnavailable
from handlers import errors
from tests.integration.bolt import SECRET, authorize
from tests.security.rig import form_of, signed

CLICK: dict[str, Any] = {
    "type": "block_actions",
    "api_app_id": "A1",
    "team": {"id": "T1"},
    "user": {"id": "U1"},
    "channel": {"id": "C1"},
    "actions": [{"action_id": "approve", "block_id": "decide-v2", "value": "CG-1"}],
}


@pytest.mark.parametrize("where", [{}, {"response_url": None}, {"response_url": "http://127.0.0.1:1/gone"}])
async def test_a_failure_that_nobody_can_be_told_is_no_server_error(where: dict[str, Any]) -> None:
    """A click that fails, and whose person can't be answered, is still answered 200 to Slack."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000")

    @app.block_action("approve")
    async def fail() -> None:
        raise StoreUnavailable("gone")

    body = form_of(CLICK | where)
    headers: Any = signed(body, secret=SECRET)
    answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=headers))
    assert (answer.status, answer.body) == (200, "")


async def test_a_dialog_that_fails_stays_open_and_says_so() -> None:
    """A dialog that was not stored is answered with an error in it: closed, it would pass for an approval."""
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    errors.register(app, "A1", lambda: "0000")

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
