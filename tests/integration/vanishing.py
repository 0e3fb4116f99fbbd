"""A PostgreSQL over TCP whose host vanishes: its packets are lost, and nobody says so.

`unshare --net python -m tests.integration.vanishing SOCKET` has a network of its own, which it can take away
from under a connection. It prints after how many seconds each of two transactions was given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import Database, connect
from bot.domain.errors import StoreUnavailable


@asynccontextmanager
async def over_tcp(socket: str) -> AsyncIterator[str]:
    """Yield the URL of a way over TCP to the server at a Unix socket."""
    serving = set[asyncio.Task[None]]()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        there = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

    def accept(reader: StreamReader, writer: StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/postgres?sslmode=disable"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _pass(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _given_up(database: Database) -> float:
    begun = time.monotonic()
    with contextlib.suppress(StoreUnavailable):
        await _use(database)
        return -1.0
    return time.monotonic() - begun


async def _use(database: Database) -> None:
    async with database.write() as connection:
        await run(connection, text("SELECT 1"))


def _network(state: str) -> None:
    subprocess.run(("ip", "link", "set", "lo", state), check=True)  # noqa: S603, S607 -- fixed words


async def main(socket: str) -> list[float]:
    """Return the seconds until each transaction was given up; -1 for one that went through."""
    _network("up")
    async with over_tcp(socket) as url:
        database = connect(url)
        await _use(database)
        _network("down")
        seconds = [await _given_up(database) for _ in range(2)]
        _network("up")
        await _use(database)
        await database.close()
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1]))))
