"""A request on its way: what each transition keeps, adds and raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.coupon import CouponCode, Reading, Shown, Warning
from bot.domain.item.deletion import (
    Confirmation,
    Deleted,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.people import Grants
from bot.domain.request.request import (
    Approved,
    Decision,
    Ended,
    FailureReason,
    Finished,
    Pending,
    Request,
    Step,
    approve,
    cancel,
    codes_of,
    expire,
    fail,
    is_ended,
    progress,
    reject,
    review,
    show,
    shown_digest,
)
from tests.builders import (
    AMIR,
    APPROVE_WITHIN,
    BEA,
    CODE,
    EXECUTE_WITHIN,
    NOW,
    OTHER_CODE,
    UNSEEN,
    a_coupon,
    an_item,
    approved,
    cancelled,
    expired,
    failed,
    finished,
    later,
    pending,
    rejected,
    reviewed,
    submitted,
)

BOTH: dict[CouponCode, Reading] = {CODE: Shown(a_coupon()), OTHER_CODE: UNSEEN}
DONE = Deleted(Source.ANSWER, NOW, Confirmation.GONE)


def test_showing_keeps_each_code_with_its_reading() -> None:
    """A request is shown with one item for each code, in their order, and its warnings as of that day."""
    shown = show(submitted(*BOTH), tuple(BOTH.values()), NOW, APPROVE_WITHIN, NOW.date())
    assert [(item.code, item.snapshot, item.state) for item in shown.items] == [
        (code, reading, Waiting()) for code, reading in BOTH.items()
    ]
    assert [item.warnings for item in shown.items] == [(Warning.RUNNING,), (Warning.NOT_SHOWN,)]
    assert (shown.approve_by, shown.step) == (NOW + APPROVE_WITHIN, Step.REVIEW)


def test_a_reading_for_each_code_or_none_at_all() -> None:
    """A request can't be shown with a reading missing."""
    with pytest.raises(ValueError, match="argument"):
        show(submitted(*BOTH), (UNSEEN,), NOW, APPROVE_WITHIN, NOW.date())


def test_each_approval_is_bound_to_what_is_shown() -> None:
    """Both approvals keep who, when and the digest of exactly what was shown (I1)."""
    request = pending(BOTH)
    first = review(request, AMIR, later(60))
    assert first.review == Decision(Step.REVIEW, AMIR, later(60), shown_digest(request.items))
    assert first.step is Step.FINAL
    assert first.review is not None
    both = approve(first, first.review, BEA, later(90), EXECUTE_WITHIN)
    assert (both.review, both.final) == (
        first.review,
        Decision(Step.FINAL, BEA, later(90), request.digest),
    )
    assert both.execute_by == later(90) + EXECUTE_WITHIN
    assert both.approve_by == request.approve_by


def test_the_digest_of_a_request_covers_every_coupon_in_its_order() -> None:
    """Approvals of several coupons are bound to all of them."""
    request = pending(BOTH)
    edited = replace(request, items=(request.items[0], an_item(Shown(a_coupon()), code=OTHER_CODE)))
    assert len({request.digest, edited.digest, shown_digest(request.items[::-1])}) == 3
    used = replace(request, items=(an_item(Shown(a_coupon(use_count=1))), request.items[1]))
    assert used.digest == request.digest
    assert approved(reviewed(request)).digest == request.digest


TRANSITIONS: dict[str, tuple[Request, Callable[[], Request]]] = {
    "show": (submitted(), pending),
    "review": (pending(), reviewed),
    "approve": (reviewed(), approved),
    "reject": (pending(), lambda: reject(pending(), BEA, NOW)),
    "cancel": (reviewed(), lambda: cancel(reviewed(), NOW)),
    "expire": (pending(), lambda: expire(pending(), NOW)),
    "fail unread": (submitted(), lambda: fail(submitted(), FailureReason.UNREADABLE, "x", NOW)),
    "fail unshown": (pending(), lambda: fail(pending(), FailureReason.NO_CARD, "x", NOW)),
    "progress": (approved(), lambda: progress(approved(), 0, Sending(1, 0), NOW)),
    "finish": (approved(), lambda: progress(approved(), 0, DONE, NOW)),
}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_every_transition_makes_drawn_cards_out_of_date(name: str) -> None:
    """Each transition raises the version by one and keeps what the command opened."""
    before, transition = TRANSITIONS[name]
    after = transition()
    assert after.version == before.version + 1
    assert (after.origin, codes_of(after)) == (before.origin, codes_of(before))


@pytest.mark.parametrize("end", [rejected, cancelled, expired])
def test_an_end_keeps_the_first_approval(end: Callable[[Pending], Ended]) -> None:
    """Those who approved before a request ended are still to be seen."""
    request = reviewed()
    ended = end(request)
    assert not isinstance(ended, Finished)
    assert getattr(ended, "review", None) == request.review
    assert getattr(end(pending()), "review", AMIR) is None


@pytest.mark.parametrize(
    ("request_", "ended"),
    [
        (submitted(), False),
        (pending(), False),
        (reviewed(), False),
        (approved(), False),
        (finished(DONE), True),
        (rejected(), True),
        (cancelled(), True),
        (expired(), True),
        (failed(FailureReason.NO_CARD, "is_archived"), True),
    ],
)
def test_a_request_ends_once(request_: Request, ended: bool) -> None:
    """What has ended has nothing more to happen to it, and everything else has."""
    assert is_ended(request_) is ended


@pytest.mark.parametrize(
    "open_state",
    [Waiting(1), Sending(1, 0), Unknown(1, 1, "x", NOW), Deleted(Source.ANSWER, NOW)],
)
def test_a_request_finishes_with_its_last_outcome(open_state: Sending) -> None:
    """As long as one item has no outcome the request goes on, and with the last one it finishes."""
    request = approved(reviewed(pending(BOTH)))
    first = progress(request, 0, DONE, later(1))
    assert isinstance(first, Approved)
    still = progress(first, 1, open_state, later(2))
    assert isinstance(still, Approved)
    assert [item.state for item in still.items] == [DONE, open_state]
    ended = progress(still, 1, NotSent(NotSentReason.TOO_LATE), later(3))
    assert isinstance(ended, Finished)
    assert (ended.ended_at, ended.review, ended.final) == (later(3), request.review, request.final)


def test_progress_touches_one_item() -> None:
    """The outcome of one coupon is not that of another."""
    request = approved(reviewed(pending(BOTH)))
    moved = progress(request, 1, Refused("no"), NOW)
    assert isinstance(moved, Approved)
    assert moved.items[0] == request.items[0]
    assert moved.items[1] == replace(request.items[1], state=Refused("no"))


def test_deadlines_come_from_the_policy() -> None:
    """Approve-by counts from when the card is shown, execute-by from the final approval."""
    asked = submitted()
    shown = show(asked, (UNSEEN,), later(40), timedelta(seconds=10), NOW.date())
    assert shown.approve_by == later(50)
    assert approved().execute_by - approved().final.at == EXECUTE_WITHIN


def test_grants_add_up() -> None:
    """Two sets of grants together name everyone of both."""
    both = Grants(frozenset({"U1"})) | Grants(frozenset({"U2"}), frozenset({"S1"}))
    assert both == Grants(frozenset({"U1", "U2"}), frozenset({"S1"}))
