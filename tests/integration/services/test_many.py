"""Requests of many codes: read in parts, carried out at a pace, and told, whatever happens on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.command import Ask
from bot.domain.errors import SlackRefused, SlackUnavailable, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import RefusedAnswer
from bot.domain.item.deletion import Deleted, Gone, NotSent
from bot.domain.policy import Verdict
from bot.domain.rate import MANY, Plan, bulk_of
from bot.domain.request.request import Approved, Failed, Finished, Pending, Submitted
from bot.services.asked.click import Action
from bot.services.asked.command import Misread, SlashCommand
from bot.services.pacing import Many
from tests.builders import AMIR, BEA, CHANNEL, CODE, RIKA, TEAM
from tests.fakes import Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on
from tests.many import QUICK, many, open_many

_EVERY = 0.5  # seconds between the codes of a request by QUICK
_COUNT = 50


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path, plan=QUICK) as wired:
        yield wired


async def shown(wired: Wired, count: int = _COUNT) -> str:
    """Ask for many codes, and return the id of the request once its card is up."""
    request_id = await open_many(wired, count)
    await wired.run(count * _EVERY, step=1)
    assert isinstance(await wired.request(request_id), Pending)
    return request_id


async def approved(wired: Wired, count: int = _COUNT) -> str:
    """Ask for many codes and approve them."""
    request_id = await shown(wired, count)
    await wired.approve(request_id)
    return request_id


def sent(wired: Wired) -> Counter[str]:
    """Return how often each code was sent."""
    return Counter(call.code for call in wired.coupons.calls if call.kind == "delete")


# ---------------------------------------------------------------- reading


async def test_what_was_read_is_kept(wired: Wired) -> None:
    """A part is read at a time, at the plan's pace; each coupon is read once, and then comes the card."""
    request_id = await open_many(wired, _COUNT)
    await wired.drain()
    request = await wired.request(request_id)
    assert isinstance(request, Submitted)
    assert len(request.unread) == _COUNT - MANY
    await wired.drain()
    assert len(wired.coupons.calls) == MANY
    await wired.run(30, step=1)
    assert Counter(call.code for call in wired.coupons.calls) == dict.fromkeys(many(_COUNT), 1)
    request = await wired.request(request_id)
    assert isinstance(request, Pending)
    (event,) = await wired.events(EventKind.REQUEST_SHOWN)
    assert request.approve_by == event.at + wired.policy.approve_within


async def test_people_are_reminded_from_the_card_on(wired: Wired) -> None:
    """However long the coupons took to be read, nobody is reminded of a card that has just come up."""
    wired.policy = replace(wired.policy, plan=Plan(per_minute=8, hourly=1000))
    request_id = await open_many(wired, _COUNT)
    await wired.run(500, step=10)
    assert isinstance(await wired.request(request_id), Pending)
    assert wired.messenger.of("reply") == []
    await wired.run(300, step=60)
    assert len(wired.messenger.of("reply")) == 1


async def test_what_could_not_be_read_is_read_again_and_nothing_else(wired: Wired) -> None:
    """Trouble with one coupon costs one more read of that coupon."""
    code = many(_COUNT)[3]
    wired.coupons.reads[code] = [VivoldiUnavailable("no answer")]
    await shown(wired)
    assert wired.coupons.kinds(code) == ["read", "read"]
    assert len(wired.coupons.calls) == _COUNT + 1


async def test_many_codes_have_more_time_to_be_read(wired: Wired) -> None:
    """Transient trouble is tried again for as long as reading them all may take, and then it is told."""
    codes = many(_COUNT)
    for code in codes:
        wired.coupons.reads[code] = [VivoldiUnavailable("no answer")] * 99
    request_id = await open_many(wired, _COUNT)
    await wired.run(75, step=1)
    assert isinstance(await wired.request(request_id), Submitted)
    await wired.run(40, step=1)
    assert isinstance(await wired.request(request_id), Failed)
    (notice,) = wired.messenger.told
    assert "50 coupons (`COUPON00000`, `COUPON00001`, `COUPON00002` and 47 more)" in notice.text


async def test_a_request_takes_as_many_codes_as_the_settings_allow(tmp_path: Path) -> None:
    """More codes than MAX_CODES are refused, and nothing is opened."""
    async with wired_on(tmp_path, max_codes=30) as wired:
        await open_many(wired, 30)
        asked = SlashCommand(user=RIKA.id, team=TEAM, channel=CHANNEL, text="")
        answer = await wired.services.submit(TEAM).ask(asked, Ask((CODE, *many(31)[1:]), "leaked"))
        assert isinstance(answer, Misread)
        assert len(await wired.store.open_requests(9)) == 1


