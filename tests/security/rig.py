"""The whole bot in this process, between a local Slack and a local Vivoldi, reached by signed requests.

Nothing is replaced: Bolt, the services, the store and the worker are the real ones, as `bot.bootstrap`
connects them. Only the network in front of the HTTP application is left out.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from bot.bootstrap import Bot, connected, migrate
from bot.run.server import http_app
from bot.settings import Settings
from sandbox.slack import LocalSlack
from sandbox.slack.api.modals import view_submission
from sandbox.slack.deliver.delivery import http_body
from sandbox.slack.deliver.payloads import action, app_home_opened, block_actions, find_element, slash_command
from sandbox.slack.world import Message, World
from sandbox.slack_client import LogEntry, SlackControl
from sandbox.stage import API_KEY, BOT_TOKEN, SIGNING_SECRET
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import Call, VivoldiControl
from tests.outside import objections_to_log
from tests.scenario.playing import AMIR, BEA, DANA, INCIDENT, PATIENCE, is_card, message_of

FORM = "application/x-www-form-urlencoded"
EVENTS = "/slack/events"
# What a command or a click may change; audit events, private answers and what the worker notes are not it.
_STATE = {
    "requests": "id, state, version, team, channel, requester_id, reason, digest, ended_by_id, approve_by",
    "items": "request_id, position, code, open, snapshot, state, detail",
    "decisions": "request_id, step, actor_id, digest",
}
State = Mapping[str, tuple[tuple[Any, ...], ...]]
Payload = dict[str, Any]


@dataclass(frozen=True)
class Rig:
    """A bot with one channel to work in. database: its SQLite file. app: what listens to Slack's requests."""

    slack: LocalSlack
    control: SlackControl
    vivoldi: VivoldiControl
    bot: Bot
    app: Starlette
    http: httpx.AsyncClient
    database: Path

    async def send(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request to the address that Slack calls."""
        return await self.http.post(EVENTS, content=body, headers=dict(headers))

    async def deliver(self, payload: Payload) -> httpx.Response:
        """Send a payload as Slack does."""
        body, content_type = http_body(payload)
        return await self.send(body, signed(body, content_type=content_type))

    def command(self, text: str, by: str = DANA, channel: str = INCIDENT) -> Payload:
        """Return the payload of a command."""
        world = self.slack.world
        return dict(
            slash_command(
                world, world.people[by], world.channels[channel], "/coupon-delete", text, self._answer_url()
            )
        )

    def click(self, card: Message, action_id: str = "approve", by: str = AMIR) -> Payload:
        """Return the payload of a click on a card."""
        world, shown = self.slack.world, card.to_slack()
        found = find_element(shown, action_id, None)
        assert found is not None, f"the card has no button {action_id}"
        used = action(world, found[0], found[1], None)
        return block_actions(world, world.people[by], card, shown, used, self._answer_url())

    def home(self, by: str = AMIR, tab: str = "home") -> Payload:
        """Return the event of someone who opens the app."""
        return app_home_opened(self.slack.world, self.slack.world.people[by], tab, None)

    def homes(self) -> list[tuple[Any, ...]]:
        """Return whose Home was opened, and when."""
        return self.rows("SELECT person, opened_at FROM homes ORDER BY person")

    async def dialog(self, card: Message, typed: str, by: str = BEA) -> Payload:
        """Tap the final button, and return the payload of the dialog that opens, with what is typed in it."""
        await self.deliver(self.click(card, by=by))
        world = self.slack.world
        modal = [modal for modal in world.modals.values() if modal.user == by][-1]
        return view_submission(world, modal, {"typed": {"typed": typed}})

    def _answer_url(self) -> str:
        return f"{self.slack.api_url.removesuffix('api/')}response/1/none"

    async def open_card(self, code: str, by: str = DANA, reason: str = "leaked", **coupon: str) -> Message:
        """Create a coupon, ask for its deletion, and return the card. The worker has to run."""
        await self.vivoldi.create(code, **coupon)
        return await self.ask_again(code, reason, by)

    async def ask_again(self, code: str, reason: str, by: str = DANA) -> Message:
        """Ask for the deletion of a coupon that is there already, and return the card."""
        after = self.slack.world.log.last_seq
        answer = await self.deliver(self.command(f"{code} {reason}", by))
        assert "the card appears here in a moment" in answer.text, answer.text

        def posted(entry: LogEntry) -> bool:
            return entry.kind == "posted" and is_card(entry) and message_of(entry).contains(code)

        return self.card_as_it_stands(message_of(await self.control.wait_for(posted, PATIENCE, after)).ts)

    async def stoppable(self, card: Message, by: str = BEA) -> Message:
        """Give the final approval on a card that asks for it, and return the card that can be stopped."""
        code = card.text.split("?")[0].removeprefix("Delete coupon ")
        await self.deliver(await self.dialog(card, code[-4:], by))
        await self.control.wait_for(
            lambda entry: entry.kind == "updated" and message_of(entry).contains("Can be stopped"),
            PATIENCE,
            card.seq,
        )
        return self.card_as_it_stands(card.ts)

    async def second_step(self, card: Message, by: str = AMIR) -> Message:
        """Give step 1, and return the card that asks for step 2."""
        await self.deliver(self.click(card, by=by))
        await self.control.wait_for(
            lambda entry: entry.kind == "updated" and message_of(entry).contains("Step 2 of 2"),
            PATIENCE,
            card.seq,
        )
        return self.card_as_it_stands(card.ts)

    def card_as_it_stands(self, ts: str) -> Message:
        """Return a message as people see it now."""
        found = self.slack.world.message(INCIDENT, ts)
        assert found is not None
        return found

    async def deletes(self) -> list[Call]:
        """Return every DELETE that reached Vivoldi."""
        return await self.vivoldi.calls("delete")

    def state(self) -> State:
        """Return what is stored about requests, items and decisions."""
        with closing(sqlite3.connect(self.database)) as database:
            return {
                table: tuple(database.execute(f"SELECT {names} FROM {table} ORDER BY 1, 2"))  # noqa: S608
                for table, names in _STATE.items()
            }

    async def privately(self, who: str, words: str, after: int) -> str:
        """Wait for what one person is told alone after an entry of the local Slack's log, and return it."""
        return (await self.control.wait_ephemeral(who, words, PATIENCE, after)).text

    def refusals(self) -> list[tuple[Any, ...]]:
        """Return the kind, the actor and the data of each audit event about a refusal, in their order."""
        return self.rows("SELECT kind, actor_id, data FROM events WHERE kind LIKE '%.refused' ORDER BY id")

    def forget_refusals(self) -> None:
        """Let each refusal be told again, as it is a minute later."""
        with closing(sqlite3.connect(self.database, timeout=10)) as database, database:
            database.execute("DELETE FROM refusals")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in the database."""
        with closing(sqlite3.connect(self.database)) as database:
            return list(database.execute(query))


def form_of(payload: Payload) -> bytes:
    """Return the body in which Slack sends a payload: a command as fields, anything else as one of JSON."""
    return urlencode(payload if "command" in payload else {"payload": json.dumps(payload)}).encode()


def signature(body: bytes, timestamp: str, secret: str = SIGNING_SECRET) -> str:
    """Return Slack's signature (version v0) of a body and a time."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def signed(
    body: bytes, *, secret: str = SIGNING_SECRET, age: float = 0, content_type: str = FORM
) -> dict[str, str]:
    """Return the headers of a request that was signed so many seconds ago."""
    timestamp = str(int(time.time() - age))
    return {
        "content-type": content_type,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature(body, timestamp, secret),
    }


