"""The requester is told every end, also where the channel can't tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.request.request import is_ended
from bot.services.asked.click import Action
from tests.builders import BEA, CODE, RIKA
from tests.integration.wired import Wired, wired_on


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def told(wired: Wired) -> str:
    """Return where the outcome was told, as the audit has it."""
    (event,) = await wired.events(EventKind.OUTCOME_TOLD)
    return str(event.data["where"])


async def test_who_is_there_is_told_once(wired: Wired) -> None:
    """A requester who is in the channel is mentioned in the thread, and that is all."""
    await wired.approved()
    await wired.drain()
    assert (wired.messenger.told, await told(wired)) == ([], "thread")


@pytest.mark.parametrize("rejected", [True, False])
async def test_who_left_the_channel_is_told_privately_as_well(wired: Wired, rejected: bool) -> None:
    """A requester who is not in the channel any more hears of any end all the same."""
    request_id = await wired.ask()
    wired.messenger.left.add(RIKA.id)
    if rejected:
        await wired.click(Action.REJECT, BEA, request_id)
    else:
        await wired.approve(request_id)
    await wired.drain()
    (notice,) = wired.messenger.told
    assert (notice.person, notice.text) == (RIKA.id, wired.messenger.of("reply")[0].message.text)
    assert CODE in notice.text
    assert await told(wired) == "thread and privately"


@pytest.mark.parametrize("error", [SlackUnavailable("down"), SlackRefused("missing_scope")])
async def test_where_slack_does_not_say_the_requester_is_told_once_more(
    wired: Wired, error: SlackError
) -> None:
    """Told twice is better than not told."""
    wired.messenger.errors["members"] = [error]
    await wired.approved()
    await wired.drain()
    assert [notice.person for notice in wired.messenger.told] == [RIKA.id]
    assert len(wired.messenger.of("reply")) == 1


@pytest.mark.parametrize("end", ["rejected", "deleted", "failed"])
async def test_an_address_ends_with_its_request(wired: Wired, end: str) -> None:
    """The address of a command is stored as long as it may be needed, and used for what fails (I8)."""
    if end == "failed":
        wired.messenger.errors["post"] = [SlackRefused("not_in_channel")]
    request_id = await wired.ask()
    if end != "failed":
        async with wired.store.transaction() as tx:
            assert await tx.reply_url(request_id) == "https://reply.example"
    if end == "rejected":
        await wired.click(Action.REJECT, BEA, request_id)
    if end == "deleted":
        await wired.approve(request_id)
    await wired.run(5, step=1)
    assert is_ended(await wired.request(request_id))
    async with wired.store.transaction() as tx:
        assert await tx.reply_url(request_id) is None
    told = [notice.reply_url for notice in wired.messenger.told]
    assert told == (["https://reply.example"] if end == "failed" else [])