async def test_many_codes_are_not_frozen(wired: Wired) -> None:
    """A freeze is for an incident, and done within a minute: it is not offered for many codes."""
    request_id = await open_many(wired, 30)
    assert not (await wired.request(request_id)).origin.freeze


# ---------------------------------------------------------------- the pace


async def test_many_codes_leave_places_to_small_requests(wired: Wired) -> None:
    """Of the places of a lane some are left, however slow the calls of many codes are."""
    places = Many(wired.store, QUICK)
    bulk = bulk_of(100, QUICK, timedelta(seconds=600))
    async with AsyncExitStack() as taken:
        got = [await taken.enter_async_context(places.place(bulk)) for _ in range(8)]
        assert got == [True] * 4 + [False] * 4
        assert await taken.enter_async_context(places.place(None))
    async with places.place(bulk) as free:
        assert free


async def test_items_are_sent_at_the_pace_of_the_plan(wired: Wired) -> None:
    """The codes are sent one after the other, as far apart as their calls take by the plan."""
    await approved(wired)
    for second in range(1, 11):
        wired.clock.advance(1)
        await wired.drain()
        assert sent(wired).total() == 1 + second / _EVERY


async def test_a_small_request_goes_in_between_at_once(wired: Wired) -> None:
    """While many codes are deleted, a single coupon of someone else is deleted as soon as it is approved."""
    await approved(wired)
    await wired.run(5, step=1)
    single = await wired.ask(CODE, by=AMIR)
    await wired.approve(single, first=RIKA)
    await wired.drain()
    assert isinstance(await wired.request(single), Finished)
    assert sent(wired).total() < _COUNT / 2


async def test_a_small_request_comes_before_what_is_overdue(wired: Wired) -> None:
    """Also where all of the many codes are overdue, such as after a stop of the bot, it is taken first."""
    many_codes = await shown(wired)
    single = await wired.ask(CODE, by=AMIR)
    await wired.approve(many_codes)
    wired.clock.advance(_COUNT)
    await wired.approve(single, first=RIKA)
    (lane,) = [lane for lane in wired.lanes if lane.name == "items"]
    taken = []
    while (claim := await lane.claim()) is not None:
        taken.append(claim.request_id)
    assert taken.index(single) == MANY
    assert len(taken) == _COUNT + 1


async def test_where_no_calls_are_left_many_codes_wait_and_a_small_request_does_not(wired: Wired) -> None:
    """The part of the calls that is not for many codes is left to small requests; the others go on later."""
    many_codes = await approved(wired)
    await wired.store.rate.take(QUICK, 360)
    single = await wired.ask(CODE, by=AMIR)
    await wired.approve(single, first=RIKA)
    await wired.run(30, step=5)
    assert sent(wired) == {CODE: 1}
    assert isinstance(await wired.request(single), Finished)
    await wired.run(120, step=1)
    assert isinstance(await wired.request(many_codes), Finished)
    assert sent(wired).total() == _COUNT + 1


async def test_reading_many_codes_leaves_calls_to_small_requests(wired: Wired) -> None:
    """Where no calls are left for many codes, they are not read, while a small request is."""
    await wired.store.rate.take(QUICK, 360)
    await open_many(wired, _COUNT)
    await wired.ask(CODE, by=AMIR)
    assert [call.code for call in wired.coupons.calls] == [CODE]


async def test_execute_by_leaves_the_time_that_they_take(wired: Wired) -> None:
    """Many codes may be sent for as long as was shown on the card before anyone approved them."""
    request_id = await approved(wired)
    request = await wired.request(request_id)
    assert isinstance(request, Approved)
    within = wired.policy.execute_within + 2 * _COUNT * timedelta(seconds=_EVERY)
    assert request.execute_by == request.final.at + within
    card = next(sent.message.text for sent in wired.messenger.sent if sent.kind == "post")
    assert "Deleting them takes about 30 seconds" in card
    assert "within about 11 minutes of the final approval" in card


async def test_what_comes_too_late_is_not_sent(wired: Wired) -> None:
    """After execute-by the rest ends as not sent, also where there are no calls left."""
    request_id = await approved(wired)
    await wired.run(5, step=1)
    before = sent(wired)
    wired.clock.advance(700)
    await wired.store.rate.take(QUICK, 360)
    await wired.drain()
    assert isinstance(await wired.request(request_id), Finished)
    assert sent(wired) == before
    late = [state for state in (await wired.states(request_id)).values() if isinstance(state, NotSent)]
    assert len(late) == _COUNT - before.total()


async def test_the_card_is_not_drawn_more_often_than_every_five_seconds(wired: Wired) -> None:
    """While many codes are deleted, the card shows how far they are, at Slack's pace."""
    await approved(wired)
    await wired.run(1, step=1)
    before = len(wired.messenger.of("update"))
    for _ in range(40):
        wired.clock.advance(0.5)
        await wired.drain()
    assert 3 <= len(wired.messenger.of("update")) - before <= 4
    text = wired.messenger.of("update")[-1].message.text
    assert "done" in text
    assert "█" in text
    assert "deleted" in text


