"""Restoring, on a real database with Slack and Vivoldi faked: what is drafted, sent once, and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.seal import Seal, new_key
from bot.domain.coupon import Coupon, Difference
from bot.domain.errors import LostClaim, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.item.answer import DeleteAnswer, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import AnyState, Deleted
from bot.domain.item.restore import Created, Doubt, NotCreated, Seen, ToCreate, Unclear, Unusable, WhyNot
from bot.domain.policy import Verdict
from bot.domain.request.request import Failed, FailureReason, Pending
from bot.services.asked.click import Action
from bot.services.asked.command import Denied, Misread, Taken
from bot.services.retention import RemoveOldSnapshots
from tests.builders import AMIR, BEA, CODE, OTHER_CODE, RIKA, UNSEEN, a_coupon, on_call
from tests.fakes import CREATED_AGAIN, HOLDER, Call, Killed
from tests.integration.wired import LEASE_SECONDS, Wired, wired_on

RESTORE = f"restore {CODE} deleted by mistake"
LOST = Unproven("the connection broke")
DOWN = VivoldiUnavailable("no answer")
EXPIRED = "2025-06-03"
AGAIN = a_coupon(created_at=CREATED_AGAIN, issued_to_person=True)


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path, restore=True) as wired:
        give_keys(wired, new_key())
        yield wired


def give_keys(wired: Wired, *keys: str) -> None:
    """Let the bot have these keys and no other."""
    seal = Seal(keys)
    wired.coupons.seal, wired.coupons.unseal = seal.close, seal.open


async def deleted(wired: Wired) -> str:
    """Delete the coupon; return the request's id."""
    request_id = await wired.approved()
    await wired.run(5, step=1)
    assert isinstance(await wired.state(request_id), Deleted)
    wired.coupons.calls.clear()
    return request_id


async def asked(wired: Wired) -> str:
    """Delete the coupon and ask to restore it; return the id of that request."""
    await deleted(wired)
    return await wired.ask(RESTORE)


async def approved(wired: Wired) -> str:
    """Do that, and give both approvals; nothing is sent yet."""
    request_id = await asked(wired)
    await wired.approve(request_id)
    return request_id


async def failed(wired: Wired) -> Failed:
    """Ask to restore the coupon, and return the request, of which nothing could be shown."""
    request_id = await wired.ask(RESTORE)
    request = await wired.request(request_id)
    assert isinstance(request, Failed)
    assert wired.messenger.told[-1].person == request.origin.requester.id
    return request


def card(wired: Wired) -> str:
    """Return the card as it was drawn last, with its blocks."""
    sent = [each for each in wired.messenger.sent if each.kind != "reply"][-1]
    return f"{sent.message.text}\n{sent.message.blocks}"


# ---------------------------------------------------------------- from the command to the coupon


async def test_a_deleted_coupon_is_created_again(wired: Wired) -> None:
    """Two people approve what is shown; what was kept goes to Vivoldi once, and a read confirms it."""
    source = await deleted(wired)
    request_id = await wired.ask(RESTORE)
    assert source in card(wired)
    assert f"<@{AMIR.id}> and <@{BEA.id}>" in card(wired)
    await wired.approve(request_id)
    await wired.drain()
    assert wired.coupons.kinds(CODE) == ["read", "read", "create", "read"]
    assert wired.coupons.bodies == [
        {
            "cpnNo": CODE,
            "nm": "$100 off cake coupon",
            "discTypeIdx": 457,
            "disc": 60,
            "discCurrency": "USD",
            "strtYmd": "2025-01-01",
            "endYmd": "2025-12-31",
            "useLimit": 1,
            "userNm": HOLDER,
        }
    ]
    assert await wired.state(request_id) == Created(True, wired.clock.now(), Seen.SAME)
    assert "*Created again.* Vivoldi said so" in wired.messenger.of("reply")[-1].message.text


