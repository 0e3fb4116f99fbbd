"""Several bots on one PostgreSQL, each a real process, and what spreads Slack's requests over them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.stage import BotProcess, Server, Stage, Transport, free_port, stage
from sandbox.vivoldi_client import Call
from tests.scenario.playing import until
from tests.scenario.postgres import Postgres

_CHUNK = 65536
# Both generous, since many processes share one machine here.
_READY_WITHIN_SECONDS = 90.0
_ENDED_WITHIN_SECONDS = 90.0


class Balancer:
    """Hands connections to ports of loopback in turn, skipping one where nobody listens."""

    def __init__(self, port: int, targets: Sequence[int]) -> None:
        self._port = port
        self._targets = list(targets)
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen until the end of the block."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        try:
            yield
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in self._targets:
                self._targets.append(target := self._targets.pop(0))
                with contextlib.suppress(ConnectionError):
                    behind = await asyncio.open_connection("127.0.0.1", target)
                    await self._join((reader, writer), behind)
                    return
        finally:
            await _close(writer)

    async def _join(
        self,
        one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Pass everything on, both ways, until one side has ended."""
        ways = [asyncio.create_task(_pass(one[0], other[1])), asyncio.create_task(_pass(other[0], one[1]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # At once, since what is cancelled while it waits here does not get any further.
            other[1].close()
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            await _close(other[1])


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


class Replica(BotProcess):
    """One of several bots. Vivoldi knows it by its name, which is its User-Agent."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.server.name

    @property
    def is_running(self) -> bool:
        """Whether its process is there, frozen or not."""
        return self.server.exit_code is None

    async def stop(self) -> int:
        """Ask it to stop, let it finish what is in flight, and return its exit code."""
        self.server.send(signal.SIGTERM)

        async def has_ended() -> bool:
            return not self.is_running

        await until(has_ended, _ENDED_WITHIN_SECONDS)
        assert self.server.exit_code is not None
        return self.server.exit_code

    def freeze(self) -> None:
        """Let it do nothing any more (SIGSTOP)."""
        self.server.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on as if nothing had happened (SIGCONT)."""
        self.server.send(signal.SIGCONT)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return its log lines about an event, oldest first."""
        lines = [line for line in self.server.said().splitlines() if f'"event": "{event}"' in line]
        return [json.loads(line) for line in lines]

    async def start(self) -> None:
        """Start it and, over HTTP, wait until it can be used. Raises NotReady with what it said."""
        await self.server.start()
        # Of sockets only the number is known, see `start_all`.
        if self.transport == "http":
            # Many start at the same time here.
            async with asyncio.timeout(_READY_WITHIN_SECONDS):
                await self._http_ready()


@dataclass
class Fleet:
    """Bots that share one PostgreSQL, one Slack and one Vivoldi."""

    stage: Stage
    replicas: list[Replica]
    postgres: Postgres

    def sender(self, call: Call) -> Replica:
        """Return who made a call to Vivoldi."""
        return next(replica for replica in self.replicas if replica.name == call.headers["user-agent"])

    def running(self) -> list[Replica]:
        """Return those whose process is there."""
        return [replica for replica in self.replicas if replica.is_running]


@asynccontextmanager
async def a_fleet(
    transport: Transport, number: int, postgres: Postgres, skews: Sequence[float] = (), /, **settings: str
) -> AsyncIterator[Fleet]:
    """Start bots on a fresh database, with short waits and no limit on calls to Vivoldi; all are ready.

    Their logs are JSON, in the stage's folder. skews: how many seconds the clock of each is ahead.
    """
    quick = {"VIVOLDI_RATE_PER_MINUTE": "10000", "VIVOLDI_TIMEOUT_SECONDS": "2", "LOG_FORMAT": "json"}
    url = await asyncio.to_thread(postgres.fresh_url)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(
            stage(transport, database_url=url, start_bot=False, seed_coupons=False, **{**quick, **settings})
        )
        ahead = [*skews, *[0.0] * number][:number]
        replicas = [_replica(opened, f"guard-{place}", skew) for place, skew in enumerate(ahead, start=1)]
        if transport == "http":
            balancer = Balancer(opened.bot.port, [replica.port for replica in replicas])
            await stack.enter_async_context(balancer.listening())
        stack.push_async_callback(_end, replicas)
        await start_all(replicas)
        yield Fleet(opened, replicas, postgres)


async def start_all(replicas: Sequence[Replica]) -> None:
    """Start bots at the same time, and wait until each can be used."""
    slack = replicas[0].slack
    known = await slack.last_seq()
    await asyncio.gather(*(replica.start() for replica in replicas))
    if replicas[0].transport == "socket":
        await _connected(replicas, known)


async def _connected(replicas: Sequence[Replica], known: int) -> None:
    """Wait for as many connections as there are bots; nothing tells whose one is."""

    async def are_open() -> bool:
        ended = [replica.server.said() for replica in replicas if not replica.is_running]
        assert not ended, f"a bot did not start:\n{ended[0]}"
        entries = await replicas[0].slack.log("socket", known)
        return len([entry for entry in entries if entry.data["event"] == "opened"]) >= len(replicas)

    await until(are_open, _READY_WITHIN_SECONDS)


def _replica(opened: Stage, name: str, skew: float) -> Replica:
    port, bot = free_port(), opened.bot
    settings = {**bot.settings, "PORT": str(port), "VIVOLDI_USER_AGENT": name}
    command = "serve" if bot.transport == "http" else "socket"
    module = "tests.chaos.real.skewed" if skew else "bot"
    env = {**settings, "SKEW_SECONDS": str(skew)} if skew else settings
    server = Server(name, (module, command), opened.folder, env)
    return Replica(server, bot.transport, port, opened.slack, settings)


async def _end(replicas: Iterable[Replica]) -> None:
    for replica in replicas:
        with contextlib.suppress(AssertionError):
            await replica.kill()
