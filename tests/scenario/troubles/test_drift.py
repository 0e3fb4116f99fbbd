"""A coupon that is no longer what was approved: both tables of invariant I2, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack_client import Message
from tests.scenario.playing import BEA, Play, fresh_code
from tests.scenario.told import (
    ANOTHER,
    CHANGED,
    GONE,
    REFUSED,
    REPLACED,
    SAID,
    SHOWN_NOW,
    UNKNOWN,
    UNSEEN,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAST = {"strtYmd": "2020-01-01", "endYmd": "2020-12-31"}
NOBODY = dict.fromkeys(("userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2"), "")


# ---------------------------------------------------------------- the read before the DELETE


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"nm": "Renamed"}, ("name", "“Sample coupon”", "“Renamed”")),
        ({"disc": 55}, ("discount", "“10”", "“55”")),
        ({"discTypeIdx": 458}, ("kind of discount", "“percent”", "“amount”")),
        ({"discCurrency": "EUR"}, ("currency", "“USD”", "“EUR”")),
        ({"endYmd": "2099-01-01"}, ("end", "“2099-01-01”")),
        ({"strtYmd": "2020-01-01"}, ("start", "“2020-01-01”")),
        ({"useLimit": 5}, ("use limit", "“1”", "“5”")),
        ({"regYmdt": "2020-01-01 00:00:00"}, ("creation time", "“2020-01-01 00:00:00”")),
        ({"domain": "other.example"}, ("domain", "“other.example”")),
        ({"nm": None}, ("name", "not given")),
        (NOBODY, ("issued to no one",)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_shown_fact_changed(play: Play, change: dict[str, Any], named: tuple[str, ...]) -> None:
    """A coupon with any shown fact changed since is not deleted, and told with what changed (I2)."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.change(code, **change)
    outcome = await play.deleted_story(card)
    assert CHANGED in outcome.text
    assert all(words in outcome.text for words in named)
    assert not await play.deletes(code)


async def test_changed_between_the_approvals(play: Play) -> None:
    """A change after step 1 counts like one before it: both approvals are for what was shown (I1)."""
    code = await play.coupon()
    second = await play.approve_first(await play.open_card(code))
    await play.stage.vivoldi.change(code, nm="Renamed")
    await play.stage.slack.click(BEA, second, "approve")
    assert CHANGED in (await play.outcome(second)).text


async def test_what_is_not_shown_may_change(play: Play) -> None:
    """A use, or a change of a memo that nobody is shown, does not keep a coupon from being deleted."""
    code = await play.coupon(useLimit=5)
    card = await play.open_card(code)
    await play.stage.vivoldi.redeem(code)
    await play.stage.vivoldi.change(code, memo="another memo")
    assert SAID in (await play.deleted_story(card)).text


async def test_removed_by_someone_else(play: Play) -> None:
    """A coupon that someone else deleted meanwhile is told as no longer shown; no DELETE is sent."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.delete(code)
    outcome = await play.deleted_story(card)
    assert GONE in outcome.text
    assert "The coupon does not exist" in outcome.text
    assert not await play.deletes(code)


async def test_used_up_meanwhile(play: Play) -> None:
    """A coupon that was used up meanwhile is told as no longer shown; no DELETE is sent."""
    code = await play.coupon(useLimit=1)
    card = await play.open_card(code)
    await play.stage.vivoldi.redeem(code)
    assert GONE in (await play.deleted_story(card)).text
    assert not await play.deletes(code)


async def test_replaced_meanwhile(play: Play) -> None:
    """Another coupon that was created under the number meanwhile is not deleted."""
    code = await play.coupon()
    card = await play.open_card(code)
    await play.stage.vivoldi.delete(code)
    await play.coupon(code)
    outcome = await play.deleted_story(card)
    assert CHANGED in outcome.text
    assert "creation time was" in outcome.text
    assert not await play.deletes(code)


async def test_expired_coupon_is_deleted_unseen(play: Play) -> None:
    """A coupon that Vivoldi does not show can be approved unseen: the card says so, and it is deleted."""
    code = await play.coupon(**PAST)
    card = await play.open_card(code)
    assert card.contains("Vivoldi does not show it")
    assert card.contains("The coupon expired on 2020-12-31")
    assert UNSEEN in (await play.deleted_story(card)).text


async def test_unknown_code(play: Play) -> None:
    """A code that does not exist looks like any that is not shown; Vivoldi's refusal to delete it is told."""
    card = await play.open_card(fresh_code())
    assert card.contains("or not exist")
    outcome = await play.deleted_story(card)
    assert REFUSED in outcome.text
    assert "The coupon does not exist" in outcome.text


async def test_shown_after_it_was_approved_unseen(play: Play) -> None:
    """A coupon that was approved unseen and is shown by now is not deleted."""
    code = await play.coupon(**PAST)
    card = await play.open_card(code)
    await play.stage.vivoldi.change(code, endYmd="2099-01-01")
    assert SHOWN_NOW in (await play.deleted_story(card)).text
    assert not await play.deletes(code)


# ---------------------------------------------------------------- the read after an unknown outcome


async def _held(play: Play, fault: str | None, **fields: Any) -> tuple[str, Message]:
    """Approve a deletion, spoil the answer to it, and hold the read that follows for a moment.

    Returns the code and the card.
    """
    code = await play.coupon(**fields)
    second = await play.approve_first(await play.open_card(code))
    if fault is not None:
        await play.stage.vivoldi.fault(fault, "delete", code=code)
    await play.stage.vivoldi.fault("latency", "read", code=code, skip=1, seconds=0.7)
    await play.stage.slack.click(BEA, second, "approve")
    await play.arrived("read", code, 3)
    return code, second


async def test_replaced_after_a_lost_answer(play: Play) -> None:
    """Another coupon under the number proves that the lost DELETE was executed; it is not touched (I2)."""
    code, card = await _held(play, "drop_after")
    await play.coupon(code)
    outcome = await play.outcome(card)
    assert ANOTHER in outcome.text
    assert "it was not touched" in outcome.text
    assert len(await play.deletes(code)) == 1


async def test_edited_after_a_lost_answer(play: Play) -> None:
    """The same coupon with other facts proves that nothing was executed, and ends as changed (I2)."""
    code, card = await _held(play, "drop_before")
    await play.stage.vivoldi.change(code, nm="Renamed")
    assert CHANGED in (await play.outcome(card)).text
    assert len(await play.deletes(code)) == 1


async def test_unclear_after_a_lost_answer(play: Play) -> None:
    """Without a creation time nothing tells whether it is the same coupon, so it stays unknown (I2)."""
    code, card = await _held(play, "drop_before", regYmdt=None)
    await play.stage.vivoldi.change(code, nm="Renamed")
    outcome = await play.outcome(card)
    assert UNKNOWN in outcome.text
    assert "Vivoldi dashboard" in outcome.text
    assert len(await play.deletes(code)) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_lost_answer_about_an_unseen_coupon(play: Play, fault: str) -> None:
    """A lost answer about a coupon that was approved unseen can't be settled by reading: unknown (I2, I4)."""
    code, card = await _held(play, fault, **PAST)
    assert UNKNOWN in (await play.outcome(card)).text
    assert len(await play.deletes(code)) == 1


async def test_replaced_after_the_answer(play: Play) -> None:
    """Another coupon that was created right after the deletion is told as such, and not touched (I4)."""
    code, card = await _held(play, None)
    await play.coupon(code)
    assert REPLACED in (await play.outcome(card)).text