async def test_every_step_is_in_the_audit(wired: Wired) -> None:
    """Opening what was kept, sending, answer and outcome are events, without anything personal (I7)."""
    source = await deleted(wired)
    before = len(await wired.events())
    request_id = await wired.ask(RESTORE)
    await wired.approve(request_id)
    await wired.drain()
    events = (await wired.events())[before:]
    kinds = [event.kind for event in events]
    wanted = [
        *(EventKind.COMMAND, EventKind.COUPON_READ, EventKind.RESTORE_DRAFTED, EventKind.REQUEST_SHOWN),
        *(EventKind.CARD_POSTED, EventKind.DECISION, EventKind.DECISION, EventKind.COUPON_READ),
        *(EventKind.CREATE_SENDING, EventKind.CREATE_ANSWERED, EventKind.COUPON_READ, EventKind.ITEM_OUTCOME),
    ]
    assert [kind for kind in kinds if kind in wanted] == wanted
    assert events[2].data == {"from": source, "position": 0, "doubts": []}
    (sent,) = [event for event in events if event.kind is EventKind.CREATE_SENDING]
    assert (sent.data["attempt"], "digest" in sent.data, "policy" in sent.data) == (1, True, True)
    (outcome,) = [event for event in events if event.kind is EventKind.ITEM_OUTCOME]
    assert outcome.data["outcome"] == "created"
    assert HOLDER not in repr(events)
    assert [event.data for event in events if event.kind is EventKind.CREATE_ANSWERED] == [
        {"answer": "Executed"}
    ]


async def test_what_was_kept_stays(wired: Wired) -> None:
    """A restoration uses nothing up: until the retention ends, what the coupon held can be read."""
    request_id = await approved(wired)
    await wired.drain()
    async with wired.store.transaction() as tx:
        assert len(await tx.snapshots.after(None, 10)) == 1
        assert not await tx.snapshots.of_request(request_id)


async def test_it_is_committed_before_it_is_sent(wired: Wired) -> None:
    """What may be on its way is stored first, with who approved what (I5, I7)."""
    seen: list[list[str]] = []

    async def during(call: Call) -> None:
        if call.kind == "create":
            seen.append([str(event.kind) for event in await wired.events(EventKind.CREATE_SENDING)])

    await approved(wired)
    wired.coupons.during = during
    await wired.drain()
    assert seen == [["create.sending"]]


async def test_one_open_request_for_each_code(wired: Wired) -> None:
    """While a restoration is open, nothing else can be asked for about its code, in any spelling (I6)."""
    await asked(wired)
    for text in (RESTORE, CODE, CODE.lower()):
        assert isinstance(await wired.command(text), Taken)


@pytest.mark.parametrize("action", [Action.REJECT, Action.CANCEL])
async def test_it_can_be_refused_like_a_deletion(wired: Wired, action: Action) -> None:
    """An approver rejects it, the requester cancels it, and nothing is created."""
    request_id = await asked(wired)
    request = await wired.request(request_id)
    by = AMIR if action is Action.REJECT else request.origin.requester
    assert await wired.click(action, by, request_id) is Verdict.ALLOWED
    await wired.run(10)
    assert "create" not in wired.coupons.kinds(CODE)
    assert "nothing was created" in wired.messenger.of("reply")[-1].message.text


async def test_it_runs_out_like_a_deletion(wired: Wired) -> None:
    """Silence is never a yes, and who can act is reminded."""
    await asked(wired)
    await wired.run(1900, step=60)
    assert "create" not in wired.coupons.kinds(CODE)
    replies = [sent.message.text for sent in wired.messenger.of("reply")]
    assert sum("restoring" in text for text in replies) == 2
    assert "without two approvals; nothing was created" in replies[-1]


# ---------------------------------------------------------------- nothing to restore


async def test_without_a_key_it_is_refused_at_once(wired: Wired) -> None:
    """Where nothing is kept, the person is told so instead of waiting for a card."""
    wired.policy = replace(wired.policy, restore=False)
    assert await wired.command(RESTORE) == Denied(Verdict.RESTORE_OFF)


async def test_one_coupon_at_a_time(wired: Wired) -> None:
    """Each restoration has a card of its own, on which everything about it can be read."""
    answer = await wired.command(f"restore {CODE},{OTHER_CODE}")
    assert isinstance(answer, Misread)
    assert "one coupon at a time" in answer.sentence


