"""The local Slack's modals: opened with a trigger once and soon, filled in, sent, answered and closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import LocalSlack
from sandbox.slack.api.blocks import view_problems
from sandbox.slack_client import ControlError, LogEntry, Modal, SlackControl

RIKA, BEA, SECRET = "U0RIKA0000", "U0BEA00000", "local-signing-secret"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


_RED = {"text": plain("red"), "value": "red"}


def a_view(**changes: Any) -> dict[str, Any]:
    """Return a view with a required text, a choice, and a text that may stay empty."""
    size = {"type": "plain_text_input", "action_id": "a", "min_length": 2, "max_length": 5}
    options = [{"text": plain(word), "value": word} for word in ("red", "blue")]
    choice = {"type": "static_select", "action_id": "b", "options": options}
    blocks = [
        {"type": "section", "text": plain("Tell me.")},
        {"type": "input", "block_id": "size", "label": plain("Size"), "element": size},
        {"type": "input", "block_id": "colour", "label": plain("Colour"), "element": choice},
        {
            "type": "input",
            "block_id": "more",
            "optional": True,
            "label": plain("More"),
            "element": {"type": "plain_text_input", "action_id": "c", "multiline": True},
        },
    ]
    view = {
        "type": "modal",
        "callback_id": "form",
        "private_metadata": "about",
        "title": plain("Form"),
        "submit": plain("Send"),
        "blocks": blocks,
    }
    return {name: value for name, value in {**view, **changes}.items() if value is not ...}


def an_input(kind: str, **more: Any) -> dict[str, Any]:
    """Return an optional field of a kind, which stands alone in a view's blocks."""
    element = {"type": kind, "action_id": "a", **more}
    return {"type": "input", "block_id": "only", "optional": True, "label": plain("Only"), "element": element}


