"""I5: an outcome is told however long Slack refuses, by whatever name; I7: "told" is recorded after that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.store.schema import microseconds
from bot.domain.coupon import CouponCode
from bot.domain.errors import SlackRefused, VivoldiRefused
from bot.domain.event import EventKind, Notice
from bot.domain.item.answer import Unproven
from bot.domain.request.request import Failed, FailureReason
from bot.services.asked.click import Action
from tests.builders import AMIR, CHANNEL, CODE, OTHER_CODE, RIKA, a_coupon
from tests.integration.wired import Wired, wired_on

EVERY_WAY = ("post", "update", "reply", "attach", "tell", "members")
HOUR, DAY = 3600.0, 86400.0
# Slack's list of names is open: the last one is none that anybody has seen.
NAMES = ("token_expired", "ekm_access_denied", "restricted_action_thread_locked", "something_new")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


def refuse(wired: Wired, name: str, *ways: str) -> None:
    for way in ways or EVERY_WAY:
        wired.messenger.errors[way] = [SlackRefused(name)] * 99_999


def take(wired: Wired) -> None:
    wired.messenger.errors.clear()


def outcomes(wired: Wired) -> list[str]:
    return [sent.message.text for sent in wired.messenger.of("reply") if "asked to" in sent.message.text]


@pytest.mark.parametrize("name", NAMES)
async def test_an_outcome_is_told_however_slack_refuses(wired: Wired, name: str) -> None:
    """Whatever Slack calls it, and however long: the card ends and the thread hears of it, once it can."""
    request_id = await wired.approved()
    refuse(wired, name)
    await wired.run(3 * HOUR, step=60)
    assert (await wired.state(request_id)).audit_name == "deleted"
    assert outcomes(wired) == []
    assert await wired.events(EventKind.OUTCOME_TOLD) == []
    take(wired)
    await wired.run(HOUR, step=60)
    assert ["*Deleted.*" in text for text in outcomes(wired)] == [True]
    assert wired.messenger.shown("1.000100").text.startswith("Deleted")
    (told,) = await wired.events(EventKind.OUTCOME_TOLD)
    assert told.data["where"] == "thread"


async def test_the_gaps_grow_to_an_hour(wired: Wired) -> None:
    """A refusal that lasts is asked about less and less, and at least once an hour."""
    await wired.approved()
    refuse(wired, "token_expired")
    await wired.run(2 * DAY, step=300)
    asked = len(wired.messenger.errors["reply"])
    await wired.run(DAY, step=300)
    # Each try is made with the blocks, and without.
    assert 2 * 22 <= asked - len(wired.messenger.errors["reply"]) <= 2 * 50


async def _three_untold(wired: Wired) -> list[str]:
    """Three outcomes wait to be tried again in 2,000 s, since Slack refused them. Returns their requests."""
    ids = []
    for code in (CODE, OTHER_CODE, CouponCode("WINTER2025")):
        wired.coupons.store(a_coupon(number=code))
        ids.append(await wired.ask(code))
    for request_id in ids:
        await wired.approve(request_id)
    refuse(wired, "token_expired")
    await wired.run(600, step=20)
    assert outcomes(wired) == []
    take(wired)
    for request_id in ids:
        await _due_in(wired, request_id, 2000)
    return ids


async def _due_in(wired: Wired, request_id: str, seconds: float) -> None:
    due = microseconds(wired.clock.now() + timedelta(seconds=seconds))
    await wired.sql(f"UPDATE requests SET due_at = {due} WHERE id = '{request_id}'")  # noqa: S608  our own


async def test_what_waits_is_due_after_a_start(wired: Wired) -> None:
    """Whatever is mended, nobody waits for the rest of an hour after a start; the pace of telling holds."""
    await _three_untold(wired)
    refuse(wired, "token_expired", "tell")
    now, old = wired.clock.now(), "An old word."
    notice = Notice(id="CG-OLD", at=now, person=RIKA.id, channel=CHANNEL, text=old, outcome=True)
    async with wired.store.transaction() as tx:
        await tx.notify(notice)
    await wired.run(600, step=10)
    take(wired)
    await wired.store.retry_refused()
    await wired.drain()
    assert (outcomes(wired), wired.messenger.told) == ([], [])
    for told in (1, 2, 3):
        await wired.run(1, step=1)
        assert len(outcomes(wired)) == told
    assert [notice.text for notice in wired.messenger.told] == [old]
    assert len(await wired.events(EventKind.OUTCOME_TOLD)) == 3


async def test_a_start_delays_nothing(wired: Wired) -> None:
    """What is tried again before its turn would come stays as it is, and so do other starts in a row."""
    first, second, _ = await _three_untold(wired)
    await _due_in(wired, first, 0.1)
    await _due_in(wired, second, 0.2)
    for _ in range(5):
        await wired.store.retry_refused()
    wired.clock.advance(0.2)
    await wired.drain()
    assert len(outcomes(wired)) == 2
    await wired.run(3, step=1)
    assert len(outcomes(wired)) == 3


async def test_what_slack_takes_again_it_takes_of_all(wired: Wired) -> None:
    """Once a message is taken that was refused, the others that waited for the same follow, one a second."""
    first, *_ = await _three_untold(wired)
    await _due_in(wired, first, 10)
    await wired.run(10, step=10)
    assert len(outcomes(wired)) == 1
    for told in (2, 3):
        await wired.run(1, step=1)
        assert len(outcomes(wired)) == told


async def test_what_is_refused_by_another_name_goes_on_waiting(wired: Wired) -> None:
    """A message that is taken proves nothing about what Slack refuses for another reason."""
    first, second, _ = await _three_untold(wired)
    other = "UPDATE requests SET refused_by = 'ekm_access_denied'"
    await wired.sql(f"{other} WHERE id = '{second}'")
    await _due_in(wired, first, 10)
    await wired.run(100, step=10)
    assert len(outcomes(wired)) == 2
    assert not (await wired.delivery(second)).told


async def test_a_thread_that_stays_closed_is_told_privately(wired: Wired) -> None:
    """If only the thread refuses, the requester hears of it all the same, and the audit says where."""
    await wired.approved()
    refuse(wired, "restricted_action_thread_locked", "reply")
    await wired.run(60)
    (notice,) = wired.messenger.told
    assert (notice.person, "*Deleted.*" in notice.text) == (RIKA.id, True)
    (told,) = await wired.events(EventKind.OUTCOME_TOLD)
    assert told.data["where"] == "privately"


async def test_who_is_not_there_is_told_after_the_thread_was(wired: Wired) -> None:
    """A private word that Slack refuses comes later, and the thread is not told a second time meanwhile."""
    wired.messenger.left.add(RIKA.id)
    await wired.approved()
    refuse(wired, "user_not_visible", "tell")
    await wired.run(2 * HOUR, step=60)
    assert len(outcomes(wired)) == 1
    assert await wired.events(EventKind.OUTCOME_TOLD) == []
    take(wired)
    await wired.run(HOUR, step=60)
    assert [notice.person for notice in wired.messenger.told] == [RIKA.id]
    (told,) = await wired.events(EventKind.OUTCOME_TOLD)
    assert (told.data["where"], len(outcomes(wired))) == ("thread and privately", 1)


async def test_why_a_request_failed_is_told_however_late(wired: Wired) -> None:
    """That a request failed is its outcome: it does not lapse with the command's reply address."""
    wired.coupons.reads[CODE] = [VivoldiRefused("HTTP 401")]
    refuse(wired, "token_expired")
    await wired.ask()
    await wired.run(3 * HOUR, step=60)
    take(wired)
    await wired.run(HOUR, step=60)
    (notice,) = wired.messenger.told
    assert "HTTP 401" in notice.text
    assert len(await wired.events(EventKind.OUTCOME_TOLD)) == 1