async def test_a_code_that_validates_is_not_restored(wired: Wired) -> None:
    """A coupon that is there again is left alone, and the requester is told privately."""
    await deleted(wired)
    wired.coupons.store(a_coupon())
    assert (await failed(wired)).reason is FailureReason.NUMBER_TAKEN
    assert "validates in Vivoldi" in wired.messenger.told[-1].text
    assert EventKind.COUPON_READ in (await wired.kinds())[-3:]


async def test_what_was_never_kept_is_not_restored(wired: Wired) -> None:
    """Without a snapshot there is nothing to create, and the requester is told what there is to do."""
    wired.coupons.seal = None
    await deleted(wired)
    assert (await failed(wired)).reason is FailureReason.NO_SNAPSHOT
    assert "`RETENTION_DAYS`" in wired.messenger.told[-1].text


async def test_what_is_too_old_is_not_restored(wired: Wired) -> None:
    """Once the retention has ended, what the coupon held is gone."""
    await deleted(wired)
    wired.clock.advance(timedelta(days=91).total_seconds())
    await RemoveOldSnapshots(wired.store, wired.clock, timedelta(days=90))()
    assert (await failed(wired)).reason is FailureReason.NO_SNAPSHOT


async def test_another_spelling_is_another_coupon(wired: Wired) -> None:
    """Whether case matters to Vivoldi is not documented, so only what was spelled alike is created."""
    await deleted(wired)
    request = await wired.request(await wired.ask(f"restore {CODE.lower()}"))
    assert isinstance(request, Failed)
    assert request.reason is FailureReason.NO_SNAPSHOT


async def test_a_lost_key_is_told(wired: Wired) -> None:
    """Where no key opens what was kept, the requester is told whom to ask."""
    source = await deleted(wired)
    give_keys(wired, new_key())
    request = await failed(wired)
    assert (request.reason, request.detail) == (
        FailureReason.SNAPSHOT_UNUSABLE,
        f"{Unusable.KEY_LOST} {source}",
    )
    assert "`SNAPSHOT_KEYS`" in wired.messenger.told[-1].text


async def test_what_has_ended_is_not_restored(wired: Wired) -> None:
    """A coupon that could not be used any more is not created; a person may do so with a new date."""
    wired.coupons.store(a_coupon(ends_on=EXPIRED))
    await deleted(wired)
    wired.clock.advance(timedelta(days=2).total_seconds())
    request = await failed(wired)
    assert (request.reason, request.detail.split()[0]) == (FailureReason.ENDED, EXPIRED)


async def test_a_freeze_without_effect_does_not_stand_in_the_way(wired: Wired) -> None:
    """What comes back has the expiry date of before, and not that of a freeze which a group overrode."""
    wired.coupons.overridden.add(CODE)
    request_id = await wired.ask()
    for action, person in ((Action.FREEZE, AMIR), (Action.APPROVE, AMIR), (Action.APPROVE, BEA)):
        assert await wired.click(action, person, request_id) is Verdict.ALLOWED
        await wired.drain()
    assert await kept(wired) == 1
    request = await wired.request(await wired.ask(f"restore {CODE}"))
    assert isinstance(request, Pending)
    assert request.items[0].draft is not None
    assert request.items[0].draft.held.coupon.ends_on == a_coupon().ends_on


async def test_the_newest_of_several_deletions_is_undone(wired: Wired) -> None:
    """A code that was deleted twice comes back as the coupon that was there last."""
    await deleted(wired)
    wired.coupons.store(a_coupon(name="The later one"))
    wired.clock.advance(60)
    await deleted(wired)
    await wired.ask(RESTORE)
    assert "The later one" in card(wired)


