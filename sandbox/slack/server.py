"""Starts and stops one local Slack: the bot's side and the control side, each on a port of its own."""

from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.slack.api.files import Files
from sandbox.slack.api.modals import Modals
from sandbox.slack.api.web_api import WebApi
from sandbox.slack.control.control import Control
from sandbox.slack.deliver.delivery import ANSWER_WITHIN_SECONDS, Delivery
from sandbox.slack.deliver.faults import FaultBook
from sandbox.slack.deliver.interactions import Interactions
from sandbox.slack.deliver.responses import Responses
from sandbox.slack.deliver.socket_mode import Sockets
from sandbox.slack.seed import seeded_world

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 0.5


class LocalSlack:
    """A Slack on loopback, as an async context manager.

    Interactions go to `events_url` by signed HTTP or, without one, over Socket Mode. Port 0 takes a free one.
    `answer_within_seconds` is how long the bot may take to answer one. After the start `api_url`,
    `control_url` and `world` can be used.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        control_port: int = 0,
        bot_token: str = "xoxb-local",
        app_token: str = "xapp-local",
        signing_secret: str = "local-signing-secret",
        events_url: str | None = None,
        answer_within_seconds: float = ANSWER_WITHIN_SECONDS,
    ) -> None:
        self.world = seeded_world()
        self._ports = (port, control_port)
        self._sockets = Sockets(self.world)
        faults = FaultBook()
        self._responses = Responses(self.world, faults)
        self._files = Files(self.world, bot_token)
        self._delivery = Delivery(self._sockets, signing_secret, events_url, answer_within_seconds)
        self._web_api = WebApi(
            self.world,
            faults,
            bot_token=bot_token,
            app_token=app_token,
            open_socket=self._sockets.issue_url,
            files=self._files,
        )
        interactions = Interactions(self.world, self._responses, self._delivery)
        modals = Modals(self.world, interactions)
        self._control = Control(
            self.world, faults, interactions, self._delivery, self._sockets, modals, self._files
        )
        self._runners: list[web.AppRunner] = []
        self.api_url = ""
        self.control_url = ""

    async def start(self) -> None:
        """Listen on both ports. Raises OSError if one is taken."""
        host = await self._listen(self._api_app(), self._ports[0])
        self.api_url = f"http://{host}/api/"
        self._responses.base_url = self._files.base_url = f"http://{host}/"
        self._sockets.base_url = f"ws://{host}/"
        self.control_url = f"http://{await self._listen(self._control.app(), self._ports[1])}"

    def _api_app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._web_api.handle)
        app.router.add_post("/response/{number}/{secret}", self._responses.handle)
        app.router.add_post("/upload/v1/{file}/{secret}", self._files.put)
        app.router.add_get("/files-pri/{file}/{tail:.*}", self._files.download)
        app.router.add_get("/link/", self._sockets.handle)
        return app

    async def _listen(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        return f"{HOST}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection and both ports."""
        self.world.log.close()
        await self._sockets.close()
        await self._delivery.close()
        for runner in self._runners:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
