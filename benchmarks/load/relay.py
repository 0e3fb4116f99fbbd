"""A relay in front of a stand-in, which notes when each request began and when its answer ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 2**16


@dataclass
class Exchange:
    """One request and its answer. Times are epoch seconds; line: the request's first line."""

    line: str
    began: float
    ended: float


@dataclass
class Relay:
    """Passes bytes on. url: where it listens, in place of what it stands before."""

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def first(self, words: str) -> Exchange:
        """Return the first request whose first line has these words."""
        return next(exchange for exchange in self.exchanges if words in exchange.line)


@asynccontextmanager
async def relay(target: str) -> AsyncIterator[Relay]:
    """Listen in front of an address, as long as it is needed."""
    there, made = urlsplit(target), Relay()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        answers, requests = await asyncio.open_connection(there.hostname, there.port)
        try:
            async with asyncio.TaskGroup() as both:
                notes = _Notes(made.exchanges)
                both.create_task(_pass_on(reader, requests, notes.asked))
                both.create_task(_pass_on(answers, writer, notes.answered))
        except* OSError:
            # Either side may end a connection that it has no use for.
            pass
        finally:
            requests.close()
            writer.close()
            connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made.url = there._replace(netloc=f"127.0.0.1:{port}").geturl()
    try:
        yield made
    finally:
        server.close()
        for task in connections:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*connections, return_exceptions=True)


class _Notes:
    """What is noted of one connection, on which a request follows the answer to the one before."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._current: Exchange | None = None
        self._is_answered = True

    def asked(self, chunk: bytes) -> None:
        if self._is_answered:
            now = time.time()
            self._current = Exchange(chunk.partition(b"\r\n")[0].decode(errors="replace"), now, now)
            self._exchanges.append(self._current)
            self._is_answered = False

    def answered(self, _chunk: bytes) -> None:
        if self._current is not None:
            self._current.ended = time.time()
        self._is_answered = True


async def _pass_on(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    while chunk := await source.read(_CHUNK):
        note(chunk)
        sink.write(chunk)
        await sink.drain()
    sink.close()
