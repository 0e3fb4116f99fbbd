"""How arguments come in and answers go out over HTTP."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.slack.world import Json


class ApiError(Exception):
    """Slack refuses the call: the error's name, and what else the answer carries."""

    def __init__(self, name: str, **extra: Any) -> None:
        super().__init__(name)
        self.name = name
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is sent; `dropped` means that the connection is cut instead."""

    body: Json | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False

    @property
    def error(self) -> str | None:
        """The name of Slack's error in the answer, or None when it says ok."""
        return self.body.get("error") if isinstance(self.body, dict) else None


def failed(error: str, status: int = 200, **extra: Any) -> Reply:
    """Return an answer that refuses with one of Slack's error names."""
    return Reply({"ok": False, "error": error, **extra}, status)


async def send(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Turn an answer into a response, or cut the connection if that is the answer."""
    if reply.dropped:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if isinstance(reply.body, str):
        return web.Response(
            text=reply.body, status=reply.status, headers=reply.headers, content_type="application/json"
        )
    return web.json_response(reply.body, status=reply.status, headers=reply.headers)


async def arguments(request: web.Request) -> Json:
    """Return a call's arguments from its query, form or JSON body.

    Raises ApiError `invalid_json` or `json_not_object` for a JSON body that isn't an object.
    """
    if request.content_type != "application/json":
        return {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise ApiError("invalid_json") from error
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return {**request.query, **body}


def truthy(value: Any) -> bool:
    """Return whether an argument means yes, as a form ("true", "1") or JSON writes it."""
    return value is True or str(value).lower() in {"true", "1"}
