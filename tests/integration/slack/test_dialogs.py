"""The adapter that opens dialogs, against the local Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.adapters.slack import SlackDialogs, web_client, web_session
from bot.domain.errors import SlackRefused, SlackUnavailable
from handlers.render.dialogs import confirmation
from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl
from tests.builders import CHANNEL, RIKA, reviewed

VIEW = confirmation(reviewed(), CHANNEL, "1.000100")


@dataclass(frozen=True)
class Bench:
    """The adapter, and the Slack that it calls."""

    slack: LocalSlack
    control: SlackControl
    dialogs: SlackDialogs

    def trigger(self) -> str:
        """Return a trigger of Rika's."""
        return self.slack.world.new_trigger(RIKA.id)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with (
        LocalSlack() as slack,
        SlackControl(slack.control_url) as control,
        web_session() as session,
    ):
        yield Bench(slack, control, SlackDialogs(web_client("xoxb-local", slack.api_url, session)))


async def test_a_dialog_opens_for_who_clicked(bench: Bench) -> None:
    """Slack takes the dialog for the final approval as it is, and shows it to the trigger's person."""
    await bench.dialogs.open(bench.trigger(), VIEW)
    (modal,) = await bench.control.modals(RIKA.id)
    assert modal.view["private_metadata"] == VIEW["private_metadata"]


@pytest.mark.parametrize("trigger", ["", "1.2.x"])
async def test_a_trigger_that_is_none_is_refused(bench: Bench, trigger: str) -> None:
    """What Slack says to a trigger that it does not know comes out as a refusal, by its name."""
    with pytest.raises(SlackRefused, match="invalid_trigger_id"):
        await bench.dialogs.open(trigger, VIEW)


async def test_nobody_waits_longer_than_a_click_may_take(bench: Bench) -> None:
    """A Slack that does not answer within a second is given up: the click itself is answered within three."""
    await bench.control.fault("views.open", "latency", seconds=1.5)
    with pytest.raises(SlackUnavailable, match="in time"):
        await bench.dialogs.open(bench.trigger(), VIEW)


@pytest.mark.parametrize("kind", ["server_error", "drop_before", "malformed", "ratelimited"])
async def test_no_usable_answer_is_unavailable(bench: Bench, kind: str) -> None:
    """Whatever goes wrong on the way is one error."""
    await bench.control.fault("views.open", kind)
    with pytest.raises(SlackUnavailable):
        await bench.dialogs.open(bench.trigger(), VIEW)
