"""The one way in which calls to Slack's Web API are made: once, bounded in time, with errors translated."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.network import Way, direct
from bot.adapters.slack.errors import FOREIGN, translated
from bot.domain.errors import SlackUnavailable

_TIMEOUT = 10  # seconds for one call in all


def web_session(way: Way | None = None) -> aiohttp.ClientSession:
    """Return the session that all calls to Slack share. The caller closes it.

    way: to Slack; None: directly. Needs a running event loop. The SDK leaves the timeout, the proxy and the
    certificates to the session that it is given.
    """
    way = way or direct()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=way.trusted),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT),
        trust_env=False,
        proxy=way.proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class PostingClient(AsyncWebClient):
    """The SDK's client, whose reads are POSTs of a form too, which Slack takes for every method.

    The SDK has some of them as GETs, which aiohttp repeats by itself once a kept connection was lost.
    """

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        """Make a call, encoded as the SDK's own method for it says, with a form in place of a query."""
        form = {**(call.pop("params", None) or {}), **(call.pop("data", None) or {})}
        # From there alone the SDK takes a token for the header.
        token = {"token": form.pop("token")} if "token" in form else None
        asked = {**call, "http_verb": "POST", "params": token, "data": form or None}
        return await super().api_call(api_method, **asked)


def web_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return a client for the Web API at `base_url` that never repeats a call by itself.

    The SDK's default retry repeats a POST after a lost connection, which can post twice.
    """
    client = PostingClient(
        token=token,
        base_url=base_url,
        timeout=_TIMEOUT,
        session=session,
        trust_env_in_session=False,
        retry_handlers=[],
    )
    # The SDK takes a proxy from the environment whatever it is told about trusting that.
    client.proxy = None
    return client


async def try_link(session: aiohttp.ClientSession, url: str) -> None:
    """Open a connection of Socket Mode at the address that Slack gave out, and close it at once.

    Raises SlackUnavailable.
    """
    try:
        await (await session.ws_connect(url)).close()
    except aiohttp.WSServerHandshakeError as error:
        raise SlackUnavailable(f"Slack refused the WebSocket (HTTP {error.status})") from None
    except FOREIGN as error:
        raise SlackUnavailable(str(translated(error)).rstrip(".")) from None


async def answered(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    """Return the answer to a call, whose data is a JSON object.

    A call is made by the SDK's own method for it, which knows how Slack wants it encoded: many methods of
    Slack read a form alone, and say `invalid_arguments` to JSON.
    Raises SlackUnavailable or SlackRefused.
    """
    try:
        answer = await call
    except FOREIGN as error:
        raise translated(error) from None
    if not isinstance(answer.data, dict):
        raise SlackUnavailable("Slack's answer is not JSON")
    return answer
