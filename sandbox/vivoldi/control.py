"""The control side: JSON over HTTP for tests, a demo and a web page."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sandbox.vivoldi.api import Api
from sandbox.vivoldi.coupon import sentence
from sandbox.vivoldi.faults import Fault
from sandbox.vivoldi.log import Event
from sandbox.vivoldi.world import RefusedError, UnknownCouponError


class BadInputError(Exception):
    """The request to the control side makes no sense; the text says why."""


class ClockChange(BaseModel):
    """Either a time to set the world clock to, or seconds to move it by."""

    model_config = ConfigDict(extra="forbid")

    now: datetime | None = None
    shift_seconds: float | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "ClockChange":
        if (self.now is None) == (self.shift_seconds is None):
            raise ValueError("give either now or shift_seconds")
        return self


class Control:
    """Handlers over one `Api`: 400 for wrong input, 404 for an unknown coupon, 409 for a rule against it."""

    def __init__(self, api: Api) -> None:
        """Build the application."""
        self._api = api
        self.app = web.Application(middlewares=[_errors_as_sentences])
        self.app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/coupons", self._coupons),
                web.post("/coupons", self._create),
                web.patch("/coupons/{code}", self._change),
                web.delete("/coupons/{code}", self._delete),
                web.post("/coupons/{code}/redeem", self._redeem),
                web.get("/events", self._events),
                web.get("/calls", self._calls),
                web.get("/faults", self._faults),
                web.post("/faults", self._arm),
                web.delete("/faults", self._clear_faults),
                web.post("/clock", self._clock),
                web.post("/reset", self._reset),
                web.get("/stream", self._stream),
            ]
        )
        self.app.on_shutdown.append(self._end_streams)

    async def _health(self, _request: web.Request) -> web.Response:
        now = self._api.world.now().isoformat(timespec="seconds")
        return web.json_response({"ok": True, "now": now, "too_many": self._api.gate.too_many})

    async def _coupons(self, _request: web.Request) -> web.Response:
        return web.json_response([coupon.whole() for coupon in self._api.world.coupons()])

    async def _create(self, request: web.Request) -> web.Response:
        fields = await _body(request, forbidden={"uid"})
        return web.json_response(self._api.world.create(fields).whole(), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        fields = await _body(request, forbidden={"uid", "cpnNo"})
        return web.json_response(self._api.world.change(request.match_info["code"], fields).whole())

    async def _delete(self, request: web.Request) -> web.Response:
        self._api.world.delete(request.match_info["code"])
        return web.json_response({})

    async def _redeem(self, request: web.Request) -> web.Response:
        return web.json_response(self._api.world.redeem(request.match_info["code"]).whole())

    async def _events(self, request: web.Request) -> web.Response:
        query = _query(request, {"code"})
        return web.json_response([asdict(event) for event in self._api.world.log.events(query.get("code"))])

    async def _calls(self, request: web.Request) -> web.Response:
        query = _query(request, {"kind", "code"})
        calls = self._api.world.log.calls(query.get("kind"), query.get("code"))
        return web.json_response([asdict(call) for call in calls])

    async def _faults(self, _request: web.Request) -> web.Response:
        armed = [fault.model_dump(exclude_none=True) for fault in self._api.faults.armed()]
        return web.json_response(armed)

    async def _arm(self, request: web.Request) -> web.Response:
        fault = Fault.model_validate(await _body(request))
        await self._api.arm(fault)
        return web.json_response(fault.model_dump(exclude_none=True), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        await self._api.clear_faults()
        return web.json_response({})

    async def _clock(self, request: web.Request) -> web.Response:
        change = ClockChange.model_validate(await _body(request))
        if change.now is not None:
            self._api.world.set_now(change.now)
        self._api.world.shift(change.shift_seconds or 0)
        return await self._health(request)

    async def _reset(self, _request: web.Request) -> web.Response:
        await self._api.reset()
        return web.json_response({})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        # Ends with the log at a reset; a browser's EventSource then connects again by itself.
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        entries = self._api.world.log.follow()
        await response.prepare(request)
        # Tells a client that nothing from here on will be missed.
        await response.write(b": following\n\n")
        async for entry in entries:
            name = "event" if isinstance(entry, Event) else "call"
            data = json.dumps(asdict(entry))
            await response.write(f"id: {entry.seq}\nevent: {name}\ndata: {data}\n\n".encode())
        return response

    async def _end_streams(self, _app: web.Application) -> None:
        self._api.world.log.close()


@web.middleware
async def _errors_as_sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadInputError as error:
        return _error(400, str(error))
    except ValidationError as error:
        return _error(400, sentence(error))
    except UnknownCouponError as error:
        return _error(404, str(error))
    except RefusedError as error:
        return _error(409, str(error))


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


async def _body(request: web.Request, forbidden: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise BadInputError(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BadInputError("The body must be a JSON object.")
    if wrong := forbidden & body.keys():
        raise BadInputError(f"{', '.join(sorted(wrong))} can't be set here.")
    return body


def _query(request: web.Request, known: set[str]) -> dict[str, str]:
    if wrong := request.query.keys() - known:
        raise BadInputError(f"Unknown parameter: {', '.join(sorted(wrong))}.")
    return dict(request.query)
