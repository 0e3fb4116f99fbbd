"""The HTTP server: Slack's requests behind a guard, and three addresses for those who watch the bot.

The guard exists because Bolt takes a request apart before it looks at the signature: it reads a body of any
size, anyone can keep its parsers busy, and what it can't read ends as an error 500. So the guard looks at the
size and the signature first, and what the bot does not listen to never gets to Bolt.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.errors import NotListening, SettingsError
from bot.run.signatures import Signatures, is_question, may_be_question, signature_fault
from handlers.payloads import require_heard
from handlers.payloads.parts import BadPayload

MAX_BODY_BYTES = 1024 * 1024
# How long requests in flight may take once the server was told to stop; Slack itself waits 3 s.
DRAIN_SECONDS = 10

_log = structlog.get_logger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Watch:
    """What there is for those who watch the bot.

    ready: returns the reasons why the bot can't work now; none: it can. metrics: returns the metrics in
    Prometheus's text format. refused: called for each request without a right signature, with what it was
    refused by.
    """

    ready: Callable[[], Awaitable[list[str]]]
    metrics: Callable[[], Awaitable[bytes]]
    refused: Callable[[Literal["headers", "signature"]], None]


def http_app(
    bolt_app: AsyncApp, signing_secret: str, watch: Watch, lifespan: Lifespan | None = None
) -> Starlette:
    """Return the ASGI application: `POST /slack/events`, `GET /healthz`, `GET /readyz` and `GET /metrics`.

    lifespan: what runs as long as the application does.
    """
    signatures = Signatures(signing_secret)

    async def events(request: Request) -> Response:
        if (fault := signature_fault(request.headers)) is not None:
            if may_be_question(request.headers) and is_question(await _read_body(request)):
                return Response()
            watch.refused("headers")
            raise HTTPException(401, fault)
        _check_length(request.headers)
        body = await _read_body(request)
        if not signatures.hold(request.headers, body):
            watch.refused("signature")
            raise HTTPException(401, "The signature is not Slack's, or not of now.")
        return to_starlette_response(await bolt_app.async_dispatch(_parsed(request, body)))

    routes = [Route("/slack/events", events, methods=["POST"]), *_watch_routes(watch)]
    return Starlette(routes=routes, lifespan=lifespan)


def watch_app(watch: Watch) -> Starlette:
    """Return the ASGI application without Slack's address, for Socket Mode."""
    return Starlette(routes=_watch_routes(watch))


def _watch_routes(watch: Watch) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        reasons = await watch.ready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        return Response(await watch.metrics(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def _check_length(headers: Headers) -> None:
    length = headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 12 or int(length) > MAX_BODY_BYTES):
        raise HTTPException(413)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400, "The request ended early.") from None
    return bytes(body)


def _parsed(request: Request, body: bytes) -> AsyncBoltRequest:
    try:
        parsed = to_async_bolt_request(request, body)
        require_heard(parsed.body)
    except BadPayload as error:
        _log.warning("slack.bad_payload", reason=str(error))
        raise HTTPException(400, "This is no command, click or event that the bot knows.") from None
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        # Whatever of its shape Bolt trips over, the sender made it.
        raise HTTPException(400, "The body is neither a form nor JSON as Slack sends it.") from None
    return parsed


async def run_http(app: Starlette, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve the application until `stop` is set, then accept no more and finish the requests in flight.

    The application's lifespan surrounds all of it, so an error at its start comes out as itself.
    Raises what `listening` raises.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config)
    with listening(host, port) as listener:
        async with app.router.lifespan_context(app):
            _log.info("http.listening", host=host, port=listener.getsockname()[1])
            stopping = asyncio.create_task(_stop_when(stop, server))
            try:
                await server.serve(sockets=[listener])
            finally:
                stopping.cancel()
            _log.info("http.stopped")


class _Server(uvicorn.Server):
    """A server that leaves signals to the program: they set `stop`, which ends the other loops too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises SettingsError if this user may not listen there at all, and NotListening for everything that may
    pass, since what starts the bot again can't know better.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        fault = f"HOST and PORT: {host}:{port} can't be listened on ({error.strerror or error})."
        if isinstance(error, PermissionError):
            raise SettingsError((f"{fault} Choose a port from 1024 on.",)) from error
        raise NotListening(f"{fault} Choose another port, or stop the program that uses it.") from error
    # Connections inherit it. An answer is written in two parts; the second would wait 40 ms for the client to
    # confirm the first. The event loop does this by itself only for sockets that name their protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
