"""Socket Mode: the websockets that an app opens to receive its interactions."""

import asyncio
import itertools
import json
import secrets
import time
import uuid
from typing import Literal

from aiohttp import WSMsgType, web

from sandbox.slack.world import APP_ID, Json, World

MAX_CONNECTIONS = 10
PING_SECONDS = 10.0
CLOSE_SECONDS = 0.5
EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]
DisconnectReason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class SocketClosedError(Exception):
    """No connection is there to deliver to, or it went away before the app answered."""


class Sockets:
    """The open connections of the one app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._open: dict[web.WebSocketResponse, web.Request] = {}
        self._draining: set[web.WebSocketResponse] = set()
        self._unanswered: dict[str, tuple[web.WebSocketResponse, asyncio.Future[Json]]] = {}
        self._turn = itertools.count()
        self._refuse_until = 0.0
        self.base_url = ""

    @property
    def connections(self) -> int:
        """How many connections take payloads now."""
        return len(self._receiving())

    def _receiving(self) -> list[web.WebSocketResponse]:
        return [socket for socket in self._open if socket not in self._draining]

    def issue_url(self) -> str:
        """Return a websocket address that is good for one handshake, as `apps.connections.open` gives it."""
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return f"{self.base_url}link/?ticket={ticket}&app_id={APP_ID}"

    def refuse_handshakes(self, seconds: float) -> None:
        """Let every handshake of the next seconds fail."""
        self._refuse_until = time.monotonic() + seconds

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        if time.monotonic() < self._refuse_until:
            self._world.record("socket", {"event": "refused"})
            return web.Response(status=503)
        if not known:
            return web.Response(status=404)
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, timeout=CLOSE_SECONDS)
        await socket.prepare(request)
        if len(self._open) >= MAX_CONNECTIONS:
            await socket.send_json(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        await self._serve(socket, request)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._open[socket] = request
        try:
            await socket.send_json(_hello(len(self._open)))
            self._world.record("socket", {"event": "opened", "connections": self.connections})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            self._forget(socket)
            self._world.record("socket", {"event": "closed", "connections": self.connections})

    def _forget(self, socket: web.WebSocketResponse) -> None:
        del self._open[socket]
        self._draining.discard(socket)
        for used, answer in self._unanswered.values():
            if used is socket and not answer.done():
                answer.set_exception(SocketClosedError())

    def _acknowledge(self, data: str) -> None:
        try:
            frame = json.loads(data)
        except ValueError:
            return
        _, answer = self._unanswered.get(frame.get("envelope_id", ""), (None, None))
        if answer is not None and not answer.done():
            answer.set_result(frame)

    async def deliver(self, kind: EnvelopeKind, payload: Json) -> Json:
        """Send one payload to one connection, in turn, and return the app's acknowledgement.

        Raises SocketClosedError if there is no connection, or it closes first.
        """
        receiving = self._receiving()
        if not receiving:
            raise SocketClosedError
        socket = receiving[next(self._turn) % len(receiving)]
        envelope_id = str(uuid.uuid4())
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._unanswered[envelope_id] = (socket, answer)
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        try:
            await socket.send_json({**envelope, "payload": payload})
            return await answer
        except ConnectionError as error:
            raise SocketClosedError from error
        finally:
            del self._unanswered[envelope_id]

    async def announce_disconnect(self, reason: DisconnectReason) -> None:
        """Tell every connection to go; none gets a payload any more."""
        for socket in self._receiving():
            self._draining.add(socket)
            await socket.send_json(_disconnect(reason))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for request in self._open.values():
            if request.transport is not None:
                request.transport.abort()

    async def close(self) -> None:
        """Close every connection properly."""
        await asyncio.gather(*(socket.close() for socket in list(self._open)))


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "connection_info": {"app_id": APP_ID},
        "debug_info": {"host": "local", "approximate_connection_time": 18060},
    }


def _disconnect(reason: DisconnectReason) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
