"""The calls to Vivoldi, each sent at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx

from bot.adapters.calls import Calls, measured
from bot.adapters.network import Way, direct, httpx_options
from bot.adapters.vivoldi.answers import (
    FOREIGN,
    failure,
    judge_change,
    judge_failure,
    judge_reading,
    kind_of_answer,
    kind_of_reading,
)
from bot.adapters.vivoldi.creation import body_of, held_in
from bot.adapters.vivoldi.rate import Turns
from bot.domain.coupon import CouponCode, Reading, Sealed, Shown
from bot.domain.errors import NoTurn, SealError, SettingsError, VivoldiUnavailable
from bot.domain.item.answer import DeleteAnswer, NotExecuted
from bot.domain.item.restore import Held, Unusable
from bot.services.ports.outside import Still

_COUPON = "/api/coupon/v1"
_LONGEST = 1_000_000  # bytes of an answer; a coupon takes about a thousand
_PART = 65_536
HELD_UP = "the bot was held up right before sending"
_ABOUT_TO_WRITE = "http11.send_request_headers.started"


class VivoldiClient:
    """The coupon API as an async context manager; it implements the port `Coupons`.

    base_url: scheme and host. user_agent: a name of one's own, since generic ones are blocked. language: of
    Vivoldi's messages. timeout: seconds for connecting, and for each wait on the wire. rate: shared by every
    call. seal: makes the whole answer to a read unreadable, so that it can be kept; None: it is not kept.
    unseal: opens that again, to create a deleted coupon anew; raises SealError.
    way: to Vivoldi; None: directly. calls: measures each; a read's time includes its turn in the rate limit.

    A call takes at most three timeouts: one for its turn in the rate limit, two on the wire. Nothing is ever
    repeated here; redirects, and proxies of the environment, are not followed. Raises SettingsError for a
    key, User-Agent or language that can't be sent in a header.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        user_agent: str,
        language: str,
        timeout: float,
        rate: Turns,
        seal: Callable[[bytes], Sealed] | None = None,
        unseal: Callable[[Sealed], bytes] | None = None,
        way: Way | None = None,
        calls: Calls | None = None,
    ) -> None:
        self._calls = calls or Calls()
        self._timeout = timeout
        self._rate = rate
        self._seal = seal
        self._unseal = unseal
        headers = {
            "Authorization": f"APIKey {_sendable('VIVOLDI_API_KEY', api_key)}",
            "Content-Type": "application/json",
            # Compressed, a short answer could fill the memory.
            "Accept-Encoding": "identity",
            "Accept-Language": _sendable("VIVOLDI_LANGUAGE", language),
            "User-Agent": _sendable("VIVOLDI_USER_AGENT", user_agent),
        }
        way = way or direct()
        options = httpx_options(way)

        def connect(more: Mapping[str, str], limits: httpx.Limits) -> httpx.AsyncClient:
            return httpx.AsyncClient(
                base_url=base_url,
                headers={**headers, **more},
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
                transport=httpx.AsyncHTTPTransport(retries=0, limits=limits, **options),
            )

        self._reads = connect({}, httpx.Limits(max_connections=None, max_keepalive_connections=5))
        # A fresh connection for each change: a kept one may be closed by the server just when it is used
        # again, and then nobody can tell whether the request was executed.
        self._changes = connect(
            {"Connection": "close"}, httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reads.aclose()
        await self._changes.aclose()

    @measured("read", kind_of_reading)
    async def read(self, code: CouponCode) -> Reading:
        """Read a coupon once.

        Raises VivoldiUnavailable if there was no usable answer, and VivoldiRefused if a setting is
        wrong.
        """
        await self._turn()
        try:
            async with asyncio.timeout(2 * self._timeout):
                path = f"{_COUPON}/validate"
                status, headers, content = await _exchange(self._reads, "GET", path, params={"cpnNo": code})
        except FOREIGN as error:
            # The error's own text can hold a header, so it is not chained where a log would print it.
            raise VivoldiUnavailable(failure(error)) from None
        reading = judge_reading(code, status, headers, content)
        if self._seal is None or not isinstance(reading, Shown):
            return reading
        return replace(reading, sealed=self._seal(content))

    @measured("reserve")
    async def reserve(self) -> None:
        """Take a place in the rate limit for a call to come. Raises NoTurn if none is free."""
        await self._turn()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._rate.turn()
        except TimeoutError:
            raise NoTurn(_CROWDED) from None

    @measured("delete", kind_of_answer)
    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Delete a coupon: exactly one request, sent at once on a connection of its own, or not at all.

        Its place in the rate limit was reserved before. still: see the port. Returns what the answer proves.
        If the call is cancelled, nothing is known about it.
        """
        return await self._send("DELETE", "delete", still, params={"cpnNo": code})

    @measured("update", kind_of_answer)
    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Set the expiry date, sent once, as a deletion is, and leave everything else.

        Returns what the answer proves.
        """
        return await self._send("PUT", "update", still, body={"cpnNo": code, "endYmd": day})

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Return what may be shown of a sealed snapshot that is said to be of `code` (I8)."""
        content = self._opened(sealed)
        return Unusable.KEY_LOST if content is None else held_in(code, content)

    @measured("create", kind_of_answer)
    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Create the coupon of a sealed snapshot again: exactly one request, as for a deletion.

        Returns what the answer proves about the creation.
        """
        content = self._opened(sealed)
        if content is None:
            return NotExecuted("no key opens what the coupon held")
        return await self._send("POST", "create", still, body=body_of(code, content))

    def _opened(self, sealed: Sealed) -> bytes | None:
        if self._unseal is None:
            return None
        try:
            return self._unseal(sealed)
        except SealError:
            return None

    async def _send(
        self,
        method: str,
        name: str,
        still: Still,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> DeleteAnswer:
        async def look_again(step: str, _: object) -> None:
            if step == _ABOUT_TO_WRITE and not still():
                raise _HeldUp

        try:
            async with asyncio.timeout(2 * self._timeout):
                path = f"{_COUPON}/{name}"
                answer = await _exchange(
                    self._changes, method, path, params=params, body=body, trace=look_again
                )
        except _HeldUp:
            return NotExecuted(HELD_UP)
        except FOREIGN as error:
            return judge_failure(error)
        return judge_change(*answer)


async def _exchange(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    trace: Callable[[str, object], Awaitable[None]] | None = None,
) -> tuple[int, Mapping[str, str], bytes]:
    """Send one request, and return the answer's status, headers and content, the latter up to a limit.

    What is cut there is no JSON any more, and so proves nothing. trace: called with each step of the way.
    """
    extensions = None if trace is None else {"trace": trace}
    async with http.stream(method, path, params=params, json=body, extensions=extensions) as answer:
        content = bytearray()
        async for part in answer.aiter_bytes(_PART):
            content += part
            if len(content) > _LONGEST:
                break
    return answer.status_code, answer.headers, bytes(content[:_LONGEST])


class _HeldUp(Exception):
    """Too long ago to send: nothing was written."""


_CROWDED = "too many calls to Vivoldi for now (VIVOLDI_RATE_PER_MINUTE, VIVOLDI_RATE_PER_HOUR)"


def _sendable(setting: str, value: str) -> str:
    # httpx quotes a header that it can't send in its error, and this one may be the key.
    if not (value.isascii() and value.isprintable() and value.strip()):
        raise SettingsError((f"{setting} holds nothing, or a character that can't be sent in a header.",))
    return value.strip()
