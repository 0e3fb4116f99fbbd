"""Delivers a payload to the bot, by signed HTTP or by Socket Mode, and waits as long as Slack does."""

import hashlib
import hmac
import json
import time
from asyncio import timeout
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.deliver.socket_mode import EnvelopeKind, SocketClosedError, Sockets
from sandbox.slack.world import Json

ANSWER_WITHIN_SECONDS = 3.0
STALE_SECONDS = 10 * 60
FORM = "application/x-www-form-urlencoded"

_OF_THE_EVENTS_API = ("event_callback", "url_verification")

Signature = Literal["good", "bad_secret", "stale", "non_numeric", "missing"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came back from the bot: HTTP status (200 for a socket acknowledgement), body, error, time taken.

    `error` is what the person would see: `operation_timeout` when no answer came in time, `dispatch_failed`
    when the bot couldn't be reached or answered with anything but 2xx.
    `body` is what the answer says, if anything.
    """

    status: int | None
    body: Json | None
    error: str | None
    elapsed_ms: float

    def to_json(self) -> Json:
        """Return every field."""
        return asdict(self)


def signed_headers(secret: str, body: bytes, signature: Signature) -> dict[str, str]:
    """Return the headers of a request signed as Slack signs (version v0), or wrongly in the way asked for."""
    if signature == "missing":
        return {}
    timestamp = str(int(time.time()) - (STALE_SECONDS if signature == "stale" else 0))
    if signature == "non_numeric":
        timestamp = "yesterday"
    key = "not-the-secret" if signature == "bad_secret" else secret
    digest = hmac.new(key.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


class Delivery:
    """The way to the bot. `events_url` is where HTTP goes; None means Socket Mode."""

    def __init__(self, sockets: Sockets, signing_secret: str, events_url: str | None, seconds: float) -> None:
        self._sockets = sockets
        self._signing_secret = signing_secret
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self.events_url = events_url

    async def deliver(self, payload: Json, signature: Signature = "good") -> Delivered:
        """Deliver a slash command (it has a `command`), an event, or an interaction; return what came back.

        Unlike Slack, which tries up to three times more, it delivers an event once.
        """
        started = time.perf_counter()
        status, body, error = None, None, None
        try:
            async with timeout(self._seconds):
                if self.events_url is None:
                    status, body = 200, await self._by_socket(payload)
                else:
                    status, body = await self._by_http(self.events_url, payload, signature)
        except TimeoutError:
            error = "operation_timeout"
        except (SocketClosedError, aiohttp.ClientError):
            error = "dispatch_failed"
        if status is not None and not 200 <= status < 300:
            error = "dispatch_failed"
        return Delivered(status, body, error, round((time.perf_counter() - started) * 1000, 3))

    async def _by_socket(self, payload: Json) -> Json | None:
        frame = await self._sockets.deliver(_kind(payload), payload)
        return _said(frame.get("payload"))

    async def _by_http(self, url: str, payload: Json, signature: Signature) -> tuple[int, Json | None]:
        body, content_type = http_body(payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= signed_headers(self._signing_secret, body, signature)
        async with self._http().post(url, data=body, headers=headers) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, _said(_parsed(text) if is_json else text)

    def _http(self) -> aiohttp.ClientSession:
        # A new connection each time: one kept from before a restart of the bot would fail without its fault.
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self._session

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()


def http_body(payload: Json) -> tuple[bytes, str]:
    """Return the body in which Slack sends a payload, and its content type: an event comes as plain JSON."""
    if _kind(payload) == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if "command" in payload else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), FORM


def _kind(payload: Json) -> EnvelopeKind:
    if "command" in payload:
        return "slash_commands"
    return "events_api" if payload.get("type") in _OF_THE_EVENTS_API else "interactive"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _said(answer: Any) -> Json | None:
    """Return what an acknowledgement says, or None when it is empty."""
    if isinstance(answer, dict):
        return answer or None
    return {"text": str(answer)} if answer else None
