"""The local Slack's Home tabs: what `views.publish` takes and refuses, and how someone opens theirs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import LocalSlack
from sandbox.slack_client import ControlError, SlackControl

RIKA, AMIR = "U0RIKA0000", "U0AMIR0000"
SECTION: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "*Hello* <@U0AMIR0000>"}}


@dataclass(frozen=True)
class Rig:
    """A local Slack, its control side, and the bot's client without any retry."""

    slack: LocalSlack
    control: SlackControl
    bot: AsyncWebClient

    async def publish(self, view: object, **more: Any) -> dict[str, Any]:
        """Publish a Home and return Slack's answer."""
        answer = await self.bot.api_call("views.publish", json={"user_id": RIKA, "view": view, **more})
        assert isinstance(answer.data, dict)
        return answer.data

    async def error(self, view: object, **more: Any) -> str:
        """Publish a Home that must be refused, and return the error with what Slack says about it."""
        with pytest.raises(SlackApiError) as caught:
            await self.publish(view, **more)
        said = caught.value.response.get("response_metadata", {}).get("messages", [])
        return " ".join([str(caught.value.response["error"]), *said])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control:
        yield Rig(slack, control, AsyncWebClient("xoxb-local", base_url=slack.api_url, retry_handlers=[]))


def home(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks), **fields}


async def test_a_home_is_published_and_seen(rig: Rig) -> None:
    """A published Home is what that person sees, and nobody else; it needs no scope."""
    await rig.control.app(scopes=[])
    answer = await rig.publish(home(SECTION))
    assert answer["view"]["type"] == "home"
    seen = await rig.control.home(RIKA)
    assert seen is not None
    assert (seen.rendered, seen.contains("Hello")) == ("Hello @Amir\n", True)
    assert await rig.control.home(AMIR) is None
    (entry,) = await rig.control.log("home")
    assert entry.seq == seen.seq


async def test_a_home_may_come_as_text_and_is_replaced(rig: Rig) -> None:
    """The view may be JSON in a text; the newest one stands, and a stale hash replaces nothing."""
    first = await rig.publish(json.dumps(home(SECTION)))
    await rig.publish(home({"type": "divider"}), hash=first["view"]["hash"])
    assert await rig.error(home(SECTION), hash=first["view"]["hash"]) == "hash_conflict"
    seen = await rig.control.home(RIKA)
    assert seen is not None
    assert [block["type"] for block in seen.blocks] == ["divider"]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (None, "missing required field: view"),
        ("{", "must be valid JSON"),
        ({"blocks": []}, "missing required field: type"),
        ({"type": "modal", "blocks": []}, "unsupported type: modal"),
        ({"type": "home"}, "missing required field: blocks"),
        (home(title={"type": "plain_text", "text": "x"}), "invalid additional property: title"),
        (home(), "no less than 1 items allowed"),
        (home(*[SECTION] * 101), "no more than 100 items allowed"),
        (home({"type": "nonsense"}), "unsupported type: nonsense [json-pointer:/view/blocks/0/type]"),
        (home(SECTION | {"block_id": "a"}, SECTION | {"block_id": "a"}), "already exists"),
        (home(callback_id="x" * 256), "must be less than 256 characters"),
    ],
)
async def test_what_slack_would_refuse_is_refused(rig: Rig, view: object, words: str) -> None:
    """A view that Slack does not take is refused with the place of its fault, and changes nothing."""
    said = await rig.error(view)
    assert said.startswith("invalid_arguments")
    assert words in said
    assert await rig.control.home(RIKA) is None


async def test_who_and_how_much(rig: Rig) -> None:
    """A Home is someone's, and has at most 250 kB; a hundred blocks are fine."""
    assert await rig.error(home(SECTION), user_id="U0NOBODY00") == "user_not_found"
    assert (await rig.error(home(SECTION), user_id="")).startswith("invalid_arguments")
    long = {"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}
    assert await rig.error(home(*[long] * 90)) == "view_too_large"
    await rig.publish(home(*[SECTION] * 100))


async def test_a_home_is_opened_by_control(rig: Rig) -> None:
    """Opening a Home makes Slack's event; without a bot that listens it is not delivered, and is logged."""
    await rig.publish(home(SECTION))
    assert (await rig.control.open_home(RIKA)).error == "dispatch_failed"
    assert (await rig.control.open_home(AMIR, "messages")).error == "dispatch_failed"
    first, second = [entry.data["payload"] for entry in await rig.control.log("interaction")]
    assert (first["type"], first["event"]["type"], first["event"]["tab"]) == (
        "event_callback",
        "app_home_opened",
        "home",
    )
    assert first["event"]["view"]["blocks"][0]["text"]["text"] == SECTION["text"]["text"]
    assert (second["event"]["tab"], "view" in second["event"]) == ("messages", False)
    with pytest.raises(ControlError, match="400"):
        await rig.control.open_home("U0NOBODY00")


async def test_a_reset_empties_homes(rig: Rig) -> None:
    """A fresh start shows no Home of before."""
    await rig.publish(home(SECTION))
    await rig.control.reset()
    assert await rig.control.home(RIKA) is None
