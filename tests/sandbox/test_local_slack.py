"""The local Slack answers the Web API as Slack does."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import LocalSlack
from sandbox.slack.world import DEFAULT_SCOPES
from sandbox.slack_client import SlackControl

INCIDENT, RIKA = "C0INCIDENT", "U0RIKA0000"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "from blocks"}}]


@dataclass(frozen=True)
class Rig:
    """A local Slack, its control side, and the bot's client without any retry."""

    slack: LocalSlack
    control: SlackControl
    bot: AsyncWebClient

    async def error(self, method: str, /, **args: Any) -> str:
        """Call a method that must fail and return the error's name. What is no text needs JSON."""
        is_form = all(isinstance(each, str) for each in args.values())
        with pytest.raises(SlackApiError) as caught:
            await (self.bot.api_call(method, data=args) if is_form else self.bot.api_call(method, json=args))
        return str(caught.value.response["error"])

    async def post(self, **args: Any) -> str:
        """Post a message and return its timestamp."""
        answer = await self.bot.chat_postMessage(**{"channel": INCIDENT, "text": "hello", **args})
        return str(answer["ts"])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Start a local Slack for one test."""
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control:
        yield Rig(slack, control, AsyncWebClient("xoxb-local", base_url=slack.api_url, retry_handlers=[]))


async def test_identity(rig: Rig) -> None:
    """auth.test and bots.info name the team, the bot and the app, and every answer names the scopes."""
    who = await rig.bot.auth_test()
    bot = await rig.bot.bots_info(bot=who["bot_id"])
    assert (who["team_id"], who["user_id"], bot["bot"]["app_id"]) == (
        "T0GUARD000",
        "U0GUARDBOT",
        "A0GUARD000",
    )
    assert set(who.headers["X-OAuth-Scopes"].split(",")) == DEFAULT_SCOPES


@pytest.mark.parametrize(
    ("user", "flag"),
    [
        ("U0GUEST000", "is_restricted"),
        ("U0SINGLE00", "is_ultra_restricted"),
        ("U0GONE0000", "deleted"),
        ("U0ROBOT000", "is_bot"),
        ("W0STRANGER", "is_stranger"),
    ],
)
async def test_kinds_of_people(rig: Rig, user: str, flag: str) -> None:
    """users.info shows each kind of person by Slack's flag, and a full member has none of them."""
    assert (await rig.bot.users_info(user=user))["user"][flag] is True
    assert not (await rig.bot.users_info(user=RIKA))["user"].get(flag)


async def test_stranger_belongs_to_another_team(rig: Rig) -> None:
    """A stranger's team is not the bot's."""
    assert (await rig.bot.users_info(user="W0STRANGER"))["user"]["team_id"] == "T0OTHER000"


async def test_groups_follow_control(rig: Rig) -> None:
    """A change of a group's members by control is seen by the bot's next call."""
    await rig.control.group("S0ONCALL00", add=["U0CARL0000"], remove=[RIKA])
    members = (await rig.bot.usergroups_users_list(usergroup="S0ONCALL00"))["users"]
    assert members == ["U0AMIR0000", "U0BEA00000", "U0CARL0000"]
    assert [g["handle"] for g in (await rig.bot.usergroups_list())["usergroups"]] == ["oncall", "empty"]


async def test_post_update_and_history(rig: Rig) -> None:
    """An update with text alone removes the blocks and shows as edited, and control keeps every version."""
    ts = await rig.post(blocks=BLOCKS)
    answer = await rig.bot.chat_update(channel=INCIDENT, ts=ts, text="same", blocks=BLOCKS)
    assert "edited" not in answer["message"]
    answer = await rig.bot.chat_update(channel=INCIDENT, ts=ts, text="done")
    assert answer["message"]["edited"]["user"] == "U0GUARDBOT"
    first, _, last = await rig.control.history(INCIDENT, ts)
    assert (first.blocks[0]["text"]["text"], last.text, last.blocks) == ("from blocks", "done", ())
    assert (await rig.control.message(INCIDENT, ts)).edits == 2