async def test_a_later_deletion_of_which_nothing_is_kept_is_warned_of(wired: Wired) -> None:
    """Where the last coupon under a code was not kept, people are told that this is an older one."""
    await deleted(wired)
    wired.coupons.store(a_coupon(name="The later one"))
    wired.coupons.seal = None
    wired.clock.advance(60)
    await deleted(wired)
    request = await wired.request(await wired.ask(RESTORE))
    assert isinstance(request, Pending)
    draft = request.items[0].draft
    assert draft is not None
    assert draft.doubts == (Doubt.LATER,)
    assert "another coupon under this code was deleted since" in card(wired)


async def test_a_snapshot_that_was_moved_to_another_item_creates_nothing(wired: Wired) -> None:
    """The database's owner can't have another coupon created than the card names."""
    wired.coupons.store(a_coupon(number=OTHER_CODE, name="Other"))
    await wired.approved(f"{CODE},{OTHER_CODE}")
    await wired.run(5, step=1)
    await wired.sql(
        "UPDATE snapshots SET sealed = (SELECT sealed FROM snapshots AS other WHERE other.position = 1)"
        " WHERE position = 0"
    )
    request = await failed(wired)
    assert request.detail.startswith(Unusable.NOT_ITS_OWN)


# ---------------------------------------------------------------- checked afresh


async def ended_without_sending(wired: Wired, request_id: str) -> NotCreated:
    """Let the worker go on, and return how it ended; nothing was sent."""
    await wired.run(20, step=5)
    assert "create" not in wired.coupons.kinds(CODE)
    state = await wired.state(request_id)
    assert isinstance(state, NotCreated)
    return state


async def test_a_code_that_validates_meanwhile_is_left_alone(wired: Wired) -> None:
    """Whatever stands under the code right before, nothing is created over it (I2)."""
    request_id = await approved(wired)
    wired.coupons.store(a_coupon())
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.TAKEN


async def test_an_approver_who_left_does_not_count(wired: Wired) -> None:
    """Both approvers are asked about afresh, right before it is sent (I1)."""
    request_id = await approved(wired)
    wired.people.change(replace(on_call(AMIR), groups=frozenset()))
    state = await ended_without_sending(wired, request_id)
    assert (state.why, state.approver) == (WhyNot.APPROVER_LOST, AMIR.id)


async def test_an_approver_who_leaves_during_a_slow_read_does_not_count(wired: Wired) -> None:
    """What Slack said before a slow read is no ground to create on (I1)."""

    async def leave(call: Call) -> None:
        wired.people.change(replace(on_call(BEA), groups=frozenset()))
        wired.clock.advance(9)

    request_id = await approved(wired)
    wired.coupons.during = leave
    await wired.drain()
    state = await ended_without_sending(wired, request_id)
    assert (state.why, state.approver) == (WhyNot.APPROVER_LOST, BEA.id)


async def test_the_place_of_a_creation_comes_before_its_checks(wired: Wired) -> None:
    """Without a place in the rate limit nothing is checked, so a creation never waits after its checks."""
    request_id = await approved(wired)
    wired.coupons.calls.clear()
    wired.people.asked.clear()
    wired.coupons.crowded = True
    await wired.run(60)
    assert isinstance(await wired.state(request_id), ToCreate)
    assert (wired.people.asked, wired.coupons.kinds(CODE)) == ([], [])
    wired.coupons.crowded = False
    await wired.run(60)
    assert isinstance(await wired.state(request_id), Created)


async def test_an_approval_of_another_server_creates_nothing(wired: Wired) -> None:
    """That it was sent already may be lost with the server that stored it: it is asked for again (I3)."""
    request_id = await approved(wired)
    await wired.sql("UPDATE decisions SET server = 'the one before'")
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.OTHER_SERVER


@pytest.mark.parametrize("happening", ["taken", "unreadable", "too late"])
async def test_what_a_lost_server_knew_is_not_guessed(wired: Wired, happening: str) -> None:
    """A creation may be lost with its server, so no end of such a request says there was none (I3, I4)."""
    request_id = await approved(wired)
    await wired.sql("UPDATE decisions SET server = 'the one before'")
    match happening:
        case "taken":
            wired.coupons.store(a_coupon())
        case "unreadable":
            wired.coupons.reads[CODE] = [VivoldiRefused("HTTP 403")] * 9
        case _:
            wired.clock.advance(601)
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.OTHER_SERVER


