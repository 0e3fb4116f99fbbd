"""A typed client of the local Vivoldi's control side; tests and the demo ask only through it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Self

import httpx

from sandbox.vivoldi.log import Call, Entry, Event

__all__ = ["Call", "ControlError", "Entry", "Event", "VivoldiControl"]


class ControlError(Exception):
    """The control side refused a request; the text is its sentence."""


class VivoldiControl:
    """Talks to `control_url`; an async context manager that closes its connections.

    Every method raises `ControlError` if the control side says no, `httpx.TransportError` if it is gone.
    Coupon fields have the vendor's wire names (`nm`, `endYmd`, ...).
    """

    def __init__(self, control_url: str) -> None:
        """Prepare; connects on first use."""
        self._http = httpx.AsyncClient(
            base_url=control_url,
            trust_env=False,
            # A call that is cancelled while it closes several idle connections leaves some of them open.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def health(self) -> dict[str, Any]:
        """Return `ok`, the world clock's `now`, and how many calls the rate limit refused (`too_many`)."""
        return dict(await self._ask("GET", "/health"))

    async def create(self, code: str, **fields: Any) -> dict[str, Any]:
        """Create a coupon that is valid today unless the fields say otherwise; return it with its `uid`."""
        return dict(await self._ask("POST", "/coupons", {"cpnNo": code, **fields}))

    async def change(self, code: str, **fields: Any) -> dict[str, Any]:
        """Change any fields, past the vendor's rules; return the coupon."""
        return dict(await self._ask("PATCH", f"/coupons/{code}", fields))

    async def delete(self, code: str) -> None:
        """Delete a coupon, as if someone did it on the vendor's dashboard."""
        await self._ask("DELETE", f"/coupons/{code}")

    async def redeem(self, code: str) -> dict[str, Any]:
        """Use a coupon once, as a customer; return the coupon."""
        return dict(await self._ask("POST", f"/coupons/{code}/redeem"))

    async def coupons(self) -> list[dict[str, Any]]:
        """Return every coupon that exists, oldest first."""
        return list(await self._ask("GET", "/coupons"))

    async def fault(self, kind: str, call: str = "delete", times: int = 1, **args: Any) -> None:
        """Arm a fault for the next `times` calls of a kind; see `Fault` in the server for the arguments."""
        await self._ask("POST", "/faults", {"kind": kind, "call": call, "times": times, **args})

    async def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are still armed."""
        return list(await self._ask("GET", "/faults"))

    async def clear_faults(self) -> None:
        """Disarm all faults and let connections in again."""
        await self._ask("DELETE", "/faults")

    async def events(self, code: str | None = None) -> list[Event]:
        """Return the true changes, of all coupons or of one number, in order."""
        return [Event(**event) for event in await self._ask("GET", "/events", code=code)]

    async def deletions(self, code: str | None = None) -> list[Event]:
        """Return the true deletions, of all coupons or of one number, in order."""
        return [event for event in await self.events(code) if event.kind == "deleted"]

    async def calls(self, kind: str | None = None, code: str | None = None) -> list[Call]:
        """Return the API calls in order of arrival, narrowed to a kind and to a coupon number where given."""
        return [Call(**call) for call in await self._ask("GET", "/calls", kind=kind, code=code)]

    async def shift_clock(self, seconds: float) -> None:
        """Move the world clock, backwards for a negative number."""
        await self._ask("POST", "/clock", {"shift_seconds": seconds})

    async def set_clock(self, now: datetime) -> None:
        """Set the world clock, which runs on from there."""
        await self._ask("POST", "/clock", {"now": now.isoformat()})

    async def reset(self) -> None:
        """Start over: no coupons, faults or log, the real time."""
        await self._ask("POST", "/reset")

    async def wait_for(self, wanted: Callable[[Entry], bool], timeout: float = 10.0) -> Entry:
        """Return the first wanted entry of the log, past or to come; raise `TimeoutError` after some seconds.

        A call comes twice: at its arrival, and with `finished` when its answer is settled.
        """
        async with asyncio.timeout(timeout), aclosing(self._entries()) as entries:
            async for entry in entries:
                if wanted(entry):
                    return entry
        raise ControlError("The log ended before the wanted entry came.")

    async def _entries(self) -> AsyncGenerator[Entry, None]:
        async with self._http.stream("GET", "/stream", timeout=None) as stream:
            lines = stream.aiter_lines()
            # The first line says that nothing from now on is missed, so the past may be asked for.
            await anext(lines)
            past: list[Entry] = [*await self.events(), *await self.calls()]
            for entry in sorted(past, key=lambda entry: entry.seq):
                yield entry
            kind = ""
            async for line in lines:
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield Event(**json.loads(value)) if kind == "event" else Call(**json.loads(value))

    async def _ask(self, method: str, path: str, body: Any = None, **query: str | None) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        answer = await self._http.request(method, path, json=body, params=given)
        content = answer.json()
        if answer.is_error:
            raise ControlError(content["error"])
        return content
