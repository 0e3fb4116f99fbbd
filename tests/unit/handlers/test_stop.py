"""Stop: what it ends, who may, when its button is there, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.domain.coupon import CouponCode, Reading, Shown
from bot.domain.item.deletion import (
    Confirmation,
    Deleted,
    ItemState,
    NotSent,
    NotSentReason,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.people import Kind, Standing
from bot.domain.policy import Verdict, confirmation, is_confirmed, may_stop
from bot.domain.request.request import Approved, Finished, Request, Stop, can_be_stopped, stop
from handlers.render.blocks import when_exactly
from handlers.render.card import Cards
from tests.builders import (
    AMIR,
    BEA,
    CARL,
    CODE,
    DANA,
    NOW,
    ONCALL,
    OTHER_CODE,
    RIKA,
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
    standing,
    stopped,
    submitted,
    with_states,
)

THREE: dict[CouponCode, Reading] = {
    CODE: Shown(a_coupon()),
    OTHER_CODE: UNSEEN,
    CouponCode("GONE2024XX"): UNSEEN,
}
TOLD_DELETED = Deleted(Source.ANSWER, NOW, Confirmation.GONE)
SENT: list[ItemState] = [
    Sending(1, 0),
    Unknown(1, 1, "no answer", NOW),
    Waiting(1, 1, "no answer"),
]
STOPPED = NotSent(NotSentReason.STOPPED, stopped_by=AMIR.id)


def three(*states: ItemState) -> Approved:
    """Return an approved request for three coupons, the first of which are in these states."""
    request = with_states(approved(reviewed(pending(THREE))), *states)
    assert isinstance(request, Approved)
    return request


# ---------------------------------------------------------------- the transition


def test_what_waits_ends_and_says_who_stopped_it() -> None:
    """A stop ends every item that was never sent, and with the last one the request."""
    ended = stop(three(TOLD_DELETED), AMIR, later(200))
    assert isinstance(ended, Finished)
    assert [item.state for item in ended.items] == [TOLD_DELETED, STOPPED, STOPPED]
    assert (ended.version, ended.ended_at) == (three(TOLD_DELETED).version + 1, later(200))


@pytest.mark.parametrize("state", SENT)
def test_what_was_sent_is_still_settled(state: ItemState) -> None:
    """An item that is being sent, or whose attempt got no answer, goes on, in a request that is stopped."""
    going = stop(three(state), AMIR, later(200))
    assert isinstance(going, Approved)
    assert [item.state for item in going.items] == [state, STOPPED, STOPPED]
    assert going.stopped == Stop(AMIR, later(200))


def test_a_proven_attempt_before_makes_no_difference() -> None:
    """An item that Vivoldi asked to send again later is not sent again."""
    ended = stop(three(TOLD_DELETED, TOLD_DELETED, Waiting(1, 0, "HTTP 429")), AMIR, later(200))
    assert isinstance(ended, Finished)
    assert ended.items[2].state == STOPPED


@pytest.mark.parametrize(
    ("state", "can"),
    [
        (Waiting(), True),
        (Waiting(2, 1, "no answer"), True),
        (Sending(1, 0), True),
        (Unknown(1, 1, "no answer", NOW), True),
        (Unknown(1, 1, "no", NOW, refusal="no"), False),
        (Deleted(Source.ANSWER, NOW), False),
    ],
)
def test_a_stop_makes_a_difference_while_something_may_be_sent(state: ItemState, can: bool) -> None:
    """As long as a DELETE may follow, at once or after a read, there is something to stop, once."""
    request = with_states(approved(), state)
    assert isinstance(request, Approved)
    assert can_be_stopped(request) is can
    after = stopped(three(Sending(1, 0)))
    assert isinstance(after, Approved)
    assert not can_be_stopped(after)


# ---------------------------------------------------------------- who


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        pytest.param(on_call(CARL), Verdict.ALLOWED, id="an approver of either step"),
        pytest.param(standing(DANA), Verdict.ALLOWED, id="an approver of step 2"),
        pytest.param(standing(RIKA), Verdict.ALLOWED, id="the requester"),
        pytest.param(standing(CARL), Verdict.MAY_NOT_STOP, id="someone else"),
        pytest.param(standing(RIKA, ONCALL, kind=Kind.GUEST), Verdict.GUEST, id="a guest"),
        pytest.param(standing(BEA, ONCALL, kind=Kind.STRANGER), Verdict.STRANGER, id="a stranger"),
    ],
)
def test_who_may_stop(who: Standing, verdict: Verdict) -> None:
    """Any eligible approver of either step, or the requester, stops; nobody else."""
    assert may_stop(a_policy(), who, approved()) is verdict


@pytest.mark.parametrize(
    ("request_", "verdict"),
    [
        (None, Verdict.NO_SUCH_REQUEST),
        (submitted(), Verdict.NOT_APPROVED),
        (reviewed(), Verdict.NOT_APPROVED),
        (rejected(), Verdict.ALREADY_ENDED),
        (finished(TOLD_DELETED), Verdict.ALREADY_ENDED),
        (with_states(approved(), Deleted(Source.ANSWER, NOW)), Verdict.NOTHING_TO_STOP),
        (stopped(three(Sending(1, 0))), Verdict.NOTHING_TO_STOP),
    ],
)
def test_what_can_be_stopped(request_: Request | None, verdict: Verdict) -> None:
    """Only an approved request that nobody stopped, and of which something may still be sent."""
    assert may_stop(a_policy(), on_call(AMIR), request_) is verdict


# ---------------------------------------------------------------- the card


def _stops(request: Approved) -> bool:
    buttons: list[Any] = []
    for block in Cards().card(request).blocks:
        if block["type"] == "actions":
            buttons += cast(list[Any], block["elements"])
    assert all("confirm" not in button for button in buttons)
    return [button["action_id"] for button in buttons] == ["stop"]


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        pytest.param(approved(), False, id="one, sent at once"),
        pytest.param(approved(stop_window=timedelta(seconds=30)), True, id="one, in its window"),
        pytest.param(with_states(approved(), Waiting(1, 0, "HTTP 429")), True, id="one, held up"),
        pytest.param(with_states(approved(), Sending(1, 0)), False, id="one, being sent"),
        pytest.param(three(), True, id="several"),
        pytest.param(three(TOLD_DELETED, Sending(1, 0)), True, id="several, one waits"),
        pytest.param(three(TOLD_DELETED, TOLD_DELETED, Sending(1, 0)), False, id="several, none waits"),
        pytest.param(stopped(three(Waiting(1, 1, "lost"))), False, id="stopped"),
    ],
)
def test_the_button_is_there_while_there_is_time(request_: Approved, shown: bool) -> None:
    """A card has Stop, in one tap, while something waits that someone could still stop."""
    assert _stops(request_) is shown


def test_the_card_says_to_the_second_until_when() -> None:
    """In its window a card says from when on it is deleted, never a moment too late, and who can stop it."""
    request = approved(stop_window=timedelta(seconds=30.9))
    assert request.stop_until is not None
    card = Cards().card(request)
    assert when_exactly(request.stop_until) in str(card.blocks)
    assert "03:02:30 UTC" in card.text
    assert f"<@{RIKA.id}>, <!subteam^{ONCALL}>, <@{DANA.id}>" in str(card.blocks)
    assert card.text.startswith("About to delete")


def test_a_card_tells_that_a_stopped_item_is_only_read() -> None:
    """Nothing on the card of a stopped request says that something is tried again."""
    request = stopped(three(Waiting(1, 1, "no answer"), Unknown(1, 1, "no answer", NOW)))
    assert isinstance(request, Approved)
    text = Cards().card(request).text
    assert "Trying again" not in text
    assert f"stopped by <@{AMIR.id}> before it was sent" in text


def test_too_late_is_told_with_what_was_sent() -> None:
    """Who stops a request is told what was sent before, and only that."""
    told = Cards().stopped(three(TOLD_DELETED, Sending(1, 0)))
    assert [code in told for code in THREE] == [True, True, False]


# ---------------------------------------------------------------- typing


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        (CODE[-4:], Verdict.ALLOWED),
        (f" {CODE[-4:].lower()} ", Verdict.ALLOWED),
        (CODE[-3:], Verdict.WRONG_TEXT),
        (CODE, Verdict.WRONG_TEXT),
        ("", Verdict.WRONG_TEXT),
        (None, Verdict.NOT_TYPED),
    ],
)
def test_the_end_of_the_code_is_typed(typed: str | None, verdict: Verdict) -> None:
    """The final approval counts with the last four characters of the code, in capitals or not."""
    assert is_confirmed(a_policy(confirm_by_typing=True), reviewed(), typed) is verdict


def test_of_several_their_number_is_typed() -> None:
    """For several coupons it is how many they are that is typed."""
    several = reviewed(pending(THREE))
    assert confirmation(several) == "3"
    policy = a_policy(confirm_by_typing=True)
    assert is_confirmed(policy, several, "3") is Verdict.ALLOWED
    assert is_confirmed(policy, several, "4") is Verdict.WRONG_TEXT
    thousand = reviewed(replace(several, items=several.items[:1] * 1000))
    typed = [is_confirmed(policy, thousand, each) for each in ("1,000", "1000", "1,00")]
    assert typed == [Verdict.ALLOWED, Verdict.ALLOWED, Verdict.WRONG_TEXT]


def test_typing_is_asked_for_in_step_2_and_where_it_is_set() -> None:
    """Step 1 needs no typing, nor does step 2 by default; but what is typed has to be right."""
    policy = a_policy(confirm_by_typing=True)
    assert is_confirmed(policy, pending(), None) is Verdict.ALLOWED
    assert is_confirmed(a_policy(), reviewed(), None) is Verdict.ALLOWED
    assert is_confirmed(a_policy(), reviewed(), "no") is Verdict.WRONG_TEXT