@dataclass
class FormBot:
    """A Bolt app that opens a view on its command, and answers what is sent as it is told."""

    app: AsyncApp
    view: dict[str, Any] = field(default_factory=a_view)
    answer: dict[str, Any] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.command("/coupon-delete")(self.on_command)
        self.app.view_submission("form")(self.on_form)

    async def on_command(self, ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        self.triggers.append(command["trigger_id"])
        await client.views_open(trigger_id=command["trigger_id"], view=self.view)
        await ack()

    async def on_form(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        self.sent.append(body)
        await ack(**self.answer)


@dataclass(frozen=True)
class Rig:
    """A local Slack with a bot behind it."""

    slack: LocalSlack
    control: SlackControl
    client: AsyncWebClient
    bot: FormBot

    async def opened(self) -> Modal:
        """Let Rika run the command, and return what opens for her."""
        await self.control.command(RIKA, "")
        return await self.control.wait_modal(RIKA)


@pytest.fixture(params=["http", "socket"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Run the same bot behind each transport."""
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control:
        client = AsyncWebClient("xoxb-local", base_url=slack.api_url)
        bot = FormBot(AsyncApp(client=client, signing_secret=SECRET, process_before_response=True))
        if request.param == "http":
            runner = web.AppRunner(bot.app.web_app(), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            await control.deliver_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
            yield Rig(slack, control, client, bot)
            await runner.cleanup()
        else:
            handler = AsyncSocketModeHandler(bot.app, "xapp-local", ping_interval=0.2)
            await handler.connect_async()  # type: ignore[no-untyped-call]
            await control.wait_for(_is_connected)
            yield Rig(slack, control, client, bot)
            await handler.close_async()  # type: ignore[no-untyped-call]


def _is_connected(entry: LogEntry) -> bool:
    return entry.kind == "socket" and entry.data["event"] == "opened"


async def test_a_modal_is_filled_in_and_sent(rig: Rig) -> None:
    """What a person fills in arrives as Slack sends it, and an empty answer closes the modal."""
    modal = await rig.opened()
    sent = await rig.control.send_modal(modal, size="big", colour="blue")
    assert (sent.status, sent.error, sent.modal.is_open) == (200, None, False)
    assert await rig.control.modals() == []
    (body,) = rig.bot.sent
    assert (body["type"], body["user"]["id"], body["response_urls"]) == ("view_submission", RIKA, [])
    assert (body["view"]["id"], body["view"]["private_metadata"]) == (modal.id, "about")
    values = body["view"]["state"]["values"]
    assert values["size"]["a"] == {"type": "plain_text_input", "value": "big"}
    assert values["colour"]["b"]["selected_option"]["value"] == "blue"
    assert values["more"]["c"] == {"type": "plain_text_input", "value": None}


@pytest.mark.parametrize(
    ("given", "wrong"), [({}, {"size", "colour"}), ({"size": "x", "colour": "red"}, {"size"})]
)
async def test_slack_itself_asks_for_what_is_missing(
    rig: Rig, given: dict[str, str], wrong: set[str]
) -> None:
    """A required field that is empty, or a text of the wrong length, is not sent to the bot."""
    sent = await rig.control.send_modal(await rig.opened(), **given)
    assert (sent.status, set(sent.modal.errors)) == (None, wrong)
    assert rig.bot.sent == []


@pytest.mark.parametrize(
    ("field", "taken", "refused"),
    [
        (an_input("url_text_input"), "https://inc.example/7", "inc 7"),
        (an_input("file_input", filetypes=["csv"]), "codes.csv", "codes.xlsx"),
        (an_input("static_select", options=[{"text": plain("red"), "value": "red"}]), "red", "green"),
    ],
    ids=["link", "file", "choice"],
)
async def test_slack_itself_refuses_what_a_field_does_not_take(
    rig: Rig, field: dict[str, Any], taken: str, refused: str
) -> None:
    """What is no link, a file of another type, or no option is not sent to the bot."""
    rig.bot.view = a_view(blocks=[field])
    modal = await rig.opened()

    async def value(given: str) -> str:
        is_file = field["element"]["type"] == "file_input"
        return await rig.control.file(given, "x") if is_file else given

    assert set((await rig.control.send_modal(modal, only=await value(refused))).modal.errors) == {"only"}
    assert rig.bot.sent == []
    await rig.control.send_modal(modal, only=await value(taken))
    assert len(rig.bot.sent) == 1


async def test_a_field_that_nobody_touched_sends_what_it_began_with(rig: Rig) -> None:
    """What the app put into a field counts, as long as nobody changes it."""
    options = [{"text": plain(word), "value": word} for word in ("red", "blue")]
    chosen = an_input("static_select", options=options, initial_option=options[1])
    words = {**an_input("plain_text_input", initial_value="as before"), "block_id": "words"}
    rig.bot.view = a_view(blocks=[chosen, words])
    await rig.control.send_modal(await rig.opened())
    values = rig.bot.sent[0]["view"]["state"]["values"]
    assert values["only"]["a"]["selected_option"]["value"] == "blue"
    assert values["words"]["a"]["value"] == "as before"


async def test_errors_stand_in_the_modal(rig: Rig) -> None:
    """Errors that the bot answers are shown under their fields, and the modal stays open."""
    modal = await rig.opened()
    rig.bot.answer = {"response_action": "errors", "errors": {"size": "Too big."}}
    sent = await rig.control.send_modal(modal, size="big", colour="red")
    assert (sent.error, sent.modal.errors) == (None, {"size": "Too big."})
    assert await rig.control.modals(RIKA) == [sent.modal]


async def test_an_update_replaces_the_modal(rig: Rig) -> None:
    """A bot may answer with another view, which is shown in the same modal."""
    modal = await rig.opened()
    rig.bot.answer = {"response_action": "update", "view": a_view(title=plain("Thanks"))}
    sent = await rig.control.send_modal(modal, size="big", colour="red")
    assert (sent.modal.id, sent.modal.view["title"]["text"]) == (modal.id, "Thanks")


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
    ],
)
async def test_an_answer_that_slack_does_not_take_is_an_error(rig: Rig, answer: dict[str, Any]) -> None:
    """A person whose bot answers nonsense sees an error, and keeps what was filled in."""
    modal = await rig.opened()
    rig.bot.answer = answer
    sent = await rig.control.send_modal(modal, size="big", colour="red")
    assert sent.error in ("invalid_view_response", "invalid_arguments")
    assert sent.modal.is_open


async def test_a_modal_is_its_persons_alone(rig: Rig) -> None:
    """Nobody else can send or close a modal, and nobody a closed one."""
    modal = await rig.opened()
    with pytest.raises(ControlError) as other:
        await rig.control.send_modal(modal, user=BEA, size="big", colour="red")
    assert other.value.status == 409
    await rig.control.close_modal(modal)
    with pytest.raises(ControlError):
        await rig.control.send_modal(modal, size="big", colour="red")
    assert rig.bot.sent == []


async def test_a_trigger_works_once_and_soon(rig: Rig) -> None:
    """A trigger opens one modal, within three seconds, for who did something."""
    await rig.opened()
    assert await _refusal(rig, rig.bot.triggers[-1]) == "exchanged_trigger_id"
    late = rig.slack.world.new_trigger(BEA)
    await rig.control.shift_clock(3.1)
    assert await _refusal(rig, late) == "expired_trigger_id"
    assert await _refusal(rig, "1.2.x") == "invalid_trigger_id"


async def _refusal(rig: Rig, trigger: str, **changes: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await rig.client.views_open(trigger_id=trigger, view=a_view(**changes))
    return str(refused.value.response["error"])


async def test_of_two_calls_with_a_trigger_one_opens(rig: Rig) -> None:
    """Two calls at once with one trigger open one modal."""
    trigger = rig.slack.world.new_trigger(BEA)
    calls = [rig.client.views_open(trigger_id=trigger, view=a_view()) for _ in range(2)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(answer, SlackApiError) for answer in answers) == 1
    assert len(await rig.control.modals(BEA)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "dialog"},
        {"title": ...},
        {"title": plain("x" * 25)},
        {"submit": plain("x" * 25)},
        {"submit": ...},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"blocks": "none"},
        {"blocks": [{"type": "nonsense"}]},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{"type": "divider", "block_id": "a"}] * 2},
        {"blocks": [an_input("plain_text_input", max_length=3001)]},
        {"blocks": [an_input("file_input", max_files=11)]},
        {"blocks": [an_input("static_select")]},
        {"blocks": [an_input("static_select", options=[_RED], initial_option={**_RED, "value": "x"})]},
        {"colour": "red"},
    ],
)
def test_a_view_keeps_slacks_limits(changes: dict[str, Any]) -> None:
    """What Slack's reference of views does not allow is refused."""
    assert view_problems(a_view()) == []
    assert view_problems(a_view(**changes))


async def test_a_view_that_is_too_large_is_refused(rig: Rig) -> None:
    """A view of more than 250 kB is refused as that, and the trigger is still good."""
    trigger = rig.slack.world.new_trigger(BEA)
    text = {"type": "section", "text": plain("x" * 3000)}
    assert await _refusal(rig, trigger, blocks=[text] * 100) == "view_too_large"
    assert await _refusal(rig, trigger, title=...) == "invalid_arguments"
    await rig.client.views_open(trigger_id=trigger, view=a_view())