async def test_blocks_that_slack_does_not_take_keep_nobody_from_hearing_it(wired: Wired) -> None:
    """A message whose blocks Slack refuses again and again is sent as its text alone."""
    request_id = await wired.approved()
    wired.messenger.takes_blocks = False
    await wired.run(60)
    assert ["*Deleted.*" in text for text in outcomes(wired)] == [True]
    assert wired.messenger.of("reply")[0].message.blocks == ()
    assert wired.messenger.shown((await wired.delivery(request_id)).card_ts or "").text.startswith("Deleted")


# ---------------------------------------------------------------- the end of telling


async def for_days(wired: Wired, days: float) -> None:
    await wired.run(days * DAY, step=HOUR / 2)


@pytest.mark.parametrize("name", ["channel_not_found", "is_archived"])
async def test_telling_ends_if_nobody_is_left(wired: Wired, name: str) -> None:
    """A channel gone for seven days, and a person whom Slack does not know: the audit says "not told"."""
    await wired.approved()
    refuse(wired, name)
    wired.messenger.gone.add(RIKA.id)
    await for_days(wired, 6.9)
    assert await wired.events(EventKind.OUTCOME_NOT_TOLD) == []
    await for_days(wired, 0.3)
    (event,) = await wired.events(EventKind.OUTCOME_NOT_TOLD)
    assert event.data["why"] == "nobody is left"
    assert await wired.events(EventKind.OUTCOME_TOLD) == []
    left = len(wired.messenger.errors["tell"])
    await for_days(wired, 1)
    assert len(wired.messenger.errors["tell"]) == left


