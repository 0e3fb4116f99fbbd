"""The bot in a company's network: a certificate authority of its own, and proxies that lead out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl
from sandbox.stage import (
    API_KEY,
    APP_TOKEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    BotProcess,
    Server,
    Stage,
    Transport,
    free_port,
)
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl
from tests.integration.proxy import Authority, Proxy, move, proxying, secured
from tests.judge.servers import judge
from tests.scenario.playing import Play
from tests.scenario.told import CONFIRMED

_AUTHORITY = pytest.mark.outside("a private authority")
_PROXY = pytest.mark.outside("a proxy")


@dataclass(frozen=True)
class Company:
    """A Slack and a Vivoldi over HTTPS that the authority in a file vouches for, and a bot for them."""

    stage: Stage
    proxy: Proxy


@asynccontextmanager
async def company(transport: Transport, folder: Path, by_proxy: bool) -> AsyncIterator[Company]:
    """Start all of it. by_proxy: SLACK_PROXY and VIVOLDI_PROXY are set."""
    authority, port = Authority(folder), free_port()
    events = f"http://127.0.0.1:{port}/slack/events" if transport == "http" else None
    async with (
        proxying() as proxy,
        LocalSlack(events_url=events) as slack,
        LocalVivoldi() as vivoldi,
        secured(slack.api_url, authority.serving()) as slack_url,
        secured(vivoldi.url, authority.serving()) as vivoldi_url,
        SlackControl(slack.control_url) as control,
        VivoldiControl(vivoldi.control_url) as coupons,
    ):
        move(slack, slack_url.removesuffix("/api/"))
        env = {
            "APPROVERS": "S0ONCALL00",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": slack_url,
            "VIVOLDI_API_KEY": API_KEY,
            "VIVOLDI_API_URL": vivoldi_url,
            "DATABASE_URL": f"sqlite:///{folder / 'coupon-guard.db'}",
            "PORT": str(port),
            "SSL_CERT_FILE": str(authority.file),
            # Nobody listens there: other programs' settings don't count.
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "NO_PROXY": "*",
            **({"SLACK_PROXY": proxy.url, "VIVOLDI_PROXY": proxy.url} if by_proxy else {}),
        }
        server = Server("bot", ("bot", "serve" if transport == "http" else "socket"), folder, env)
        bot = BotProcess(server, transport, port, control, env)
        await bot.start()
        try:
            yield Company(Stage(control, coupons, bot, slack_url, vivoldi_url, folder), proxy)
        finally:
            await bot.stop()


@pytest.mark.parametrize(
    ("transport", "by_proxy"),
    [
        pytest.param("http", False, marks=_AUTHORITY),
        pytest.param("socket", False, marks=_AUTHORITY),
        pytest.param("http", True, marks=_PROXY),
        pytest.param("socket", True, marks=_PROXY),
    ],
)
async def test_from_command_to_outcome(transport: Transport, by_proxy: bool, tmp_path: Path) -> None:
    """Each connection, the WebSocket too, trusts SSL_CERT_FILE and goes by the settings' proxies alone."""
    async with company(transport, tmp_path, by_proxy) as found:
        play = await Play.begin(found.stage)
        assert CONFIRMED in (await play.deleted_story(await play.open_card())).text
        await judge(found.stage, play.codes, play.since)
        servers = {urlsplit(url).netloc for url in (found.stage.slack_api_url, found.stage.vivoldi_api_url)}
        assert set(found.proxy.targets) == (servers if by_proxy else set())
