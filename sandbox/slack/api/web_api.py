"""The Web API's door: tokens, scopes, faults and the log around each method."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.slack.api.files import Files
from sandbox.slack.api.methods import METHODS, Method, answer
from sandbox.slack.api.wire import ApiError, Reply, arguments, failed, send
from sandbox.slack.deliver.faults import FaultBook, with_fault
from sandbox.slack.rules.hold import scope_for
from sandbox.slack.rules.limits import Scope
from sandbox.slack.world import Json, World

OPEN_SOCKET = "apps.connections.open"


class WebApi:
    """Answers `/api/METHOD` for one bot token and one app token.

    `open_socket` returns a fresh Socket Mode address for `apps.connections.open`.
    """

    def __init__(
        self,
        world: World,
        faults: FaultBook,
        *,
        bot_token: str,
        app_token: str,
        open_socket: Callable[[], str],
        files: Files,
    ) -> None:
        self._world = world
        self._faults = faults
        self._bot_token = bot_token
        self._app_token = app_token
        self._methods: dict[str, Method] = {
            **METHODS,
            **files.methods(),
            OPEN_SOCKET: lambda world, args: {"url": open_socket()},
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call and log it, whatever becomes of it."""
        name = request.match_info["method"]
        try:
            args = await arguments(request)
        except ApiError as error:
            return await send(request, failed(error.name))
        is_json = request.content_type == "application/json"
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        token = token or str(args.get("token", ""))
        args.pop("token", None)
        fault = self._faults.take(name)
        reply = await with_fault(fault, lambda: self._answer(name, token, args, is_json))
        self._log(name, args, reply, fault.kind if fault else None)
        return await send(request, self._with_scopes(name, reply))

    def _answer(self, name: str, token: str, args: Json, is_json: bool) -> Reply:
        try:
            method = self._methods.get(name)
            if method is None:
                raise ApiError("unknown_method", req_method=name)
            if name != "api.test":
                self._authorize(name, token)
            return Reply(answer(self._world, name, args, method, is_json=is_json))
        except ApiError as error:
            return failed(error.name, **error.extra)

    def _authorize(self, name: str, token: str) -> None:
        if not token:
            raise ApiError("not_authed")
        if token not in (self._bot_token, self._app_token):
            raise ApiError("invalid_auth")
        if (token == self._app_token) != (name == OPEN_SOCKET):
            raise ApiError("not_allowed_token_type")
        if self._world.auth_error is not None:
            raise ApiError(self._world.auth_error)

    def _scopes(self) -> str:
        return ",".join(sorted(self._world.scopes))

    def _with_scopes(self, name: str, reply: Reply) -> Reply:
        rule = scope_for(name, "")
        scope = rule.limit.name if rule is not None and isinstance(rule.limit, Scope) else ""
        headers = {"X-OAuth-Scopes": self._scopes(), "X-Accepted-OAuth-Scopes": scope}
        return Reply(reply.body, reply.status, {**headers, **reply.headers}, reply.dropped)

    def _log(self, name: str, args: Json, reply: Reply, fault: str | None) -> None:
        answered: dict[str, Any] = {
            "method": name,
            "args": args,
            "ok": isinstance(reply.body, dict) and bool(reply.body.get("ok")),
            "error": reply.error,
            "status": reply.status,
            "fault": fault,
        }
        self._world.record("api_call", answered)