@pytest.mark.parametrize(("name", "gone"), [("channel_not_found", False), ("token_expired", True)])
async def test_telling_goes_on_while_someone_may_be_left(wired: Wired, name: str, gone: bool) -> None:
    """A person who is there, or a channel that is not proven gone, is told after weeks."""
    await wired.approved()
    refuse(wired, name)
    if gone:
        wired.messenger.gone.add(RIKA.id)
    await for_days(wired, 15)
    take(wired)
    await for_days(wired, 0.1)
    assert len(outcomes(wired)) == 1
    assert await wired.events(EventKind.OUTCOME_NOT_TOLD) == []


async def test_a_channel_that_came_back_counts_anew(wired: Wired) -> None:
    """The seven days are without a success in between."""
    wired.messenger.left.add(RIKA.id)
    wired.messenger.gone.add(RIKA.id)
    await wired.approved()
    refuse(wired, "is_archived")
    await for_days(wired, 6)
    take(wired)
    refuse(wired, "user_not_found", "tell")
    await for_days(wired, 2)
    assert len(outcomes(wired)) == 1
    assert await wired.events(EventKind.OUTCOME_NOT_TOLD) == []


# ---------------------------------------------------------------- the first card


async def test_a_card_that_is_refused_by_an_unknown_name_waits(wired: Wired) -> None:
    """Only few names prove that a channel can't take a card; by any other it comes when Slack takes it."""
    refuse(wired, "something_new", "post")
    request_id = await wired.ask()
    await wired.run(300)
    assert wired.messenger.told == []
    take(wired)
    await wired.run(300)
    assert len(wired.messenger.of("post")) == 1
    assert await wired.click(Action.APPROVE, AMIR, request_id)


async def test_a_card_that_never_came_is_told_with_its_cause(wired: Wired) -> None:
    """If Slack does not take the card until the deadline, the requester hears what Slack said."""
    refuse(wired, "something_new", "post")
    request_id = await wired.ask()
    await wired.run(1900, step=10)
    request = await wired.request(request_id)
    assert isinstance(request, Failed)
    assert (request.reason, request.detail) == (FailureReason.NO_CARD, "something_new")
    (notice,) = wired.messenger.told
    assert "`something_new`" in notice.text


async def test_a_card_without_its_buttons_is_no_card(wired: Wired) -> None:
    """A request that waits for people is never shown as text alone, on which nobody could decide."""
    wired.messenger.takes_blocks = False
    await wired.ask()
    await wired.run(1700, step=10)
    assert wired.messenger.of("post") == []


async def test_without_blocks_every_code_is_still_named(wired: Wired) -> None:
    """Twenty outcomes in long words, of which Slack takes the text alone: none is cut off (I5)."""
    codes = [CouponCode(f"COUPONCODE{number:06d}") for number in range(20)]
    wired.coupons.store(*(a_coupon(number=code) for code in codes))
    lost = Unproven("the connection to Vivoldi broke (RemoteProtocolError)")
    wired.coupons.deletes |= {code: [(lost, True)] for code in codes}
    await wired.approved(",".join(codes))
    wired.messenger.takes_blocks = False
    await wired.run(120, step=1)
    (told,) = outcomes(wired)
    assert [code for code in codes if code not in told] == []
    assert all(line.endswith((".", "…", "”")) for line in told.splitlines())