async def test_form_and_json_are_alike(rig: Rig) -> None:
    """Arguments may come as a form, blocks then as JSON text."""
    form = {"channel": INCIDENT, "text": "t", "blocks": json.dumps(BLOCKS)}
    answer = await rig.bot.api_call("chat.postMessage", data=form)
    assert answer["message"]["blocks"][0]["text"]["text"] == "from blocks"


async def test_threads_and_broadcast(rig: Rig) -> None:
    """A reply stays in its thread unless it is broadcast, and its permalink names the thread."""
    ts = await rig.post()
    await rig.post(text="quiet", thread_ts=ts)
    loud = await rig.post(text="loud", thread_ts=ts, reply_broadcast=True)
    assert [m.text for m in await rig.control.messages(INCIDENT)] == ["hello", "loud"]
    assert [m.text for m in await rig.control.replies(INCIDENT, ts)] == ["quiet", "loud"]
    link = (await rig.bot.chat_getPermalink(channel=INCIDENT, message_ts=loud))["permalink"]
    place = f"C0INCIDENT/p{loud.replace('.', '')}"
    assert link == f"https://guard.slack.com/archives/{place}?thread_ts={ts}&cid=C0INCIDENT"


async def test_direct_message_opens(rig: Rig) -> None:
    """Posting to a person's id opens the direct-message channel."""
    answer = await rig.bot.chat_postMessage(channel=RIKA, text="psst")
    assert answer["channel"] == "D0RIKA0000"
    assert [m.text for m in await rig.control.messages("D0RIKA0000")] == ["psst"]


async def test_ephemeral_is_for_one(rig: Rig) -> None:
    """An ephemeral message is seen by its person only and can't be updated."""
    ts = (await rig.bot.chat_postEphemeral(channel=INCIDENT, user=RIKA, text="only you"))["message_ts"]
    assert [m.text for m in await rig.control.ephemerals(RIKA)] == ["only you"]
    assert await rig.control.ephemerals("U0AMIR0000") == []
    assert await rig.control.messages(INCIDENT) == []
    assert await rig.error("chat.update", channel=INCIDENT, ts=ts, text="x") == "message_not_found"


POST_ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown channel": ({"channel": "C0UNKNOWN0", "text": "x"}, "channel_not_found"),
    "bot not a member": ({"channel": "C0NOBOT000", "text": "x"}, "not_in_channel"),
    "archived": ({"channel": "C0ARCHIVED", "text": "x"}, "is_archived"),
    "bot as channel": ({"channel": "U0ROBOT000", "text": "x"}, "cannot_dm_bot"),
    "nothing to say": ({"channel": INCIDENT}, "no_text"),
    "long text": ({"channel": INCIDENT, "text": "x" * 40_001}, "msg_too_long"),
    "no list": ({"channel": INCIDENT, "blocks": "{"}, "invalid_blocks_format"),
    "bad thread": ({"channel": INCIDENT, "text": "x", "thread_ts": "now"}, "invalid_thread_ts"),
    "much in blocks": (
        {
            "channel": INCIDENT,
            "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2401}}] * 5,
        },
        "msg_blocks_too_long",
    ),
}


@pytest.mark.parametrize("name", POST_ERRORS)
async def test_post_errors(rig: Rig, name: str) -> None:
    """chat.postMessage refuses with Slack's name for the reason, and posts nothing."""
    args, error = POST_ERRORS[name]
    assert await rig.error("chat.postMessage", **args) == error
    assert await rig.control.log("posted") == []


async def test_longest_texts(rig: Rig) -> None:
    """A post takes 40,000 characters, an update 4,000."""
    ts = await rig.post(text="x" * 40_000)
    await rig.bot.chat_update(channel=INCIDENT, ts=ts, text="x" * 4_000)
    assert await rig.error("chat.update", channel=INCIDENT, ts=ts, text="x" * 4_001) == "msg_too_long"


