"""What the judge once let through: false words and broken promises, each beside what is true."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.judge.history import AMIR, BEA, CODE, DANA, LATER, RIKA, History
from tests.judge.history import approved as after_approvals
from tests.judge.history import deleted as after_deletion
from tests.judge.history import frozen as after_freeze
from tests.judge.history import shown as after_card
from tests.judge.rules import Rule
from tests.judge.stories import (
    BEING,
    BY_OTHERS,
    DATE_REFUSED,
    DONE,
    FROZEN,
    MY_OWN,
    SECOND,
    UNKNOWN,
    ended,
    final,
    frozen_and_told,
    of_rejected,
    rejected,
)

ASKED = f"<@{DANA}> asked to delete `{CODE}`"
RAN_OUT = "*Not deleted: the time to do it ran out.*"
STILL_THERE = f"{RAN_OUT} An attempt before got no clear answer, and a read after it still showed the coupon."
HIDDEN_BEFORE = (
    "*Deleted.* Vivoldi said so. It did not validate before either, so reading it can't confirm more."
)
USED = "*Not frozen:* it was used before, so Vivoldi keeps its dates."
ALONE = f"<@{BEA}> rejected this request today; nothing was frozen, and nothing was deleted."
SAME = "*Created again.* Vivoldi said so, and it validates, with the approved facts."
OTHER = (
    "*Created again, but not as approved.* Vivoldi said that it was created, and the read showed other facts."
)
UNREAD = "*Created again.* Vivoldi said so, but could not be read afterwards to confirm it."
FOUND = (
    "*Created again, settled by reading.* No clear answer to the creation came, and a coupon with the"
    " approved facts validates under this code now."
)
LOST = "*Unknown.* No clear answer to the creation came (“timeout”)"
NEVER = f"{LOST}, and for a minute no read showed it: Vivoldi says “No.”."
UNREAD_LOST = f"{LOST}, and Vivoldi could not be read to find out."
ANOTHER = f"{LOST}, and another coupon than the approved one validates under this code: the discount."
ORIGINAL = f"{LOST}, and the very coupon of before validates, with its old creation time."
PASSED = f"*Not created: {LATER} has passed*, so it could not be used."
NOT_SO = "*Not created: what was kept of the coupon is not what was approved.* Ask again."
NOT_KEPT = f"Nothing is kept of a deleted coupon `{CODE}`, so nothing was done."
OVER = f"`{CODE}` ended on {LATER}: created again, it could not be used, so nothing was done."
NO_KEY = f"`{CODE}` can't be restored: none of the keys in `SNAPSHOT_KEYS` opens what is kept of it."


def _restoring() -> History:
    """Approve that a deleted coupon is created again."""
    card = {"ts": "2.0", "request": SECOND, "title": f"Restore coupon {CODE}?"}
    asked = ended(after_deletion()).card(step=1, **card).click(AMIR, "approve", "2.0", SECOND)
    approved = asked.card(step=2, approved=[AMIR], **card).click(BEA, "approve", "2.0", SECOND)
    return approved.read(shown=False)


def _created(code: int | None = 0) -> History:
    return _restoring().call("create", code, does="created")


def _restored(history: History, words: str) -> History:
    """Tell how a restoration ended."""
    headings = {
        SAME: "Restored",
        UNREAD: "Restored",
        OTHER: "Restored, but not as approved",
        FOUND: "Restored, settled by reading",
        PASSED: "Not restored",
        NOT_SO: "Not restored",
    }
    title = f"{headings.get(words, 'Unknown whether restored')}: coupon {CODE}"
    told = history.card(f"{CODE}: {words}", ts="2.0", request=SECOND, title=title)
    return told.says(f"<@{DANA}> asked to restore `{CODE}`; this is what happened:\n`{CODE}`: {words}", "2.0")


def _resent_in_vain() -> History:
    """Lose the answer to a DELETE that did nothing, see the coupon, and let the time run out."""
    return after_approvals().read().delete(None, works=False).read().wait(600)


def _interrupted(history: History) -> History:
    history.record.interrupt()
    return history


def _froze(history: History) -> History:
    """Note that a bot stood still since the beginning until a card is shown, and no longer."""
    history.record.interruptions.append((0, 1))
    return history


def _alone(history: History) -> History:
    """Reject a request for a freeze alone."""
    told = history.click(BEA, "reject").card(ALONE, title=f"Rejected: freeze coupon {CODE}")
    return told.says(f"<@{DANA}> asked to freeze `{CODE}`. {ALONE}")


def _two_live(history: History) -> History:
    two = history.card(step=1, ts="2.0", request=SECOND).card(step=1)
    return rejected(rejected(two), "2.0", SECOND)


TRUE = {
    "a freeze that runs again": rejected(
        after_card()
        .click(RIKA, "freeze")
        .read()
        .freeze(1, works=False)
        .card(f"{CODE}: {DATE_REFUSED}", step=1)
        .click(RIKA, "freeze")
        .card(f"{CODE}: {BEING}", step=1)
        .read()
        .freeze()
        .read(shown=False)
        .card(f"{CODE}: {FROZEN}", step=1)
    ),
    "still there": ended(_resent_in_vain(), STILL_THERE),
    "not validating before": ended(
        after_card()
        .click(AMIR)
        .card(step=2, approved=[AMIR])
        .click(RIKA, "freeze")
        .read()
        .freeze()
        .read(shown=False)
        .click(BEA)
        .wait(6)
        .read(shown=False)
        .delete(),
        HIDDEN_BEFORE,
    ),
    "nothing was frozen": _alone(after_card("Freeze")),
    "used before": rejected(
        History().coupon(useCnt=1).read().card(f"{CODE}: {USED}", step=1, title=f"Delete coupon {CODE}?")
    ),
    "restored as approved": _restored(_created().read(), SAME),
    "restored otherwise": _restored(_created().change(disc=90).read(), OTHER),
    "restored, not read": _restored(_created().read(answered=False), UNREAD),
    "restored, found": _restored(_created(None).read(), FOUND),
    "another was found": _restored(_created(None).change(disc=90).read(), ANOTHER),
    "never seen": _restored(_restoring().call("create", None).read(shown=False), NEVER),
    "lost and not read": _restored(_restoring().call("create", None).read(answered=False), UNREAD_LOST),
    "nothing is kept": rejected(
        after_card().change("deleted").read(shown=False).says(NOT_KEPT, None).coupon("uid-2")
    ),
    "cut short": ended(_interrupted(after_approvals().read().delete()).read(shown=False), UNKNOWN),
    "about to send": ended(_interrupted(after_approvals().read()).wait(12).read(), UNKNOWN),
    "drawn late": _two_live(_interrupted(after_card())),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_is_let_through(name: str) -> None:
    """A true history beside each false one: the judge is strict, and not more (I4)."""
    assert not TRUE[name].judged().findings


FALSE: dict[str, tuple[Rule, History]] = {
    # cards
    "a card that tells another end": (Rule.WRONG, final(after_deletion(), UNKNOWN).reply(DONE)),
    "a card that tells another end than its heading": (
        Rule.WRONG,
        after_deletion().card(f"{CODE}: {DONE}", title=f"Not deleted: coupon {CODE}").reply(DONE),
    ),
    "a card that tells no end": (
        Rule.WRONG,
        after_deletion()
        .card("*Approved.*", f"{CODE}: Waiting.", title=f"Deleting coupon {CODE}")
        .reply(DONE),
    ),
    "a heading that tells no end": (
        Rule.WRONG,
        after_deletion().card(f"{CODE}: {DONE}", title=f"Deleting coupon {CODE}").reply(DONE),
    ),
    "a heading of a freeze": (
        Rule.WRONG,
        rejected(
            frozen_and_told().card(f"{CODE}: {FROZEN}", step=1, title=f"Not frozen: coupon {CODE}"),
        ),
    ),
    # owners
    "whose fault, on a card": (
        Rule.OWNER,
        rejected(
            after_card()
            .click(RIKA, "freeze")
            .read()
            .call("update", None, status=503)
            .card(f"{CODE}: *Unknown whether frozen.* {MY_OWN}", step=1)
        ),
    ),
    # claims about deletions
    "still there, and nothing was sent": (Rule.WRONG, ended(after_approvals().wait(600), STILL_THERE)),
    "still there, and nobody looked": (
        Rule.WRONG,
        ended(after_approvals().read().delete(None, works=False).wait(600), STILL_THERE),
    ),
    "it did validate before": (Rule.WRONG, ended(after_deletion(), HIDDEN_BEFORE)),
    "nothing was frozen, and it was": (
        Rule.NOTHING,
        _alone(after_card("Freeze").click(RIKA, "freeze").read().freeze(1, works=False)),
    ),
    # several
    "unknown, and it is known": (
        Rule.PLURAL,
        ended(after_deletion()).says(f"{ASKED}: 1 unknown whether deleted."),
    ),
    "refused, and nothing was": (Rule.PLURAL, ended(after_deletion()).says("Not deleted (refused): 1 of 2.")),
    "not deleted, and it was": (Rule.PLURAL, ended(after_deletion()).says("1 deleted, 1 not deleted.")),
    "works, and it does not": (Rule.PLURAL, ended(after_deletion()).says("⚠️ Still works: 1 of 2.")),
    "not frozen, and it is": (
        Rule.PLURAL,
        rejected(frozen_and_told().says(f"Frozen: 1 of 2 · not frozen: 1.\n{DATE_REFUSED}")),
    ),
    "unfrozen, and it is not": (Rule.PLURAL, rejected(frozen_and_told().says("Unfrozen: 1 of 2."))),
    # freezes
    "being frozen, and it is over": (
        Rule.WRONG,
        rejected(frozen_and_told().card(f"{CODE}: {BEING}", step=1).card(f"{CODE}: {FROZEN}", step=1)),
    ),
    "being frozen in the end": (
        Rule.UNTOLD,
        of_rejected(rejected(after_freeze().card(f"{CODE}: {BEING}", step=1)), BEING),
    ),
    "used before, and it was not": (Rule.WRONG, rejected(after_card().card(f"{CODE}: {USED}", step=1))),
    # creations
    "as approved, and it is not": (Rule.WRONG, _restored(_created().change(disc=90).read(), SAME)),
    "not as approved, and it is": (Rule.WRONG, _restored(_created().read(), OTHER)),
    "not read, and it was": (Rule.WRONG, _restored(_created().read(), UNREAD)),
    "no answer came, and it did": (Rule.WRONG, _restored(_created().read(), FOUND)),
    "found, and it is another": (Rule.WRONG, _restored(_created(None).change(disc=90).read(), FOUND)),
    "another one, and it is the approved one": (Rule.WRONG, _restored(_created(None).read(), ANOTHER)),
    "the one of before, and it is not": (
        Rule.WRONG,
        _restored(_created(None).change(regYmdt="2026-03-01 03:00:00").read(), ORIGINAL),
    ),
    "never seen, and nobody looked": (Rule.WRONG, _restored(_restoring().call("create", None), NEVER)),
    "not read to find out, and it was": (
        Rule.WRONG,
        _restored(_restoring().call("create", None).read(shown=False), UNREAD_LOST),
    ),
    "its last day has not passed": (Rule.WRONG, _restored(_restoring(), PASSED)),
    "kept as it was": (Rule.WRONG, _restored(_restoring(), NOT_SO)),
    "kept, and told as not kept": (Rule.WRONG, ended(after_deletion()).says(NOT_KEPT, None)),
    "not over, and told as over": (Rule.WRONG, ended(after_deletion()).says(OVER, None)),
    "no key is lost": (Rule.WRONG, ended(after_deletion()).says(NO_KEY, None)),
    # interruptions
    "interrupted before, and unknown": (Rule.WRONG, _froze(ended(after_deletion(), UNKNOWN))),
    "interrupted before, and sent again": (
        Rule.RESENT,
        _froze(ended(after_approvals().read().delete(1, works=False).read().delete().read(shown=False))),
    ),
    "interrupted before, and two requests": (Rule.TWICE, _froze(_two_live(after_card()))),
    "interrupted before, and told nothing": (
        Rule.MUTE,
        _froze(rejected(after_card().card(f"{CODE}: 20 %", step=1).click(BEA, seen=-2))),
    ),
    # time
    "read five seconds ago": (
        Rule.UNREAD,
        ended(after_approvals().read().wait(4).delete().read(shown=False)),
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_is_found(name: str) -> None:
    """What the judge let through once is found now, as what it is."""
    rule, history = FALSE[name]
    assert history.found() == {rule}


def test_two_lies_in_a_row_are_excused() -> None:
    """Nobody can tell them from absence, so they are counted, and each by itself stays what it is (I4)."""
    for second, excused in (("code_nonzero_after", 1), (None, 0)):
        looked = after_approvals().call("read", 1, fault="code_nonzero_after").wait(6)
        judged = ended(looked.call("read", 1, fault=second), BY_OTHERS).judged()
        assert len(judged.excused) == excused
        assert {finding.rule for finding in judged.findings} == (set() if excused else {Rule.WRONG})


def test_no_key_is_lost_unless_someone_took_it() -> None:
    """What is kept can't be opened only if someone changed what is stored, or its keys."""
    history = ended(after_deletion()).says(NO_KEY, None)
    history.record.forged = True
    assert not history.judged().findings


def test_a_coupon_of_a_day_that_has_passed_is_not_created() -> None:
    """The last day is over in Vivoldi's own time zone, which may be half a day ahead."""
    history = ended(after_deletion()).wait(timedelta(days=92).total_seconds()).says(OVER, None)
    assert not history.judged().findings