async def test_nothing_is_sent_after_execute_by(wired: Wired) -> None:
    """An approval is for ten minutes (I1)."""
    request_id = await approved(wired)
    wired.clock.advance(601)
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.TOO_LATE


async def test_execute_by_is_looked_at_once_more_right_before(wired: Wired) -> None:
    """A read that takes long does not carry a creation past execute-by (I1)."""

    async def slow(call: Call) -> None:
        if call.kind == "read":
            wired.clock.advance(5)

    request_id = await approved(wired)
    wired.clock.advance(597)
    wired.coupons.during = slow
    await wired.drain()
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.TOO_LATE
    assert await wired.events(EventKind.CREATE_SENDING) == [], "not even stored as being sent"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE snapshots SET sealed = sealed || 'x'", WhyNot.SNAPSHOT_CHANGED),
        ("DELETE FROM snapshots", WhyNot.SNAPSHOT_CHANGED),
        ("UPDATE items SET draft = replace(draft, '2025-12-31', '2026-12-31')", WhyNot.NOT_BOUND),
        ("UPDATE items SET draft = replace(draft, 'CG-', 'CX-')", WhyNot.NOT_BOUND),
    ],
)
async def test_what_was_approved_is_what_is_created(wired: Wired, change: str, why: WhyNot) -> None:
    """Approvals are for what the card showed and for the very snapshot, whatever is stored since (I1)."""
    request_id = await approved(wired)
    await wired.sql(change)
    assert (await ended_without_sending(wired, request_id)).why is why


async def test_what_is_inside_is_compared_once_more(wired: Wired) -> None:
    """A snapshot in which the bot finds something else than it showed is not used."""
    request_id = await approved(wired)
    inner = wired.coupons.unseal
    assert inner is not None
    wired.coupons.unseal = lambda sealed: inner(sealed).replace(b"2025-12-31", b"2026-12-31")
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.NOT_BOUND


async def test_what_nobody_saw_is_bound_as_well(wired: Wired) -> None:
    """Another snapshot with the same facts, but for whom it is issued to, is not what was approved (I1)."""
    request_id = await approved(wired)
    seal, unseal = wired.coupons.seal, wired.coupons.unseal
    assert seal is not None
    assert unseal is not None
    async with wired.store.transaction() as tx:
        (snapshot,) = await tx.snapshots.after(None, 10)
        forged = seal(unseal(snapshot.sealed).replace(HOLDER.encode(), b"Somebody else"))
        await tx.snapshots.keep(snapshot.place, forged, snapshot.kept_at)
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.SNAPSHOT_CHANGED


async def test_a_key_that_is_lost_meanwhile_creates_nothing(wired: Wired) -> None:
    """What can't be opened any more is told, and not sent."""
    request_id = await approved(wired)
    give_keys(wired, new_key())
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.SNAPSHOT_CHANGED


async def test_a_coupon_that_ends_meanwhile_is_not_created(wired: Wired) -> None:
    """Midnight between the card and the creation is noticed."""
    wired.coupons.store(a_coupon(ends_on="2025-06-02"))
    await deleted(wired)
    wired.clock.advance(20 * 3600 + 40 * 60)
    request_id = await wired.ask(RESTORE)
    wired.clock.advance(17 * 60)
    await wired.approve(request_id)
    wired.clock.advance(5 * 60)
    assert await ended_without_sending(wired, request_id) == NotCreated(WhyNot.ENDED, "2025-06-02")


async def test_vivoldi_refuses_to_be_read(wired: Wired) -> None:
    """Where a setting has to be mended first, waiting is of no use."""
    request_id = await approved(wired)
    wired.coupons.reads[CODE] = [VivoldiRefused("HTTP 401")]
    assert await ended_without_sending(wired, request_id) == NotCreated(WhyNot.UNREADABLE, "HTTP 401")


