"""The local Slack lets in what Slack lets in: bodies, scopes, ids and lengths, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from sandbox.slack import LocalSlack
from sandbox.slack.world import DEFAULT_SCOPES

INCIDENT, RIKA, ONCALL = "C0INCIDENT", "U0RIKA0000", "S0ONCALL00"
VIEW = {"type": "home", "blocks": [{"type": "divider"}]}


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack() as slack:
        yield slack


def _bot(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient("xoxb-local", base_url=slack.api_url, retry_handlers=[])


async def _error(slack: LocalSlack, method: str, **call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await _bot(slack).api_call(method, **call)
    return str(caught.value.response["error"])


READS: dict[str, tuple[dict[str, Any], str]] = {
    "api.test": ({}, "invalid_arguments"),
    "bots.info": ({"bot": "B0GUARD000"}, "invalid_arguments"),
    "chat.getPermalink": ({"channel": INCIDENT, "message_ts": "1.0"}, "invalid_arguments"),
    "conversations.info": ({"channel": INCIDENT}, "invalid_arguments"),
    "conversations.members": ({"channel": INCIDENT}, "invalid_arguments"),
    "files.getUploadURLExternal": ({"filename": "x", "length": 1}, "invalid_arguments"),
    "files.info": ({"file": "F1"}, "invalid_arguments"),
    "usergroups.list": ({}, "invalid_arguments"),
    "usergroups.users.list": ({"usergroup": ONCALL}, "invalid_arguments"),
    "users.info": ({"user": RIKA}, "user_not_found"),
}


@pytest.mark.parametrize("method", READS)
async def test_json_is_not_read_by_all(slack: LocalSlack, method: str) -> None:
    """A JSON body is refused by the methods that read forms alone, by the name that Slack has for it."""
    args, error = READS[method]
    assert await _error(slack, method, json=args) == error


class _Recorder(AsyncWebClient):
    """The SDK's client, which writes down how it calls."""

    def __init__(self, slack: LocalSlack) -> None:
        super().__init__("xoxb-local", base_url=slack.api_url, retry_handlers=[])
        self.called: list[str] = []

    async def api_call(self, api_method: str, **call: Any) -> AsyncSlackResponse:
        self.called.append(api_method)
        return await super().api_call(api_method, **call)


async def test_the_sdks_own_calls_are_let_in(slack: LocalSlack) -> None:
    """What Slack's SDK sends by its own methods is read, whatever its encoding."""
    slack.world.scopes = DEFAULT_SCOPES | {"team:read"}
    bot = _Recorder(slack)
    ts = (await bot.chat_postMessage(channel=INCIDENT, text="x"))["ts"]
    await bot.chat_update(channel=INCIDENT, ts=ts, text="y")
    await bot.chat_postEphemeral(channel=INCIDENT, user=RIKA, text="x")
    await bot.chat_getPermalink(channel=INCIDENT, message_ts=ts)
    await bot.auth_test()
    await bot.api_test()
    await bot.team_info()
    await bot.bots_info(bot="B0GUARD000")
    await bot.users_info(user=RIKA)
    await bot.usergroups_list(include_users=True)
    await bot.usergroups_users_list(usergroup=ONCALL)
    await bot.conversations_info(channel=INCIDENT)
    await bot.conversations_members(channel=INCIDENT, limit=1000)
    await bot.views_publish(user_id=RIKA, view=VIEW)
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]}
    await bot.views_open(trigger_id=slack.world.new_trigger(RIKA), view=modal)
    await bot.files_upload_v2(channel=INCIDENT, content="x", filename="x.csv")
    assert len(set(bot.called)) == 17


KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a person as a channel": ("conversations.members", {"channel": RIKA}, "channel_not_found"),
    "a channel as a person": ("users.info", {"user": INCIDENT}, "user_not_found"),
    "a person as a group": ("usergroups.users.list", {"usergroup": RIKA}, "no_such_subteam"),
    "a person instead of a bot": ("bots.info", {"bot": RIKA}, "bot_not_found"),
    "an update to a person": (
        "chat.update",
        {"channel": RIKA, "ts": "1.0", "text": "x"},
        "channel_not_found",
    ),
    "a group as a channel": ("chat.postMessage", {"channel": ONCALL, "text": "x"}, "channel_not_found"),
    "privately to a person's id": (
        "chat.postEphemeral",
        {"channel": RIKA, "user": RIKA, "text": "x"},
        "channel_not_found",
    ),
    "a Home of a channel": ("views.publish", {"user_id": INCIDENT, "view": VIEW}, "user_not_found"),
}


@pytest.mark.parametrize("name", KINDS)
async def test_an_id_of_another_kind_is_refused(slack: LocalSlack, name: str) -> None:
    """An id that is of something else is refused by the name that Slack has for one that it does not know."""
    method, args, error = KINDS[name]
    body = "json" if "view" in args else "data"
    assert await _error(slack, method, **{body: args}) == error


async def test_lengths_are_in_utf_16_units(slack: LocalSlack) -> None:
    """An emoji counts twice, since Slack does not say what it counts."""
    ts = (await _bot(slack).chat_postMessage(channel=INCIDENT, text="x"))["ts"]
    await _bot(slack).chat_update(channel=INCIDENT, ts=ts, text="😀" * 2_000)
    args = {"channel": INCIDENT, "ts": ts, "text": "😀" * 2_001}
    assert await _error(slack, "chat.update", json=args) == "msg_too_long"
    header = {"type": "header", "text": {"type": "plain_text", "text": "😀" * 76}}
    assert await _error(
        slack, "chat.postMessage", json={"channel": INCIDENT, "text": "x", "blocks": [header]}
    ) == ("invalid_blocks")


async def test_a_missing_scope_says_which(slack: LocalSlack) -> None:
    """A call without its scope names the scope."""
    slack.world.scopes = frozenset({"commands"})
    with pytest.raises(SlackApiError) as caught:
        await _bot(slack).files_info(file="F1")
    assert (caught.value.response["error"], caught.value.response["needed"]) == (
        "missing_scope",
        "files:read",
    )
