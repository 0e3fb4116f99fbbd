"""The way from a bot to the worlds of the local Slack and the local Vivoldi without HTTP in between.

Rules, faults and log entries are those of the local servers themselves; answers are judged by the bot's own
adapters. A test proves that both ways lead to the same.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NoReturn

import aiohttp
import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.seal import Seal, new_key
from bot.adapters.vivoldi.answers import failure, judge_change, judge_failure, judge_reading
from bot.adapters.vivoldi.client import HELD_UP
from bot.adapters.vivoldi.creation import body_of, held_in
from bot.domain.coupon import CouponCode, Reading, Sealed, Shown
from bot.domain.errors import VivoldiUnavailable
from bot.domain.item.answer import DeleteAnswer, NotExecuted
from bot.domain.item.restore import Held, Unusable
from bot.services.ports.outside import Still
from sandbox.slack.api.methods import METHODS, answer
from sandbox.slack.api.wire import ApiError, failed
from sandbox.slack.api.wire import Reply as SlackReply
from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.slack.deliver.faults import FaultBook, with_fault
from sandbox.slack.world import World as SlackWorld
from sandbox.vivoldi.calls import Asked, carry_out
from sandbox.vivoldi.faults import Fault, Faults, Reply, spoilt
from sandbox.vivoldi.world import World as VivoldiWorld
from tests.chaos.boundaries import CREATE, DELETE, Boundaries
from tests.chaos.journal import START, Clock

Kind = Literal["read", "delete", "update", "create"]
_CALLS = {
    "read": ("GET", "validate"),
    "delete": ("DELETE", "delete"),
    "update": ("PUT", "update"),
    "create": ("POST", "create"),
}
_BOUNDARIES = {"delete": DELETE, "create": CREATE}
# The key of every bot in a town. Making one anew for each bot would be no other test.
SEAL = Seal([new_key()])
_NO_BODY: Mapping[str, object] = {}

Wait = Callable[[float], Awaitable[None]]


def _always() -> bool:
    """What is asked before a call that changes nothing."""
    return True


_TIMEOUT = 10.0  # seconds that the bot waits for an answer


class DirectSlack(AsyncWebClient):
    """Slack's Web API, answered from the world. wait: lets a process wait so many seconds."""

    def __init__(self, world: SlackWorld, faults: FaultBook, boundaries: Boundaries, wait: Wait) -> None:
        super().__init__(token="xoxb-local", base_url="http://slack.example/api/", retry_handlers=[])
        self._world = world
        self._faults = faults
        self._boundaries = boundaries
        self._wait = wait

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        """Answer one call, and log it as the local Slack does. Raises what the SDK raises."""
        given = call.get("json") or call.get("data") or call.get("params") or {}
        args = jsonlib.loads(
            jsonlib.dumps({name: value for name, value in given.items() if value is not None})
        )
        async with self._boundaries.crossing(f"slack.{api_method}"):
            fault = self._faults.take(api_method)
            reply = await self._spoilt(fault, lambda: self._answer(api_method, args, "json" in call))
            answered = {"method": api_method, "args": args, "error": reply.error, "status": reply.status}
            ok = isinstance(reply.body, dict) and bool(reply.body.get("ok"))
            self._world.record("api_call", {**answered, "ok": ok, "fault": fault.kind if fault else None})
        return self._response(api_method, reply)

    async def _spoilt(self, fault: SlackFault | None, execute: Callable[[], SlackReply]) -> SlackReply:
        if fault is not None and fault.kind == "latency":
            await self._wait(fault.seconds)
            return execute()
        return await with_fault(fault, execute)

    def _answer(self, method: str, args: dict[str, Any], is_json: bool) -> SlackReply:
        try:
            return SlackReply(answer(self._world, method, args, METHODS[method], is_json=is_json))
        except ApiError as error:
            return failed(error.name, **error.extra)

    def _response(self, method: str, reply: SlackReply) -> AsyncSlackResponse:
        if reply.dropped:
            raise aiohttp.ServerDisconnectedError
        response = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=reply.body,  # type: ignore[arg-type]  # a text is what the SDK hands on, too
            headers=reply.headers,
            status_code=reply.status,
        )
        if isinstance(reply.body, dict) and reply.body["ok"]:
            return response
        raise SlackApiError("It was refused, or is not JSON.", response)  # type: ignore[no-untyped-call]


@dataclass
class Agenda:
    """What happens in Vivoldi by itself when its time comes, at the latest before the next call."""

    clock: Clock
    entries: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)

    def add(self, seconds: float, happening: Callable[[], object]) -> None:
        """Have something happen so many seconds from now."""
        self.entries.append((self.clock.now() + timedelta(seconds=seconds), happening))

    def catch_up(self) -> None:
        """Let everything happen that is due."""
        due = [entry for entry in self.entries if entry[0] <= self.clock.now()]
        self.entries = [entry for entry in self.entries if entry not in due]
        for _, happening in due:
            happening()


