"""Every call to Slack and Vivoldi is measured where it is made, once, by its kind and by what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.adapters.calls import Calls
from bot.adapters.slack.client import web_client, web_session
from bot.adapters.slack.directory import Directory
from bot.adapters.slack.messenger import SlackMessenger
from bot.adapters.vivoldi.answers import kind_of_answer
from bot.adapters.vivoldi.client import VivoldiClient
from bot.adapters.vivoldi.rate import RateLimit
from bot.domain.coupon import CouponCode
from bot.domain.errors import SlackRefused, VivoldiRefused
from bot.domain.event import Notice
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.people import Grants
from bot.services.ports.outside import Message
from sandbox.slack.server import LocalSlack
from sandbox.slack_client import SlackControl
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl
from tests.builders import AMIR, CODE, NOW, RIKA, at_any_time
from tests.fakes import FixedClock

KEY = "a-key"


@dataclass
class Heard:
    """What was measured: each call, and its result."""

    calls: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, call: str, result: str, seconds: float) -> None:
        assert seconds > 0
        self.calls.append((call, result))


async def test_calls_to_vivoldi_are_measured_once() -> None:
    """A read counts by what it shows, a change by what its answer proves; a turn is part of its read."""
    heard = Heard()
    async with LocalVivoldi(api_key=KEY) as server, VivoldiControl(server.control_url) as control:
        await control.create(CODE)
        async with vivoldi(server.url, KEY, heard) as coupons, vivoldi(server.url, "wrong", heard) as refused:
            await coupons.read(CODE)
            await coupons.read(CouponCode("NOBODYSCODE"))
            with pytest.raises(VivoldiRefused):
                await refused.read(CODE)
            await coupons.reserve()
            await coupons.end_on(CODE, "2020-01-01", at_any_time)
            await coupons.delete(CODE, at_any_time)
            await coupons.delete(CODE, at_any_time)
    assert heard.calls == [
        ("read", "shown"),
        ("read", "not_shown"),
        ("read", "refused"),
        ("reserve", "ok"),
        ("update", "executed"),
        ("delete", "executed"),
        ("delete", "refused"),
    ]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Executed(), "executed"),
        (RefusedAnswer("no"), "refused"),
        (NotExecuted("429"), "not_executed"),
        (Unproven("500"), "unproven"),
    ],
)
def test_what_an_answer_proves_is_its_label(answer: DeleteAnswer, kind: str) -> None:
    """The labels are fixed words, whatever Vivoldi writes."""
    assert kind_of_answer(answer) == kind


async def test_calls_to_slack_are_measured_once() -> None:
    """A private word counts once, whatever way it takes; what memory answers is no call."""
    heard = Heard()
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control, web_session() as session:
        client, calls = web_client("xoxb-local", slack.api_url, session), Calls(heard)
        messenger = SlackMessenger(client, session, calls)
        directory = Directory(client, FixedClock(), "T0LOCAL000", Grants(frozenset({AMIR.id})), calls)
        channel = "C0INCIDENT"
        ts = await messenger.post(channel, Message("card"))
        await messenger.update(channel, ts, Message("card"))
        await messenger.reply(channel, ts, Message("outcome"), broadcast=True)
        with pytest.raises(SlackRefused):
            await messenger.post("C0NOWHERE0", Message("card"))
        await control.fault("chat.postEphemeral", "error", error="user_not_in_channel")
        await messenger.tell(Notice(id="N1", at=NOW, person=RIKA.id, channel=channel, text="word"))
        await messenger.is_in(channel, RIKA.id)
        await messenger.has_left(RIKA.id)
        await messenger.publish(RIKA.id, ({"type": "divider"},))
        await directory.refresh()
        await directory.fresh(AMIR.id, NOW, NOW)
        await directory.standing(AMIR.id)
        directory.approvers()
    assert heard.calls == [
        ("post", "ok"),
        ("update", "ok"),
        ("reply", "ok"),
        ("post", "refused"),
        ("tell", "ok"),
        ("members", "ok"),
        ("person", "ok"),
        ("publish", "ok"),
        ("refresh", "ok"),
        ("fresh", "ok"),
    ]


def vivoldi(url: str, key: str, heard: Heard) -> VivoldiClient:
    """Return a client whose calls are heard."""
    return VivoldiClient(
        base_url=url,
        api_key=key,
        user_agent="test",
        language="en",
        timeout=5.0,
        rate=RateLimit(1_000),
        calls=Calls(heard),
    )
