"""The local Slack brings commands and clicks to a real Bolt app, over signed HTTP and over Socket Mode."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import LocalSlack
from sandbox.slack_client import ControlError, LogEntry, Message, SlackControl

INCIDENT, RIKA, BEA, STRANGER = "C0INCIDENT", "U0RIKA0000", "U0BEA00000", "W0STRANGER"
SECRET = "local-signing-secret"
ANSWER_WITHIN = 1.0


def card(version: int) -> list[dict[str, Any]]:
    text = {"type": "plain_text", "text": "Approve"}
    button = {"type": "button", "action_id": "approve", "value": "R1", "style": "primary", "text": text}
    return [{"type": "actions", "block_id": f"v{version}", "elements": [button]}]


@dataclass
class TinyBot:
    """A Bolt app that posts a card on `/coupon-delete` and counts clicks on it."""

    app: AsyncApp
    clicks: list[dict[str, Any]] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hold.set()
        self.app.command("/coupon-delete")(self.on_command)
        self.app.action("approve")(self.on_click)

    async def on_command(self, ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        self.arrived.set()
        await self.hold.wait()
        match command["text"]:
            case "silent":
                await ack()
            case "public":
                await ack("Everyone sees this", response_type="in_channel")
            case "broken":
                await ack(text="x", blocks=[{"type": "nonsense"}])
            case _:
                await client.chat_postMessage(channel=command["channel_id"], text="card", blocks=card(1))
                await ack(f"Asked for {command['text']}")

    async def on_click(
        self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        self.clicks.append(body)
        ts = body["container"]["message_ts"]
        if body["user"]["team_id"] == "T0GUARD000":
            await client.chat_update(channel=INCIDENT, ts=ts, text="card", blocks=card(len(self.clicks) + 1))
        else:
            await respond("Not you", replace_original=False)
        await ack()


@dataclass(frozen=True)
class Rig:
    """A local Slack with a bot behind it."""

    slack: LocalSlack
    control: SlackControl
    bot: TinyBot

    async def card(self) -> Message:
        """Let Rika ask, and return the card."""
        await self.control.command(RIKA, "ABCD1234")
        return (await self.control.cards())[-1]


@pytest.fixture(params=["http", "socket"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Run the same bot behind each transport."""
    async with (
        LocalSlack(answer_within_seconds=ANSWER_WITHIN) as slack,
        SlackControl(slack.control_url) as control,
    ):
        client = AsyncWebClient("xoxb-local", base_url=slack.api_url)
        bot = TinyBot(AsyncApp(client=client, signing_secret=SECRET, process_before_response=True))
        if request.param == "http":
            runner = web.AppRunner(bot.app.web_app(), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            await control.deliver_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
            yield Rig(slack, control, bot)
            await runner.cleanup()
        else:
            handler = AsyncSocketModeHandler(bot.app, "xapp-local", ping_interval=0.2)
            await handler.connect_async()  # type: ignore[no-untyped-call]
            await control.wait_for(opened)
            yield Rig(slack, control, bot)
            await handler.close_async()  # type: ignore[no-untyped-call]


def opened(entry: LogEntry) -> bool:
    return entry.kind == "socket" and entry.data["event"] == "opened"


only_http = pytest.mark.parametrize("rig", ["http"], indirect=True)
only_socket = pytest.mark.parametrize("rig", ["socket"], indirect=True)


async def test_command_round_trip(rig: Rig) -> None:
    """A command reaches the bot whole, and what the bot acknowledges is shown to that person alone."""
    answer = await rig.control.command(RIKA, "ABCD1234 because")
    assert (answer.status, answer.error, answer.text) == (200, None, "Asked for ABCD1234 because")
    assert answer.response
    assert answer.response.rendered == "(Only visible to you)\n\nAsked for ABCD1234 because\n"
    assert [m.text for m in await rig.control.ephemerals(RIKA)] == ["Asked for ABCD1234 because"]
    (entry,) = await rig.control.log("interaction")
    sent = entry.data["payload"]
    assert (sent["channel_name"], sent["user_name"], sent["api_app_id"]) == ("incident", "rika", "A0GUARD000")


async def test_command_answers(rig: Rig) -> None:
    """An empty acknowledgement shows nothing, an in_channel one is public, bad blocks are an error."""
    assert (await rig.control.command(RIKA, "silent")).response is None
    await rig.control.command(RIKA, "public")
    assert [m.text for m in await rig.control.messages(INCIDENT)] == ["Everyone sees this"]
    assert (await rig.control.command(RIKA, "broken")).error == "invalid_command_response"


async def test_no_answer_in_time(rig: Rig) -> None:
    """A bot that doesn't answer in time gives the person operation_timeout, and the log says so."""
    rig.bot.hold.clear()
    answer = await rig.control.command(RIKA, "ABCD1234")
    rig.bot.hold.set()
    assert (answer.error, answer.response) == ("operation_timeout", None)
    assert answer.elapsed_ms >= ANSWER_WITHIN * 1000
    assert [e.data["error"] for e in await rig.control.log("interaction")] == ["operation_timeout"]


async def test_click_round_trip(rig: Rig) -> None:
    """A click brings the whole message and the action to the bot, whose update is seen by all."""
    message = await rig.card()
    answer = await rig.control.click(BEA, message, "approve")
    assert answer.error is None
    (body,) = rig.bot.clicks
    assert (body["user"]["id"], body["team"]["id"], body["channel"]["id"]) == (BEA, "T0GUARD000", INCIDENT)
    assert body["message"]["blocks"][0]["block_id"] == body["actions"][0]["block_id"] == "v1"
    assert (body["actions"][0]["value"], body["actions"][0]["style"]) == ("R1", "primary")
    assert (await rig.control.message(INCIDENT, message.ts)).blocks[0]["block_id"] == "v2"


async def test_simultaneous_clicks(rig: Rig) -> None:
    """Several clicks at once all arrive, each with an answer of its own."""
    answers = await rig.control.clicks(BEA, await rig.card(), "approve", times=5)
    assert [answer.error for answer in answers] == [None] * 5
    assert len({body["trigger_id"] for body in rig.bot.clicks}) == 5


async def test_private_answer_to_a_click(rig: Rig) -> None:
    """What the bot says by the response URL is the click's answer, seen by that person alone."""
    message = await rig.card()
    answer = await rig.control.click(STRANGER, message, "approve")
    assert answer.text == "Not you"
    assert [m.text for m in await rig.control.ephemerals(STRANGER)] == ["Not you"]
    assert (await rig.control.message(INCIDENT, message.ts)).edits == 0


async def test_gone_button_is_refused_unless_simulated(rig: Rig) -> None:
    """A button that isn't there can't be clicked; an old version, a copy or a forged value can be shown."""
    message = await rig.card()
    with pytest.raises(ControlError) as caught:
        await rig.control.click(BEA, message, "explode")
    assert caught.value.status == 409
    await rig.control.click(BEA, message, "approve")
    await rig.control.click(BEA, message, "approve", version=message.seq)
    await rig.control.click(BEA, message, "approve", block_id="v9", value="forged")
    await rig.control.click(BEA, message, "approve", message={"ts": "1.000000", "blocks": card(7)})
    seen = [(body["actions"][0]["block_id"], body["actions"][0]["value"]) for body in rig.bot.clicks]
    assert seen == [("v1", "R1"), ("v1", "R1"), ("v9", "forged"), ("v7", "R1")]


@only_http
@pytest.mark.parametrize("signature", ["bad_secret", "stale", "missing", "non_numeric"])
async def test_bad_signatures(rig: Rig, signature: str) -> None:
    """A wrongly signed request is refused by Bolt and reaches no listener."""
    message = await rig.card()
    click = {"user": BEA, "channel": INCIDENT, "ts": message.ts, "action_id": "approve"}
    assert (await rig.control.interaction(click=click, signature=signature)).error == "dispatch_failed"
    assert rig.bot.clicks == []
    assert (await rig.control.interaction(click=click)).status == 200


async def test_foreign_ids_in_a_payload(rig: Rig) -> None:
    """The team and the app of a payload can be replaced, and an earlier payload can be sent again."""
    message = await rig.card()
    click = {"user": BEA, "channel": INCIDENT, "ts": message.ts, "action_id": "approve"}
    await rig.control.interaction(click=click, team_id="T0EVIL0000", api_app_id="A0EVIL0000")
    again = (await rig.control.log("interaction"))[-1].data["payload"]
    await rig.control.interaction(payload=again)
    assert [(body["team"]["id"], body["api_app_id"]) for body in rig.bot.clicks] == [
        ("T0EVIL0000", "A0EVIL0000")
    ] * 2


@only_http
async def test_unreachable_bot(rig: Rig) -> None:
    """When nobody listens at the address, the person sees dispatch_failed."""
    await rig.control.deliver_to("http://127.0.0.1:9/slack/events")
    assert (await rig.control.command(RIKA, "ABCD1234")).error == "dispatch_failed"


@only_socket
@pytest.mark.parametrize("action", ["disconnect", "drop"])
async def test_socket_comes_back(rig: Rig, action: str) -> None:
    """After a disconnect frame or a dropped socket the bot's client connects anew and is served again."""
    before = await rig.control.last_seq()
    await rig.control.sockets(action)
    await rig.control.wait_for(opened, after=before)
    assert (await rig.control.command(RIKA, "ABCD1234")).error is None


@only_socket
async def test_socket_lost_before_the_answer(rig: Rig) -> None:
    """When the socket goes away before the bot has acknowledged, the person sees dispatch_failed."""
    rig.bot.hold.clear()
    asked = asyncio.create_task(rig.control.command(RIKA, "ABCD1234"))
    await rig.bot.arrived.wait()
    await rig.control.sockets("drop")
    assert (await asked).error == "dispatch_failed"
    rig.bot.hold.set()
    # The bot goes on all the same; cut off in the middle, it would leave a socket open.
    await rig.control.wait_message(INCIDENT, "card")


@only_socket
async def test_socket_limit(rig: Rig) -> None:
    """An app has at most ten connections; the eleventh is told so and closed."""
    client = AsyncWebClient("xapp-local", base_url=rig.slack.api_url)
    async with aiohttp.ClientSession() as session:
        links = [await client.apps_connections_open(app_token="xapp-local") for _ in range(10)]
        sockets = [await session.ws_connect(str(link["url"])) for link in links]
        frames = [await socket.receive_json() for socket in sockets]
        assert [frame["type"] for frame in frames] == ["hello"] * 9 + ["disconnect"]
        assert frames[-1]["reason"] == "too_many_websockets"


@only_socket
async def test_refused_handshakes(rig: Rig) -> None:
    """While handshakes are refused the bot can't be reached, and a ticket is good for one handshake only."""
    await rig.control.sockets("refuse", seconds=60)
    before = await rig.control.last_seq()
    await rig.control.sockets("drop")
    await rig.control.wait_for(lambda e: e.kind == "socket" and e.data["event"] == "refused", after=before)
    assert (await rig.control.command(RIKA, "ABCD1234")).error == "dispatch_failed"
    url = str(
        (
            await AsyncWebClient("xapp-local", base_url=rig.slack.api_url).apps_connections_open(
                app_token="xapp-local"
            )
        )["url"]
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        link = url.replace("ws://", "http://")
        assert [(await http.get(link)).status_code for _ in range(2)] == [503, 503]
        await rig.control.sockets("refuse", seconds=0)
        assert (await http.get(link)).status_code == 404