async def test_invalid_blocks_say_where(rig: Rig) -> None:
    """invalid_blocks names the place of the fault in response_metadata.messages."""
    with pytest.raises(SlackApiError) as caught:
        await rig.bot.chat_postMessage(channel=INCIDENT, text="t", blocks=[{"type": "header", "text": "x"}])
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be an object [json-pointer:/blocks/0/text]"
    ]


async def test_errors_of_other_methods(rig: Rig) -> None:
    """Each method names what it doesn't find or may not do."""
    person = await rig.control.command(RIKA, "nobody listens")
    assert person.error == "dispatch_failed"
    assert await rig.error("users.info", user="U0NOBODY00") == "user_not_found"
    assert await rig.error("usergroups.users.list", usergroup="S0NONE0000") == "no_such_subteam"
    assert await rig.error("bots.info", bot="B0NONE0000") == "bot_not_found"
    assert await rig.error("chat.update", channel=INCIDENT, ts="1.000000", text="x") == "message_not_found"
    assert await rig.error("chat.getPermalink", channel=INCIDENT, message_ts="1.0") == "message_not_found"
    assert await rig.error("conversations.members", channel="C0NOWHERE0") == "channel_not_found"
    assert await rig.error("chat.explode") == "unknown_method"
    ephemeral = {"channel": INCIDENT, "user": "U0NOBODY00", "text": "x"}
    assert await rig.error("chat.postEphemeral", **ephemeral) == "user_not_in_channel"


async def test_only_own_messages_can_be_updated(rig: Rig) -> None:
    """A message that somebody else wrote can't be updated."""
    ts = await rig.post()
    message = rig.slack.world.message(INCIDENT, ts)
    assert message is not None
    rig.slack.world.post(type(message)(INCIDENT, "1.000001", RIKA, "mine"))
    assert await rig.error("chat.update", channel=INCIDENT, ts="1.000001", text="x") == "cant_update_message"


async def test_channel_settings(rig: Rig) -> None:
    """By control a channel is restricted, archived under a message, opened to the bot, or hidden from it."""
    ts = await rig.post()
    await rig.control.channel(INCIDENT, restricted=True)
    assert await rig.error("chat.postMessage", channel=INCIDENT, text="x") == "restricted_action"
    await rig.control.channel(INCIDENT, archived=True)
    assert await rig.error("chat.update", channel=INCIDENT, ts=ts, text="x") == "is_inactive"
    await rig.control.channel("C0NOBOT000", add=["U0GUARDBOT"])
    await rig.post(channel="C0NOBOT000")
    await rig.control.channel("G0PRIVATE0", remove=["U0GUARDBOT"])
    assert await rig.error("chat.postMessage", channel="G0PRIVATE0", text="x") == "channel_not_found"


async def test_tokens(rig: Rig) -> None:
    """A missing, wrong or wrong kind of token is refused by name, and so is one that control has spoiled."""
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(rig.slack.api_url + "auth.test")).json()["error"] == "not_authed"
    rig.bot.token = "xoxb-other"
    assert await rig.error("auth.test") == "invalid_auth"
    rig.bot.token = "xapp-local"
    assert await rig.error("auth.test") == "not_allowed_token_type"
    rig.bot.token = "xoxb-local"
    for error in ("token_revoked", "account_inactive"):
        await rig.control.app(auth_error=error)
        assert await rig.error("chat.postMessage", channel=INCIDENT, text="x") == error
    await rig.control.app(auth_error=None, scopes=["commands"])
    assert await rig.error("chat.postMessage", channel=INCIDENT, text="x") == "missing_scope"


async def test_calls_are_logged_without_the_token(rig: Rig) -> None:
    """Every call is in the log with its arguments and its outcome, and no token is."""
    await rig.bot.api_call("chat.postMessage", data={"token": "xoxb-local", "channel": INCIDENT, "text": "t"})
    (entry,) = await rig.control.log("api_call")
    assert (entry.data["method"], entry.data["ok"], entry.data["args"]["text"]) == (
        "chat.postMessage",
        True,
        "t",
    )
    assert "xoxb" not in json.dumps(entry.data)