# ---------------------------------------------------------------- the end


async def test_the_outcome_counts_and_the_file_tells_each(wired: Wired) -> None:
    """The reply counts the outcomes and names those to be looked at; a file tells what each code came to."""
    refused = many(_COUNT)[7]
    wired.coupons.deletes[refused] = [(RefusedAnswer("=HYPERLINK(…)"), False)]
    await approved(wired)
    await wired.run(40, step=1)
    (outcome,) = wired.messenger.of("reply")
    assert "asked to delete 50 coupons: 49 deleted, 1 not deleted (refused)." in outcome.message.text
    assert f"`{refused}`: *Not deleted" in outcome.message.text
    ((ts, file),) = wired.messenger.files
    assert ts == outcome.ts
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "code,outcome,what happened"
    assert [line.split(",")[0] for line in lines[1:]] == list(many(_COUNT))
    assert lines[8].startswith(f"{refused},not deleted (refused),")


async def test_a_file_that_slack_refuses_is_named_in_the_outcome(wired: Wired) -> None:
    """Without the scope for files the outcome says how to get the list, and comes all the same."""
    wired.messenger.errors["attach"] = [SlackRefused("missing_scope")]
    request_id = await approved(wired)
    await wired.run(40, step=1)
    (outcome,) = wired.messenger.of("reply")
    assert f"`python -m bot audit export --format csv --request {request_id}`" in outcome.message.text
    assert (await wired.delivery(request_id)).told


async def test_a_file_waits_for_slack(wired: Wired) -> None:
    """Where Slack can't be reached, the file is tried again, and the outcome is told with it."""
    wired.messenger.errors["attach"] = [SlackUnavailable("no answer")]
    await approved(wired)
    await wired.run(60, step=1)
    assert len(wired.messenger.files) == len(wired.messenger.of("reply")) == 1


async def test_the_outcome_does_not_wait_for_a_file_for_good(wired: Wired) -> None:
    """Where Slack takes no file however often it is tried, the outcome is told without it."""
    wired.messenger.errors["attach"] = [SlackUnavailable("no answer")] * 99
    request_id = await approved(wired)
    await wired.run(200, step=5)
    assert (await wired.delivery(request_id)).told
    (outcome,) = wired.messenger.of("reply")
    assert "python -m bot audit export" in outcome.message.text


async def test_one_stop_ends_them_all(wired: Wired) -> None:
    """A stop ends a thousand codes in one transaction: what waits is never sent, and each has its event."""
    request_id = await open_many(wired, 1000)
    await wired.run(300, step=5)
    await wired.approve(request_id)
    await wired.run(5, step=1)
    before = sent(wired)
    assert await wired.click(Action.STOP, RIKA, request_id) is Verdict.ALLOWED
    await wired.run(60, step=5)
    assert isinstance(await wired.request(request_id), Finished)
    assert sent(wired) == before
    ends = Counter(type(state) for state in (await wired.states(request_id)).values())
    assert ends == {Deleted: before.total(), NotSent: 1000 - before.total()}
    assert len(await wired.events(EventKind.ITEM_OUTCOME)) == 1000


@pytest.mark.parametrize("place", [9, 40, 61, 90, 133, 170, 211, 260, 333])
async def test_killed_on_the_way_it_goes_on(wired: Wired, place: int) -> None:
    """Killed anywhere, three times, each code is deleted, none sent twice without a read, and all is told."""
    request_id = await open_many(wired, 25)
    for kill in (place, place, place, None):
        wired.fuse.left = kill
        try:
            await _carry_on(wired, request_id)
        except Killed:
            wired.fuse.left = None
            wired.clock.advance(2 * LEASE_SECONDS)
    assert isinstance(await wired.request(request_id), Finished)
    for code in many(25):
        kinds = wired.coupons.kinds(code)
        assert "delete delete" not in " ".join(kinds)
        assert code not in wired.coupons.stored
    # One whose answer died with the bot is blocked: whether it was deleted is not known.
    assert all(isinstance(state, Deleted | Gone) for state in (await wired.states(request_id)).values())
    assert (await wired.delivery(request_id)).told


async def _carry_on(wired: Wired, request_id: str) -> None:
    """Do whatever the request needs, until its end has been told."""
    for _ in range(60):
        await wired.drain()
        request = await wired.request(request_id)
        if isinstance(request, Pending) and (await wired.delivery(request_id)).card_ts:
            await wired.click(Action.APPROVE, AMIR if request.review is None else BEA, request_id)
        wired.clock.advance(1)
