"""Every connection to Slack and to Vivoldi goes the way that the settings name, over HTTP and Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.adapters.network import Way, trust_store
from bot.adapters.slack import SlackFiles, SlackMessenger, SlackReplies, web_client, web_session
from bot.adapters.slack.client import answered, try_link
from bot.adapters.vivoldi import RateLimit, VivoldiClient
from bot.domain.coupon import CouponCode
from bot.domain.errors import SlackUnavailable, VivoldiUnavailable
from bot.domain.item.answer import Executed, NotExecuted
from bot.run.socket_mode import run_socket
from bot.services.ports.outside import File, Message
from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, Transport, stage
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl
from tests.builders import at_any_time
from tests.integration.proxy import Authority, Proxy, move, proxying, secured

INCIDENT, RIKA = "C0INCIDENT", "U0RIKA0000"
CODE = CouponCode("SUMMER10OFF")
# Where nobody listens: a call that goes there directly gets nothing, and a proxy knows what is meant.
SLACK, VIVOLDI = "http://127.0.0.1:1", "http://127.0.0.1:2"


@dataclass(frozen=True)
class Town:
    """A Slack and a Vivoldi that only a proxy reaches, at SLACK and VIVOLDI."""

    proxy: Proxy
    slack: LocalSlack
    control: SlackControl
    coupons: VivoldiControl


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with (
        proxying() as proxy,
        LocalSlack() as slack,
        LocalVivoldi() as vivoldi,
        SlackControl(slack.control_url) as control,
        VivoldiControl(vivoldi.control_url) as coupons,
    ):
        proxy.knows(SLACK, slack.api_url)
        proxy.knows(VIVOLDI, vivoldi.url)
        move(slack, SLACK)
        yield Town(proxy, slack, control, coupons)


def by(proxy: Proxy | None, trusted: Path | None = None) -> Way:
    return Way(trust_store(trusted), None if proxy is None else proxy.url)


def vivoldi_client(way: Way, url: str = VIVOLDI) -> VivoldiClient:
    return VivoldiClient(
        base_url=url,
        api_key=API_KEY,
        user_agent="example-corp",
        language="en",
        timeout=5,
        rate=RateLimit(1000),
        way=way,
    )


async def the_web_api(town: Town, way: Way) -> None:
    async with web_session(way) as session:
        assert (await answered(web_client(BOT_TOKEN, f"{SLACK}/api/", session).auth_test()))["ok"]


async def a_file_that_goes_up(town: Town, way: Way) -> None:
    async with web_session(way) as session:
        messenger = SlackMessenger(web_client(BOT_TOKEN, f"{SLACK}/api/", session), session)
        ts = await messenger.post(INCIDENT, Message("a card"))
        await messenger.attach(INCIDENT, ts, File("codes.csv", "Codes", b"code\r\n"))


async def a_file_that_comes_down(town: Town, way: Way) -> None:
    file = town.slack._files.keep("codes.csv", "SUMMER10OFF")
    async with web_session(way) as session:
        files = SlackFiles(web_client(BOT_TOKEN, f"{SLACK}/api/", session))
        assert await files.fetch(file["url_private_download"]) == b"SUMMER10OFF"


async def an_answer_by_its_address(town: Town, way: Way) -> None:
    address, _ = town.slack._responses.open(INCIDENT, RIKA)
    async with web_session(way) as session:
        assert await SlackReplies(session, f"{SLACK}/api/")(address, "only for you")


async def the_websocket(town: Town, way: Way) -> None:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U0BOT", bot_token="xoxb-1")

    stop, linked = asyncio.Event(), asyncio.Event()
    app = AsyncApp(authorize=authorize, process_before_response=True)
    running = asyncio.create_task(
        run_socket(app, APP_TOKEN, f"{SLACK}/api/", stop, way=way, linked=linked, watchdog_seconds=3)
    )
    async with asyncio.timeout(10):
        await linked.wait()
    stop.set()
    await running


async def reading_a_coupon(town: Town, way: Way) -> None:
    async with vivoldi_client(way) as coupons:
        await coupons.read(CODE)


async def deleting_a_coupon(town: Town, way: Way) -> None:
    await town.coupons.create(CODE)
    async with vivoldi_client(way) as coupons:
        assert isinstance(await coupons.delete(CODE, at_any_time), Executed)


CONNECTIONS = [
    the_web_api,
    a_file_that_goes_up,
    a_file_that_comes_down,
    an_answer_by_its_address,
    the_websocket,
    reading_a_coupon,
    deleting_a_coupon,
]


@pytest.mark.outside("a proxy")
@pytest.mark.parametrize("connect", CONNECTIONS)
async def test_every_connection_goes_by_the_proxy_that_is_set(
    town: Town, connect: Callable[[Town, Way], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack and Vivoldi are where only the settings' proxy leads; that of the environment is not asked."""
    async with proxying() as other:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "WSS_PROXY"):
            monkeypatch.setenv(name, other.url)
        monkeypatch.setenv("NO_PROXY", "*")
        await connect(town, by(town.proxy))
    assert town.proxy.targets
    assert other.targets == []


