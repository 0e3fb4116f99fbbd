"""The API side: takes requests, lets faults spoil them, logs the truth, and puts the answer on the wire."""

import asyncio

from aiohttp import web

from sandbox.vivoldi.calls import Asked, carry_out
from sandbox.vivoldi.faults import Fault, Faults, Reply, spoilt
from sandbox.vivoldi.gate import Gate
from sandbox.vivoldi.listener import Listener
from sandbox.vivoldi.world import World


class Api:
    """Answers API requests on the current `world`; a reset puts a new world in its place."""

    def __init__(
        self, *, api_key: str, port: int, rate_per_minute: int | None, unknown_delete_succeeds: bool
    ) -> None:
        """Build it without coupons or faults; `listener` starts and stops it."""
        self._unknown_delete_succeeds = unknown_delete_succeeds
        self._answering: set[asyncio.Task[web.StreamResponse]] = set()
        self.world = World(unknown_delete_succeeds=unknown_delete_succeeds)
        self.gate = Gate(api_key=api_key, per_minute=rate_per_minute)
        self.faults = Faults()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_shutdown.append(self._stop_answering)
        self.listener = Listener(app, port)

    async def arm(self, fault: Fault) -> None:
        """Arm a fault, or start it if it is a `refuse` without `after`."""
        if fault.kind == "refuse" and fault.after is None:
            await self.listener.refuse(fault.seconds)
        else:
            self.faults.arm(fault)

    async def clear_faults(self) -> None:
        """Disarm all faults and accept connections again."""
        self.faults.clear()
        await self.listener.open()

    async def reset(self) -> None:
        """Start over: no coupons, faults or log, the real time; calls in flight end in the old world."""
        old, self.world = self.world, World(unknown_delete_succeeds=self._unknown_delete_succeeds)
        old.log.close()
        self.gate.reset()
        await self.clear_faults()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        left = asyncio.Event()
        answering = asyncio.create_task(self._answer(request, left))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        try:
            # The client leaving cancels a handler; a real server carries the call out all the same.
            return await asyncio.shield(answering)
        except asyncio.CancelledError:
            left.set()
            raise

    async def _answer(self, request: web.Request, left: asyncio.Event) -> web.StreamResponse:
        asked, world = await Asked.of(request), self.world
        call = _begin(request, asked, world, key_ok=self.gate.key_ok(request.headers))
        reply, executed, refuse = self.gate.refusal(request.headers, world.now()), False, None
        if reply is None:
            fault = self.faults.take(asked.kind, asked.code)
            refuse = self.faults.take_refusal(asked.kind, asked.code)
            executed = fault is None or fault.executes
            reply = await _reply(asked, fault, world, call, str(request.rel_url))
        if reply.delivery == "never":
            await left.wait()
        if refuse is not None:
            # Before the answer goes out, so that a client that has it can't connect any more.
            await self.listener.refuse(refuse.seconds)
        lost = left.is_set() or reply.delivery != "whole"
        on_wire = not left.is_set() and reply.delivery in ("whole", "cut")
        world.log.finish(
            call,
            status=reply.status if on_wire else None,
            answer_code=reply.answer_code if on_wire else None,
            dropped=("after" if executed else "before") if lost else None,
            then_refused=refuse is not None,
        )
        response = await _deliver(request, reply)
        if refuse is not None:
            response.force_close()
        return response

    async def _stop_answering(self, _app: web.Application) -> None:
        for answering in self._answering:
            answering.cancel()


def _begin(request: web.Request, asked: Asked, world: World, *, key_ok: bool) -> int:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return world.log.begin(
        asked.kind,
        method=request.method,
        path=request.path_qs,
        code=asked.code,
        headers={
            name.lower(): value for name, value in request.headers.items() if name.lower() != "authorization"
        },
        key_ok=key_ok,
        port=peer[1] if peer else 0,
        end=asked.end,
    )


async def _reply(asked: Asked, fault: Fault | None, world: World, call: int, url: str) -> Reply:
    if fault is None:
        world.log.mark(call, executed=True, fault=None)
        return carry_out(asked, world, call)
    world.log.mark(call, executed=False, fault=fault.kind)
    if fault.kind == "latency":
        await asyncio.sleep(fault.seconds or 0)
    normal = Reply()
    if fault.executes:
        world.log.mark(call, executed=True, fault=fault.kind)
        normal = carry_out(asked, world, call)
    return spoilt(fault, normal, url)


async def _deliver(request: web.Request, reply: Reply) -> web.StreamResponse:
    if reply.delivery == "whole":
        return web.Response(
            status=reply.status, text=reply.body, content_type=reply.content_type, headers=reply.headers
        )
    body = reply.body.encode()
    response = web.StreamResponse(status=reply.status, headers={"Content-Length": str(len(body))})
    if reply.delivery == "cut":
        response.content_type = reply.content_type
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.abort()
    return response
