"""Private answers go to Slack alone, past every proxy of the environment."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.slack import SlackReplies, web_session


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://hooks.slack.com/commands/T1/2/3", True),
        ("https://hooks.slack-gov.com/commands/T1/2/3", True),
        ("http://hooks.slack.com/commands/T1/2/3", False),
        ("https://hooks.slack.com.example.org/commands", False),
        ("https://notslack.com/commands", False),
        ("https://example.org/hooks.slack.com", False),
        ("https://slack.com@example.org/", False),
        ("http://127.0.0.1:9/", False),
        ("file:///etc/passwd", False),
        ("hooks.slack.com", False),
        ("https://[", False),
        ("", False),
    ],
)
async def test_only_slack_is_answered(address: str, trusted: bool) -> None:
    """Any other address is not called."""
    async with web_session() as session:
        replies = SlackReplies(session, "https://slack.com/api/")
        assert (replies._trusted(address) is not None) is trusted
        if not trusted:
            assert await replies(address, "only for you") is False


async def test_the_server_of_the_settings_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The very server that the settings name gets the answer, and no proxy sees it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen = list[object]()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/response", answer)
    async with TestServer(app) as server, web_session() as session:
        replies = SlackReplies(session, str(server.make_url("/api/")))
        assert await replies(str(server.make_url("/response")), "only for you")
    assert seen == [{"response_type": "ephemeral", "replace_original": False, "text": "only for you"}]
