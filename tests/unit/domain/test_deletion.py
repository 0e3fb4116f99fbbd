"""What happens to one coupon: the two tables of I2, row by row, and every transition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import (
    Difference,
    NotShown,
    Reading,
    Sameness,
    Shown,
    differences,
    sameness,
)
from bot.domain.item.absence import LOOKS_APART, Look, LookAgain
from bot.domain.item.answer import Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    ItemState,
    NotSent,
    NotSentReason,
    Refused,
    Send,
    Sending,
    Source,
    Unknown,
    Waiting,
    answered,
    check,
    confirm,
    give_up,
    is_final,
    lost,
    moved,
    not_sent,
    send,
    settle,
)
from tests.builders import NOW, UNSEEN, a_coupon, an_item, answered_at, later
from tests.strategies import readings

BEFORE = a_coupon()
SHOWN = Shown(BEFORE)
USED = Shown(a_coupon(use_count=1))
EDITED = Shown(a_coupon(ends_on="2026-12-31"))
RENAMED = (Difference("ends_on", "2025-12-31", "2026-12-31"),)
OTHER = Shown(a_coupon(created_at="2025-06-01 00:00:00"))
RECREATED = (Difference("created_at", "2024-11-17 17:29:25", "2025-06-01 00:00:00"),)
DATELESS = Shown(a_coupon(created_at=None))
NAMELESS = Shown(a_coupon(created_at=None, name="Another"))
LOST = Unknown(1, 1, "no answer in time", NOW)
REFUSED_AFTER = Unknown(2, 1, "no such coupon", NOW, refusal="no such coupon")
FINAL = Unknown(1, 1, "no answer in time", NOW, final=True)
AN_EARLIER = "an earlier attempt got no answer"


def looked_at(snapshot: Reading, seconds: float = 0) -> Item:
    """Return an item whose coupon a look did not show, so many seconds after NOW, and none did since."""
    return replace(an_item(snapshot), absent_since=later(seconds))


# ---------------------------------------------------------------- table one: the read before a DELETE


@pytest.mark.parametrize(
    ("snapshot", "reading", "then"),
    [
        pytest.param(SHOWN, SHOWN, Send(), id="shown, same facts: send"),
        pytest.param(SHOWN, USED, Send(), id="shown, only used meanwhile: send"),
        pytest.param(SHOWN, EDITED, Changed(RENAMED), id="shown, other facts: changed"),
        pytest.param(SHOWN, OTHER, Changed(RECREATED), id="shown, another coupon: changed"),
        pytest.param(SHOWN, UNSEEN, Changed(message=UNSEEN.message), id="shown, not valid: changed"),
        pytest.param(UNSEEN, UNSEEN, Send(), id="not shown, not valid: send"),
        pytest.param(UNSEEN, NotShown("in other words"), Send(), id="not shown, other message: send"),
        pytest.param(UNSEEN, SHOWN, Changed(), id="not shown, shown: changed"),
        pytest.param(DATELESS, DATELESS, Send(), id="no creation time, same facts: send"),
    ],
)
def test_only_what_was_approved_is_sent(snapshot: Reading, reading: Reading, then: Send | ItemState) -> None:
    """Each row of I2's first table decides what the read before a DELETE leads to, a second look."""
    assert check(looked_at(snapshot), Waiting(), answered_at(reading, later(9))) == then


@pytest.mark.parametrize(
    ("snapshot", "reading", "then"),
    [
        (SHOWN, SHOWN, Send()),
        (SHOWN, EDITED, Changed(RENAMED)),
        (SHOWN, OTHER, Deleted(Source.READING, later(9), Confirmation.REPLACED)),
        (SHOWN, UNSEEN, Gone(later(9), AN_EARLIER, UNSEEN.message)),
        (UNSEEN, UNSEEN, Unknown(3, 1, "an earlier attempt got no answer", later(9), final=True)),
        (UNSEEN, SHOWN, Unknown(3, 1, "an earlier attempt got no answer", later(9), final=True)),
    ],
)
def test_an_earlier_attempt_without_answer_is_settled_before_the_next(
    snapshot: Reading, reading: Reading, then: Send | ItemState
) -> None:
    """After an attempt that got no answer, the read before the next one also settles the earlier one (I3)."""
    assert check(looked_at(snapshot), Waiting(3, 1), answered_at(reading, later(9))) == then


@given(snapshot=readings(), reading=readings(), unanswered=st.integers(0, 2))
def test_drift_is_never_sent(snapshot: Reading, reading: Reading, unanswered: int) -> None:
    """Whatever is read, a DELETE follows only where it is what was shown, the use count left out (I2)."""
    if check(looked_at(snapshot), Waiting(unanswered, unanswered), answered_at(reading, later(9))) != Send():
        return
    match snapshot, reading:
        case Shown(before), Shown(after):
            assert not differences(before, after)
        case _:
            assert (type(snapshot), type(reading), unanswered) == (NotShown, NotShown, 0)


