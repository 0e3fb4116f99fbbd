"""The boundary: what a listener did not expect becomes a sentence for the person and a log entry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware

from bot.domain.errors import CouponGuardError, SlackError, StoreError, VivoldiError
from handlers.ids import COMMAND
from handlers.payloads import app_of, field_of, is_event, opens_dialog
from handlers.payloads.parts import BadPayload
from handlers.render.blocks import code, sentence

_log = structlog.get_logger(__name__)

# Slack waits 3 s for an answer in all.
_TELL_WITHIN_SECONDS = 1.5


def register(
    app: AsyncApp, app_id: str, reference: Callable[[], str], reply: Callable[[str, str], Awaitable[bool]]
) -> None:
    """Refuse what is meant for another app, and answer for whatever goes wrong in a listener.

    app_id: the bot's own app, which Bolt does not compare. reference: makes ids that the person and the log
    both show. reply: answers by a `response_url`, and says whether that arrived. Bolt's own way to answer
    would take a proxy from the environment, and any address.
    """

    app.middleware(_OwnAppOnly(app_id))

    @app.error
    async def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
        if isinstance(error, BadPayload):
            _log.warning("slack.bad_payload", reason=str(error))
            return BoltResponse(status=400, body="This payload can't be read.")
        if isinstance(error, SlackError) and opens_dialog(body):
            _log.warning("listener.dialog_not_opened", error=str(error))
            await _tell(
                reply, body, "Slack did not open the dialog. Your click changed nothing; please click again."
            )
            return BoltResponse(status=200, body="")
        said = _sentence(error, reference)
        if is_event(body):
            # Nobody waits for a sentence, and Slack sends an event again that was not taken.
            return BoltResponse(status=503, body="This event could not be stored.")
        if "command" in body:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": said})
        if body.get("type") == "view_submission":
            # Closed, the dialog would pass for a success.
            errors = {field_of(body): said}
            return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
        await _tell(reply, body, said)
        return BoltResponse(status=200, body="")


class _OwnAppOnly(AsyncMiddleware):
    """Refuses what is meant for another app. It is no function: Bolt would look up 25 arguments for that."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Let what is meant for this app go on."""
        if app_of(req.body) == self._app_id:
            await next()
            return None
        _log.warning("slack.foreign_app")
        return BoltResponse(status=403, body="This request is for another app.")


def _sentence(error: Exception, reference: Callable[[], str]) -> str:
    if isinstance(error, StoreError):
        _log.warning("listener.store_unavailable", error=str(error))
        # If the connection broke at the commit, what was asked may be stored all the same.
        return (
            "My database can't be reached, so I can't tell whether that counted. Please look at the card, or"
            f" type {code(COMMAND + ' list')}, in a minute; if nothing has changed, try again."
        )
    known = isinstance(error, CouponGuardError)
    number = reference()
    _log.error("listener.failed", reference=number, known=known, exc_info=error)
    foreign = isinstance(error, SlackError | VivoldiError)
    whose = sentence(str(error)) if foreign else "I ran into an error of my own."
    return (
        f"{whose} I can't tell whether that counted. Please look at the card, or type"
        f" {code(COMMAND + ' list')}; if nothing has changed, try again. If it happens again, tell"
        f" the person who runs Coupon Guard this number: {number}."
    )


async def _tell(reply: Callable[[str, str], Awaitable[bool]], body: dict[str, Any], sentence: str) -> None:
    address, arrived = body.get("response_url"), False
    try:
        async with asyncio.timeout(_TELL_WITHIN_SECONDS):
            arrived = isinstance(address, str) and await reply(address, sentence)
    except (SlackError, TimeoutError) as error:
        # The last resort has failed as well: the person has seen no change, and may click again.
        _log.warning("listener.not_told", error=str(error))
        return
    if not arrived:
        _log.warning("listener.not_told")
