"""The HTTP server around the guard: its health, its start, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.domain.errors import NotListening, SettingsError, StoreUnavailable
from bot.run.server import http_app, listening, run_http, watch_app
from bot.run.together import together
from tests.integration.bolt import SECRET, Bot, command, ready, signed, watched


@pytest.fixture
def bot() -> Bot:
    return Bot()


async def not_ready() -> list[str]:
    return ["The database can't be reached."]


async def test_health_says_that_the_process_lives(bot: Bot) -> None:
    """/healthz answers 200 whatever the bot depends on."""
    transport = httpx.ASGITransport(http_app(bot.app, SECRET, watched(not_ready)))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_readiness_gives_its_reasons(bot: Bot) -> None:
    """/readyz is 200 when the bot can work, else 503 with the reasons."""
    for check, status, reasons in ((ready, 200, []), (not_ready, 503, await not_ready())):
        transport = httpx.ASGITransport(http_app(bot.app, SECRET, watched(check)))
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (status, reasons)


async def test_stop_finishes_the_request_in_flight(bot: Bot) -> None:
    """Once told to stop, the server takes no new connection, but answers what it has begun."""
    lifespan: list[str] = []

    @contextlib.asynccontextmanager
    async def around(_: Starlette) -> AsyncIterator[None]:
        lifespan.append("started")
        yield
        lifespan.append("ended")

    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(
        run_http(http_app(bot.app, SECRET, watched(), around), "127.0.0.1", port, stop)
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        await answering(client)
        body = command("/wait")
        answer = asyncio.create_task(client.post("/slack/events", content=body, headers=signed(body)))
        await bot.arrived.wait()
        stop.set()
        await refusing(port)
        assert lifespan == ["started"]
        bot.release.set()
        assert (await answer).text == "finished"
    await serving
    assert lifespan == ["started", "ended"]


async def test_taken_address_is_a_readable_fault(bot: Bot) -> None:
    """An address that is in use now, which may pass, ends with a sentence that names the settings."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotListening, match=f"HOST and PORT: 127.0.0.1:{port} can't be listened on"):
            await run_http(http_app(bot.app, SECRET, watched()), "127.0.0.1", port, asyncio.Event())


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "not-there-yet.invalid"])
def test_an_address_that_is_not_there_yet_may_come(host: str) -> None:
    """An address that the machine does not have yet is no fault of a setting: a restart can mend it."""
    with pytest.raises(NotListening, match="HOST and PORT"):
        listening(host, 0)


def test_an_address_that_is_forbidden_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this user may never listen, only another setting helps."""

    def refuse(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(SettingsError, match="Choose a port from 1024 on"):
        listening("127.0.0.1", 80)


async def test_socket_mode_is_watched_too() -> None:
    """In Socket Mode the same three addresses are there for those who watch, and Slack's is not."""
    transport = httpx.ASGITransport(watch_app(watched(not_ready)))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        answers = {path: await client.get(path) for path in ("/healthz", "/readyz", "/metrics")}
        assert [each.status_code for each in answers.values()] == [200, 503, 200]
        assert answers["/readyz"].json()["reasons"] == await not_ready()
        assert (await client.post("/slack/events")).status_code == 404


async def test_what_listens_together_ends_together() -> None:
    """If one way of listening fails, the other is told to stop, and the failure comes out as itself."""
    stop = asyncio.Event()

    async def fails() -> None:
        raise NotListening("taken")

    with pytest.raises(NotListening):
        await together(stop, run_http(watch_app(watched()), "127.0.0.1", free_port(), stop), fails())
    assert stop.is_set()


async def test_error_at_the_start_comes_out_as_itself(bot: Bot) -> None:
    """An error of the lifespan reaches the caller, so that it can be told in plain words."""

    @contextlib.asynccontextmanager
    async def broken(_: Starlette) -> AsyncIterator[None]:
        raise StoreUnavailable("no database")
        yield

    with pytest.raises(StoreUnavailable):
        await run_http(
            http_app(bot.app, SECRET, watched(), broken), "127.0.0.1", free_port(), asyncio.Event()
        )


def test_each_part_of_an_answer_is_sent_at_once() -> None:
    """No part of an answer waits until the client has confirmed the one before, which takes it 40 ms."""
    with (
        listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def answering(client: httpx.AsyncClient) -> None:
    """Wait until the server answers."""
    while True:
        with contextlib.suppress(httpx.ConnectError):
            assert (await client.get("/healthz")).status_code == 200
            return


async def refusing(port: int) -> None:
    """Wait until no new connection is accepted."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        writer.close()
