"""What someone sees on their Home: what is theirs to see, and nothing of what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.home import LAST_OUTCOMES, Home, home, sees_others
from bot.domain.item.deletion import Sending
from bot.domain.people import Kind, Person, Standing
from bot.domain.policy import Policy, RequesterMayApprove, Verdict
from bot.domain.request.request import Expired, FailureReason, Finished, Pending, Purpose, Rejected, Request
from sandbox.slack.api.blocks import view_problems
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CODE,
    DANA,
    NOW,
    ONCALL,
    RIKA,
    a_policy,
    approved,
    cancelled,
    expired,
    failed,
    finished,
    later,
    on_call,
    pending,
    rejected,
    reviewed,
    standing,
    submitted,
    with_states,
)
from tests.gallery import DELETED
from tests.gallery_home import CARDS, PAGE, fullest, homes

NOT_SHOWN = failed(FailureReason.NO_CARD, "not_in_channel", CODE)
EVERY: list[Request] = [
    submitted(),
    pending(),
    reviewed(),
    approved(),
    with_states(approved(), Sending(1, 0)),
    finished(DELETED["answer, gone"]),
    rejected(),
    cancelled(),
    expired(),
    NOT_SHOWN,
]


def _waits(who: Person, request: Pending, policy: Policy | None = None) -> bool:
    """Tell whether a request waits for someone. Rika, Amir and Bea are on call; Dana may give step 2."""
    known = on_call(who) if who in (RIKA, AMIR, BEA) else standing(who)
    return bool(home(policy or a_policy(), known, [request], later(60)).waiting)


def _empty(seen: Home) -> bool:
    """Tell whether there is no request to be seen."""
    return not (seen.waiting + seen.asked + seen.running + seen.ended)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.MEMBER])
@pytest.mark.parametrize("person", [AMIR, RIKA])
def test_who_may_not_act_sees_nothing(kind: Kind, person: Person) -> None:
    """A guest, bot, stranger or deactivated person sees no request, not even one of their own."""
    seen = home(a_policy(), standing(person, ONCALL, kind=kind), EVERY, NOW)
    assert seen.verdict is not Verdict.ALLOWED
    assert _empty(seen)


def test_a_member_without_a_part_sees_nothing_of_others() -> None:
    """Who is no approver and did not ask sees no request: its channel may be private."""
    seen = home(a_policy(), standing(CARL), EVERY, later(60))
    assert seen.verdict is Verdict.ALLOWED
    assert _empty(seen)


def test_the_requester_sees_what_is_theirs() -> None:
    """Who asked sees their requests in every state, the one that could not be shown included."""
    seen = home(a_policy(), standing(RIKA), EVERY, later(60))
    assert seen.asked == (submitted(), pending(), reviewed())
    assert seen.running == (EVERY[3], EVERY[4])
    assert set(seen.ended) == set(EVERY[5:])
    assert seen.waiting == ()


@pytest.mark.parametrize("approver", [on_call(AMIR), standing(DANA)])
def test_an_approver_sees_what_others_asked(approver: Standing) -> None:
    """Approvers of either step see what runs and what ended, but no request that nobody was shown."""
    seen = home(a_policy(), approver, EVERY, later(60))
    assert seen.asked == ()
    assert len(seen.running) == 2
    assert NOT_SHOWN not in seen.ended
    assert len(seen.ended) == 4


@pytest.mark.parametrize(
    ("who", "request_", "waits"),
    [
        (AMIR, pending(), True),
        (RIKA, pending(), True),
        (DANA, pending(), False),
        (CARL, pending(), False),
        (AMIR, reviewed(by=AMIR), False),
        (RIKA, reviewed(by=AMIR), False),
        (BEA, reviewed(by=AMIR), True),
        (DANA, reviewed(by=AMIR), True),
        (CARL, reviewed(by=AMIR), False),
    ],
)
def test_what_waits_is_what_the_policy_allows(who: Person, request_: Pending, waits: bool) -> None:
    """A request waits for exactly those who may give its next step by the policy as it stands (I1)."""
    assert _waits(who, request_) is waits


def test_a_freeze_alone_waits_for_any_approver() -> None:
    """What one approver can give waits for each of them, the requester included."""
    alone = pending(purpose=Purpose.FREEZE, freeze=True)
    assert [_waits(who, alone) for who in (RIKA, AMIR, DANA, CARL)] == [True, True, True, False]


def test_the_policy_as_it_stands_counts() -> None:
    """A setting that has changed since the request was opened counts at once."""
    never = a_policy(requester_may_approve=RequesterMayApprove.NEVER)
    assert not _waits(RIKA, pending(), never)


def test_what_is_overdue_waits_for_nobody() -> None:
    """Past its deadline a request can't be approved any more."""
    request = pending()
    assert home(a_policy(), on_call(AMIR), [request], request.approve_by).waiting == ()


def test_the_most_urgent_and_the_newest_come_first() -> None:
    """What waits is ordered by its deadline, and what ended by when it did; at most ten of those."""
    late, early = pending(id="CG-2"), pending(id="CG-1")
    urgent = Pending(
        origin=late.origin, items=late.items, approve_by=later(90), version=late.version, review=None
    )
    assert home(a_policy(), on_call(AMIR), [early, urgent], NOW).waiting == (urgent, early)
    ended: list[Expired | Rejected | Finished] = [
        expired(),
        rejected(),
        finished(DELETED["answer, gone"]),
    ] * 5
    seen = home(a_policy(), on_call(AMIR), ended, NOW).ended
    assert len(seen) == LAST_OUTCOMES
    assert [request.ended_at for request in seen] == sorted((e.ended_at for e in ended), reverse=True)[:10]


@given(groups=st.sets(st.sampled_from([ONCALL, "S0OTHER000"])), kind=st.sampled_from(Kind))
def test_only_approvers_see_others(groups: set[str], kind: Kind) -> None:
    """What others asked is seen by full members who are approvers, and by nobody else."""
    person = standing(CARL, *groups, kind=kind)
    assert sees_others(a_policy(), person) is (kind is Kind.MEMBER and ONCALL in groups)


# ---------------------------------------------------------------- its looks


@pytest.mark.parametrize("name", homes())
def test_slack_takes_every_home(name: str) -> None:
    """Every Home is one that Slack takes."""
    assert (
        view_problems(
            {"type": "home", "blocks": [dict(block) for block in PAGE.blocks(homes()[name], CARDS)]}
        )
        == []
    )


def test_slack_takes_the_fullest_home() -> None:
    """However much there is, a Home stays within Slack's limits, and says that there is more."""
    blocks = [dict(block) for block in PAGE.blocks(fullest(), CARDS)]
    assert view_problems({"type": "home", "blocks": blocks}) == []
    assert "And 50 more" in str(blocks)


def test_a_denied_home_shows_no_request() -> None:
    """Someone who may not act is told so, and nothing besides."""
    for name, shown in homes().items():
        if name.startswith("denied"):
            assert len(PAGE.blocks(shown, CARDS)) == 2


def test_a_request_without_a_card_has_no_link() -> None:
    """Only what stands in a channel is linked to."""
    assert "archives" not in str(PAGE.blocks(homes()["some of everything"], {}))
