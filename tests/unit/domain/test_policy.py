"""Who may do what: invariant I1 as a table, and every other verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from bot.domain.coupon import Shown
from bot.domain.item.deletion import Refused
from bot.domain.people import Grants, Kind, Person, Standing
from bot.domain.policy import (
    RequesterMayApprove,
    Verdict,
    can_complete,
    current,
    eligible,
    may_act,
    may_approve,
    may_cancel,
    may_reject,
    may_request,
)
from bot.domain.request.request import Pending, Step
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CHANNEL,
    CODE,
    DANA,
    NOW,
    ONCALL,
    RIKA,
    a_coupon,
    a_policy,
    an_item,
    approved,
    finished,
    later,
    on_call,
    pending,
    reviewed,
    standing,
    submitted,
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
# Each role, as the verdict on someone who has it: to request, to give step 1, step 2, to reject, to cancel.
ROLES: dict[str, Callable[[Standing], Verdict]] = {
    "request": lambda who: may_request(a_policy(), who, CHANNEL),
    "step 1": lambda who: may_approve(a_policy(), who, pending(), NOW),
    "step 2": lambda who: may_approve(a_policy(), who, reviewed(), NOW),
    "reject": lambda who: may_reject(a_policy(), who, pending(), NOW),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", REFUSED_KINDS)
@pytest.mark.parametrize("person", [RIKA, BEA, CARL, DANA], ids=lambda person: str(person.name))
def test_only_full_members_act(role: str, kind: Kind, person: Person) -> None:
    """A bot, guest, stranger, deactivated or unknown person does nothing, whatever their groups (I1)."""
    assert ROLES[role](standing(person, ONCALL, kind=kind)) is REFUSED_KINDS[kind]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_but_member_is_refused(kind: Kind) -> None:
    """No kind of person is let through by being forgotten."""
    assert (may_act(standing(RIKA, kind=kind)) is ALLOWED) == (kind is Kind.MEMBER)


@pytest.mark.parametrize(
    ("who", "step_1", "step_2"),
    [
        pytest.param(on_call(CARL), ALLOWED, ALLOWED, id="in the group"),
        pytest.param(on_call(RIKA), ALLOWED, Verdict.IS_REQUESTER, id="requester, in the group"),
        pytest.param(standing(RIKA), Verdict.NOT_AN_APPROVER, Verdict.NOT_A_FINAL_APPROVER, id="requester"),
        pytest.param(on_call(AMIR), ALLOWED, Verdict.SAME_PERSON, id="gave step 1"),
        pytest.param(
            standing(AMIR), Verdict.NOT_AN_APPROVER, Verdict.NOT_A_FINAL_APPROVER, id="gave step 1, left"
        ),
        pytest.param(standing(DANA), Verdict.NOT_AN_APPROVER, ALLOWED, id="named for step 2 only"),
        pytest.param(
            standing(CARL, "S0OTHER000"),
            Verdict.NOT_AN_APPROVER,
            Verdict.NOT_A_FINAL_APPROVER,
            id="in another group",
        ),
    ],
)
def test_who_may_give_which_step(who: Standing, step_1: Verdict, step_2: Verdict) -> None:
    """Step 2 is given by an eligible person who is neither the requester nor who gave step 1 (I1)."""
    assert may_approve(a_policy(), who, pending(), NOW) is step_1
    assert may_approve(a_policy(), who, reviewed(), NOW) is step_2


@pytest.mark.parametrize(
    ("rule", "step_1"), [(RequesterMayApprove.FIRST, ALLOWED), (NEVER, Verdict.IS_REQUESTER)]
)
def test_a_requester_approves_step_1_at_most(rule: RequesterMayApprove, step_1: Verdict) -> None:
    """The setting says whether a requester may give step 1; step 2 is never theirs (I1)."""
    policy = a_policy(requester_may_approve=rule)
    assert eligible(policy, on_call(RIKA), Step.REVIEW, RIKA.id) is step_1
    assert eligible(policy, on_call(RIKA), Step.FINAL, RIKA.id) is Verdict.IS_REQUESTER
    assert eligible(policy, on_call(AMIR), Step.REVIEW, RIKA.id) is ALLOWED


@pytest.mark.parametrize("request_", [pending(), reviewed()], ids=["step 1", "step 2"])
def test_silence_is_never_a_yes(request_: Pending) -> None:
    """An approval counts before approve-by, and not at that very time (I1)."""
    just_before = request_.approve_by - timedelta(microseconds=1)
    assert may_approve(a_policy(), on_call(BEA), request_, just_before) is ALLOWED
    assert may_approve(a_policy(), on_call(BEA), request_, request_.approve_by) is Verdict.TOO_LATE


def test_step_2_is_for_what_step_1_was_shown() -> None:
    """Step 2 is refused where step 1 was given for something else than what is stored (I1)."""
    swapped = replace(reviewed(), items=(an_item(Shown(a_coupon(name="Another"))),))
    assert may_approve(a_policy(), on_call(BEA), swapped, NOW) is Verdict.NOT_BOUND


# ---------------------------------------------------------------- asking, rejecting, cancelling


@pytest.mark.parametrize(
    ("changes", "channel", "verdict"),
    [
        ({}, CHANNEL, ALLOWED),
        ({}, "D0RIKA0000", Verdict.DIRECT_MESSAGE),
        ({"channels": frozenset({CHANNEL})}, CHANNEL, ALLOWED),
        ({"channels": frozenset({CHANNEL})}, "C0OPS00000", Verdict.CHANNEL_NOT_ALLOWED),
        ({"channels": frozenset()}, CHANNEL, Verdict.CHANNEL_NOT_ALLOWED),
        ({"requesters": Grants(users=frozenset({RIKA.id}))}, CHANNEL, ALLOWED),
        ({"requesters": Grants(groups=frozenset({ONCALL}))}, CHANNEL, Verdict.NOT_A_REQUESTER),
        ({"requesters": Grants()}, CHANNEL, Verdict.NOT_A_REQUESTER),
    ],
)
def test_who_may_ask_where(changes: dict[str, object], channel: str, verdict: Verdict) -> None:
    """The settings say who may ask and where; a direct message, where nobody sees it, is never a place."""
    assert may_request(a_policy(**changes), standing(RIKA), channel) is verdict


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (on_call(AMIR), ALLOWED),
        (standing(DANA), ALLOWED),
        (on_call(RIKA), ALLOWED),
        (standing(CARL), Verdict.NOT_AN_APPROVER),
    ],
)
def test_any_approver_may_reject(who: Standing, verdict: Verdict) -> None:
    """Anyone who may give either step may say no to the whole, until approve-by."""
    assert may_reject(a_policy(), who, pending(), NOW) is verdict
    if verdict is ALLOWED:
        assert may_reject(a_policy(), who, reviewed(), pending().approve_by) is Verdict.TOO_LATE


@pytest.mark.parametrize(
    ("who", "seconds", "verdict"),
    [
        (standing(RIKA), 0, ALLOWED),
        (on_call(AMIR), 0, Verdict.NOT_THE_REQUESTER),
        (standing(RIKA), 7200, Verdict.TOO_LATE),
    ],
)
def test_only_the_requester_cancels(who: Standing, seconds: int, verdict: Verdict) -> None:
    """A request is taken back by who asked, and by nobody else, until approve-by."""
    assert may_cancel(who, pending(), later(seconds)) is verdict


def test_a_click_counts_for_the_card_as_it_stands() -> None:
    """A click on an older version, on an ended request or on none at all has no effect (I6)."""
    request = reviewed()
    assert current(request, request.version) is ALLOWED
    assert current(request, request.version - 1) is Verdict.STALE_CARD
    assert current(None, 1) is Verdict.NO_SUCH_REQUEST
    for decided in (approved(), finished(Refused("no")), submitted(CODE)):
        assert current(decided, decided.version) is Verdict.ALREADY_ENDED


# ---------------------------------------------------------------- whether a request can be completed at all


@pytest.mark.parametrize(
    ("people", "changes", "possible"),
    [
        ([], {}, False),
        ([on_call(RIKA)], {}, False),
        ([on_call(AMIR)], {}, False),
        ([on_call(AMIR), on_call(BEA)], {}, True),
        ([on_call(RIKA), on_call(BEA)], {}, True),
        ([on_call(RIKA), on_call(BEA)], {"requester_may_approve": NEVER}, False),
        ([on_call(AMIR), standing(DANA)], {}, True),
        ([standing(CARL), standing(DANA)], {}, False),
        ([on_call(AMIR), standing(BEA, ONCALL, kind=Kind.GUEST)], {}, False),
        ([on_call(AMIR), on_call(AMIR)], {}, False),
    ],
)
def test_a_request_needs_two_people_who_can_complete_it(
    people: list[Standing], changes: dict[str, object], possible: bool
) -> None:
    """A request of Rika's is possible where two different people can give its two steps."""
    assert can_complete(a_policy(**changes), RIKA.id, people) is possible


@pytest.mark.parametrize("may", RequesterMayApprove)
@pytest.mark.parametrize("count", range(5))
def test_any_two_who_can_complete_a_request_are_found(may: RequesterMayApprove, count: int) -> None:
    """For any people and steps, in whatever order they come: a pair is found if there is one."""
    every = [on_call(AMIR), on_call(RIKA), standing(BEA, "SFIRST"), standing(DANA), standing(CARL)]
    policy = a_policy(requester_may_approve=may, approvers=Grants(frozenset(), frozenset({ONCALL, "SFIRST"})))
    for people in permutations(every, count):
        pairs = [
            (first, final)
            for first, final in permutations(people, 2)
            if eligible(policy, first, Step.REVIEW, RIKA.id) is ALLOWED
            and eligible(policy, final, Step.FINAL, RIKA.id) is ALLOWED
        ]
        assert can_complete(policy, RIKA.id, people) is bool(pairs)
