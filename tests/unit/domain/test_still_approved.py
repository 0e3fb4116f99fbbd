"""Whether both approvals still count when the deletion is to be sent (I1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import Shown
from bot.domain.people import Kind, Person, Standing
from bot.domain.policy import ApproverLost, Policy, RequesterMayApprove, Verdict, still_approved
from bot.domain.request.request import Approved, Decision, Step
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    ONCALL,
    RIKA,
    a_coupon,
    a_policy,
    an_item,
    approved,
    later,
    on_call,
    reviewed,
    standing,
)

ALLOWED = Verdict.ALLOWED
NEVER = RequesterMayApprove.NEVER
REFUSED_KINDS = {
    Kind.BOT: Verdict.BOT,
    Kind.GUEST: Verdict.GUEST,
    Kind.DEACTIVATED: Verdict.DEACTIVATED,
    Kind.STRANGER: Verdict.STRANGER,
    Kind.UNKNOWN: Verdict.UNKNOWN_PERSON,
}


def test_both_approvals_count_when_sent() -> None:
    """Two people who are still eligible, bound to what is stored, and in time: it may be sent (I1)."""
    assert still_approved(a_policy(), approved(), [on_call(AMIR), on_call(BEA)], None) is None


@pytest.mark.parametrize("kind", REFUSED_KINDS)
@pytest.mark.parametrize("lost", [AMIR, BEA], ids=["first", "final"])
def test_an_approver_who_became_something_else_no_longer_counts(lost: Person, kind: Kind) -> None:
    """An approver who is no full member any more stops the deletion (I1)."""
    others = [on_call(person) for person in (AMIR, BEA) if person != lost]
    found = still_approved(a_policy(), approved(), [*others, standing(lost, ONCALL, kind=kind)], None)
    assert found == ApproverLost(lost, REFUSED_KINDS[kind])


@pytest.mark.parametrize("step", ["review", "final"])
def test_an_approval_is_that_of_its_server(step: str) -> None:
    """An approval that another server stored is void; one of before servers were stored counts (I3)."""
    standings = [on_call(AMIR), on_call(BEA)]
    both = approved()
    for stored, now, counts in (
        (None, "one", True),
        ("one", "one", True),
        ("one", "two", False),
        ("one", None, False),
    ):
        given = replace(getattr(both, step), server=stored)
        found = still_approved(a_policy(), replace(both, **{step: given}), standings, now)
        assert found == (None if counts else ApproverLost(given.actor, Verdict.OTHER_SERVER))


def _renamed(request: Approved) -> Approved:
    return replace(request, items=(an_item(Shown(a_coupon(name="Another"))),))


def _late(request: Approved) -> Approved:
    return replace(request, approve_by=request.final.at)


def _same_person(request: Approved) -> Approved:
    return replace(request, final=replace(request.final, actor=AMIR))


def _unbound_final(request: Approved) -> Approved:
    return replace(request, final=replace(request.final, digest="0" * 64))


@pytest.mark.parametrize(
    ("request_", "standings", "policy", "lost"),
    [
        pytest.param(
            approved(),
            [standing(AMIR), on_call(BEA)],
            a_policy(),
            ApproverLost(AMIR, Verdict.NOT_AN_APPROVER),
            id="the first approver left the group",
        ),
        pytest.param(
            approved(),
            [on_call(AMIR), standing(BEA)],
            a_policy(),
            ApproverLost(BEA, Verdict.NOT_A_FINAL_APPROVER),
            id="the final approver left the group",
        ),
        pytest.param(
            approved(),
            [on_call(AMIR)],
            a_policy(),
            ApproverLost(BEA, Verdict.UNKNOWN_PERSON),
            id="an approver who was not asked about",
        ),
        pytest.param(
            approved(reviewed(by=RIKA)),
            [on_call(RIKA), on_call(BEA)],
            a_policy(requester_may_approve=NEVER),
            ApproverLost(RIKA, Verdict.IS_REQUESTER),
            id="the setting was tightened since",
        ),
        pytest.param(
            approved(by=RIKA),
            [on_call(AMIR), on_call(RIKA)],
            a_policy(),
            ApproverLost(RIKA, Verdict.IS_REQUESTER),
            id="the requester gave step 2",
        ),
        pytest.param(
            _same_person(approved()),
            [on_call(AMIR)],
            a_policy(),
            ApproverLost(AMIR, Verdict.SAME_PERSON),
            id="one person gave both",
        ),
        pytest.param(
            _renamed(approved()),
            [on_call(AMIR), on_call(BEA)],
            a_policy(),
            ApproverLost(AMIR, Verdict.NOT_BOUND),
            id="what is stored is not what was shown",
        ),
        pytest.param(
            _unbound_final(approved()),
            [on_call(AMIR), on_call(BEA)],
            a_policy(),
            ApproverLost(BEA, Verdict.NOT_BOUND),
            id="the final approval is for something else",
        ),
        pytest.param(
            _late(approved()),
            [on_call(AMIR), on_call(BEA)],
            a_policy(),
            ApproverLost(BEA, Verdict.TOO_LATE),
            id="the final approval came at approve-by",
        ),
    ],
)
def test_an_approval_that_does_not_count_stops_the_deletion(
    request_: Approved, standings: list[Standing], policy: Policy, lost: ApproverLost
) -> None:
    """Whatever made an approval worthless since the click is found before the deletion is sent (I1)."""
    assert still_approved(policy, request_, standings, None) == lost


@given(
    people=st.lists(st.sampled_from([RIKA, AMIR, BEA, CARL]), min_size=2, max_size=2),
    kinds=st.lists(st.sampled_from([Kind.MEMBER, Kind.MEMBER, Kind.GUEST]), min_size=2, max_size=2),
    seconds=st.lists(st.integers(0, 3600), min_size=2, max_size=2),
    rule=st.sampled_from(RequesterMayApprove),
)
def test_nothing_is_sent_without_two_people(
    people: list[Person], kinds: list[Kind], seconds: list[int], rule: RequesterMayApprove
) -> None:
    """What may be sent has two people who approved in time, the second of them not the requester (I1)."""
    base = approved()
    review, final = (
        Decision(step, person, later(at), base.digest)
        for step, person, at in zip(Step, people, seconds, strict=True)
    )
    request = replace(base, review=review, final=final)
    standings = [standing(person, ONCALL, kind=kind) for person, kind in zip(people, kinds, strict=True)]
    if still_approved(a_policy(requester_may_approve=rule), request, standings, None) is None:
        assert people[0] != people[1]
        assert people[1] != RIKA
        assert rule is not NEVER or people[0] != RIKA
        assert kinds == [Kind.MEMBER, Kind.MEMBER]
        assert max(review.at, final.at) < request.approve_by
