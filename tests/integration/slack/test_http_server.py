"""The HTTP server around the guard: its health, its start, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.domain.errors import SettingsError, StoreUnavailable
from bot.run.server import http_app, listening, run_http
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
    """An address that is in use stops the start with a sentence that names the settings."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"HOST and PORT: 127.0.0.1:{port} can't be listened on"):
            await run_http(http_app(bot.app, SECRET, watched()), "127.0.0.1", port, asyncio.Event())


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
