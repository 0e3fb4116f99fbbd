"""The local Slack spoils calls on order, limits response URLs as Slack does, and runs as a process."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import LocalSlack
from sandbox.slack_client import ControlError, SlackControl

INCIDENT, NO_BOT, RIKA = "C0INCIDENT", "C0NOBOT000", "U0RIKA0000"
TEXT = {"type": "plain_text", "text": "Approve"}
BUTTON = {"type": "button", "action_id": "approve", "text": TEXT}
CARD = [{"type": "actions", "elements": [BUTTON]}]


@dataclass(frozen=True)
class Rig:
    """A local Slack that no bot listens to, its control side, and clients without any retry."""

    slack: LocalSlack
    control: SlackControl
    bot: AsyncWebClient
    http: httpx.AsyncClient

    async def post(self, **args: Any) -> str:
        """Post a message and return its timestamp."""
        answer = await self.bot.chat_postMessage(**{"channel": INCIDENT, "text": "hello", **args})
        return str(answer["ts"])

    async def response_url(self, channel: str = NO_BOT) -> str:
        """Let Rika run a command, and return the URL that a bot could answer it by."""
        await self.control.command(RIKA, "help", channel=channel)
        return str((await self.control.log("interaction"))[-1].data["payload"]["response_url"])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Start a local Slack for one test."""
    async with (
        LocalSlack() as slack,
        SlackControl(slack.control_url) as control,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        bot = AsyncWebClient("xoxb-local", base_url=slack.api_url, retry_handlers=[])
        yield Rig(slack, control, bot, http)


async def test_fault_ratelimited(rig: Rig) -> None:
    """A rate limit is a 429 with Retry-After, after `skip` calls and for `times` calls only."""
    await rig.control.fault("chat.postMessage", "ratelimited", retry_after=7, skip=1)
    await rig.post()
    with pytest.raises(SlackApiError) as caught:
        await rig.post()
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"
    await rig.post()
    assert len(await rig.control.log("posted")) == 2


@pytest.mark.parametrize(("kind", "posted"), [("drop_before", 0), ("drop_after", 1)])
async def test_fault_drop(rig: Rig, kind: str, posted: int) -> None:
    """A dropped call fails for the bot alike, whether it was done or not."""
    await rig.control.fault("*", kind)
    with pytest.raises(aiohttp.ClientConnectionError):
        await rig.post()
    assert len(await rig.control.log("posted")) == posted
    assert [call["fault"] for call in await rig.control.api_calls()] == [kind]


@pytest.mark.parametrize(
    ("kind", "args"),
    [("server_error", {"status": 503}), ("malformed", {}), ("error", {"error": "is_archived"})],
)
async def test_fault_answers(rig: Rig, kind: str, args: dict[str, Any]) -> None:
    """A server error, an answer that isn't JSON, or an ordered error does nothing and fails for the bot."""
    await rig.control.fault("chat.postMessage", kind, **args)
    with pytest.raises(SlackApiError) as caught:
        await rig.post()
    assert await rig.control.log("posted") == []
    if kind == "error":
        assert caught.value.response["error"] == "is_archived"
    await rig.post()


async def test_fault_latency(rig: Rig) -> None:
    """Latency delays a call that is then done as usual, and holds up no other call."""
    await rig.control.fault("chat.postMessage", "latency", seconds=1.0)
    slow = asyncio.create_task(rig.post())
    await asyncio.gather(rig.bot.auth_test(), rig.bot.auth_test())
    assert not slow.done()
    await slow
    assert [call["method"] for call in await rig.control.api_calls()][-1] == "chat.postMessage"


async def test_faults_can_be_taken_back(rig: Rig) -> None:
    """Cleared faults don't happen."""
    await rig.control.fault("*", "drop_before", times=5)
    assert len(await rig.control.faults()) == 1
    await rig.control.clear_faults()
    await rig.post()


async def test_unknown_orders_are_refused_with_a_sentence(rig: Rig) -> None:
    """An order with an unknown field, person or kind is a 400 that says what is wrong."""
    for order in ({"kind": "explode"}, {"kind": "latency", "tymes": 1}):
        with pytest.raises(ControlError, match=r"400: .*(kind|tymes)"):
            await rig.control.fault("*", **order)
    with pytest.raises(ControlError, match="400: There is no person"):
        await rig.control.command("U0NOBODY00", "x")


async def test_waiting_and_reset(rig: Rig) -> None:
    """A wait ends when the message comes; a reset empties the channels while the log goes on."""
    waiting = asyncio.create_task(rig.control.wait_message(INCIDENT, "Approve"))
    await rig.post(blocks=CARD)
    assert (await waiting).text == "hello"
    before = await rig.control.last_seq()
    await rig.control.reset()
    assert await rig.control.messages(INCIDENT) == []
    assert await rig.control.last_seq() == before + 1
    with pytest.raises(TimeoutError):
        await rig.control.wait_message(INCIDENT, "Approve", timeout=0.05)


async def test_response_url_has_five_uses(rig: Rig) -> None:
    """A response URL works five times, also where the bot is no member, then says used_url."""
    url = await rig.response_url()
    answers = [await rig.http.post(url, json={"text": f"{n}"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[5].json() == {"ok": False, "error": "used_url"}
    assert [m.text for m in await rig.control.ephemerals(RIKA)] == ["0", "1", "2", "3", "4"]


async def test_response_url_lives_thirty_minutes(rig: Rig) -> None:
    """A response URL works just before 30 minutes by the world's clock and says expired_url after."""
    url = await rig.response_url()
    await rig.control.shift_clock(30 * 60 - 5)
    assert (await rig.http.post(url, json={"text": "in time"})).status_code == 200
    await rig.control.shift_clock(5)
    late = await rig.http.post(url, json={"text": "late"})
    assert (late.status_code, late.json()) == (404, {"ok": False, "error": "expired_url"})


async def test_response_url_changes_the_clicked_message(rig: Rig) -> None:
    """After a click the response URL can replace or delete the message, or speak to the channel."""
    message = await rig.control.message(INCIDENT, await rig.post(blocks=CARD))
    await rig.control.click(RIKA, message, "approve")
    url = (await rig.control.log("interaction"))[-1].data["payload"]["response_url"]
    await rig.http.post(url, json={"text": "replaced", "replace_original": True})
    assert (await rig.control.message(INCIDENT, message.ts)).text == "replaced"
    await rig.http.post(url, json={"text": "aloud", "response_type": "in_channel"})
    assert [m.text for m in await rig.control.messages(INCIDENT)] == ["replaced", "aloud"]
    await rig.http.post(url, json={"delete_original": True})
    assert (await rig.control.message(INCIDENT, message.ts)).deleted
    refused = await rig.http.post(url, json={"blocks": [{"type": "nonsense"}]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_blocks")


async def test_response_url_faults(rig: Rig) -> None:
    """A fault can be ordered for response URLs, and the log names it."""
    url = await rig.response_url()
    await rig.control.fault("response_url", "server_error", status=500)
    assert (await rig.http.post(url, json={"text": "x"})).status_code == 500
    assert [e.data["fault"] for e in await rig.control.log("response_url")] == ["server_error"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_process(number: signal.Signals) -> None:
    """As a process it prints one JSON line when ready and ends with 0 on a signal, also while streaming."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.slack", "--socket"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    urls = json.loads(await process.stdout.readline())
    async with SlackControl(urls["control"]) as control:
        assert (await AsyncWebClient("xoxb-local", base_url=urls["api"]).auth_test())["ok"]
        stream = control.stream()
        assert (await anext(stream)).kind == "api_call"
        process.send_signal(number)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
            assert [entry async for entry in stream] == []
