"""A small Bolt app, and requests signed as Slack signs them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.bootstrap import SystemClock
from bot.observe.metrics import Metrics
from bot.observe.scrape import Scrape
from bot.run.server import Watch

SECRET = "signing-secret"
FORM = "application/x-www-form-urlencoded"


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U0BOT", bot_token="xoxb-1")


class Bot:
    """A Bolt app that counts the commands it gets; a command called /wait is held until `release` is set."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
        self.app.command("/coupon-delete")(self._count)
        self.app.command("/wait")(self._hold)

    async def _count(self, ack: AsyncAck, command: dict[str, str]) -> None:
        self.commands.append(command["text"])
        await ack("seen")

    async def _hold(self, ack: AsyncAck) -> None:
        self.arrived.set()
        await self.release.wait()
        await ack("finished")


async def unanswered(_address: str, _text: str) -> bool:
    """Reach nobody."""
    return False


async def ready() -> list[str]:
    return []


def watched(ready: Callable[[], Awaitable[list[str]]] = ready) -> Watch:
    """Return a watch over nothing but new metrics."""
    metrics = Metrics()

    async def overdue(_: datetime) -> dict[str, timedelta]:
        return {}

    return Watch(ready, Scrape(metrics, overdue, overdue, SystemClock()), metrics.signature_refused)


def signed(body: bytes | str, content_type: str = FORM, **changed: str) -> dict[str, str]:
    """Return the headers with which Slack sends a body; `changed` replaces some of them."""
    raw = body.encode() if isinstance(body, str) else body
    timestamp = changed.get("timestamp", str(int(time.time())))
    digest = hmac.new(SECRET.encode(), b"v0:" + timestamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return {
        "content-type": content_type,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": changed.get("signature", f"v0={digest}"),
    }


def command(name: str = "/coupon-delete", text: str = "ZJLF0399WQBEQZJM") -> str:
    return urlencode({"command": name, "text": text, "team_id": "T1", "user_id": "U1", "channel_id": "C1"})
