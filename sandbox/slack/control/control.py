"""The control side: what tests, a demo and a web page do as people, and what they ask to see."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web
from pydantic import ValidationError

from sandbox.slack.api import views
from sandbox.slack.api.files import Files
from sandbox.slack.api.modals import Modals
from sandbox.slack.control import modal_control
from sandbox.slack.control.render import render_text
from sandbox.slack.deliver.delivery import Delivery
from sandbox.slack.deliver.faults import Fault, FaultBook
from sandbox.slack.deliver.interactions import Answer, Click, Interactions, NoSuchButtonError
from sandbox.slack.deliver.orders import (
    AppOrder,
    ChannelOrder,
    ClickOrder,
    ClockOrder,
    CommandOrder,
    FaultOrder,
    GroupOrder,
    HomeOrder,
    InteractionOrder,
    PersonOrder,
    RefusedError,
    SocketOrder,
    TransportOrder,
    order_in,
)
from sandbox.slack.deliver.socket_mode import Sockets
from sandbox.slack.directory import apply_channel, apply_group, apply_person, directory_json
from sandbox.slack.seed import seeded_world
from sandbox.slack.world import Channel, Json, Message, Person, World


@web.middleware
async def _sentences(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer with a sentence for what is wrong: 400, 404 for no such message, 409 for no such button."""
    try:
        return await handler(request)
    except NoSuchButtonError as error:
        return web.json_response({"error": str(error)}, status=409)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
        return web.json_response({"error": "; ".join(wrong)}, status=400)
    except RefusedError as error:
        return web.json_response({"error": str(error)}, status=error.status)


def _number(request: web.Request, name: str) -> int:
    value = request.query.get(name, "0")
    if not value.isdecimal():
        raise RefusedError(f"{name} must be a whole number.")
    return int(value)


