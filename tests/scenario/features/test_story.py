"""The story from the command to the told outcome, on both transports and both databases."""

from __future__ import annotations

import pytest

from tests.scenario.playing import AMIR, BEA, CARL, DANA, INCIDENT, RIKA, Play
from tests.scenario.stages import ALL, Ground
from tests.scenario.told import CHANGED, CONFIRMED

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=ALL, ids=str)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Every way to run the bot."""
    chosen: Ground = request.param
    return chosen


async def test_two_people_delete_a_coupon(play: Play) -> None:
    """Two approvals by two people delete the coupon once, and the outcome is told to everyone (I1, I4)."""
    code = await play.coupon(nm="Cake week")
    card = await play.open_card(code, by=DANA, reason="leaked on a forum")
    assert card.contains("Cake week")
    assert card.contains("leaked on a forum")
    outcome = await play.deleted_story(card)
    assert outcome.broadcast
    assert outcome.contains(f"<@{DANA}>")
    assert CONFIRMED in outcome.text
    assert len(await play.deletes(code)) == 1
    final = await play.reads(card, f"Deleted: coupon {code}")
    assert not final.buttons()
    assert final.contains(f"Approved by <@{AMIR}>")
    assert final.contains(f"Approved by <@{BEA}>")


async def test_several_coupons_in_one_request(play: Play) -> None:
    """One request deletes several coupons, and says for each of them by itself how it ended (I4)."""
    kept, *gone = [await play.coupon() for _ in range(3)]
    card = await play.open_card(kept, *gone)
    await play.stage.vivoldi.change(kept, nm="Renamed meanwhile")
    outcome = await play.deleted_story(card)
    assert outcome.contains("2 deleted")
    lines = {line[1:13]: line for line in outcome.text.splitlines() if line.startswith("`")}
    assert CHANGED in lines[kept]
    assert all(CONFIRMED in lines[code] for code in gone)
    assert not await play.deletes(kept)


async def test_requester_gives_step_one(play: Play) -> None:
    """A requester who is an approver may give step 1, and someone else step 2."""
    card = await play.open_card(by=RIKA)
    await play.approve_both(card, first=RIKA, final=AMIR)
    assert CONFIRMED in (await play.outcome(card)).text


async def test_rejected(play: Play) -> None:
    """An approver's Reject ends a request, also after step 1, and nothing is deleted."""
    code = await play.coupon()
    card = await play.open_card(code, by=CARL)
    second = await play.approve_first(card)
    await play.stage.slack.click(BEA, second, "reject")
    outcome = await play.outcome(card)
    assert outcome.contains(f"<@{BEA}> rejected this request")
    assert outcome.contains("nothing was deleted")
    assert not (await play.reads(card, "Rejected: delete")).buttons()
    assert not await play.stage.vivoldi.deletions(code)


async def test_cancelled(play: Play) -> None:
    """The requester's Cancel ends a request: nothing is deleted, and the code can be asked for again (I6)."""
    code = await play.coupon()
    card = await play.open_card(code, by=CARL)
    await play.stage.slack.click(CARL, card, "cancel")
    assert (await play.outcome(card)).contains(f"<@{CARL}> cancelled this request")
    assert not (await play.reads(card, "Cancelled: delete")).buttons()
    again = await play.open_card(code, by=CARL)
    assert again.ts != card.ts
    assert not await play.stage.vivoldi.deletions(code)


async def test_open_requests_are_listed(play: Play) -> None:
    """`list` links to the cards of open requests, and so does the answer for a taken code (I6)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.is_known(card)
    listed = (await play.stage.slack.command(CARL, "list")).text
    [line] = [line for line in listed.splitlines() if code in line]
    link = f"/archives/{INCIDENT}/p{card.ts.replace('.', '')}|{code}>"
    assert link in line
    assert "waits for step 1 of 2" in line
    taken = await play.ask(code, by=CARL)
    assert "is already in an open request" in taken.text
    assert link in taken.text
