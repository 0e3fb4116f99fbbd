"""The guard in front of Bolt, with a small Bolt app behind it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from bot.run.server import MAX_BODY_BYTES, http_app
from tests.integration.bolt import FORM, SECRET, Bot, command, signed, watched


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def app(bot: Bot) -> Starlette:
    return http_app(bot.app, SECRET, watched())


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def test_signed_command_reaches_its_listener(bot: Bot, client: httpx.AsyncClient) -> None:
    """A request that Slack signed goes through the guard unchanged."""
    answer = await client.post(
        "/slack/events", content=command(text="A&B ü"), headers=signed(command(text="A&B ü"))
    )
    assert (answer.status_code, answer.text) == (200, "seen")
    assert bot.commands == ["A&B ü"]


async def test_oauth_settings_in_the_environment_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, which turn on OAuth in Bolt, are harmless and add no pages."""
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    bot = Bot()
    transport = httpx.ASGITransport(http_app(bot.app, SECRET, watched()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        answer = await client.post("/slack/events", content=command(), headers=signed(command()))
        assert (answer.status_code, bot.commands) == (200, ["ZJLF0399WQBEQZJM"])
        assert (await client.get("/slack/install")).status_code == 404


@pytest.mark.parametrize(
    "timestamp",
    ["", "abc", "1.5", "-1", "²", "9" * 5000],
    ids=["empty", "word", "float", "negative", "²", "long"],
)
async def test_timestamp_that_is_no_number_is_unauthorised(
    bot: Bot, client: httpx.AsyncClient, timestamp: str
) -> None:
    """A timestamp header that Bolt could not read is answered 401, not 500."""
    headers = httpx.Headers(signed(command()), encoding="utf-8")
    headers["x-slack-request-timestamp"] = timestamp
    answer = await client.post("/slack/events", content=command(), headers=headers)
    assert answer.status_code == 401
    assert not bot.commands


@pytest.mark.parametrize("missing", ["x-slack-request-timestamp", "x-slack-signature"])
async def test_missing_signature_header_is_unauthorised(
    bot: Bot, client: httpx.AsyncClient, missing: str
) -> None:
    """A request without one of the signature headers is answered 401."""
    headers = signed(command())
    del headers[missing]
    assert (await client.post("/slack/events", content=command(), headers=headers)).status_code == 401
    assert not bot.commands


@pytest.mark.parametrize("signature", ["v0=" + "0" * 64, "v0=é" + "0" * 63, "v1=x", ""])
async def test_wrong_signature_is_unauthorised(bot: Bot, client: httpx.AsyncClient, signature: str) -> None:
    """A signature that is wrong, or can't even be compared, is answered 401."""
    headers = httpx.Headers(signed(command()), encoding="utf-8")
    headers["x-slack-signature"] = signature
    assert (await client.post("/slack/events", content=command(), headers=headers)).status_code == 401
    assert not bot.commands


async def test_slack_may_look_at_the_certificate(bot: Bot, client: httpx.AsyncClient) -> None:
    """Slack's ssl_check comes without a signature when an address is saved: 200, and Bolt hears nothing."""
    for headers in ({"content-type": FORM}, {}):
        answer = await client.post("/slack/events", content="ssl_check=1&token=xxx", headers=headers)
        assert (answer.status_code, answer.text) == (200, "")
    answer = await client.post(
        "/slack/events", content="ssl_check=1&" + command(), headers={"content-type": FORM}
    )
    assert answer.status_code == 401
    assert not bot.commands


async def test_a_command_that_is_signed_asks_nothing_about_the_certificate(
    bot: Bot, client: httpx.AsyncClient
) -> None:
    """ssl_check does not open a way around the signature: one that is wrong stays wrong."""
    body = "ssl_check=1&token=xxx"
    headers = signed(body, signature="v0=" + "0" * 64)
    assert (await client.post("/slack/events", content=body, headers=headers)).status_code == 401
    assert not bot.commands


async def test_old_timestamp_is_unauthorised(bot: Bot, client: httpx.AsyncClient) -> None:
    """A rightly signed request that is more than five minutes old is refused."""
    headers = signed(command(), timestamp=str(int(time.time()) - 301))
    assert (await client.post("/slack/events", content=command(), headers=headers)).status_code == 401
    assert not bot.commands


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", FORM),
        (b"{", FORM),
        (b"payload=%7B", FORM),
        (b"payload=5", FORM),
        (b"payload=%5B1%5D", FORM),
        (b"[1]", "application/json"),
        (b"nonsense", "application/json"),
        (b'"text"', "application/json"),
        (b'{"enterprise": 5}', "application/json"),
        (b'{"authorizations": 5}', "application/json"),
        (b'{"team": [], "user": 7}', "application/json"),
        (b"[" * 200_000, "application/json"),
        (b"", FORM),
        (b"=&&=", FORM),
    ],
)
async def test_malformed_body_is_the_senders_fault(
    client: httpx.AsyncClient, body: bytes, content_type: str
) -> None:
    """A body that can't be read is answered 4xx, signed or not, never 500."""
    for signature in ({}, {"signature": "v0=" + "0" * 64}):
        headers = signed(body, content_type, **signature)
        answer = await client.post("/slack/events", content=body, headers=headers)
        assert 400 <= answer.status_code < 500


async def test_body_over_the_limit_is_refused_by_its_declared_length(app: Starlette) -> None:
    """A body that is declared too long is answered 413 before any of it is read."""
    reads = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield b"x"

    status = await exchange(app, body(), {**signed("x"), "content-length": str(MAX_BODY_BYTES + 1)})
    assert (status, reads) == (413, 0)


async def test_body_over_the_limit_is_refused_before_it_is_read_whole(app: Starlette) -> None:
    """A body without a declared length is answered 413 as soon as it passes the limit."""
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 64 * 1024
            yield b"x" * 64 * 1024

    status = await exchange(app, body(), signed("x"))
    assert status == 413
    assert read <= MAX_BODY_BYTES + 64 * 1024


async def test_body_at_the_limit_is_read(app: Starlette) -> None:
    """The limit itself is allowed: such a body gets as far as Bolt."""
    form = b"command=/other&team_id=T1&user_id=U1&channel_id=C1&text=".ljust(MAX_BODY_BYTES, b"x")

    async def body() -> AsyncIterator[bytes]:
        yield form

    assert (await exchange(app, body(), signed(form))) == 404


async def test_client_that_goes_away_is_no_server_error(app: Starlette) -> None:
    """A connection that ends within the body leaves no error behind."""

    async def body() -> AsyncIterator[bytes]:
        return
        yield b""

    assert (await exchange(app, body(), signed("x"))) == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/slack/events"), ("PUT", "/slack/events"), ("POST", "/healthz")]
)
async def test_wrong_method_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    """A method that an address does not have is answered 405."""
    assert (await client.request(method, path)).status_code == 405


async def exchange(app: Starlette, body: AsyncIterator[bytes], headers: dict[str, str]) -> int:
    """Send a body piece by piece, as it is asked for, and return the status of the answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        async for piece in body:
            return {"type": "http.request", "body": piece, "more_body": len(piece) == 64 * 1024}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/slack/events",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    return int(sent[0]["status"])
