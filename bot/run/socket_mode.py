"""Socket Mode: the bot opens a connection to Slack and gets everything through it, so it needs no public URL.

The SDK's client tries the same connection URL for ever after a failed handshake, although such a URL is good
for one connection only. A watchdog replaces a client that has been without connection for too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.network import Way, direct
from bot.adapters.slack.errors import ABOUT_A_TOKEN, FOREIGN, translated
from bot.domain.errors import SettingsError

# How long listeners in flight may take once the bot was told to stop; each is one short transaction.
DRAIN_SECONDS = 5
_CALL_SECONDS = 10
_log = structlog.get_logger(__name__)


@dataclass
class Watchdog:
    """Tells when a connection has been missing for too long.

    seconds: how long it may be missing. Times are seconds of a clock that never goes back.
    """

    seconds: float
    last_connected: float

    def overdue(self, connected: bool, now: float) -> bool:
        """Take note of a look at the connection, and tell whether it is to be replaced."""
        if connected:
            self.last_connected = now
        return now - self.last_connected >= self.seconds


async def run_socket(
    bolt_app: AsyncApp,
    app_token: str,
    web_client_base_url: str,
    stop: asyncio.Event,
    *,
    way: Way | None = None,
    linked: asyncio.Event | None = None,
    watchdog_seconds: float = 30,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Keep a connection to Slack until `stop` is set, then finish the listeners in flight and close it.

    web_client_base_url: the address of Slack's Web API, with its last slash.
    way: to Slack; None: directly. linked: set as long as there is a connection.
    watchdog_seconds: how long there may be no connection before it is opened anew.
    Raises SettingsError if Slack refuses the app-level token.
    """
    way = way or direct()
    web_client = AsyncWebClient(
        base_url=web_client_base_url, timeout=_CALL_SECONDS, ssl=way.trusted, retry_handlers=[]
    )
    # Set afterwards: given none, the SDK takes one from the environment.
    web_client.proxy = way.proxy
    look_seconds = watchdog_seconds / 30
    linked = linked or asyncio.Event()
    while not stop.is_set():
        linked.clear()
        url = await _new_url(web_client, app_token)
        if url is None:
            await _wait(stop, watchdog_seconds / 6)
            continue
        async with _connection(bolt_app, app_token, web_client, url) as handler:
            watchdog = Watchdog(watchdog_seconds, clock())
            while not watchdog.overdue(await _look(handler, linked), clock()):
                if await _wait(stop, look_seconds):
                    await handler.drain()
                    break
            else:
                _log.warning("socket.replaced", seconds_without_connection=watchdog_seconds)
    _log.info("socket.stopped")


async def _look(handler: _Handler, linked: asyncio.Event) -> bool:
    """Return whether there is a connection, and tell the others."""
    connected = await handler.client.is_connected()
    (linked.set if connected else linked.clear)()
    return connected


async def _new_url(web_client: AsyncWebClient, app_token: str) -> str | None:
    """Return a fresh connection URL, or None if trying again later can help. Raises SettingsError."""
    try:
        answer = await web_client.apps_connections_open(app_token=app_token)
        return str(answer["url"])
    except SlackApiError as error:
        name = str(error.response.get("error"))
        # Slack's names are an open list: what does not prove the token to be wrong is tried again.
        if name not in ABOUT_A_TOKEN or error.response.status_code >= 500:
            _log.warning("socket.not_opened", error=name)
            return None
        fault = (
            f"SLACK_APP_TOKEN: Slack refused it ({name}). Make an app-level token with the scope "
            "connections:write in the Slack app's Basic Information, and turn Socket Mode on."
        )
        raise SettingsError((fault,)) from error
    except FOREIGN as error:
        _log.warning("socket.not_opened", error=str(translated(error)))
        return None


async def _wait(stop: asyncio.Event, seconds: float) -> bool:
    """Wait until the bot is told to stop, at most so long; tell whether it was."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


@contextlib.asynccontextmanager
async def _connection(
    bolt_app: AsyncApp, app_token: str, web_client: AsyncWebClient, url: str
) -> AsyncIterator[_Handler]:
    handler = _Handler(bolt_app, app_token, web_client=web_client)
    # The same for the WebSocket, which takes its certificates from the Web client, but not its proxy.
    handler.client.proxy = web_client.proxy
    # The client asks for a URL of its own only if it has none; this one was asked for so that a refused
    # token is seen.
    handler.client.wss_uri = url
    # Connecting goes on until it succeeds, so it must not hold up the watchdog.
    connecting = asyncio.create_task(_connect(handler))
    try:
        yield handler
    finally:
        connecting.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's


async def _connect(handler: _Handler) -> None:
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's
    # Someone who starts the bot by hand sees by this line that it works.
    _log.info("socket.connected")


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which also knows when no listener is running."""

    def __init__(self, app: AsyncApp, app_token: str, web_client: AsyncWebClient) -> None:
        super().__init__(app, app_token, web_client=web_client)
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Let Bolt handle what came through the connection."""
        self._running += 1
        self._idle.clear()
        try:
            await super().handle(client, req)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def drain(self) -> None:
        """Wait until every listener in flight has answered, for a few seconds at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)
