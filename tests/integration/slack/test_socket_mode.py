"""Socket Mode against a small server of Slack's: apps.connections.open, and the connections it gives out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import structlog
from aiohttp import WSMsgType, web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.domain.errors import SettingsError
from bot.run.socket_mode import Watchdog, run_socket

COMMAND = {"command": "/coupon-delete", "text": "now", "team_id": "T1", "user_id": "U1", "channel_id": "C1"}
ENVELOPE = {"type": "slash_commands", "envelope_id": "E1", "payload": COMMAND}


class Slack:
    """Gives out connection URLs; a URL listed in `dead` fails its handshake for ever."""

    def __init__(self) -> None:
        self.answers: list[dict[str, object]] = []
        self.dead: set[str] = set()
        self.opened = 0
        self.tried: list[str] = []
        self.connected: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.acknowledged: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.disconnected = asyncio.Event()
        self.url = ""

    async def open(self, _: web.Request) -> web.Response:
        if self.answers:
            return web.json_response(self.answers.pop(0))
        self.opened += 1
        address = self.url.replace("http", "ws", 1)
        return web.json_response({"ok": True, "url": f"{address}link/{self.opened}"})

    async def link(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        self.tried.append(number)
        if number in self.dead:
            return web.Response(status=404)
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self.connected.put_nowait(connection)
        async for message in connection:
            if message.type is WSMsgType.TEXT:
                self.acknowledged.put_nowait(message.json())
        self.disconnected.set()
        return connection


class Bot:
    """A Bolt app whose one listener waits until `release` is set."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.app = AsyncApp(authorize=authorize, process_before_response=True)
        self.app.command("/coupon-delete")(self._hold)

    async def _hold(self, ack: AsyncAck) -> None:
        self.arrived.set()
        await self.release.wait()
        await ack("finished")


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U0BOT", bot_token="xoxb-1")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    slack = Slack()
    app = web.Application()
    app.router.add_post("/api/apps.connections.open", slack.open)
    app.router.add_get("/api/link/{number}", slack.link)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield slack
    await runner.cleanup()


@pytest.fixture
def bot() -> Bot:
    return Bot()


@contextlib.asynccontextmanager
async def running(bot: Bot, slack: Slack, watchdog_seconds: float = 30) -> AsyncIterator[asyncio.Event]:
    """Run Socket Mode for the length of the block, and see that it ends in good order."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        run_socket(bot.app, "xapp-1", slack.url, stop, watchdog_seconds=watchdog_seconds)
    )
    yield stop
    stop.set()
    await task


async def test_command_is_answered_on_its_connection(bot: Bot, slack: Slack) -> None:
    """What comes through the connection reaches its listener, and the answer goes back."""
    bot.release.set()
    async with running(bot, slack):
        await (await slack.connected.get()).send_json(ENVELOPE)
        answer = await slack.acknowledged.get()
    assert answer == {"envelope_id": "E1", "payload": {"text": "finished"}}
    assert slack.opened == 1


async def test_stop_finishes_the_listener_in_flight(bot: Bot, slack: Slack) -> None:
    """Once told to stop, the bot still answers the command that it has begun."""
    async with running(bot, slack) as stop:
        await (await slack.connected.get()).send_json(ENVELOPE)
        await bot.arrived.wait()
        stop.set()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slack.disconnected.wait(), 0.2)
        bot.release.set()
    assert (await slack.acknowledged.get())["envelope_id"] == "E1"


async def test_dead_connection_url_is_replaced(bot: Bot, slack: Slack) -> None:
    """A URL whose handshake fails is given up for a fresh one, instead of being tried for ever."""
    slack.dead = {"1"}
    bot.release.set()
    async with running(bot, slack, watchdog_seconds=0.3):
        await (await slack.connected.get()).send_json(ENVELOPE)
        await slack.acknowledged.get()
    assert slack.tried == ["1", "2"]


async def test_a_connection_is_logged(bot: Bot, slack: Slack) -> None:
    """The person who starts the bot sees in its log that it is connected."""
    with structlog.testing.capture_logs() as logged:
        async with running(bot, slack):
            bot.release.set()
            await (await slack.connected.get()).send_json(ENVELOPE)
            await slack.acknowledged.get()
    assert [line["log_level"] for line in logged if line["event"] == "socket.connected"] == ["info"]


async def test_trouble_that_passes_is_waited_for(bot: Bot, slack: Slack) -> None:
    """Where Slack can't open a connection just now, the bot asks again."""
    slack.answers = [{"ok": False, "error": "internal_error"}]
    async with running(bot, slack, watchdog_seconds=0.3):
        await slack.connected.get()


async def test_refused_token_names_its_setting(bot: Bot, slack: Slack) -> None:
    """A token that Slack refuses stops the bot with a sentence that names the setting."""
    slack.answers = [{"ok": False, "error": "invalid_auth"}]
    with pytest.raises(SettingsError, match=r"SLACK_APP_TOKEN: Slack refused it \(invalid_auth\)"):
        await run_socket(bot.app, "xapp-1", slack.url, asyncio.Event())


@pytest.mark.parametrize("name", ["org_login_required", "a_new_refusal"])
async def test_what_is_no_fault_of_the_token_is_tried_again(bot: Bot, slack: Slack, name: str) -> None:
    """What Slack refuses for another reason than the token may pass: it is tried again."""
    slack.answers = [{"ok": False, "error": name}]
    async with running(bot, slack, watchdog_seconds=0.3):
        await slack.connected.get()


def test_watchdog_counts_from_the_last_connection() -> None:
    """A connection is overdue once it was missing for the given time without a break."""
    watchdog = Watchdog(seconds=30, last_connected=100)
    assert not watchdog.overdue(connected=False, now=129)
    assert not watchdog.overdue(connected=True, now=140)
    assert not watchdog.overdue(connected=False, now=169)
    assert watchdog.overdue(connected=False, now=170)
