"""The requester is told every end, also where the channel can't tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.request.request import Failed, Pending, is_ended
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted
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
    """The address of a command is used for what fails, and is gone afterwards (I8)."""
    if end == "failed":
        wired.messenger.errors["post"] = [SlackRefused("not_in_channel")]
    request_id = await wired.ask()
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


async def _reply_url(wired: Wired, request_id: str) -> str | None:
    async with wired.store.transaction() as tx:
        return await tx.reply_url(request_id)


async def test_an_address_ends_with_the_card(wired: Wired) -> None:
    """Once there is a card, whatever happens is told by it: the address of the command is of no use (I8)."""
    asked = await wired.command(CODE)
    assert isinstance(asked, Accepted)
    assert await _reply_url(wired, asked.request_id) == "https://reply.example"
    await wired.drain()
    assert isinstance(await wired.request(asked.request_id), Pending)
    assert await _reply_url(wired, asked.request_id) is None


async def test_an_address_ends_when_slack_takes_nothing_by_it(wired: Wired) -> None:
    """Half an hour after the command its address is dead, although it is open without a card (I8)."""
    wired.messenger.errors["post"] = [SlackRefused("something_new")] * 999
    request_id = await wired.ask()
    forget = wired.services.forget_reply_urls()
    wired.clock.advance(29 * 60)
    await forget()
    assert await _reply_url(wired, request_id) == "https://reply.example"
    wired.clock.advance(61)
    await forget()
    assert await _reply_url(wired, request_id) is None


async def test_an_untold_failure_does_not_keep_a_dead_address(wired: Wired) -> None:
    """What failed and could not be told waits without it (I8)."""
    for way in ("post", "tell"):
        wired.messenger.errors[way] = [SlackRefused("not_in_channel")] * 999
    request_id = await wired.ask()
    assert isinstance(await wired.request(request_id), Failed)
    wired.clock.advance(31 * 60)
    await wired.services.forget_reply_urls()()
    assert await _reply_url(wired, request_id) is None
    wired.messenger.errors.clear()
    await wired.run(3600, step=60)
    assert [notice.reply_url for notice in wired.messenger.told] == [None]
