"""A loopback HTTP listener that can refuse connections for a while and keep its port meanwhile."""

import asyncio
import socket

from aiohttp import web
from aiohttp.typedefs import Handler


class Listener:
    """Serves one aiohttp application on 127.0.0.1. `port` 0 takes a free one."""

    def __init__(self, app: web.Application, port: int) -> None:
        """Prepare; nothing is bound before `start`. A handler is cancelled when its client leaves."""
        app.middlewares.append(self._note_busy)
        self._busy: set[web.RequestHandler] = set()
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        self._wanted_port = port
        self._reservation: socket.socket | None = None
        self._site: web.SockSite | None = None
        self._reopening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL without a slash at the end; valid from `start` on, also while refusing."""
        assert self._reservation is not None, "the listener has not been started"
        return f"http://127.0.0.1:{self._reservation.getsockname()[1]}"

    async def start(self) -> None:
        """Bind and listen; raise `OSError` if the port is taken."""
        # Bound but never listening: connecting to it is refused, and nobody else gets the port meanwhile.
        self._reservation = _bound(self._wanted_port)
        await self._runner.setup()
        await self.open()

    async def open(self) -> None:
        """Accept connections (again)."""
        self._forget_reopening()
        if self._site is None and self._reservation is not None:
            self._site = web.SockSite(self._runner, _bound(self._reservation.getsockname()[1]))
            await self._site.start()

    async def refuse(self, seconds: float | None = None) -> None:
        """Refuse connections, for some seconds or until `open`; those that exist close after their answer."""
        self._forget_reopening()
        if self._site is not None:
            await self._site.stop()
            self._site = None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection in self._busy:
                connection.close()
            else:
                connection.force_close()
        if seconds is not None:
            self._reopening = asyncio.create_task(self._open_after(seconds))

    async def stop(self) -> None:
        """Close everything and give the port back."""
        self._forget_reopening()
        await self._runner.cleanup()
        self._site = None
        if self._reservation is not None:
            self._reservation.close()

    @web.middleware
    async def _note_busy(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # An idle connection has to be closed at once, a busy one only after its answer.
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)

    async def _open_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        # This very task is at its end, so `open` has nothing to cancel.
        self._reopening = None
        await self.open()

    def _forget_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
