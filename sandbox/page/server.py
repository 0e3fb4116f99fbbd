"""The page's own server: it hands the browser's wishes to the local Slack and the local Vivoldi.

It keeps nothing itself. What happens goes to the browser as server-sent events: the whole past, then
`ready`, then each new entry of both logs. Only this machine gets in, and only a page from here may act.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.domain.errors import StoreError
from bot.services.ports.store import Trail
from sandbox import slack_client, vivoldi_client
from sandbox.audit import read_only
from sandbox.page.trace import trace
from sandbox.slack_client import Answer, LogEntry, Message, Modal
from sandbox.stage import Stage
from sandbox.vivoldi_client import Entry, Event

HOST = "127.0.0.1"
_NAMES = {HOST, "localhost"}
_STATIC = Path(__file__).parent / "static"
_SHUTDOWN_SECONDS = 0.5
# What of Slack's log the browser needs: messages, Homes and modals come and go. The rest is in the trace.
_SHOWN = {
    "posted": "message",
    "updated": "message",
    "deleted": "message",
    "ephemeral": "message",
    "home": "home",
    "modal": "modal",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
News = tuple[str, Any]
_GONE: News = ("gone", None)


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommandWish(_Wish):
    """A person types a slash command; a person's id as the channel means the direct messages with the bot."""

    user: str
    channel: str
    command: str
    text: str


class ClickWish(_Wish):
    """A person uses a button of a message as they see it: `version` is the log entry that wrote it."""

    user: str
    channel: str
    ts: str
    action_id: str
    version: int


class HomeWish(_Wish):
    """A person opens the Home tab."""

    user: str


class ModalWish(_Wish):
    """A person closes a modal, or sends it with these values of its fields, by block id."""

    user: str
    modal: str
    values: dict[str, str] = {}


class FileWish(_Wish):
    """A person chooses a text file for a field of a modal."""

    name: str
    content: str


class FaultsWish(_Wish):
    """All faults that are to be armed from now on, as the local Vivoldi takes them."""

    faults: list[dict[str, Any]]


class CouponWish(_Wish):
    """A coupon to create, by its wire-named fields."""

    code: str
    fields: dict[str, Any] = {}


SomeWish = TypeVar("SomeWish", bound=_Wish)


