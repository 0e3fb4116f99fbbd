"""Who can read which channel, asked of the local Slack: what is not known counts as private."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import SlackChannels, web_client, web_session
from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl
from tests.fakes import FixedClock

TOKEN = "xoxb-local"
_PATIENT = 30  # seconds, for a busy machine
RIKA, CARL = "U0RIKA0000", "U0CARL0000"
INCIDENT, PRIVATE, NO_BOT = "C0INCIDENT", "G0PRIVATE0", "C0NOBOT000"


@dataclass(frozen=True)
class Rig:
    """A local Slack, its control side, and the bot's memory of its channels."""

    control: SlackControl
    channels: SlackChannels
    clock: FixedClock

    async def calls(self) -> int:
        """Return how many calls were made."""
        return len(await self.control.api_calls())


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control, web_session() as session:
        clock = FixedClock()
        await control.channel(PRIVATE, remove=[CARL])
        yield Rig(control, SlackChannels(web_client(TOKEN, slack.api_url, session), clock, _PATIENT), clock)


@asynccontextmanager
async def _slack(answer: Handler) -> AsyncIterator[AsyncWebClient]:
    """Run a Slack that gives one answer to everything."""
    app = web.Application()
    app.router.add_route("*", "/{method}", answer)
    async with TestServer(app) as server, web_session() as session:
        yield web_client(TOKEN, str(server.make_url("/")), session)


async def test_who_can_read_what(rig: Rig) -> None:
    """Everyone can read a public channel, also one without the bot; its members alone a private one."""
    everywhere = {INCIDENT, PRIVATE, NO_BOT, "C0NOWHERE0"}
    assert await rig.channels.open_to(RIKA, everywhere) == {INCIDENT, PRIVATE, NO_BOT}
    assert await rig.channels.open_to(CARL, everywhere) == {INCIDENT, NO_BOT}


async def test_members_on_a_later_page_are_found(rig: Rig) -> None:
    """Slack gives members a page at a time."""
    many = [f"U{number:09}" for number in range(1500)]
    await rig.control.channel(PRIVATE, add=many)
    assert await rig.channels.open_to(many[-1], {PRIVATE}) == {PRIVATE}


@pytest.mark.parametrize("scopes", [["chat:write"], ["chat:write", "channels:read"]])
async def test_without_the_scopes_a_channel_counts_as_private(rig: Rig, scopes: list[str]) -> None:
    """What the bot may not see is told to nobody."""
    await rig.control.app(scopes=scopes)
    seen = {INCIDENT} if "channels:read" in scopes else set()
    assert await rig.channels.open_to(RIKA, {INCIDENT, PRIVATE}) == seen


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members"])
@pytest.mark.parametrize("kind", ["server_error", "ratelimited", "malformed", "error"])
async def test_without_an_answer_a_channel_counts_as_private(rig: Rig, method: str, kind: str) -> None:
    """Trouble with Slack hides what is private."""
    await rig.control.fault(method, kind, error="fatal_error")
    assert await rig.channels.open_to(RIKA, {PRIVATE}) == set()
    assert await rig.channels.open_to(RIKA, {PRIVATE}) == {PRIVATE}


async def test_a_slow_answer_is_not_waited_for_and_not_lost() -> None:
    """A command is answered in time; the answer that comes late is there for the next one."""
    asked, go_on = asyncio.Queue[None](), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.put_nowait(None)
        await go_on.wait()
        return web.json_response({"ok": True, "channel": {"id": INCIDENT, "is_private": False}})

    async with _slack(answer) as client:
        hurried = SlackChannels(client, FixedClock(), patience=0.01)
        assert await hurried.open_to(RIKA, {INCIDENT}) == set()
        await asked.get()
        go_on.set()
        while await hurried.open_to(RIKA, {INCIDENT}) != {INCIDENT}:
            pass
    assert asked.empty()


async def test_an_answer_is_shared_for_a_minute(rig: Rig) -> None:
    """A second question within a minute costs no call; after it, someone who left is not told."""
    await rig.channels.open_to(RIKA, {PRIVATE})
    calls = await rig.calls()
    await rig.control.channel(PRIVATE, remove=[RIKA])
    rig.clock.advance(60)
    assert await rig.channels.open_to(RIKA, {PRIVATE}) == {PRIVATE}
    assert await rig.channels.open_to(CARL, {PRIVATE}) == set()
    assert await rig.calls() == calls
    rig.clock.advance(1)
    assert await rig.channels.open_to(RIKA, {PRIVATE}) == set()


async def test_a_refusal_is_remembered_as_well(rig: Rig) -> None:
    """A channel that the bot can't see is not asked for with each command."""
    await rig.channels.open_to(RIKA, {"C0NOWHERE0"})
    calls = await rig.calls()
    await rig.channels.open_to(RIKA, {"C0NOWHERE0"})
    assert await rig.calls() == calls


@pytest.mark.parametrize(
    ("info", "public"),
    [
        ({"id": "C1", "is_private": False}, True),
        ({"id": "C1", "is_private": True}, False),
        ({"id": "C1"}, False),
        ({"id": "C1", "is_private": None}, False),
        ({"id": "C1", "is_private": False, "is_mpim": True}, False),
        ({"id": "C1", "is_private": False, "is_im": True}, False),
        ({"id": "C2", "is_private": False}, False),
        ({"is_private": False}, False),
        (None, False),
        ("C1", False),
    ],
)
async def test_what_slack_does_not_call_public_is_private(info: Any, public: bool) -> None:
    """Only a channel of which Slack says that it is not private is public."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "channel": info, "members": []})

    async with _slack(answer) as client:
        channels = SlackChannels(client, FixedClock(), _PATIENT)
        assert await channels.open_to(RIKA, {"C1"}) == ({"C1"} if public else set())
