"""What the benchmark runs on: the local Slack, the local Vivoldi, bare Bolt and bots, each a real process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.loader import Loader
from benchmarks.load.wire import Lost, get
from benchmarks.postgres import Postgres
from benchmarks.stored import Stored
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, NotReady, Server, free_port

_READY_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.002


@dataclass(frozen=True)
class Outside:
    """The addresses of Slack's and Vivoldi's stand-ins: for the bot, and for the one who controls them."""

    slack_api: str
    slack_control: str
    vivoldi_api: str
    vivoldi_control: str


@dataclass(frozen=True)
class Running:
    """A server that can be used. ready_after: seconds from its start until it could."""

    server: Server
    port: int
    ready_after: float

    def memory(self) -> float:
        """Return its resident memory in MB. Raises OSError where the system does not tell."""
        pages = Path(f"/proc/{self.server.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def pin(self, core: int) -> None:
        """Let it run on one core alone, where the system can do that."""
        if hasattr(os, "sched_setaffinity"):
            for task in Path(f"/proc/{self.server.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {core % (os.cpu_count() or 1)})


@dataclass
class Ground:
    """What goals share. folder: for files. profile: where bots leave their profiles, if anywhere."""

    loader: Loader
    postgres: Postgres
    folder: Path
    profile: Path | None = None
    _names: int = 0

    def name(self, what: str) -> str:
        """Return a name that nothing else here has."""
        self._names += 1
        return f"{what}-{self._names}"

    def tag(self) -> str:
        """Return letters that begin the codes of one order and of no other."""
        self._names += 1
        return f"B{self._names:04}N"

    def database(self, kind: str) -> Stored:
        """Return a new, empty database: `sqlite` or `postgresql`."""
        if kind == "postgresql":
            return Stored(self.postgres.database())
        return Stored(f"sqlite:///{self.folder / self.name('coupons')}.db")

    def forget(self, database: Stored) -> None:
        """Remove a database that no bot uses any more."""
        if database.url.startswith("sqlite"):
            Path(database.url.removeprefix("sqlite:///")).unlink()
        else:
            self.postgres.drop(database.url)

    @asynccontextmanager
    async def outside(self, *vivoldi_options: str) -> AsyncIterator[Outside]:
        """Start a Slack and a Vivoldi that answer without delay, and stop them afterwards."""
        tokens = ("--bot-token", BOT_TOKEN, "--app-token", APP_TOKEN, "--signing-secret", SIGNING_SECRET)
        # Commands and clicks do not come from it, so where it would deliver to does not matter.
        elsewhere = ("--events-url", "http://127.0.0.1:9/slack/events")
        slack = Server(self.name("slack"), ("sandbox.slack", *tokens, *elsewhere), self.folder, {})
        options = ("sandbox.vivoldi", "--api-key", API_KEY, *vivoldi_options)
        vivoldi = Server(self.name("vivoldi"), options, self.folder, {})
        async with _stopped(slack), _stopped(vivoldi):
            await asyncio.gather(slack.start(), vivoldi.start())
            urls = [json.loads(await server.first_line()) for server in (slack, vivoldi)]
            yield Outside(*(urls[0][side] for side in ("api", "control")), *urls[1].values())

    @asynccontextmanager
    async def bolt(self, outside: Outside, *, before_response: bool) -> AsyncIterator[Running]:
        """Start bare Bolt, and stop it afterwards."""
        port = free_port()
        options = ["--port", str(port), "--token", BOT_TOKEN, "--signing-secret", SIGNING_SECRET]
        options += ["--slack-api-url", outside.slack_api, *(["--before-response"] if before_response else [])]
        server = Server(self.name("bolt"), ("benchmarks.bare", *options), self.folder, {})
        async with _stopped(server):
            yield await _ready(server, port)

    @asynccontextmanager
    async def bot(self, outside: Outside, database: Stored, **settings: str) -> AsyncIterator[Running]:
        """Start a bot, and kill it afterwards unless it has ended. settings: beside the usual ones."""
        port = free_port()
        name = self.name("bot")
        env = {
            "APPROVERS": "S0ONCALL00",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": outside.slack_api,
            "VIVOLDI_API_KEY": API_KEY,
            "VIVOLDI_API_URL": outside.vivoldi_api,
            "VIVOLDI_RATE_PER_MINUTE": "100000",
            "DATABASE_URL": database.url,
            "PORT": str(port),
            **settings,
        }
        server = Server(name, (*self._profiler(name), "bot", "serve"), self.folder, env)
        async with _stopped(server, kill=self.profile is None):
            yield await _ready(server, port)

    @asynccontextmanager
    async def bots(
        self, number: int, outside: Outside, database: Stored, **settings: str
    ) -> AsyncIterator[list[Running]]:
        """Start so many replicas on one database, and kill them afterwards."""
        async with AsyncExitStack() as stack:
            replicas = [self.bot(outside, database, **settings) for _ in range(number)]
            yield [await stack.enter_async_context(replica) for replica in replicas]

    def _profiler(self, name: str) -> Iterable[str]:
        return () if self.profile is None else ("cProfile", "-o", str(self.profile / f"{name}.prof"), "-m")


@asynccontextmanager
async def _stopped(server: Server, *, kill: bool = False) -> AsyncIterator[None]:
    try:
        yield
    finally:
        # One that was never started has nothing to stop.
        with contextlib.suppress(AssertionError):
            if server.exit_code is None:
                await (server.kill() if kill else server.stop())


async def _ready(server: Server, port: int) -> Running:
    began = time.perf_counter()
    await server.start()
    async with asyncio.timeout(_READY_WITHIN_SECONDS):
        while not await _answers(port):
            if server.exit_code is not None:
                raise NotReady(f"{server.name} ended with {server.exit_code}:\n{server.said()}")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
    return Running(server, port, time.perf_counter() - began)


async def _answers(port: int) -> bool:
    try:
        return (await get(port, "/readyz")).status == 200
    except (ConnectionError, Lost):
        return False