# ---------------------------------------------------------------- table two: the read after no answer


@pytest.mark.parametrize(
    ("snapshot", "reading", "then"),
    [
        pytest.param(SHOWN, SHOWN, Waiting(1, 1, "no answer in time"), id="same coupon: may be sent again"),
        pytest.param(SHOWN, USED, Waiting(1, 1, "no answer in time"), id="same coupon, used meanwhile"),
        pytest.param(
            SHOWN,
            UNSEEN,
            Gone(later(9), "no answer in time", UNSEEN.message),
            id="not valid: gone",
        ),
        pytest.param(
            SHOWN,
            OTHER,
            Deleted(Source.READING, later(9), Confirmation.REPLACED),
            id="another coupon: deleted",
        ),
        pytest.param(SHOWN, EDITED, Changed(RENAMED), id="same coupon, edited: neither sent nor deleted"),
        pytest.param(DATELESS, NAMELESS, FINAL, id="other facts, no creation time: can't be settled"),
        pytest.param(SHOWN, NAMELESS, FINAL, id="creation time lost: can't be settled"),
        pytest.param(UNSEEN, UNSEEN, FINAL, id="not shown, not valid: can't be settled"),
        pytest.param(UNSEEN, SHOWN, FINAL, id="not shown, shown: can't be settled"),
    ],
)
def test_a_read_settles_an_unknown_outcome(snapshot: Reading, reading: Reading, then: ItemState) -> None:
    """Each row of I2's second table decides what an unknown outcome becomes after a read."""
    assert settle(looked_at(snapshot), LOST, answered_at(reading, later(9))) == then


@pytest.mark.parametrize(
    ("reading", "then"),
    [
        (SHOWN, Refused("no such coupon")),
        (EDITED, Refused("no such coupon")),
        (UNSEEN, Gone(later(9), "no such coupon", UNSEEN.message, "no such coupon")),
        (OTHER, Deleted(Source.READING, later(9), Confirmation.REPLACED)),
    ],
)
def test_a_refusal_after_an_unknown_attempt_is_settled_by_reading(reading: Reading, then: ItemState) -> None:
    """A refusal that follows an attempt without answer counts only where the coupon is still there (I3)."""
    assert settle(looked_at(SHOWN), REFUSED_AFTER, answered_at(reading, later(9))) == then


@given(snapshot=readings(), reading=readings())
def test_a_read_never_says_more_than_it_shows(snapshot: Reading, reading: Reading) -> None:
    """After no answer, only the same coupon is sent again, and deleted is said if another is shown (I4)."""
    settled = settle(looked_at(snapshot), LOST, answered_at(reading, later(9)))
    if isinstance(settled, Waiting):
        assert isinstance(snapshot, Shown)
        assert isinstance(reading, Shown)
        assert not differences(snapshot.coupon, reading.coupon)
    if isinstance(settled, Deleted):
        assert isinstance(snapshot, Shown)
        assert isinstance(reading, Shown)
        assert sameness(snapshot.coupon, reading.coupon) is Sameness.OTHER
    if isinstance(settled, Gone):
        assert (type(snapshot), type(reading)) == (Shown, NotShown)


# ---------------------------------------------------------------- absence needs two looks


@pytest.mark.parametrize(
    ("item", "state"),
    [
        pytest.param(an_item(UNSEEN), Waiting(), id="a DELETE that rests on absence"),
        pytest.param(an_item(SHOWN), Waiting(), id="no longer shown, before its DELETE"),
        pytest.param(an_item(SHOWN), Waiting(1, 1), id="an attempt before got no answer"),
        pytest.param(an_item(SHOWN), LOST, id="no answer"),
        pytest.param(an_item(SHOWN), REFUSED_AFTER, id="refused after no answer"),
    ],
)
def test_one_look_that_does_not_show_it_ends_nothing(item: Item, state: Waiting | Unknown) -> None:
    """One odd read proves nothing: whatever rests on absence waits for a second look, 5 s after the first."""

    def look(before: float | None, at: float) -> object:
        looked = item if before is None else replace(item, absent_since=later(before))
        if isinstance(state, Waiting):
            return check(looked, state, answered_at(UNSEEN, later(at)))
        return settle(looked, state, answered_at(UNSEEN, later(at)))

    assert look(None, 9) == LookAgain(later(14))
    assert look(9, 13.9) == LookAgain(later(14))
    assert not isinstance(look(9, 14), LookAgain)
    assert timedelta(seconds=5) == LOOKS_APART


def test_a_slow_answer_is_no_second_look() -> None:
    """What was asked for right after the first look and answered late may have been read right after it."""
    item = replace(an_item(UNSEEN), absent_since=later(9))
    slow = Look(UNSEEN, later(9.1), later(19))
    assert check(item, Waiting(), slow) == LookAgain(later(14))
    assert check(item, Waiting(), replace(slow, asked=later(14))) == Send()


