"""Homes as the services publish them: what is on them, and what Slack's trouble does to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.home import PACE
from bot.domain.people import Grants, Kind, Person
from bot.services.asked.click import Action
from bot.services.home import Opening
from tests.builders import AMIR, BEA, CARL, CODE, DANA, RIKA, TEAM, on_call, standing
from tests.fakes import Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

NOTHING_WAITS, WAITS = "Nothing waits for your approval.", "Waiting for you (1)"


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def opens(wired: Wired, who: Person, team: str = TEAM) -> None:
    """Let someone open their Home."""
    await wired.services.open_home(team)(Opening(user=who.id, team=TEAM))


async def sees(wired: Wired, who: Person) -> str:
    """Return what someone's Home shows once its pace has passed; empty: nothing was published."""
    wired.clock.advance(PACE.total_seconds())
    await wired.drain()
    shown = [blocks for person, blocks in wired.messenger.homes if person == who.id]
    return str(shown[-1]) if shown else ""


def count(wired: Wired, who: Person) -> int:
    """Return how often someone's Home was published."""
    return sum(person == who.id for person, _ in wired.messenger.homes)


async def test_homes_follow_a_request_to_its_end(wired: Wired) -> None:
    """Each change shows on the Homes of those whom it concerns, and on nobody else's."""
    for who in (AMIR, BEA, RIKA, CARL):
        await opens(wired, who)
    assert NOTHING_WAITS in await sees(wired, AMIR)
    carl = await sees(wired, CARL)
    request_id = await wired.ask()
    assert WAITS in await sees(wired, AMIR)
    assert "You asked for (1)" in await sees(wired, RIKA)
    await wired.click(Action.APPROVE, AMIR, request_id)
    assert NOTHING_WAITS in await sees(wired, AMIR)
    assert "Step 2 of 2" in await sees(wired, BEA)
    await wired.click(Action.APPROVE, BEA, request_id)
    for who in (AMIR, BEA, RIKA):
        assert f"Deleted: coupon {CODE}" in await sees(wired, who)
    assert await sees(wired, CARL) == carl
    assert count(wired, CARL) == 1


async def test_what_is_shown_already_is_not_published(wired: Wired) -> None:
    """A change that shows on no part of a Home costs no call to Slack."""
    await opens(wired, DANA)
    await wired.ask()
    await sees(wired, DANA)
    before = count(wired, DANA)
    request_id = await wired.ask("SUMMER2025")
    await wired.click(Action.CANCEL, BEA, request_id, message_ts="7.000100")
    await sees(wired, DANA)
    assert count(wired, DANA) == before


@pytest.mark.parametrize("kind", [Kind.GUEST, Kind.STRANGER, Kind.BOT, Kind.DEACTIVATED])
@pytest.mark.parametrize("who", [AMIR, RIKA])
async def test_a_stranger_sees_nothing(wired: Wired, kind: Kind, who: Person) -> None:
    """Someone who may not act sees no request: none that waits for their group, nor one of their own."""
    await wired.ask()
    wired.people.put(standing(who, "S0ONCALL00", kind=kind))
    await opens(wired, who)
    seen = await sees(wired, who)
    assert "Coupon Guard deletes a coupon" in seen
    assert CODE not in seen
    assert "Waiting for you" not in seen


async def test_who_was_an_approver_sees_others_no_more(wired: Wired) -> None:
    """The policy and the groups as they stand decide what a Home shows."""
    await wired.ask()
    await opens(wired, AMIR)
    assert CODE in await sees(wired, AMIR)
    wired.people.put(standing(AMIR))
    await opens(wired, AMIR)
    assert CODE not in await sees(wired, AMIR)
    wired.people.put(on_call(AMIR))
    nobody = Grants(users=frozenset({BEA.id}))
    wired.policy = type(wired.policy)(approvers=nobody, final_approvers=nobody)
    await opens(wired, AMIR)
    assert CODE not in await sees(wired, AMIR)


async def test_an_unknown_person_is_shown_nothing_for_now(wired: Wired) -> None:
    """Where Slack does not say who someone is, nothing is published, and it is tried again."""
    await wired.ask()
    wired.people.put(standing(AMIR, kind=Kind.UNKNOWN))
    await opens(wired, AMIR)
    assert await sees(wired, AMIR) == ""
    wired.people.put(on_call(AMIR))
    await wired.run(60)
    assert WAITS in await sees(wired, AMIR)


async def test_another_workspace_opens_nothing(wired: Wired) -> None:
    """An event of another workspace than the bot's own stores nothing."""
    await opens(wired, AMIR, team="T0OTHER000")
    assert await sees(wired, AMIR) == ""


async def test_a_rate_limit_is_waited_for(wired: Wired) -> None:
    """Slack's Retry-After is kept; then the Home is published as it is by then, once."""
    await opens(wired, AMIR)
    wired.messenger.errors["publish"] = [SlackUnavailable("too many", retry_after=20)]
    await wired.drain()
    await wired.ask()
    await wired.run(15)
    assert count(wired, AMIR) == 0
    await wired.run(10)
    assert WAITS in await sees(wired, AMIR)
    assert count(wired, AMIR) == 1


async def test_a_rate_limit_is_one_for_all(wired: Wired) -> None:
    """While Slack asks to wait, no other Home is tried, since its limit counts them together."""
    await opens(wired, AMIR)
    await opens(wired, BEA)
    wired.messenger.errors["publish"] = [SlackUnavailable("too many", retry_after=20)]
    await wired.drain()
    await wired.run(15)
    assert wired.messenger.homes == []
    await wired.run(10)
    assert (count(wired, AMIR), count(wired, BEA)) == (1, 1)


async def test_a_lost_answer_is_published_again(wired: Wired) -> None:
    """Where it is not known whether a Home was published, it is published once more."""
    await opens(wired, AMIR)
    wired.messenger.lost["publish"] = [SlackUnavailable("no answer")]
    await wired.drain()
    assert count(wired, AMIR) == 1
    await wired.run(60)
    assert count(wired, AMIR) == 2


async def test_a_broken_token_is_waited_for(wired: Wired) -> None:
    """Where the bot's own token is at fault, the Home waits until someone mends it."""
    await opens(wired, AMIR)
    wired.messenger.errors["publish"] = [SlackRefused("token_revoked")] * 3
    await wired.drain()
    assert count(wired, AMIR) == 0
    await wired.run(60)
    assert count(wired, AMIR) == 1


async def test_a_home_that_slack_refuses_waits_for_its_next_opening(wired: Wired) -> None:
    """Where Slack does not take a Home, as where the tab is off, it is not tried again by itself."""
    await opens(wired, AMIR)
    wired.messenger.errors["publish"] = [SlackRefused("not_enabled")]
    await wired.run(60)
    assert count(wired, AMIR) == 0
    await opens(wired, AMIR)
    await wired.run(60)
    assert count(wired, AMIR) == 1


@pytest.mark.parametrize("place", range(1, 7))
async def test_a_crash_around_a_publish_delays_it(wired: Wired, place: int) -> None:
    """A process that dies around a publish leaves the Home to the next one."""
    await wired.ask()
    await opens(wired, AMIR)
    wired.fuse.left = place
    try:
        await wired.drain()
    except Killed:
        wired.clock.advance(LEASE_SECONDS + 1)
    wired.fuse.left = None
    assert WAITS in await sees(wired, AMIR)