class _TooLate(Exception):
    """Too late to send: nothing arrived."""


class DirectVivoldi:
    """Vivoldi's API, answered from the world; it implements the port `Coupons`.

    agent: the name under which the bot's process calls, which tells one process from another in the log.
    """

    def __init__(
        self,
        world: VivoldiWorld,
        faults: Faults,
        agenda: Agenda,
        boundaries: Boundaries,
        wait: Wait,
        agent: str,
    ) -> None:
        self._world = world
        self._agenda = agenda
        self._faults = faults
        self._boundaries = boundaries
        self._wait = wait
        self._clock = agenda.clock
        self._agent = agent
        self._refusing_until = START

    async def read(self, code: CouponCode) -> Reading:
        """Read a coupon once. Raises VivoldiUnavailable or VivoldiRefused."""
        try:
            reply = await self._call("read", code)
        except httpx.HTTPError as error:
            raise VivoldiUnavailable(failure(error)) from None
        content = reply.body.encode()
        reading = judge_reading(code, reply.status, reply.headers, content)
        return replace(reading, sealed=SEAL.close(content)) if isinstance(reading, Shown) else reading

    async def reserve(self) -> None:
        """There is always a place."""

    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Send DELETE exactly once, and return what the answer proves."""
        return await self._change("delete", code, still, {})

    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Set the expiry date, and return what the answer proves."""
        return await self._change("update", code, still, {"cpnNo": code, "endYmd": day})

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Return what may be shown of a sealed snapshot."""
        return held_in(code, SEAL.open(sealed))

    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Create a coupon again, sent exactly once, and return what the answer proves."""
        return await self._change("create", code, still, body_of(code, SEAL.open(sealed)))

    async def _change(
        self, kind: Kind, code: CouponCode, still: Still, body: Mapping[str, object]
    ) -> DeleteAnswer:
        try:
            reply = await self._call(kind, code, body, still)
        except _TooLate:
            return NotExecuted(HELD_UP)
        except httpx.HTTPError as error:
            return judge_failure(error)
        return judge_change(reply.status, reply.headers, reply.body.encode())

    async def _call(
        self, kind: Kind, code: CouponCode, body: Mapping[str, object] = _NO_BODY, still: Still = _always
    ) -> Reply:
        async with self._boundaries.crossing(_BOUNDARIES.get(kind, f"vivoldi.{kind}")):
            if not still():
                raise _TooLate
            if self._clock.now() < self._refusing_until:
                raise httpx.ConnectError("refused")
            reply = await self._serve(kind, code, body)
        return reply if reply.delivery == "whole" else await self._unanswered(reply)

    async def _serve(self, kind: Kind, code: CouponCode, body: Mapping[str, object]) -> Reply:
        method, name = _CALLS[kind]
        path, log = f"/api/coupon/v1/{name}" + ("" if body else f"?cpnNo={code}"), self._world.log
        headers = {"user-agent": self._agent}
        asked = Asked(kind, code, dict(body))
        call = log.begin(
            kind, method=method, path=path, code=code, headers=headers, key_ok=True, port=0, end=asked.end
        )
        fault, refusal = self._faults.take(kind, code), self._faults.take_refusal(kind, code)
        executed = fault is None or fault.executes
        log.mark(call, executed=executed, fault=fault.kind if fault else None)
        if fault is not None and fault.kind == "latency":
            seconds = fault.seconds or 0.0
            if seconds > _TIMEOUT:
                self._agenda.add(seconds, lambda: self._carried_out_late(call, asked))
                return Reply(delivery="never")
            await self._wait(seconds)
        self._agenda.catch_up()
        reply = carry_out(asked, self._world, call) if executed else Reply()
        reply = reply if fault is None else spoilt(fault, reply, path)
        if refusal is not None:
            self._refusing_until = self._clock.now() + timedelta(seconds=refusal.seconds or 0.0)
        self._finish(call, reply, executed, refusal)
        return reply

    def _carried_out_late(self, call: int, asked: Asked) -> None:
        """Carry out a call that nobody waits for any more."""
        self._world.log.mark(call, executed=True, fault="latency")
        carry_out(asked, self._world, call)
        self._finish(call, Reply(delivery="never"), executed=True, refusal=None)

    def _finish(self, call: int, reply: Reply, executed: bool, refusal: Fault | None) -> None:
        on_wire = reply.delivery in ("whole", "cut")
        self._world.log.finish(
            call,
            status=reply.status if on_wire else None,
            answer_code=reply.answer_code if on_wire else None,
            dropped=None if reply.delivery == "whole" else "after" if executed else "before",
            then_refused=refusal is not None,
        )

    async def _unanswered(self, reply: Reply) -> NoReturn:
        if reply.delivery == "never":
            await self._wait(_TIMEOUT)
            raise httpx.ReadTimeout("no answer")
        raise httpx.RemoteProtocolError("the connection was lost")