@contextmanager
def _level_kept(name: str) -> Iterator[None]:
    """Put a logger's level back afterwards, which the bot sets for its whole process."""
    logger = logging.getLogger(name)
    level = logger.level
    try:
        yield
    finally:
        logger.setLevel(level)


@asynccontextmanager
async def _slack(prepare: Callable[[World], None]) -> AsyncIterator[LocalSlack]:
    async with LocalSlack() as slack:
        prepare(slack.world)
        yield slack


@asynccontextmanager
async def rig_on(
    folder: Path, prepare: Callable[[World], None] = lambda _: None, **settings: str
) -> AsyncIterator[Rig]:
    """Set a bot up, on a database in a folder; its worker does not run.

    prepare: changes the local Slack before the bot sees it. settings: others than the stage's.
    """
    database = folder / "guard.db"
    async with (
        _slack(prepare) as slack,
        LocalVivoldi() as vivoldi,
        SlackControl(slack.control_url) as control,
        VivoldiControl(vivoldi.control_url) as vivoldi_control,
    ):
        values = {
            "approvers": "S0ONCALL00",
            "slack_bot_token": BOT_TOKEN,
            "slack_signing_secret": SIGNING_SECRET,
            "slack_api_url": slack.api_url,
            "vivoldi_api_key": API_KEY,
            "vivoldi_api_url": vivoldi.url,
            "vivoldi_rate_per_minute": "10000",
            "database_url": f"sqlite:///{database}",
            **settings,
        }
        chosen = Settings.model_validate(values)
        await migrate(chosen)
        with _level_kept("slack_bolt"):
            async with connected(chosen, asyncio.Event()) as bot:
                assert bot is not None
                app = http_app(bot.app, SIGNING_SECRET, bot.watch)
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
                    yield Rig(slack, control, vivoldi_control, bot, app, http, database)
        taken = [(entry.kind, entry.data) for entry in slack.world.log.entries]
        assert objections_to_log(taken) == [], "the local Slack took what slack_sdk's models object to"


@asynccontextmanager
async def working(rig: Rig) -> AsyncIterator[None]:
    """Let the worker run, as it does beside the server. Once it has stopped it can't run again."""
    work = asyncio.create_task(rig.bot.worker.run())
    try:
        yield
    finally:
        rig.bot.worker.stop()
        await work
