"""Private answers by the `response_url` of what someone did, which needs no token."""

from __future__ import annotations

import json
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.adapters.slack.errors import FOREIGN, judge, translated
from bot.domain.errors import SlackUnavailable

_SLACK = ("slack.com", "slack-gov.com")


class SlackReplies:
    """Answers to Slack's own hosts, or to the very server that the settings name as Slack.

    session: one that takes no proxy from the environment. api_url: the address of Slack's Web API.
    """

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self._session = session
        self._home = URL(api_url).origin()

    async def __call__(self, address: str, text: str) -> bool:
        """Return whether the answer arrived; False: the URL is used up, gone, or not one to be called.

        Raises SlackUnavailable.
        """
        if (url := self._trusted(address)) is None:
            return False
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self._session.post(url, json=body, allow_redirects=False) as answer:
                return _arrived(answer, await answer.read())
        except FOREIGN as error:
            raise translated(error) from None

    def _trusted(self, address: str) -> URL | None:
        """Return the address if it is one of Slack's; nobody else gets to see the text."""
        try:
            url = URL(address)
            origin = url.origin()
        except ValueError:
            return None
        host = f".{url.host}"
        slacks = url.scheme == "https" and any(host.endswith(f".{name}") for name in _SLACK)
        return url if slacks or origin == self._home else None


def _arrived(answer: aiohttp.ClientResponse, body: bytes) -> bool:
    data = _object(body)
    if answer.status == HTTPStatus.OK and data.get("ok", True):
        return True
    refusal = judge(answer.status, answer.headers, {"error": "response_url_gone", **data})
    if isinstance(refusal, SlackUnavailable):
        raise refusal
    return False


def _object(body: bytes) -> dict[str, object]:
    """Return the JSON object of a body; empty for anything else, such as Slack's plain `ok`."""
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
