"""A PostgreSQL that says nothing: nobody waits for it much longer than Slack waits for the bot."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import make_url, text

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.domain.errors import StoreUnavailable
from tests.integration.databases import fresh_url
from tests.integration.vanishing import over_tcp

pytestmark = pytest.mark.outside("a PostgreSQL that says nothing")

_SLACK_WAITS_SECONDS = 3
_GIVEN_UP_WITHIN_SECONDS = 10
_AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")),
    reason="only root can take a network away, with unshare (util-linux) and ip (iproute2)",
)


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """Yield the port of a server that takes what comes, and never answers."""
    ended = asyncio.Event()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        ended.set()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    """Whoever clicks is told before Slack's three seconds are over, however many click at once."""

    async def given_up() -> None:
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            async with database.write() as connection:
                await run(connection, text("SELECT 1"))

    async with silent() as port:
        database = connect(f"postgresql://bot:hunter2@127.0.0.1:{port}/coupons")
        async with asyncio.timeout(_SLACK_WAITS_SECONDS):
            await asyncio.gather(*(given_up() for _ in range(5)))
        await database.close()


async def test_the_system_is_told_not_to_wait_for_a_host_that_vanished(tmp_path: Path) -> None:
    """What was sent and never taken, or an idle connection that nobody answers on, ends within seconds."""

    def told(connection: sqlalchemy.Connection) -> tuple[int, int]:
        number = os.dup(connection.connection.driver_connection.pgconn.socket)  # type: ignore[union-attr]
        with socket.socket(fileno=number) as opened:
            sent = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            return sent, opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

    async with over_tcp(_socket(tmp_path)) as url:
        database = connect(url)
        async with database.write() as connection:
            assert await connection.run_sync(told) == (5000, 10)
        await database.close()
        chosen = connect(f"{url}&tcp_user_timeout=60000")
        async with chosen.write() as connection:
            assert (await connection.run_sync(told))[0] == 60_000
        await chosen.close()


@_AS_ROOT
async def test_a_host_that_vanishes_is_given_up(tmp_path: Path) -> None:
    """A server whose packets are lost is left within seconds, and taken again once it is back."""
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--net", sys.executable, "-m", "tests.integration.vanishing", _socket(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(40):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert all(0 < seconds < _GIVEN_UP_WITHIN_SECONDS for seconds in json.loads(out))


def _socket(folder: Path) -> str:
    return f"{make_url(fresh_url('postgresql', folder)).query['host']}/.s.PGSQL.5432"