@pytest.mark.parametrize("connect", CONNECTIONS)
async def test_without_the_setting_no_proxy_is_used(
    town: Town, connect: Callable[[Town, Way], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy from the environment leads to nothing at all: without the setting nobody gets through."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, town.proxy.url)
    with pytest.raises((SlackUnavailable, VivoldiUnavailable, TimeoutError, AssertionError)):
        async with asyncio.timeout(2):
            await connect(town, by(None))
    assert town.proxy.targets == []


@pytest.mark.outside("a proxy")
async def test_a_proxy_that_wants_a_password_gets_it() -> None:
    """Name and password of the proxy's address are shown to the proxy, to Slack's and to Vivoldi's."""
    async with proxying(refuses=True) as proxy, LocalSlack() as slack, LocalVivoldi() as vivoldi:
        address = proxy.url.replace("://", "://guard:open%20sesame@")
        way = Way(trust_store(None), address)
        async with web_session(way) as session, vivoldi_client(way, vivoldi.url) as coupons:
            await answered(web_client(BOT_TOKEN, slack.api_url, session).auth_test())
            await coupons.read(CODE)
    assert proxy.credentials == {"guard:open sesame"}


@pytest.mark.outside("a proxy")
async def test_a_proxy_that_refuses_is_named(tmp_path: Path) -> None:
    """A proxy that lets nobody through is what is told, and proves that nothing was sent."""
    authority = Authority(tmp_path)
    async with (
        proxying(refuses=True) as proxy,
        LocalSlack() as slack,
        LocalVivoldi() as vivoldi,
        secured(slack.api_url, authority.serving()) as slack_url,
        secured(vivoldi.url, authority.serving()) as vivoldi_url,
    ):
        way = by(proxy, authority.file)
        async with web_session(way) as session, vivoldi_client(way, vivoldi_url) as coupons:
            with pytest.raises(SlackUnavailable, match=r"the proxy to Slack refused \(HTTP 407\)"):
                await answered(web_client(BOT_TOKEN, slack_url, session).auth_test())
            with pytest.raises(VivoldiUnavailable, match="the proxy to Vivoldi refused"):
                await coupons.read(CODE)
            assert isinstance(await coupons.delete(CODE, at_any_time), NotExecuted)


@pytest.mark.outside("a proxy")
async def test_a_delete_through_a_tunnel_is_sent_once(tmp_path: Path) -> None:
    """Through a proxy, too, each DELETE has a connection of its own, whose inside the proxy does not see."""
    authority = Authority(tmp_path)
    async with (
        proxying() as proxy,
        LocalVivoldi() as vivoldi,
        VivoldiControl(vivoldi.control_url) as control,
        secured(vivoldi.url, authority.serving()) as url,
    ):
        await control.create(CODE)
        async with vivoldi_client(by(proxy, authority.file), url) as coupons:
            assert isinstance(await coupons.delete(CODE, at_any_time), Executed)
            await control.fault("drop_after")
            await coupons.delete(CODE, at_any_time)
        assert [call.kind for call in await control.calls()] == ["delete", "delete"]
    assert len(proxy.targets) == 2


@asynccontextmanager
async def private(folder: Path, days: int = 1) -> AsyncIterator[tuple[Authority, LocalSlack, str, str]]:
    """Yield an authority of one's own, and a Slack and a Vivoldi over HTTPS that it vouches for."""
    authority = Authority(folder)
    async with (
        LocalSlack() as slack,
        LocalVivoldi() as vivoldi,
        secured(slack.api_url, authority.serving(days=days)) as slack_url,
        secured(vivoldi.url, authority.serving(days=days)) as vivoldi_url,
    ):
        move(slack, slack_url.removesuffix("/api/"))
        yield authority, slack, slack_url, vivoldi_url


@pytest.mark.outside("a private authority")
async def test_one_trust_store_for_all(tmp_path: Path) -> None:
    """What the file of SSL_CERT_FILE vouches for is trusted as Slack, its WebSocket and as Vivoldi."""
    async with private(tmp_path) as (authority, slack, slack_url, vivoldi_url):
        way = by(None, authority.file)
        async with web_session(way) as session, vivoldi_client(way, vivoldi_url) as coupons:
            client = web_client(BOT_TOKEN, slack_url, session)
            assert (await answered(client.auth_test()))["ok"]
            await try_link(session, slack._sockets.issue_url())
            await coupons.read(CODE)


@pytest.mark.outside("a private authority")
@pytest.mark.parametrize(
    ("days", "trusted", "named"),
    [(1, False, "unable to get local issuer certificate"), (-1, True, "certificate has expired")],
)
async def test_a_certificates_failure_is_named(tmp_path: Path, days: int, trusted: bool, named: str) -> None:
    """It is told as what it is, no matter whose it is, and proves that no DELETE was sent."""
    async with private(tmp_path, days) as (authority, slack, slack_url, vivoldi_url):
        way = by(None, authority.file if trusted else None)
        async with web_session(way) as session, vivoldi_client(way, vivoldi_url) as coupons:
            with pytest.raises(SlackUnavailable, match=rf"Slack's certificate is not trusted \({named}\)"):
                await answered(web_client(BOT_TOKEN, slack_url, session).auth_test())
            with pytest.raises(SlackUnavailable, match=f"certificate.*{named}"):
                await try_link(session, slack._sockets.issue_url())
            with pytest.raises(
                VivoldiUnavailable, match=rf"Vivoldi's certificate is not trusted \({named}\)"
            ):
                await coupons.read(CODE)
            answer = await coupons.delete(CODE, at_any_time)
        assert isinstance(answer, NotExecuted)
        assert named in answer.reason


@pytest.mark.outside("a private authority")
async def test_another_hosts_certificate_is_named(tmp_path: Path) -> None:
    """A certificate that is right but for another host is not trusted either."""
    async with private(tmp_path) as (authority, _, _, vivoldi_url):
        url = vivoldi_url.replace("127.0.0.1", "localhost")
        async with vivoldi_client(by(None, authority.file), url) as coupons:
            with pytest.raises(VivoldiUnavailable, match=r"certificate is not trusted.*localhost"):
                await coupons.read(CODE)


async def test_socket_mode_logs_a_certificates_failure(tmp_path: Path) -> None:
    """Where Slack's certificate is not trusted, the log says so each time that a connection is tried."""
    async with private(tmp_path) as (_, _, slack_url, _):
        app = AsyncApp(signing_secret="", token="xoxb-1")
        with structlog.testing.capture_logs() as logged, pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await run_socket(app, APP_TOKEN, slack_url, asyncio.Event(), watchdog_seconds=1)
    said = {str(line["error"]) for line in logged if line["event"] == "socket.not_opened"}
    assert said == {"Slack's certificate is not trusted (unable to get local issuer certificate)"}


async def test_no_keys_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can have the keys of the connections written to a file by SSLKEYLOGFILE."""
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    async with private(tmp_path) as (authority, slack, slack_url, vivoldi_url):
        way = by(None, authority.file)
        async with web_session(way) as session, vivoldi_client(way, vivoldi_url) as coupons:
            await answered(web_client(BOT_TOKEN, slack_url, session).auth_test())
            await try_link(session, slack._sockets.issue_url())
            await coupons.read(CODE)
    assert not keys.exists()


@pytest.mark.outside("a proxy")
@pytest.mark.parametrize("transport", ["http", "socket"])
async def test_the_bot_as_it_is_started(transport: Transport, tmp_path: Path) -> None:
    """The started bot goes by SLACK_PROXY and VIVOLDI_PROXY, by no other, and writes no keys."""
    async with proxying() as slack, proxying() as vivoldi, proxying() as other:
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY")
        around: dict[str, Any] = dict.fromkeys(names, other.url)
        keys = tmp_path / "keys"
        async with stage(
            transport,
            SLACK_PROXY=slack.url,
            VIVOLDI_PROXY=vivoldi.url,
            SSLKEYLOGFILE=str(keys),
            NO_PROXY="*",
            **around,
        ) as opened:
            await opened.vivoldi.create(CODE)
            await opened.slack.command(RIKA, f"{CODE} leaked")
            await opened.slack.wait_message(INCIDENT, CODE, timeout=20)
            reached = {"slack": slack.to(opened.slack_api_url), "vivoldi": vivoldi.to(opened.vivoldi_api_url)}
        assert all(reached.values()), reached
        assert (len(slack.targets), len(vivoldi.targets)) == tuple(reached.values())
    assert other.targets == []
    assert not keys.exists()
