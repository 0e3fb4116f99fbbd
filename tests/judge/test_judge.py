"""The judge itself is proven here: each rule turns red on a history that breaks it, and no other does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.history import AMIR, BEA, CARL, CODE, DANA, LATER, OTHER_BOT, RIKA, History
from tests.judge.history import approved as after_approvals
from tests.judge.history import deleted as after_deletion
from tests.judge.history import frozen as after_freeze
from tests.judge.history import shown as after_card
from tests.judge.rules import Rule

DONE = "*Deleted.* Vivoldi said so, and the coupon no longer validates."
SETTLED = (
    "*Deleted, settled by reading.* No clear answer to the deletion came, and the coupon no longer validates."
)
UNKNOWN = "*Unknown.* No clear answer to the deletion came (“timeout”), and reading can't settle it."
REJECTED = f"<@{BEA}> rejected this request today; nothing was deleted."
FROZEN = (
    f"*Frozen* by <@{RIKA}> today: it no longer validates. Its expiry date was {LATER} and is now 2026-02-28."
)


def _ended(history: History, words: str = DONE) -> History:
    return history.card(f"{CODE}: {words}", title=f"Deleted: coupon {CODE}").reply(words)


def _rejected(history: History) -> History:
    """End a request without a deletion."""
    history = history.click(BEA, "reject").card(REJECTED, title=f"Rejected: delete coupon {CODE}")
    return history.says(f"<@{DANA}> asked to delete `{CODE}`. {REJECTED}")


GOOD = {
    "deleted": _ended(after_deletion()),
    "settled": _ended(after_approvals().read().delete(None).read(shown=False), SETTLED),
    "sent again": _ended(
        after_approvals().read().delete(None, works=False).read().delete().read(shown=False)
    ),
    "rejected": _rejected(after_card()),
    "frozen": _rejected(after_freeze().card(f"{CODE}: {FROZEN}", step=1)),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_went_well_is_well(name: str) -> None:
    """A true history has no finding."""
    assert not GOOD[name].judged().findings
    assert GOOD[name].judged().endings


def _unapproved() -> History:
    return _ended(after_card().click(AMIR).card(step=2, approved=[AMIR]).read().delete().read(shown=False))


def _one_person() -> History:
    twice = after_card().click(AMIR).card(step=2, approved=[AMIR]).click(AMIR)
    return _ended(twice.read().delete().read(shown=False))


def _by_the_requester() -> History:
    both = after_card().click(AMIR).card(step=2, approved=[AMIR]).group(AMIR, BEA, DANA).click(DANA)
    return _ended(both.read().delete().read(shown=False))


def _off_call() -> History:
    return _ended(after_approvals().group(AMIR, RIKA).read().delete().read(shown=False))


def _too_late() -> History:
    return _ended(after_approvals().wait(700).read().delete().read(shown=False))


FALSE: dict[str, tuple[Rule, History]] = {
    "one approval": (Rule.UNAPPROVED, _unapproved()),
    "one person": (Rule.UNAPPROVED, _one_person()),
    "by the requester": (Rule.UNAPPROVED, _by_the_requester()),
    "no longer eligible": (Rule.UNAPPROVED, _off_call()),
    "after execute-by": (Rule.UNAPPROVED, _too_late()),
    "stopped": (
        Rule.STOPPED,
        _ended(after_approvals().click(RIKA, "stop").read().delete().read(shown=False)),
    ),
    "a date nobody wants": (
        Rule.UNASKED,
        _rejected(after_card().read().freeze()),
    ),
    "a date by a stranger": (
        Rule.UNASKED,
        _rejected(after_card().click(CARL, "freeze").read().freeze()),
    ),
    "not read": (Rule.UNREAD, _ended(after_approvals().delete().read(shown=False))),
    "read by another": (
        Rule.UNREAD,
        _ended(after_approvals().read(bot=OTHER_BOT).delete().read(shown=False)),
    ),
    "read long ago": (
        Rule.UNREAD,
        _ended(after_approvals().read().wait(11).delete().read(shown=False)),
    ),
    "read without an answer": (
        Rule.UNREAD,
        _ended(after_approvals().read(answered=False).delete().read(shown=False)),
    ),
    "a date without a read": (Rule.UNREAD, _rejected(after_card().click(RIKA, "freeze").freeze())),
    "changed": (Rule.FOREIGN, _ended(after_approvals().change(disc=90).read().delete().read(shown=False))),
    "another one": (
        Rule.FOREIGN,
        _ended(after_approvals().change("deleted").coupon("uid-2").read().delete().read(shown=False)),
    ),
    "no longer shown": (
        Rule.FOREIGN,
        _ended(after_approvals().change(endYmd="2026-02-01").read(shown=False).delete().read(shown=False)),
    ),
    "a date for another": (
        Rule.FOREIGN,
        _rejected(after_card().click(RIKA, "freeze").change(disc=90).read().freeze()),
    ),
    "sent again": (
        Rule.RESENT,
        _ended(after_approvals().read().delete(1, works=False).read().delete().read(shown=False)),
    ),
    "a deletion that was not": (Rule.WRONG, _ended(after_approvals().read().delete(1, works=False), DONE)),
    "said to be unknown": (Rule.WRONG, _ended(after_deletion(), UNKNOWN)),
    "not deleted, and it is": (
        Rule.WRONG,
        _ended(after_deletion(), "*Not deleted: the time to do it ran out.* Ask again."),
    ),
    "frozen, and it is not": (
        Rule.WRONG,
        _rejected(
            after_card()
            .click(RIKA, "freeze")
            .read()
            .freeze(works=False)
            .read()
            .card(f"{CODE}: {FROZEN}", step=1)
        ),
    ),
    "told in two ways": (Rule.WRONG, _ended(after_deletion()).reply(SETTLED)),
    "untold": (Rule.UNTOLD, after_deletion().card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}")),
    "no card": (Rule.UNTOLD, History().coupon().command(f"{CODE}: the card appears here in a moment").read()),
    "late": (Rule.LATE, _ended(after_deletion().wait(300))),
    "live": (
        Rule.LIVE,
        after_deletion()
        .card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}", buttons=["approve"])
        .reply(DONE),
    ),
    "reminded": (
        Rule.NAGGED,
        _rejected(
            after_card()
            .says("still waits for step 1 of 2")
            .says("still waits for step 1 of 2")
            .says("still waits for step 1 of 2")
        ),
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_went_wrong_is_found(name: str) -> None:
    """A history that breaks a rule is found to break that rule."""
    rule, history = FALSE[name]
    assert history.found() == {rule}


def test_a_secret_is_found() -> None:
    """A secret in anything that people can read is one that got out (I8)."""
    history = _ended(after_deletion())
    history.secrets = ("no longer validates",)
    assert history.found() == {Rule.SECRET}


def test_every_rule_is_proven() -> None:
    """Each rule has a history that breaks it."""
    assert {rule for rule, _ in FALSE.values()} | {Rule.SECRET} == set(Rule)


@pytest.mark.parametrize("used", [{"disc": 90}, {"useCnt": 1}], ids=str)
def test_a_change_between_read_and_delete_is_excused(used: dict[str, Any]) -> None:
    """Vivoldi has no condition to send along with a DELETE: nobody sees what happens after the last read."""
    history = _ended(after_approvals().read().change(**used).delete().read(shown=False))
    assert not history.judged().findings


@pytest.mark.parametrize("seconds", [10, 15])
def test_a_late_delete_is_not_excused(seconds: float) -> None:
    """A bot that stood still after its read sends nothing, whatever has changed meanwhile."""
    late = after_approvals().read().wait(seconds).change(disc=90).delete().read(shown=False)
    assert Rule.UNREAD in _ended(late).found()