class Page:
    """The handlers of one page over one stage. audit: the bot's audit events, to be read only."""

    def __init__(self, stage: Stage, audit: Trail) -> None:
        self._slack, self._vivoldi = stage.slack, stage.vivoldi
        self._audit = audit
        self._listeners: set[asyncio.Queue[News]] = set()

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[_guarded, _with_sentences])
        app.on_response_prepare.append(_add_headers)
        app.add_routes(
            [
                web.get("/", _index),
                web.static("/static", _STATIC),
                web.get("/stream", self._stream),
                web.get("/api/directory", self._directory),
                web.get("/api/trace", self._trace),
                web.post("/api/command", self._command),
                web.post("/api/click", self._click),
                web.post("/api/home", self._home),
                web.post("/api/modal/send", self._send_modal),
                web.post("/api/modal/close", self._close_modal),
                web.post("/api/file", self._keep_file),
                web.post("/api/faults", self._set_faults),
                web.post("/api/create", self._create),
                web.post("/api/redeem", self._redeem),
            ]
        )
        return app

    async def _directory(self, request: web.Request) -> web.Response:
        return web.json_response(await self._slack.directory())

    async def _trace(self, request: web.Request) -> web.Response:
        found = await trace(self._audit, self._slack, self._vivoldi, request.query.get("request"))
        return web.json_response(found)

    async def _command(self, request: web.Request) -> web.Response:
        wish = await _wish(request, CommandWish)
        return _answered(await self._slack.command(wish.user, wish.text, wish.channel, wish.command))

    async def _click(self, request: web.Request) -> web.Response:
        wish = await _wish(request, ClickWish)
        seen = Message(ts=wish.ts, channel=wish.channel, user="", text="")
        return _answered(await self._slack.click(wish.user, seen, wish.action_id, version=wish.version))

    async def _home(self, request: web.Request) -> web.Response:
        delivered = await self._slack.open_home((await _wish(request, HomeWish)).user)
        return web.json_response({"error": delivered.error})

    async def _send_modal(self, request: web.Request) -> web.Response:
        wish = await _wish(request, ModalWish)
        sent = await self._slack.send_modal(await self._modal(wish), **wish.values)
        return web.json_response({"error": sent.error})

    async def _close_modal(self, request: web.Request) -> web.Response:
        await self._slack.close_modal(await self._modal(await _wish(request, ModalWish)))
        return web.json_response({})

    async def _keep_file(self, request: web.Request) -> web.Response:
        wish = await _wish(request, FileWish)
        return web.json_response({"file": await self._slack.file(wish.name, wish.content)})

    async def _modal(self, wish: ModalWish) -> Modal:
        for modal in await self._slack.modals(wish.user):
            if modal.id == wish.modal:
                return modal
        raise slack_client.ControlError(409, "This dialog is closed.")

    async def _set_faults(self, request: web.Request) -> web.Response:
        wish = await _wish(request, FaultsWish)
        await self._vivoldi.clear_faults()
        for fault in wish.faults:
            await self._vivoldi.fault(**fault)
        armed = await self._vivoldi.faults()
        for queue in self._listeners:
            queue.put_nowait(("faults", armed))
        return web.json_response({})

    async def _create(self, request: web.Request) -> web.Response:
        wish = await _wish(request, CouponWish)
        return web.json_response(await self._vivoldi.create(wish.code, **wish.fields))

    async def _redeem(self, request: web.Request) -> web.Response:
        return web.json_response(await self._vivoldi.redeem((await _wish(request, CouponWish)).code))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[News] = asyncio.Queue()
        self._listeners.add(queue)
        relays = [asyncio.create_task(relay(queue)) for relay in (self._relay_slack, self._relay_vivoldi)]
        try:
            while (news := await queue.get()) is not _GONE:
                name, data = news
                await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
                if name == "call" and data["fault"]:
                    with _ending(queue):
                        await self._tell_faults(queue)
        except ConnectionError:
            # The one who looked at the page has gone.
            pass
        finally:
            self._listeners.discard(queue)
            for relay in relays:
                relay.cancel()
        return response

    async def _relay_slack(self, queue: asyncio.Queue[News]) -> None:
        with _ending(queue):
            past = await self._slack.log()
            for entry in filter(_is_shown, past):
                queue.put_nowait(_news(entry))
            queue.put_nowait(("ready", None))
            async for entry in self._slack.stream(past[-1].seq if past else 0):
                if _is_shown(entry):
                    queue.put_nowait(_news(entry))

    async def _relay_vivoldi(self, queue: asyncio.Queue[News]) -> None:
        def relay(entry: Entry) -> bool:
            queue.put_nowait(("event" if isinstance(entry, Event) else "call", asdict(entry)))
            return False

        with _ending(queue):
            await self._tell_faults(queue)
            # Waits for nothing in particular: every entry is passed on as it comes.
            await self._vivoldi.wait_for(relay, timeout=math.inf)

    async def _tell_faults(self, queue: asyncio.Queue[News]) -> None:
        queue.put_nowait(("faults", await self._vivoldi.faults()))


@contextmanager
def _ending(queue: asyncio.Queue[News]) -> Iterator[None]:
    """End the stream when its source goes away; the browser then connects again by itself."""
    try:
        yield
    except (httpx.TransportError, slack_client.ControlError, vivoldi_client.ControlError):
        queue.put_nowait(_GONE)


def _is_shown(entry: LogEntry) -> bool:
    return entry.kind in _SHOWN


def _news(entry: LogEntry) -> News:
    name = _SHOWN[entry.kind]
    return name, entry.data[name]


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / "index.html")


async def _wish(request: web.Request, model: type[SomeWish]) -> SomeWish:
    # A form of another site can't have this content type without asking first.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Only JSON is taken here.")
    return model.model_validate_json(await request.read())


def _answered(answer: Answer) -> web.Response:
    return web.json_response({"error": answer.error})


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what doesn't come from a page of this very server: DNS rebinding, and posts of other sites."""
    if urlsplit(f"//{request.host}").hostname not in _NAMES:
        raise web.HTTPForbidden(text="This sandbox is for this computer only: use localhost.")
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != f"http://{request.host}":
        raise web.HTTPForbidden(text="Only the sandbox's own page may do this.")
    return await handler(request)


@web.middleware
async def _with_sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with a sentence for what is wrong."""
    try:
        return await handler(request)
    except ValidationError as error:
        return web.json_response({"error": str(error)}, status=400)
    except (slack_client.ControlError, vivoldi_client.ControlError) as error:
        return web.json_response({"error": str(error)}, status=409)
    except StoreError as error:
        return web.json_response({"error": str(error)}, status=503)
    except httpx.TransportError:
        return web.json_response({"error": "One of the local servers has gone. Start again."}, status=502)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


@asynccontextmanager
async def serving(stage: Stage, port: int) -> AsyncIterator[str]:
    """Serve the page over a stage and yield its address. port: 0 takes a free one. Raises OSError."""
    async with read_only(stage.bot.settings["DATABASE_URL"]) as audit:
        runner = web.AppRunner(
            Page(stage, audit).app(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield f"http://localhost:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