class Control:
    """The control side of one local Slack."""

    def __init__(
        self,
        world: World,
        faults: FaultBook,
        interactions: Interactions,
        delivery: Delivery,
        sockets: Sockets,
        modals: Modals,
        files: Files,
    ) -> None:
        self._world = world
        self._faults = faults
        self._interactions = interactions
        self._delivery = delivery
        self._sockets = sockets
        self._modals = modals
        self._files = files

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[_sentences])
        app.add_routes(
            [
                web.get("/health", self._health),
                web.post("/command", self._command),
                web.post("/click", self._click),
                web.post("/home", self._open_home),
                web.get("/home", self._home),
                web.post("/interaction", self._interaction),
                web.get("/messages", self._messages),
                web.get("/message", self._message),
                web.get("/ephemeral", self._ephemeral),
                web.get("/log", self._log),
                web.get("/stream", self._stream),
                web.get("/faults", self._list_faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.get("/directory", self._directory),
                web.post("/people", self._change_person),
                web.post("/groups", self._change_group),
                web.post("/channels", self._change_channel),
                web.post("/app", self._change_app),
                web.post("/transport", self._change_transport),
                web.post("/sockets", self._trouble_sockets),
                web.post("/clock", self._shift_clock),
                web.post("/reset", self._reset),
                *modal_control.routes(self._modals, self._files),
            ]
        )
        return app

    async def _health(self, request: web.Request) -> web.Response:
        state = {"events_url": self._delivery.events_url, "connections": self._sockets.connections}
        return web.json_response({"ok": True, **state, "last_seq": self._world.log.last_seq})

    def _person(self, user: str) -> Person:
        person = self._world.people.get(user)
        if person is None:
            raise RefusedError(f"There is no person {user!r}.")
        return person

    def _channel(self, channel: str) -> Channel:
        if channel in self._world.people:
            return self._world.direct_channel(channel)
        found = self._world.channels.get(channel)
        if found is None:
            raise RefusedError(f"There is no channel {channel!r}.")
        return found

    async def _command(self, request: web.Request) -> web.Response:
        order = await order_in(request, CommandOrder)
        person, channel = self._person(order.user), self._channel(order.channel)
        answer = await self._interactions.command(person, channel, order.command, order.text)
        return web.json_response(self._answered(answer))

    def _as_click(self, order: ClickOrder) -> Click:
        given = order.model_dump(exclude={"user", "times"})
        return Click(person=self._person(order.user), **given)

    async def _click(self, request: web.Request) -> web.Response:
        order = await order_in(request, ClickOrder)
        answers = await self._interactions.clicks(self._as_click(order), order.times)
        return web.json_response({"answers": [self._answered(answer) for answer in answers]})

    async def _interaction(self, request: web.Request) -> web.Response:
        order = await order_in(request, InteractionOrder)
        payload = {**self._base_payload(order), **order.changes}
        if order.api_app_id is not None:
            payload["api_app_id"] = order.api_app_id
        if order.team_id is not None:
            whole = "command" in payload or order.home is not None
            team = {**(payload.get("team") or {}), "id": order.team_id}
            payload |= {"team_id": order.team_id} if whole else {"team": team}
        return web.json_response((await self._interactions.raw(payload, order.signature)).to_json())

    def _base_payload(self, order: InteractionOrder) -> Json:
        if order.command is not None:
            wanted = order.command
            person, channel = self._person(wanted.user), self._channel(wanted.channel)
            return self._interactions.command_payload(person, channel, wanted.command, wanted.text)
        if order.click is not None:
            return self._interactions.click_payload(self._as_click(order.click))
        if order.home is not None:
            return self._interactions.home_payload(self._person(order.home.user), order.home.tab)
        if order.submit is not None:
            sent = order.submit
            return self._modals.payload(self._person(sent.user).id, sent.modal, sent.values)
        if order.payload is not None:
            return order.payload
        raise RefusedError("Give a payload, a command, a click, a home or a modal.")

    async def _open_home(self, request: web.Request) -> web.Response:
        order = await order_in(request, HomeOrder)
        delivered = await self._interactions.open_home(self._person(order.user), order.tab)
        return web.json_response(delivered.to_json())

    async def _home(self, request: web.Request) -> web.Response:
        person = self._person(request.query.get("user", ""))
        return web.json_response({"home": views.shown(self._world, person)})

    def _shown(self, message: Message) -> Json:
        edits = len(self._world.messages[(message.channel, message.ts)]) - 1
        return {**message.to_json(), "edits": edits, "rendered": render_text(message, self._world)}

    def _answered(self, answer: Answer) -> Json:
        made = answer.response
        return {**asdict(answer), "response": None if made is None else self._shown(made)}

    def _list(self, messages: list[Message]) -> web.Response:
        return web.json_response({"messages": [self._shown(message) for message in messages]})

    async def _messages(self, request: web.Request) -> web.Response:
        thread_ts = request.query.get("thread_ts")
        found = self._world.standing(request.query.get("channel"))
        if thread_ts is None:
            return self._list([m for m in found if m.thread_ts is None or m.broadcast])
        return self._list([m for m in found if m.thread_ts == thread_ts])

    async def _message(self, request: web.Request) -> web.Response:
        key = (request.query.get("channel", ""), request.query.get("ts", ""))
        versions = self._world.messages.get(key)
        if versions is None:
            raise RefusedError("There is no such message.", 404)
        history = [version.to_json() for version in versions]
        return web.json_response({"message": self._shown(versions[-1]), "history": history})

    async def _ephemeral(self, request: web.Request) -> web.Response:
        return self._list(self._world.ephemerals(request.query.get("user")))

    async def _log(self, request: web.Request) -> web.Response:
        entries = self._world.log.after(_number(request, "after"), request.query.get("kind"))
        return web.json_response({"entries": [entry.to_json() for entry in entries]})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        after = _number(request, "after")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        try:
            async for entry in self._world.log.follow(after):
                data = json.dumps(entry.to_json())
                await response.write(f"id: {entry.seq}\nevent: {entry.kind}\ndata: {data}\n\n".encode())
        except ConnectionError:
            # The listener has gone.
            pass
        return response

    async def _list_faults(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": [fault.to_json() for fault in self._faults.pending]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        order = await order_in(request, FaultOrder)
        self._faults.pending.append(Fault(**order.model_dump()))
        return web.json_response({"ok": True})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._faults.pending.clear()
        return web.json_response({"ok": True})

    async def _directory(self, request: web.Request) -> web.Response:
        return web.json_response(directory_json(self._world))

    async def _change_person(self, request: web.Request) -> web.Response:
        return self._changed(
            "person", asdict(apply_person(self._world, await order_in(request, PersonOrder)))
        )

    async def _change_group(self, request: web.Request) -> web.Response:
        return self._changed("group", asdict(apply_group(self._world, await order_in(request, GroupOrder))))

    async def _change_channel(self, request: web.Request) -> web.Response:
        channel = apply_channel(self._world, await order_in(request, ChannelOrder))
        return self._changed("channel", {**asdict(channel), "members": sorted(channel.members)})

    async def _change_app(self, request: web.Request) -> web.Response:
        order = await order_in(request, AppOrder)
        if order.scopes is not None:
            self._world.scopes = frozenset(order.scopes)
        if "auth_error" in order.model_fields_set:
            self._world.auth_error = order.auth_error
        state = {"scopes": sorted(self._world.scopes), "auth_error": self._world.auth_error}
        return self._changed("app", state)

    async def _change_transport(self, request: web.Request) -> web.Response:
        order = await order_in(request, TransportOrder)
        if (order.events_url is None) != order.socket:
            raise RefusedError("Give either an events_url or socket: true.")
        self._delivery.events_url = order.events_url
        return self._changed("transport", {"events_url": order.events_url, "socket": order.socket})

    async def _trouble_sockets(self, request: web.Request) -> web.Response:
        order = await order_in(request, SocketOrder)
        if order.action == "disconnect":
            await self._sockets.announce_disconnect(order.reason)
        elif order.action == "drop":
            self._sockets.drop()
        else:
            self._sockets.refuse_handshakes(order.seconds)
        return self._changed("sockets", order.model_dump())

    async def _shift_clock(self, request: web.Request) -> web.Response:
        order = await order_in(request, ClockOrder)
        self._world.shift_seconds += order.shift_seconds
        return self._changed("clock", {"now": self._world.now()})

    async def _reset(self, request: web.Request) -> web.Response:
        self._faults.pending.clear()
        self._world.reset_to(seeded_world())
        return web.json_response({"ok": True})

    def _changed(self, change: str, now: Json) -> web.Response:
        self._world.record("world", {"change": change, change: now})
        return web.json_response({"ok": True, change: now})