async def test_whoever_does_not_answer_is_waited_for(wired: Wired) -> None:
    """Slack and Vivoldi get until execute-by, and the card says what it waits for."""
    request_id = await approved(wired)
    wired.coupons.reads[CODE] = [DOWN] * 3
    await wired.run(2, step=1)
    assert "Vivoldi could not be asked" in card(wired)
    wired.people.unreachable = True
    await wired.run(30)
    assert "Slack could not be asked" in card(wired)
    wired.people.unreachable = False
    await wired.run(40)
    assert isinstance(await wired.state(request_id), Created)
    assert wired.coupons.kinds(CODE).count("create") == 1


async def test_a_bot_that_was_held_up_reads_again_first(wired: Wired) -> None:
    """What was read more than a few seconds ago is no ground to send on."""
    held_up = [5.0]

    def hold() -> None:
        sending = wired.committed.heard and wired.committed.heard[-1].kind is EventKind.CREATE_SENDING
        if sending and held_up:
            wired.clock.advance(held_up.pop())

    request_id = await approved(wired)
    wired.committed.then = hold
    await wired.drain()
    assert await wired.state(request_id) == ToCreate(1, "the bot was held up right before sending")
    assert "create" not in wired.coupons.kinds(CODE)
    await wired.run(10, step=1)
    assert isinstance(await wired.state(request_id), Created)


async def test_nothing_is_created_after_execute_by_once_it_is_stored(wired: Wired) -> None:
    """I1: storing that a creation is sent takes time as well; past execute-by it is not sent."""

    def slow() -> None:
        if wired.committed.heard and wired.committed.heard[-1].kind is EventKind.CREATE_SENDING:
            wired.committed.then = lambda: None
            wired.clock.advance(1.5)

    request_id = await approved(wired)
    wired.clock.advance(599)
    wired.committed.then = slow
    assert (await ended_without_sending(wired, request_id)).why is WhyNot.TOO_LATE


# ---------------------------------------------------------------- what comes of it


async def ended(wired: Wired, request_id: str) -> AnyState:
    """Let two minutes pass, and return how it ended, with at most one creation sent."""
    await wired.run(120)
    assert wired.coupons.kinds(CODE).count("create") == 1
    return await wired.state(request_id)


async def test_an_answer_that_is_lost_is_settled_by_reading(wired: Wired) -> None:
    """Executed, its answer lost: the approved facts under the code tell so, as settled by reading (I4)."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(LOST, True)]
    state = await ended(wired, request_id)
    assert isinstance(state, Created)
    assert (state.answered, state.seen) == (False, Seen.SAME)
    assert "settled by reading" in wired.messenger.of("reply")[-1].message.text


async def test_a_creation_that_is_lost_is_never_sent_again(wired: Wired) -> None:
    """Not shown for a minute: told as not seen, and left to people, since a late one may still come (I3)."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(LOST, False)]
    state = await ended(wired, request_id)
    assert isinstance(state, Unclear)
    assert state.seen is Seen.NOTHING
    said = wired.messenger.of("reply")[-1].message.text
    assert "*Unknown.*" in said
    assert "It may still arrive, so it is not sent again by itself." in said


async def test_a_creation_that_comes_late_is_seen(wired: Wired) -> None:
    """A creation that takes effect within a minute is told as created."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(LOST, False)]
    await wired.run(20)
    wired.coupons.store(AGAIN)
    state = await ended(wired, request_id)
    assert isinstance(state, Created)


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        (a_coupon(created_at=CREATED_AGAIN, ends_on="2025-06-30"), Seen.OTHER),
        (a_coupon(), Seen.ORIGINAL),
    ],
)
async def test_another_coupon_under_the_code_settles_nothing(
    wired: Wired, stored: Coupon, seen: Seen
) -> None:
    """Where a read shows something else than was to be created, people look (I4)."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(LOST, False)]

    async def appears(call: Call) -> None:
        if call.kind == "create":
            wired.coupons.store(stored)

    wired.coupons.during = appears
    state = await ended(wired, request_id)
    assert isinstance(state, Unclear)
    assert state.seen is seen


