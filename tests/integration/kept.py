"""What 75994b6 has stored, and this version of the bot at work on it, by a clock of the test's own.

The bot is connected as it is when it starts, between a local Slack and a local Vivoldi; only its loop and the
network in front of its HTTP application are left out. `tests/fixtures/75994b6/README.md` says what there is.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bot.adapters.slack import Directory, SlackChannels, SlackDialogs, SlackMessenger, identify
from bot.adapters.store import SqlStore, SqlTrail, migrate
from bot.adapters.vivoldi import SharedRate
from bot.bootstrap import _bolt, outside
from bot.domain.errors import LostClaim, SlackError, StoreError
from bot.operate.audit.verify import verify
from bot.run.precedence import Precedence
from bot.run.server import http_app
from bot.settings import Settings
from bot.wiring import Services
from handlers.render.card import Cards
from handlers.render.home import HomeBlocks
from sandbox.slack import LocalSlack
from sandbox.slack.deliver.delivery import http_body
from sandbox.slack.world import Message, Trigger
from sandbox.stage import API_KEY, BOT_TOKEN, SIGNING_SECRET
from sandbox.vivoldi.server import LocalVivoldi
from tests.integration.bolt import watched
from tests.integration.databases import fresh_url
from tests.security.rig import signed

FOLDER = Path(__file__).parent.parent / "fixtures" / "75994b6"
# The key under which the fixtures' snapshots are sealed. It protects nothing.
KEY = "Y291cG9uLWd1YXJkLWZpeHR1cmVzLW9mLTc1OTk0YjY="
# More than anything stored gives the worker to do at once.
_MOST_WORK = 2000
_REFRESH_EVERY = timedelta(minutes=1)


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    time: datetime

    def now(self) -> datetime:
        """Return the time."""
        return self.time


@dataclass
class Outside:
    """The local Slack and the local Vivoldi, and the clock that everything goes by."""

    slack: LocalSlack
    vivoldi: LocalVivoldi
    clock: Clock

    def set_time(self, now: datetime) -> None:
        """Set every clock."""
        self.clock.time = now
        self.slack.world.shift_seconds = (now - datetime.now(UTC)).total_seconds()
        self.vivoldi.world.set_now(now)

    def calls(self, code: str) -> list[str]:
        """Return the kinds of the calls about a coupon, in their order."""
        return [call.kind for call in self.vivoldi.world.log.calls() if call.code == code]


@dataclass
class Bot:
    """The bot: what hears Slack, and what is due."""

    http: httpx.AsyncClient
    lanes: Sequence[Any]
    directory: Directory
    outside: Outside
    refreshed: datetime | None = field(default=None)

    async def deliver(self, payload: dict[str, Any]) -> httpx.Response:
        """Send a payload as Slack does; its trigger is good from now on."""
        await self.refresh()
        if trigger := payload.get("trigger_id"):
            world = self.outside.slack.world
            person = payload.get("user_id") or payload["user"]["id"]
            world.triggers[trigger] = Trigger(person, world.now())
        body, content_type = http_body(payload)
        return await self.http.post(
            "/slack/events", content=body, headers=signed(body, content_type=content_type)
        )

    async def drain(self) -> None:
        """Do everything that is due now."""
        await self.refresh()
        for _ in range(_MOST_WORK):
            if not [None for lane in self.lanes if await self._work(lane)]:
                return
        raise AssertionError("the work never ends")

    async def settle(self) -> None:
        """Let time pass until what is under way has come to its end, and then the deadline of what waits."""
        await self.drain()
        for seconds in (*[2] * 10, *[10] * 12, 31 * 60, 5):
            self.outside.set_time(self.outside.clock.now() + timedelta(seconds=seconds))
            await self.drain()

    async def refresh(self) -> None:
        """Ask who is who, once a minute as the worker does."""
        now = self.outside.clock.now()
        if self.refreshed is None or now - self.refreshed >= _REFRESH_EVERY:
            self.refreshed = now
            await self.directory.refresh()

    async def _work(self, lane: Any) -> bool:
        """Do one piece of work, and return whether there was any. What the worker would log is raised."""
        claim = await lane.claim()
        if claim is None:
            return False
        try:
            await lane.work(claim)
        except LostClaim:
            return True
        except (SlackError, StoreError):
            await lane.give_back(claim)
        return True


@asynccontextmanager
async def bot_on(url: str, outside_world: Outside, **changes: str) -> AsyncIterator[Bot]:
    """Connect the bot with a database that is up to date; changes: other settings than usual."""
    slack, vivoldi, clock = outside_world.slack, outside_world.vivoldi, outside_world.clock
    values = {
        "approvers": "S0ONCALL00",
        "slack_bot_token": BOT_TOKEN,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_api_url": slack.api_url,
        "vivoldi_api_key": API_KEY,
        "vivoldi_api_url": vivoldi.url,
        "vivoldi_rate_per_minute": "100000",
        "snapshot_keys": KEY,
        "database_url": url,
    }
    settings = Settings.model_validate({**values, **changes})
    policy, precedence = settings.policy(), Precedence()
    store = SqlStore(url, clock, lambda _: None)
    async with (
        store,
        outside(settings, SharedRate(policy.plan, store.rate.take)) as (session, client, coupons),
    ):
        identity = await identify(client)
        directory = Directory(client, clock, identity.team_id, policy.approvers | policy.final_approvers)
        services = Services(
            store,
            coupons,
            directory,
            SlackChannels(client, clock),
            SlackMessenger(client, session),
            Cards(),
            policy,
            clock,
            store.homes,
            HomeBlocks(identity.workspace_url),
        )
        app = http_app(
            _bolt(settings, client, identity, services, SlackDialogs(client), precedence),
            SIGNING_SECRET,
            watched(),
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
            yield Bot(http, services.lanes(settings), directory, outside_world)


async def loaded(kind: str, folder: Path) -> str:
    """Return the URL of a fresh database that holds the fixture, brought up to date."""
    url = fresh_url(kind, folder)
    if kind == "sqlite":
        shutil.copy(FOLDER / "sqlite.sqlite3", url.removeprefix("sqlite:///"))
    else:
        with psycopg.connect(url) as connection:
            connection.execute((FOLDER / "postgresql.sql").read_bytes())
    await migrate(url)
    return url


async def audit_fault(url: str) -> object:
    """Return what is wrong with the audit; None: nothing."""
    async with SqlTrail(url) as trail:
        return (await verify(trail)).fault


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in a database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return list(database.execute(query))
    with psycopg.connect(url) as connection:
        return list(connection.execute(query.encode()))


def stored(name: str) -> Any:
    """Return one of the JSON files of the fixtures."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@asynccontextmanager
async def the_outside(now: datetime) -> AsyncIterator[Outside]:
    """Open a Slack and a Vivoldi at a time."""
    async with LocalSlack(bot_token=BOT_TOKEN) as slack, LocalVivoldi(api_key=API_KEY) as vivoldi:
        found = Outside(slack, vivoldi, Clock(now))
        found.set_time(now)
        yield found


@asynccontextmanager
async def the_outside_of_then() -> AsyncIterator[Outside]:
    """Open the Slack and the Vivoldi that go with the fixture, at its time."""
    world = stored("world.json")
    async with the_outside(datetime.fromisoformat(world["now"])) as found:
        for message in world["messages"]:
            posted = Message(**{**message, "blocks": tuple(message["blocks"])})
            found.slack.world.messages[posted.channel, posted.ts] = [posted]
        for coupon in world["coupons"]:
            found.vivoldi.world.create(coupon)
        yield found
