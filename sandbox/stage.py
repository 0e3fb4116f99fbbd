"""A stage to play incidents on: the local Slack, the local Vivoldi and the bot, each a real process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from sandbox.slack_client import SlackControl
from sandbox.vivoldi_client import VivoldiControl

Transport = Literal["http", "socket"]

ROOT = Path(__file__).resolve().parent.parent
SIGNING_SECRET = "local-signing-secret"
API_KEY = "local-vivoldi-key"
BOT_TOKEN = "xoxb-local"
APP_TOKEN = "xapp-local"

_READY_WITHIN_SECONDS = 20.0
_STOPPED_WITHIN_SECONDS = 20.0


class NotReady(Exception):
    """A process did not get ready; the text holds what it said."""


class Server:
    """One process with its output in a file. env: its whole environment beside PATH."""

    def __init__(self, name: str, arguments: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = arguments
        self._folder = folder
        self._env = env
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, in a folder of its own, so that no `.env` file of the project is read."""
        paths = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
        kept = {name: os.environ[name] for name in ("COVERAGE_PROCESS_CONFIG",) if name in os.environ}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._arguments,
                cwd=self._folder,
                env={**paths, **kept, **self._env},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return self._running().pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._running().returncode

    async def first_line(self) -> str:
        """Return the first line that it prints. Raises NotReady where it ends without one."""
        output = self._running().stdout
        assert output is not None
        line = await asyncio.wait_for(output.readline(), _READY_WITHIN_SECONDS)
        if not line:
            raise NotReady(f"{self.name} ended at once:\n{self.said()}")
        return line.decode()

    def said(self) -> str:
        """Return everything that it wrote to standard error."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, such as SIGSTOP or SIGCONT."""
        self._running().send_signal(number)

    async def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """Kill it at once, without any chance to tidy up."""
        return await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        process = self._running()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
        return await asyncio.wait_for(process.wait(), _STOPPED_WITHIN_SECONDS)

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, f"{self.name} was not started"
        return self._process


@dataclass
class BotProcess:
    """The bot as a process that can be stopped, killed and started again on the same database."""

    server: Server
    transport: Transport
    port: int
    slack: SlackControl
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens, over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it can be used. Raises NotReady with what it said."""
        await self.server.start()
        try:
            async with asyncio.timeout(_READY_WITHIN_SECONDS):
                await (self._http_ready() if self.transport == "http" else self._socket_ready())
        except TimeoutError as error:
            raise NotReady(f"{self.server.name} is not ready:\n{self.server.said()}") from error

    async def _http_ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(f"{self.url}/readyz")).is_success:
                        return
                await self._look_again()

    async def _socket_ready(self) -> None:
        while not (await self.slack.health())["connections"]:
            await self._look_again()

    async def _look_again(self) -> None:
        if self.server.exit_code is not None:
            raise NotReady(f"{self.server.name} ended with {self.server.exit_code}:\n{self.server.said()}")
        # A process that starts can only be asked again; nothing announces that it listens.
        await asyncio.sleep(0.02)

    async def stop(self) -> int:
        """Ask it to stop (SIGTERM), and return its exit code."""
        return await self.server.stop()

    async def kill(self) -> None:
        """Kill it at once (SIGKILL)."""
        await self.server.kill()

    async def restart(self) -> None:
        """Start it again on the same database and port."""
        await self.start()


@dataclass
class Stage:
    """Everything that an incident needs. slack and vivoldi: what people do there, and what truly happened."""

    slack: SlackControl
    vivoldi: VivoldiControl
    bot: BotProcess
    slack_api_url: str
    vivoldi_api_url: str
    folder: Path


@asynccontextmanager
async def stage(
    transport: Transport = "http",
    *,
    database_url: str | None = None,
    start_bot: bool = True,
    seed_coupons: bool = False,
    **settings: str,
) -> AsyncIterator[Stage]:
    """Set up a stage, and stop every process at its end.

    database_url: where the bot keeps its state; None: a SQLite file that goes with the stage.
    seed_coupons: start with one coupon of each sort, instead of none.
    settings: further settings of the bot, by their names.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coupon-guard-")))
        port = free_port()
        delivery = (
            ("--events-url", f"http://127.0.0.1:{port}/slack/events")
            if transport == "http"
            else ("--socket",)
        )
        tokens = ("--bot-token", BOT_TOKEN, "--app-token", APP_TOKEN, "--signing-secret", SIGNING_SECRET)
        coupons = ("--seed-coupons",) if seed_coupons else ()
        slack_urls, vivoldi_urls = await asyncio.gather(
            _start(stack, folder, "slack", ("sandbox.slack", *tokens, *delivery)),
            _start(stack, folder, "vivoldi", ("sandbox.vivoldi", "--api-key", API_KEY, *coupons)),
        )
        slack = await stack.enter_async_context(SlackControl(slack_urls["control"]))
        vivoldi = await stack.enter_async_context(VivoldiControl(vivoldi_urls["control"]))
        env = {
            "APPROVERS": "S0ONCALL00",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": slack_urls["api"],
            "VIVOLDI_API_KEY": API_KEY,
            "VIVOLDI_API_URL": vivoldi_urls["api"],
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'coupon-guard.db'}",
            "PORT": str(port),
            **settings,
        }
        command = "serve" if transport == "http" else "socket"
        bot = BotProcess(Server("bot", ("bot", command), folder, env), transport, port, slack, env)
        stack.push_async_callback(_ended, bot.server)
        if start_bot:
            await bot.start()
        yield Stage(slack, vivoldi, bot, slack_urls["api"], vivoldi_urls["api"], folder)


async def _start(
    stack: AsyncExitStack, folder: Path, name: str, arguments: tuple[str, ...]
) -> dict[str, str]:
    server = Server(name, arguments, folder, {})
    await server.start()
    stack.push_async_callback(_ended, server)
    urls: dict[str, str] = json.loads(await server.first_line())
    return urls


async def _ended(server: Server) -> None:
    with contextlib.suppress(AssertionError):
        if server.exit_code is None:
            # One that was frozen can't hear a plain SIGTERM.
            server.send(signal.SIGCONT)
            await server.stop()


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
