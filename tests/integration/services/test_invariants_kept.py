"""The invariants I5 to I8, each held by tests that go red when its guard is removed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.vivoldi.wire import parse_coupon
from bot.domain.coupon import CouponCode
from bot.domain.errors import StoreError, VivoldiUnavailable
from bot.domain.event import EventKind, Notice
from bot.domain.item.answer import DeleteAnswer, NotExecuted, Unproven
from bot.domain.people import Person
from bot.domain.policy import RequesterMayApprove, Verdict
from bot.domain.request.request import Finished, Pending, Request, codes_of
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted, SlashCommand
from tests.builders import AMIR, BEA, CODE, DANA, ONCALL, RIKA, TEAM, a_policy
from tests.fakes import Call, Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

LOST = Unproven("the connection broke")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


# ---------------------------------------------------------------- I5: killed anywhere, nothing is lost


async def _story(wired: Wired, code: CouponCode) -> None:
    """Do what is left of a story: ask, approve twice, work."""
    found = [each for each in await wired.store.open_requests(9) if _about(each.request, code)]
    if not found and not wired.coupons.kinds(code):
        assert isinstance(await wired.command(code), Accepted)
    await wired.drain()
    for person in (AMIR, BEA):
        for each in await wired.store.open_requests(9):
            if isinstance(each.request, Pending) and _about(each.request, code):
                await wired.click(Action.APPROVE, person, each.request.origin.id)
    await wired.run(3, step=1)


def _about(request: Request, code: CouponCode) -> bool:
    return code in codes_of(request)


# The story has 27 places where it can be killed; one whose first DELETE got no answer goes on for longer.
PLAIN = [pytest.param(None, place, id=f"plain-{place}") for place in range(1, 29)]
UNCLEAR = [pytest.param((LOST, False), place, id=f"unclear-{place}") for place in range(18, 38, 2)]


@pytest.mark.parametrize(("answer", "place"), PLAIN + UNCLEAR)
async def test_i5_killed_at_any_place_the_story_ends_well(
    wired: Wired, answer: tuple[DeleteAnswer, bool] | None, place: int
) -> None:
    """I5: killed after any commit or around any call, it goes on: deleted once, drawn, and told.

    Killed before its answer is stored, a deletion is told as blocked: whether it was deleted is not known.
    """
    wired.fuse.left = place
    wired.coupons.deletes[CODE] = [answer] if answer else []
    try:
        await _story(wired, CODE)
    except Killed:
        wired.fuse.left = None
        wired.clock.advance(2 * LEASE_SECONDS)
        await _story(wired, CODE)
        await wired.run(2 * LEASE_SECONDS, step=10)
    (event,) = await wired.events(EventKind.COMMAND)
    assert event.request is not None
    assert isinstance(await wired.request(event.request), Finished)
    kinds = wired.coupons.kinds(CODE)
    assert kinds.count("delete") == (2 if answer else 1)
    assert "delete delete" not in " ".join(kinds)
    assert CODE not in wired.coupons.stored
    delivery = await wired.delivery(event.request)
    assert delivery.card_ts is not None
    assert wired.messenger.shown(delivery.card_ts).text.startswith(("Deleted", "Blocked"))
    for kind in ("post", "reply"):
        assert 1 <= len(wired.messenger.of(kind)) <= 2


async def test_i5_nobody_is_told_before_the_commit(wired: Wired) -> None:
    """I5: a change whose very commit fails is told to nobody, neither in Slack nor to who watches."""
    request_id = await wired.ask()
    heard = list(wired.committed.heard)
    # What is deferred is checked by the commit itself, so every statement before it goes well.
    await wired.sql("CREATE TABLE late (of TEXT REFERENCES requests (id) DEFERRABLE INITIALLY DEFERRED)")
    await wired.sql("CREATE TRIGGER fail AFTER INSERT ON decisions BEGIN INSERT INTO late VALUES ('x'); END")
    with pytest.raises(StoreError):
        await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.run(5, step=1)
    assert wired.committed.heard == heard
    assert len(wired.messenger.sent) == 1
    assert await wired.events(EventKind.DECISION) == []


# ---------------------------------------------------------------- I6: one effect


async def test_i6_one_open_request_per_code(wired: Wired) -> None:
    """I6: of two commands for a code at once, one opens a request and the other is told about it."""
    answers = await asyncio.gather(wired.command(CODE), wired.command(CODE.lower(), AMIR))
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted", "Taken"]
    assert len(await wired.store.open_requests(9)) == 1


@pytest.mark.parametrize("by", [[AMIR, AMIR], [AMIR, BEA]], ids=["a double click", "two approvers"])
async def test_i6_clicks_at_once_have_one_effect(wired: Wired, by: list[Person]) -> None:
    """I6: of two clicks on one version of the card, one counts."""
    request_id = await wired.ask()
    version = (await wired.request(request_id)).version
    clicks = [wired.click(Action.APPROVE, person, request_id, version=version) for person in by]
    verdicts = await asyncio.gather(*clicks)
    assert verdicts.count(Verdict.ALLOWED) == 1
    assert (await wired.request(request_id)).version == version + 1


async def test_i6_a_replayed_click_has_no_effect(wired: Wired) -> None:
    """I6: a click that arrives again, or comes from an old version of the card, changes nothing."""
    request_id = await wired.ask()
    version = (await wired.request(request_id)).version
    for _ in range(2):
        await wired.click(Action.APPROVE, AMIR, request_id, version=version)
    assert await wired.click(Action.APPROVE, BEA, request_id, version=version) is Verdict.STALE_CARD
    assert await wired.click(Action.REJECT, BEA, request_id, version=version) is Verdict.STALE_CARD
    assert isinstance(await wired.request(request_id), Pending)


async def test_i6_two_workers_send_one_deletion(wired: Wired) -> None:
    """I6: while a worker reads or deletes a coupon, other workers find nothing to do about it."""

    async def another_worker(call: Call) -> None:
        await wired.drain()

    await wired.approved()
    wired.coupons.during = another_worker
    await asyncio.gather(wired.drain(), wired.drain())
    assert wired.coupons.kinds(CODE) == ["read", "read", "delete", "read"]


# ---------------------------------------------------------------- I7: everything is an audit event


async def test_i7_a_story_is_told_by_its_events(wired: Wired) -> None:
    """I7: command, reads, decisions, refusals, calls and outcome are audit events, in their order."""
    request_id = await wired.ask(f"{CODE} leaked")
    await wired.click(Action.APPROVE, AMIR, request_id)
    await wired.click(Action.APPROVE, AMIR, request_id)
    wired.coupons.deletes[CODE] = [(LOST, True)]
    await wired.click(Action.APPROVE, BEA, request_id)
    await wired.run(12, step=1)
    assert await wired.kinds() == [
        EventKind.COMMAND,
        EventKind.COUPON_READ,
        EventKind.REQUEST_SHOWN,
        EventKind.CARD_POSTED,
        EventKind.DECISION,
        EventKind.DECISION_REFUSED,
        EventKind.DECISION,
        EventKind.COUPON_READ,
        EventKind.DELETE_SENDING,
        EventKind.DELETE_ANSWERED,
        EventKind.COUPON_READ,
        EventKind.COUPON_READ,
        EventKind.ITEM_OUTCOME,
        EventKind.OUTCOME_TOLD,
    ]
    assert {event.request for event in await wired.events()} == {request_id}


async def test_i7_every_call_to_vivoldi_is_an_event(wired: Wired) -> None:
    """I7: reads that fail are events as well, and each DELETE has its sending and its answer."""
    down = VivoldiUnavailable("no answer")
    wired.coupons.reads[CODE] = [down]
    wired.coupons.deletes[CODE] = [(NotExecuted("HTTP 429"), False), (LOST, False)]
    request_id = await wired.ask()
    await wired.run(5, step=1)
    wired.coupons.reads[CODE] = [down]
    await wired.approve(request_id)
    await wired.run(90, step=3)
    assert isinstance(await wired.request(request_id), Finished)
    kinds = await wired.kinds()
    assert kinds.count(EventKind.COUPON_READ) == wired.coupons.kinds(CODE).count("read")
    for kind in (EventKind.DELETE_SENDING, EventKind.DELETE_ANSWERED):
        assert kinds.count(kind) == wired.coupons.kinds(CODE).count("delete")
    answers = [event.data["answer"] for event in await wired.events(EventKind.DELETE_ANSWERED)]
    assert answers == ["NotExecuted", "Unproven", "Executed"]


async def test_i7_approvals_and_deletions_say_what_they_were_bound_to(wired: Wired) -> None:
    """I7: each approval, and each DELETE, keeps the digest that it was for and the rules then in force."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id)
    wired.policy = a_policy(requester_may_approve=RequesterMayApprove.NEVER)
    await wired.click(Action.APPROVE, BEA, request_id)
    await wired.drain()
    shown = await wired.events(EventKind.REQUEST_SHOWN)
    bound = await wired.events(EventKind.DECISION) + await wired.events(EventKind.DELETE_SENDING)
    assert [event.data["digest"] for event in bound] == [shown[0].data["digest"]] * 3
    approvers = {"approvers": [ONCALL], "final_approvers": [ONCALL, DANA.id]}
    care = {"stop_window_seconds": 0, "confirm_by_typing": False}
    assert [event.data["policy"] for event in bound] == [
        {**approvers, **care, "requester_may_approve": rule} for rule in ("first", "never", "never")
    ]