def test_a_look_from_before_a_lost_answer_says_nothing_of_it() -> None:
    """What was not shown before the DELETE was sent tells nothing of what the DELETE has done."""
    sent = replace(looked_at(SHOWN), state=Sending(1, 0))
    assert moved(sent, lost(Sending(1, 0), "killed", later(9)), later(9)).absent_since is None
    assert moved(sent, Waiting(1, 0, "HTTP 429"), later(9)).absent_since == NOW


def test_giving_up_keeps_what_is_known() -> None:
    """An outcome that no read can settle stays unknown for good, with all that was seen."""
    assert give_up(REFUSED_AFTER) == Unknown(
        2, 1, "no such coupon", NOW, refusal="no such coupon", final=True
    )


# ---------------------------------------------------------------- what was sent


def test_sending_counts_the_attempt() -> None:
    """What is stored before a DELETE counts it, and forgets no earlier attempt and no lost answer."""
    assert send(Waiting(2, 1, "busy")) == Sending(attempts=3, unanswered=1)


@pytest.mark.parametrize(
    ("sending", "answer", "then"),
    [
        (Sending(1, 0), Executed(), Deleted(Source.ANSWER, later(9))),
        (Sending(2, 1), Executed(), Deleted(Source.ANSWER, later(9))),
        (Sending(1, 0), RefusedAnswer("no"), Refused("no")),
        (Sending(2, 1), RefusedAnswer("no"), Unknown(2, 1, "no", later(9), refusal="no")),
        (Sending(1, 0), NotExecuted("busy", 3.0), Waiting(1, 0, "busy")),
        (Sending(2, 1), NotExecuted("busy"), Waiting(2, 1, "busy")),
        (Sending(1, 0), Unproven("HTTP 500"), Unknown(1, 1, "HTTP 500", later(9))),
        (Sending(2, 1), Unproven("HTTP 500"), Unknown(2, 2, "HTTP 500", later(9))),
    ],
)
def test_an_answer_is_taken_for_what_it_proves(sending: Sending, answer: Executed, then: ItemState) -> None:
    """An answer to DELETE leads where the vendor's table says, and what proves nothing is unknown (I4)."""
    assert answered(sending, answer, later(9)) == then


def test_a_lost_answer_is_unknown() -> None:
    """A DELETE whose answer will never be seen is an unknown outcome (I4)."""
    assert lost(Sending(1, 0), "killed", later(9)) == Unknown(1, 1, "killed", later(9))


@pytest.mark.parametrize(
    ("snapshot", "reading", "seen"),
    [
        (SHOWN, UNSEEN, Confirmation.GONE),
        (SHOWN, SHOWN, Confirmation.STILL_SHOWN),
        (SHOWN, EDITED, Confirmation.STILL_SHOWN),
        (SHOWN, NAMELESS, Confirmation.STILL_SHOWN),
        (SHOWN, OTHER, Confirmation.REPLACED),
        (UNSEEN, UNSEEN, Confirmation.UNSEEN),
        (UNSEEN, SHOWN, Confirmation.STILL_SHOWN),
        (SHOWN, None, Confirmation.UNREAD),
        (UNSEEN, None, Confirmation.UNREAD),
    ],
)
def test_a_deletion_is_told_with_what_the_read_after_it_showed(
    snapshot: Reading, reading: Reading | None, seen: Confirmation
) -> None:
    """The read after a deletion adds what it showed, and changes nothing else (I4)."""
    deleted = Deleted(Source.ANSWER, NOW)
    assert confirm(an_item(snapshot), deleted, reading) == Deleted(Source.ANSWER, NOW, seen)


def test_an_item_that_is_not_sent_says_what_stood_in_the_way() -> None:
    """An item that is not sent keeps its lost answers, and the last obstacle unless a newer is given."""
    waiting = Waiting(3, 2, "busy")
    assert not_sent(waiting, NotSentReason.TOO_LATE) == NotSent(NotSentReason.TOO_LATE, "busy", None, 2)
    assert not_sent(waiting, NotSentReason.APPROVER_LOST, "guest", "U1") == NotSent(
        NotSentReason.APPROVER_LOST, "guest", "U1", 2
    )


@pytest.mark.parametrize(
    ("state", "final"),
    [
        (Waiting(), False),
        (Sending(1, 0), False),
        (LOST, False),
        (FINAL, True),
        (Deleted(Source.ANSWER, NOW), False),
        (Deleted(Source.ANSWER, NOW, Confirmation.UNREAD), True),
        (Refused("no"), True),
        (Changed(), True),
        (Gone(NOW, "lost", "no"), True),
        (NotSent(NotSentReason.TOO_LATE), True),
    ],
)
def test_an_item_ends_with_its_outcome(state: ItemState, final: bool) -> None:
    """Work on an item goes on until it has an outcome that people can be told."""
    assert is_final(state) is final
