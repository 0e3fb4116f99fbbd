"""What follows for a coupon that is to be created again from what was read and answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import Difference, NotShown, Reading, Sealed, Shown
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Gone,
    ItemState,
    Send,
    Source,
    Unknown,
    is_final,
    may_be_gone,
)
from bot.domain.item.restore import (
    Created,
    Creating,
    Doubt,
    Draft,
    Held,
    NotCreated,
    Seen,
    ToCreate,
    Unclear,
    WhyNot,
    draft_digest,
    sealed_digest,
)
from bot.domain.policy import Verdict, may_approve, may_freeze
from bot.domain.request.request import Finished, Request
from bot.domain.request.restore import (
    answered,
    check,
    confirm,
    deletion_of,
    draft,
    give_up,
    lost,
    send,
    settle,
)
from tests import strategies
from tests.builders import (
    AMIR,
    BEA,
    CODE,
    NOW,
    OTHER_CODE,
    UNSEEN,
    a_coupon,
    a_policy,
    approved,
    finished,
    later,
    on_call,
    pending,
    rejected,
    reviewed,
    submitted,
    with_states,
)
from tests.restoring import DELETION, SEALED, a_draft, restored, restoring

TODAY = NOW.date()
DRAFT = a_draft()
UNCLEAR = Unclear(1, "no answer", NOW)
AGAIN = a_coupon(created_at="2025-06-02 03:04:05", use_count=0)
CUT = Difference("ends_on", "2025-12-31", "2025-06-30")


# ---------------------------------------------------------------- what is drafted


@pytest.mark.parametrize(
    ("state", "certain"),
    [
        (Deleted(Source.ANSWER, later(180), Confirmation.GONE), True),
        (Deleted(Source.READING, later(180), Confirmation.GONE), True),
        (Gone(later(180), "no answer", "used up"), False),
        (Unknown(1, 1, "no answer", later(180), final=True), False),
    ],
)
def test_a_deletion_is_told_with_its_time_and_its_approvers(state: ItemState, certain: bool) -> None:
    """What is undone is a deletion that was seen, or one of which nobody knows, and the card says which."""
    request = with_states(approved(), state)
    found = deletion_of(request, 0)
    assert found is not None
    assert (found.request_id, found.at, found.certain) == (request.origin.id, later(180), certain)
    assert found.approvers == (AMIR.id, BEA.id)


@pytest.mark.parametrize(
    "request_",
    [
        submitted(),
        pending(),
        rejected(),
        approved(),
        finished(Changed(message="Expired.")),
        with_states(approved(), Unknown(1, 1, "lost", NOW)),
    ],
)
def test_what_was_not_deleted_is_not_undone(request_: Request) -> None:
    """A coupon that is still there, as far as anyone knows, gives nothing to create."""
    assert deletion_of(request_, 0) is None


def _drafted(history: list[Request] | None = None, **changes: object) -> Draft:
    held = Held(replace(a_coupon(), **changes), image=False)  # type: ignore[arg-type]  # facts by name
    return draft(held, DELETION, SEALED, CODE, history or [], TODAY)


def _deleted(at: float, code: str = CODE) -> Finished:
    done = finished(Deleted(Source.ANSWER, later(at), Confirmation.GONE))
    item = replace(done.items[0], code=code)  # type: ignore[arg-type]  # another code's request
    return replace(done, origin=replace(done.origin, id="CG-ANOTHER234"), items=(item,))


def test_doubts_are_drafted() -> None:
    """Those who approve are told what speaks for looking into the dashboard first."""
    unsure = draft(Held(a_coupon(), False), replace(DELETION, certain=False), SEALED, CODE, [], TODAY)
    assert unsure.doubts == (Doubt.UNCERTAIN,)
    assert _drafted().doubts == ()
    assert _drafted(starts_on="2025-06-03").doubts == (Doubt.NOT_YET,)
    assert _drafted([_deleted(180)]).doubts == (Doubt.LATER,)
    earlier = (DELETION.at - NOW).total_seconds() - 60
    assert _drafted([_deleted(earlier), _deleted(180, OTHER_CODE), submitted()]).doubts == ()


@pytest.mark.parametrize(
    ("state", "repeated"),
    [
        (Created(True, later(180), Seen.SAME), True),
        (replace(UNCLEAR, seen=Seen.NOTHING), True),
        (NotCreated(WhyNot.REFUSED), False),
    ],
)
def test_what_may_have_been_created_before_is_doubted(
    state: Created | Unclear | NotCreated, repeated: bool
) -> None:
    """A deletion that was undone before, or may have been, is not undone again without a warning."""
    before = restored(state)
    drafted = _drafted([replace(before, origin=replace(before.origin, id="CG-RESTORED34"))])
    assert (Doubt.REPEATED in drafted.doubts) == repeated


def test_approvals_are_bound_to_all_that_is_shown_and_to_the_snapshot() -> None:
    """Any other fact, source, doubt or snapshot is another digest, and so another pair of approvals."""
    others = [
        a_draft(held=Held(a_coupon(use_count=1), image=False)),
        a_draft(held=Held(a_coupon(), image=True)),
        a_draft(deletion=replace(DELETION, approvers=(BEA.id, AMIR.id))),
        a_draft(deletion=replace(DELETION, at=NOW)),
        a_draft(deletion=replace(DELETION, certain=False)),
        a_draft(doubts=(Doubt.LATER,)),
        a_draft(sealed_digest=sealed_digest(Sealed("another"))),
    ]
    digests = {draft_digest(CODE, other) for other in [DRAFT, *others]} | {draft_digest(OTHER_CODE, DRAFT)}
    assert len(digests) == len(others) + 2
    assert restoring().items[0].digest == draft_digest(CODE, DRAFT)


def test_a_restoration_is_approved_and_never_frozen() -> None:
    """The same people give the same two steps; there is nothing to be frozen."""
    asked = restoring(freeze=True)
    policy = a_policy()
    assert may_approve(policy, on_call(AMIR), asked, later(10)) is Verdict.ALLOWED
    assert may_approve(policy, on_call(AMIR), reviewed(asked), later(70)) is Verdict.SAME_PERSON
    assert may_freeze(policy, on_call(AMIR), asked, later(10)) is Verdict.NOT_FREEZABLE


# ---------------------------------------------------------------- what is sent


def test_a_number_that_validates_is_never_created_again() -> None:
    """The read right before decides: whatever is shown, nothing is sent over it."""
    assert check(DRAFT, UNSEEN, TODAY) == Send()
    assert check(DRAFT, Shown(a_coupon()), TODAY) == NotCreated(WhyNot.TAKEN)
    assert check(DRAFT, Shown(AGAIN), TODAY) == NotCreated(WhyNot.TAKEN)


def test_what_has_ended_meanwhile_is_not_created() -> None:
    """On its last day it is still created; on the day after, it could not be used."""
    assert check(DRAFT, UNSEEN, date(2025, 12, 31)) == Send()
    assert check(DRAFT, UNSEEN, date(2026, 1, 1)) == NotCreated(WhyNot.ENDED, "2025-12-31")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Executed(), Created(True, NOW)),
        (NotExecuted("HTTP 429", 3.0), ToCreate(1, "HTTP 429")),
        (RefusedAnswer("“In use”"), NotCreated(WhyNot.REFUSED, "“In use”")),
        (Unproven("HTTP 502"), Unclear(1, "HTTP 502", NOW)),
    ],
)
def test_what_each_answer_leads_to(answer: DeleteAnswer, state: AnyState) -> None:
    """Only what is proven not to have been executed may be sent again."""
    assert answered(send(ToCreate()), answer, NOW) == state


@given(reading=strategies.readings(), seconds=st.integers(0, 10**6))
def test_what_got_no_answer_is_never_sent_again(reading: Reading, seconds: int) -> None:
    """Whatever is read afterwards, an unclear creation ends as created or stays unclear: no second POST."""
    unclear = lost(Creating(1), "no answer", NOW)
    settled = settle(DRAFT, unclear, reading, NOW + timedelta(seconds=seconds))
    assert isinstance(settled, Created | Unclear)
    assert isinstance(settled, Created) or is_final(give_up(settled))


# ---------------------------------------------------------------- what is read


def test_an_unclear_outcome_is_settled_by_what_is_shown() -> None:
    """The approved facts with a new creation time are the creation; anything else is for people."""
    assert settle(DRAFT, UNCLEAR, Shown(AGAIN), later(5)) == Created(False, later(5), Seen.SAME)
    other = settle(DRAFT, UNCLEAR, Shown(replace(AGAIN, ends_on="2025-06-30")), NOW)
    assert other == replace(UNCLEAR, seen=Seen.OTHER, differences=(CUT,))
    assert settle(DRAFT, UNCLEAR, Shown(a_coupon()), NOW) == replace(UNCLEAR, seen=Seen.ORIGINAL)


def test_what_is_not_shown_yet_may_still_come() -> None:
    """A creation that arrives late is looked for a while before people are told that it was not seen."""
    still = settle(DRAFT, UNCLEAR, NotShown("Unknown."), NOW)
    assert still == replace(UNCLEAR, message="Unknown.")
    assert not is_final(still)
    assert give_up(replace(UNCLEAR, message="Unknown.")).seen is Seen.NOTHING
    assert give_up(UNCLEAR).seen is Seen.UNREAD


@pytest.mark.parametrize(
    ("reading", "seen"),
    [
        (Shown(AGAIN), Seen.SAME),
        (Shown(replace(AGAIN, domain="https://vvd.bz", use_count=1)), Seen.SAME),
        (Shown(replace(AGAIN, ends_on="2025-06-30")), Seen.OTHER),
        (Shown(replace(AGAIN, issued_to_person=True)), Seen.OTHER),
        (NotShown("It begins later."), Seen.NOTHING),
        (None, Seen.UNREAD),
    ],
)
def test_a_creation_is_confirmed_by_what_is_shown(reading: Reading | None, seen: Seen) -> None:
    """What Vivoldi alone decides about is no difference; every other fact is, and is told."""
    created = confirm(DRAFT, Created(True, NOW), reading)
    assert created.seen is seen
    assert bool(created.differences) == (seen is Seen.OTHER)
    assert is_final(created)


def test_a_restoration_leaves_nothing_that_may_be_gone() -> None:
    """What is kept belongs to deletions; no end of a restoration counts as one."""
    for state in (Created(True, NOW, Seen.SAME), replace(UNCLEAR, seen=Seen.OTHER), NotCreated(WhyNot.TAKEN)):
        assert is_final(state)
        assert not may_be_gone(state)
    assert not is_final(ToCreate())
    assert not is_final(Creating(1))


def test_what_is_hidden_changes_no_approval() -> None:
    """An approval is for what is created; that the deletion is told to fewer people makes no difference."""
    assert draft_digest(CODE, a_draft()) == draft_digest(CODE, a_draft(hidden=True))
