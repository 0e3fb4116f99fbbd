"""The vendor's five calls: what a request asks for, and its answer from the world."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from pydantic import ValidationError

from sandbox.vivoldi.coupon import sentence
from sandbox.vivoldi.faults import REFUSED, Reply, envelope
from sandbox.vivoldi.log import CallKind
from sandbox.vivoldi.world import UPDATABLE, RefusedError, World

_KINDS: Mapping[tuple[str, str], CallKind] = {
    ("GET", "/api/coupon/v1/validate"): "read",
    ("DELETE", "/api/coupon/v1/delete"): "delete",
    ("PUT", "/api/coupon/v1/update"): "update",
    ("POST", "/api/coupon/v1/create"): "create",
    ("PUT", "/api/coupon/v1/redeem"): "redeem",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: the kind of call, the coupon number if given, the JSON object of its body."""

    kind: CallKind
    code: str | None
    body: Mapping[str, Any]

    @property
    def end(self) -> str | None:
        """The expiry date that is asked for, if any."""
        end = self.body.get("endYmd")
        return end if isinstance(end, str) else None

    @classmethod
    async def of(cls, request: web.Request) -> Self:
        """Read a request to its end; a body that is no JSON object counts as empty."""
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        code = request.query.get("cpnNo") or body.get("cpnNo")
        kind = _KINDS.get((request.method, request.path), "other")
        return cls(kind, code if isinstance(code, str) else None, body)


def carry_out(asked: Asked, world: World, call: int) -> Reply:
    """Do what is asked, as the API call with that sequence number, and return the honest answer."""
    if asked.kind == "other":
        return Reply(status=404, body="Not Found", content_type="text/plain")
    if asked.code is None and asked.kind != "create":
        return envelope(REFUSED, "The coupon number is required.")
    try:
        return envelope(result=_ACTIONS[asked.kind](asked, asked.code or "", world, call))
    except RefusedError as refusal:
        return envelope(REFUSED, str(refusal))
    except ValidationError as error:
        return envelope(REFUSED, sentence(error))


def _create(asked: Asked, _code: str, world: World, call: int) -> str:
    allowed = UPDATABLE | {"cpnNo"}
    return world.create({name: value for name, value in asked.body.items() if name in allowed}, call).cpn_no


def _update(asked: Asked, code: str, world: World, call: int) -> None:
    world.update(code, asked.body, call)


def _redeem(asked: Asked, code: str, world: World, call: int) -> None:
    world.redeem(code, asked.body.get("onsitePwd"), call)


_ACTIONS: Mapping[str, Callable[[Asked, str, World, int], Any]] = {
    "read": lambda _asked, code, world, _call: world.validate(code).facts(),
    "delete": lambda _asked, code, world, call: world.delete(code, call),
    "create": _create,
    "update": _update,
    "redeem": _redeem,
}
