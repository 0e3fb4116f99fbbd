"""A PostgreSQL that is far away: a relay in front of its socket, through which every byte takes a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from tests.scenario.postgres import Postgres

# One way; a round trip takes twice as long.
_ONE_WAY = 0.005
_CHUNK = 2**16


class FarPostgres(Postgres):
    """A server that is reached through a relay. port: where the relay listens."""

    def __init__(self, near: Postgres, port: int) -> None:
        super().__init__(near.server)
        self._port = port

    def fresh_url(self, name: str | None = None) -> str:
        """Return the URL of a new, empty database. name: None: one that no other has."""
        near = urlsplit(super().fresh_url(name))
        user = near.username or "postgres"
        return near._replace(netloc=f"{user}@127.0.0.1:{self._port}", query="").geturl()


@asynccontextmanager
async def far(near: Postgres) -> AsyncIterator[Postgres]:
    """Put a server at a distance until the end of the block."""
    socket = parse_qs(urlsplit(near.server.get_uri()).query)["host"][0] + "/.s.PGSQL.5432"
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with suppress(OSError):
            await _joined((reader, writer), await asyncio.open_unix_connection(socket))
        writer.close()
        connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield FarPostgres(near, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _joined(one: Ends, other: Ends) -> None:
    """Pass everything on, both ways, until one side has ended."""
    ways = [asyncio.create_task(_pass_on(one[0], other[1])), asyncio.create_task(_pass_on(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        other[1].close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        await asyncio.sleep(_ONE_WAY)
        sink.write(chunk)
        await sink.drain()