async def test_vivoldi_that_can_t_be_read_leaves_it_unclear(wired: Wired) -> None:
    """Where no read can settle it, people are told within minutes what to look for (I5)."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(LOST, False)]

    async def down(call: Call) -> None:
        if call.kind == "create":
            wired.coupons.reads[CODE] = [DOWN] * 100

    wired.coupons.during = down
    state = await ended(wired, request_id)
    assert isinstance(state, Unclear)
    assert state.seen is Seen.UNREAD


@pytest.mark.parametrize("answer", [NotExecuted("HTTP 429", 2.0), NotExecuted("never sent")])
async def test_what_was_proven_not_executed_is_sent_again(wired: Wired, answer: DeleteAnswer) -> None:
    """429 and a connection that never came about are waited for, and every try reads first."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(answer, False)]
    await wired.run(30)
    assert isinstance(await wired.state(request_id), Created)
    assert wired.coupons.kinds(CODE)[1:] == ["read", "create", "read", "create", "read"]


async def test_a_refusal_is_told_in_vivoldi_s_words(wired: Wired) -> None:
    """A refused creation is not tried again."""
    request_id = await approved(wired)
    wired.coupons.creates[CODE] = [(RefusedAnswer("Vivoldi says: “In use.”"), False)]
    state = await ended(wired, request_id)
    assert state == NotCreated(WhyNot.REFUSED, "Vivoldi says: “In use.”")
    assert "“In use.”" in wired.messenger.of("reply")[-1].message.text


@pytest.mark.parametrize(
    ("change", "seen"),
    [({"ends_on": "2025-06-30"}, Seen.OTHER), ({"starts_on": "2025-07-01"}, Seen.NOTHING)],
)
async def test_a_creation_that_shows_otherwise_is_told_so(
    wired: Wired, change: dict[str, str], seen: Seen
) -> None:
    """Vivoldi's "created" is told with what the read afterwards showed, whatever that is (I4)."""
    request_id = await approved(wired)

    async def changed(call: Call) -> None:
        if call.kind == "read" and CODE in wired.coupons.stored:
            wired.coupons.store(replace(wired.coupons.stored[CODE], **change))  # type: ignore[arg-type]

    wired.coupons.during = changed
    state = await ended(wired, request_id)
    assert isinstance(state, Created)
    assert state.seen is seen
    if seen is Seen.OTHER:
        assert state.differences == (Difference("ends_on", "2025-12-31", "2025-06-30"),)


async def test_c2_one_read_that_lies_does_not_speak_against_a_creation(wired: Wired) -> None:
    """What Vivoldi created, and one look does not show, is looked at again before anyone is told."""
    request_id = await approved(wired)

    async def lies(call: Call) -> None:
        if call.kind == "create":
            wired.coupons.reads[CODE] = [UNSEEN]

    wired.coupons.during = lies
    state = await ended(wired, request_id)
    assert isinstance(state, Created)
    assert state.seen is Seen.SAME


async def test_a_creation_that_can_t_be_confirmed_is_told(wired: Wired) -> None:
    """Created, and Vivoldi down afterwards: that much is told (I5)."""
    request_id = await approved(wired)

    async def down(call: Call) -> None:
        if call.kind == "create":
            wired.coupons.reads[CODE] = [DOWN] * 100

    wired.coupons.during = down
    state = await ended(wired, request_id)
    assert isinstance(state, Created)
    assert state.seen is Seen.UNREAD


@pytest.mark.parametrize("executed", [True, False])
async def test_a_process_that_dies_while_it_sends_creates_nothing_twice(wired: Wired, executed: bool) -> None:
    """What is found as being sent is unclear, settled by reading, and never sent again (I3, I4)."""

    async def die(call: Call) -> None:
        if call.kind == "create":
            if executed:
                wired.coupons.store(AGAIN)
            raise Killed

    request_id = await approved(wired)
    wired.coupons.during = die
    with pytest.raises(Killed):
        await wired.drain()
    wired.clock.advance(LEASE_SECONDS + 1)
    state = await ended(wired, request_id)
    assert isinstance(state, Created if executed else Unclear)
    assert EventKind.CREATE_LOST in await wired.kinds()