async def test_i7_a_decision_and_its_event_are_one_change(wired: Wired) -> None:
    """I7: where the event can't be written, the decision it belongs to is not made either."""
    request_id = await wired.ask()
    before = await wired.request(request_id)
    await wired.sql("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StoreError):
        await wired.click(Action.APPROVE, AMIR, request_id)
    assert await wired.request(request_id) == before


# ---------------------------------------------------------------- I8: no secret anywhere


_PERSONAL = {
    "userId": "SECRET-user-1",
    "userNm": "SECRET-Jane",
    "userPhnno": "SECRET-phone",
    "userEml": "SECRET-mail",
    "userEtc1": "SECRET-etc-1",
    "userEtc2": "SECRET-etc-2",
    "onsitePwd": "SECRET-password",
    "memo": "SECRET-memo",
}


async def test_i8_no_personal_or_secret_field_gets_in(wired: Wired) -> None:
    """I8: what Vivoldi tells of a person or a password is in no value, card, reply, event or database."""
    raw = {"cpnNo": CODE, "nm": "Cake", "regYmdt": "2024-11-17 17:29:25", **_PERSONAL}
    coupon = parse_coupon(CODE, raw)
    assert coupon is not None
    assert coupon.issued_to_person
    wired.coupons.store(coupon)
    request_id = await wired.approved()
    await wired.run(5, step=1)
    assert isinstance(await wired.request(request_id), Finished)
    told = [repr(coupon), repr(wired.messenger.sent), repr(await wired.events())]
    assert "SECRET-" not in json.dumps(told)
    files = wired.folder.glob("coupons.db*")
    assert all(b"SECRET-" not in file.read_bytes() for file in files)


async def test_i8_a_reply_address_is_in_no_repr_and_no_event(wired: Wired) -> None:
    """I8: Slack's `response_url`, with which anyone could answer, is kept out of logs and the audit."""
    typed = SlashCommand(user=RIKA.id, team=TEAM, channel="C", text=CODE, reply_url="https://SECRET.example")
    notice = Notice(
        id="1", at=wired.clock.now(), person="U", channel="C", text="t", reply_url="https://SECRET"
    )
    assert isinstance(await wired.services.submit(TEAM)(typed), Accepted)
    assert "SECRET" not in repr((typed, notice, await wired.events()))