async def test_an_answer_that_comes_too_late_is_in_the_audit(wired: Wired) -> None:
    """A bot that was held up during the POST notes what was answered, and leaves the rest to another (I7)."""

    async def slow(call: Call) -> None:
        if call.kind == "create":
            wired.clock.advance(LEASE_SECONDS + 1)
            other = wired.lanes[1]
            claim = await other.claim()
            assert claim is not None

    await approved(wired)
    wired.coupons.during = slow
    with pytest.raises(LostClaim):
        await wired.drain()
    (answer,) = await wired.events(EventKind.CREATE_ANSWERED)
    assert answer.data["claim_lost"]


async def test_the_code_can_be_deleted_again(wired: Wired) -> None:
    """A restored coupon is like any other: it can be deleted, kept, and restored once more."""
    request_id = await approved(wired)
    await wired.drain()
    assert isinstance(await wired.state(request_id), Created)
    wired.clock.advance(60)
    await deleted(wired)
    request_id = await wired.ask(RESTORE)
    request = await wired.request(request_id)
    assert isinstance(request, Pending)
    draft = request.items[0].draft
    assert draft is not None
    assert draft.doubts == ()


async def test_what_was_restored_and_is_not_shown_any_more_is_warned_of(wired: Wired) -> None:
    """Someone who restores a coupon for a second time is told to look into the dashboard first."""
    await approved(wired)
    await wired.drain()
    wired.coupons.stored.clear()
    await wired.ask(RESTORE)
    assert "it was created again before" in card(wired)


# ---------------------------------------------------------------- frozen first


async def frozen(wired: Wired) -> str:
    """Ask for a deletion and freeze the coupon, so that no read shows it; return the request's id."""
    request_id = await wired.ask()
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert not wired.coupons.stored[CODE].valid_on(wired.clock.now().date())
    return request_id


async def kept(wired: Wired) -> int:
    """Return how many snapshots are stored."""
    async with wired.store.transaction() as tx:
        return len(await tx.snapshots.after(None, 10))


async def test_a_coupon_that_was_frozen_before_its_deletion_comes_back_unfrozen(wired: Wired) -> None:
    """What it held is kept before the freeze hides it, with the expiry date of before."""
    request_id = await frozen(wired)
    await wired.approve(request_id)
    await wired.run(5, step=1)
    assert CODE not in wired.coupons.stored
    again = await wired.ask(RESTORE)
    await wired.approve(again)
    await wired.drain()
    assert isinstance(await wired.state(again), Created)
    assert wired.coupons.stored[CODE].ends_on == "2025-12-31"


@pytest.mark.parametrize("action", [Action.REJECT, Action.CANCEL, None])
async def test_of_a_frozen_coupon_that_stays_nothing_is_kept(wired: Wired, action: Action | None) -> None:
    """However a request ends without a deletion, what the freeze had kept is removed with it (I8)."""
    request_id = await frozen(wired)
    assert await kept(wired) == 1
    if action is None:
        await wired.run(1900, step=60)
    else:
        by = AMIR if action is Action.REJECT else RIKA
        assert await wired.click(action, by, request_id) is Verdict.ALLOWED
    assert await kept(wired) == 0


async def test_of_a_freeze_alone_nothing_is_kept(wired: Wired) -> None:
    """A coupon that is only frozen is there, and so nothing of it is kept (I8)."""
    request_id = await wired.ask(f"freeze {CODE}")
    await wired.click(Action.FREEZE, AMIR, request_id)
    await wired.drain()
    assert not wired.coupons.stored[CODE].valid_on(wired.clock.now().date())
    assert await kept(wired) == 0


async def test_undoing_a_freeze_keeps_nothing(wired: Wired) -> None:
    """After the end there is no deletion to come, so nothing of the coupon is stored again (I8)."""
    request_id = await frozen(wired)
    await wired.click(Action.REJECT, AMIR, request_id)
    await wired.click(Action.UNFREEZE, AMIR, request_id)
    await wired.run(5, step=1)
    assert wired.coupons.stored[CODE].ends_on == "2025-12-31"
    assert await kept(wired) == 0
