"""The judge itself is proven here: each rule turns red on a history that breaks it, and no other does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.history import AMIR, CARL, CODE, DANA, LATER, OTHER_BOT, RIKA, YESTERDAY, History
from tests.judge.history import approved as after_approvals
from tests.judge.history import deleted as after_deletion
from tests.judge.history import frozen as after_freeze
from tests.judge.history import shown as after_card
from tests.judge.rules import Rule
from tests.judge.stories import (
    ALONE,
    APPROVED_FIRST,
    BEING,
    BY_OTHERS,
    DATE_REFUSED,
    DONE,
    ENDED_FIRST,
    FROZEN,
    GONE,
    MY_OWN,
    NOT_UNFROZEN,
    REFUSED_LATER,
    REJECTED,
    REPLACED,
    SAID_SO,
    SECOND,
    STILL_WORKS,
    SWITCHED,
    UNFROZEN,
    UNKNOWN,
    by_the_requester,
    deleted_after_a_freeze,
    ended,
    final,
    frozen_and_told,
    frozen_unknown,
    gone,
    hidden_unanswered,
    lost,
    of_rejected,
    off_call,
    one_person,
    overtaken,
    ran_out,
    refused_later,
    rejected,
    remade,
    reminded,
    restored,
    sent_hidden,
    set_back,
    stale,
    stuck,
    switched,
    too_late,
    unapproved,
    unfreezable,
)

GOOD = {
    "not valid": restored(2),
    "a card that took its place": rejected(stuck().card(step=1, ts="2.0").wait(20).redraw(), "2.0"),
    "a card that could be changed again": rejected(stuck().redraw(None).wait(20).redraw()),
    "a card that Slack had no time for": rejected(
        after_card().redraw("ratelimited").wait(20).redraw("ratelimited").wait(20).redraw("ratelimited")
    ),
    "deleted": ended(after_deletion()),
    "replaced": ended(remade(), REPLACED),
    "gone": ended(gone(), GONE),
    "sent again": ended(after_approvals().read().delete(None, works=False).read().delete().read(shown=False)),
    "rejected": rejected(after_card()),
    "after a switch of servers": switched(SWITCHED),
    "told of each change of the card": stale(True, True),
    "frozen": rejected(frozen_and_told()),
    "frozen, then deleted": sent_hidden(6),
    "frozen, then deleted at the second go": sent_hidden(6, held_back=True),
    "overtaken": overtaken(APPROVED_FIRST),
    "refused later": refused_later(REFUSED_LATER),
    "a freeze that was refused ran out": ran_out(),
    "no expiry date": unfreezable("it has no expiry date to go back to"),
    "reminded of a freeze": reminded(after_card("Freeze")),
    "hidden, whyever": ended(hidden_unanswered(), "*Not deleted: no longer shown.* Ask for it unseen."),
    "a way back": final(ended(frozen_unknown(), UNKNOWN), UNKNOWN, ["unfreeze"]),
    "frozen, then deleted by another": deleted_after_a_freeze().card(
        REJECTED,
        f"{CODE}: *No longer frozen: request {SECOND} deleted it.*",
        title=f"Rejected: delete coupon {CODE}",
    ),
    "set back": of_rejected(set_back().read(), UNFROZEN),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_went_well_is_well(name: str) -> None:
    """A true history has no finding."""
    assert not GOOD[name].judged().findings
    assert GOOD[name].judged().endings


FALSE: dict[str, tuple[Rule, History]] = {
    "one approval": (Rule.UNAPPROVED, unapproved()),
    "one person": (Rule.UNAPPROVED, one_person()),
    "by the requester": (Rule.UNAPPROVED, by_the_requester()),
    "no longer eligible": (Rule.UNAPPROVED, off_call()),
    "after execute-by": (Rule.UNAPPROVED, too_late()),
    "stopped": (
        Rule.STOPPED,
        ended(after_approvals().click(RIKA, "stop").read().delete().read(shown=False)),
    ),
    "a date nobody wants": (
        Rule.UNASKED,
        rejected(after_card().read().freeze()),
    ),
    "a date by a stranger": (
        Rule.UNASKED,
        rejected(after_card().click(CARL, "freeze").read().freeze()),
    ),
    "not read": (Rule.UNREAD, ended(after_approvals().delete().read(shown=False))),
    "read by another": (
        Rule.UNREAD,
        ended(after_approvals().read(bot=OTHER_BOT).delete().read(shown=False)),
    ),
    "read long ago": (
        Rule.UNREAD,
        ended(after_approvals().read().wait(11).delete().read(shown=False)),
    ),
    "read without an answer": (
        Rule.UNREAD,
        ended(after_approvals().read(answered=False).delete().read(shown=False)),
    ),
    "a date without a read": (Rule.UNREAD, rejected(after_card().click(RIKA, "freeze").freeze())),
    "changed": (Rule.FOREIGN, ended(after_approvals().change(disc=90).read().delete().read(shown=False))),
    "another one": (
        Rule.FOREIGN,
        ended(after_approvals().change("deleted").coupon("uid-2").read().delete().read(shown=False)),
    ),
    "no longer shown": (
        Rule.FOREIGN,
        ended(
            after_approvals()
            .change(endYmd="2026-02-01")
            .read(shown=False)
            .wait(6)
            .read(shown=False)
            .delete(),
            SAID_SO,
        ),
    ),
    "a date for another": (
        Rule.FOREIGN,
        rejected(after_card().click(RIKA, "freeze").change(disc=90).read().freeze()),
    ),
    "sent again": (
        Rule.RESENT,
        ended(after_approvals().read().delete(1, works=False).read().delete().read(shown=False)),
    ),
    "confirmed, and nobody looked": (Rule.WRONG, ended(after_approvals().read().delete())),
    "said to be unknown": (Rule.WRONG, ended(after_deletion(), UNKNOWN)),
    "not deleted, and it is": (
        Rule.WRONG,
        ended(after_deletion(), "*Not deleted: the time to do it ran out.* Ask again."),
    ),
    "frozen, and still shown": (
        Rule.WRONG,
        rejected(after_card().click(RIKA, "freeze").read().freeze().card(f"{CODE}: {FROZEN}", step=1)),
    ),
    "blocked, and it works": (
        Rule.WRONG,
        ended(
            after_approvals().read().delete(None, works=False).read(shown=False).wait(6).read(shown=False),
            GONE,
        ),
    ),
    "told in two ways": (Rule.WRONG, ended(after_deletion()).reply(SAID_SO)),
    "untold": (Rule.UNTOLD, after_deletion().card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}")),
    "no card": (Rule.UNTOLD, History().coupon().command(f"{CODE}: the card appears here in a moment").read()),
    "late": (Rule.LATE, ended(after_deletion().wait(300))),
    "by whom it is hidden": (Rule.WRONG, ended(hidden_unanswered(), BY_OTHERS)),
    "no way back": (Rule.PROMISE, ended(frozen_unknown(), UNKNOWN)),
    "live": (
        Rule.LIVE,
        after_deletion()
        .card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}", buttons=["approve"])
        .reply(DONE),
    ),
    "stuck": (Rule.STUCK, rejected(after_card().redraw().wait(10).redraw().wait(20).redraw())),
    "two requests": (
        Rule.TWICE,
        rejected(rejected(after_card().card(step=1, ts="2.0", request=SECOND).card(step=1)), "2.0", SECOND),
    ),
    "told, and nobody was": (
        Rule.AUDITED,
        ended(after_deletion().audit("outcome.told").wait(5)).audit("delete.sending"),
    ),
    "sent, and not in the audit": (Rule.AUDITED, ended(after_deletion()).audit("outcome.told")),
    "overtaken, and told as ended": (Rule.WRONG, overtaken(ENDED_FIRST)),
    "no answer came, and one did": (Rule.WRONG, refused_later(GONE)),
    "another reason": (Rule.WRONG, unfreezable("it was used before, so Vivoldi keeps its dates")),
    "frozen, and valid today": (
        Rule.WRONG,
        rejected(after_freeze().card(f"{CODE}: {FROZEN} :warning: *Check first:* valid today.", step=1)),
    ),
    "a freeze of which nobody hears": (
        Rule.UNTOLD,
        rejected(after_freeze().card(f"{CODE}: {BEING}", step=1)).says(
            f"<@{DANA}> asked to delete `{CODE}`. {REJECTED}\n`{CODE}`: {BEING}"
        ),
    ),
    "reminded of what is frozen": (Rule.PLURAL, reminded(frozen_and_told())),
    "reminded of no button": (Rule.PROMISE, reminded(after_card().card(step=1, buttons=["reject"]))),
    "not frozen, and no reason": (
        Rule.PLURAL,
        rejected(frozen_and_told().says(f"Frozen: 1 of 2 · not frozen: 1.\n`{CODE}`: {FROZEN}")),
    ),
    "one of two is frozen": (
        Rule.PLURAL,
        rejected(frozen_and_told().card(f"{CODE}: {FROZEN}", step=1, title=f"Frozen: 2 coupons, {CODE}")),
    ),
    "a freeze alone that did nothing": (
        Rule.PLURAL,
        after_card("Freeze")
        .click(RIKA, "freeze")
        .read()
        .freeze(1, works=False)
        .card(ALONE, f"{CODE}: {DATE_REFUSED}", title=f"Not frozen: coupon {CODE}")
        .says(f"<@{DANA}> asked to freeze `{CODE}`. {ALONE}"),
    ),
    "deleted after one look": (Rule.GLANCE, sent_hidden(0)),
    "gone after one look": (Rule.GLANCE, ended(lost().read(shown=False), GONE)),
    "gone after two quick looks": (
        Rule.GLANCE,
        ended(lost().read(shown=False).read(shown=False), GONE),
    ),
    "not unfrozen after one look": (
        Rule.GLANCE,
        of_rejected(set_back().read(shown=False), NOT_UNFROZEN),
    ),
    "an undoing refused after one look": (
        Rule.GLANCE,
        of_rejected(
            rejected(frozen_and_told())
            .click(AMIR, "unfreeze")
            .read(shown=False)
            .call("update", None, does="updated", end=LATER, endYmd=LATER)
            .read(shown=False)
            .call("update", 1, end=LATER)
            .read(shown=False),
            f"*Not unfrozen: Vivoldi refused* the expiry date {LATER}. Busy.",
        ),
    ),
    "not valid after one look": (Rule.GLANCE, restored(1)),
    "deleted, and Vivoldi never said so": (
        Rule.NAMED,
        ended(gone(), "*Deleted, settled by reading.* Vivoldi no longer shows the coupon."),
    ),
    "frozen, and no answer said so": (
        Rule.NAMED,
        rejected(
            after_card()
            .click(RIKA, "freeze")
            .read()
            .freeze(None)
            .read(shown=False)
            .card(f"{CODE}: {FROZEN}", step=1)
        ),
    ),
    "frozen, with another date": (
        Rule.NAMED,
        rejected(after_freeze().card(f"{CODE}: {FROZEN.replace(YESTERDAY, '2026-02-27')}", step=1)),
    ),
    "nothing was set back, and it was": (
        Rule.NOTHING,
        of_rejected(
            set_back().change(disc=90).read(),
            "*Not unfrozen: someone changed it meanwhile.* Nothing was set back.",
        ),
    ),
    "nothing was changed, and it was": (
        Rule.NOTHING,
        rejected(frozen_and_told().says("Nothing was changed.")),
    ),
    "an older request sets back": (
        Rule.UNDONE,
        rejected(
            rejected(frozen_and_told())
            .card(step=1, ts="2.0", request=SECOND)
            .click(AMIR, "unfreeze")
            .read(shown=False)
            .unfreeze(),
            "2.0",
            SECOND,
        ),
    ),
    "set back after its own deletion": (
        Rule.UNDONE,
        deleted_after_a_freeze().coupon("uid-2").click(AMIR, "unfreeze").read(shown=False).unfreeze(),
    ),
    "another one is unfrozen": (
        Rule.UNDONE,
        of_rejected(set_back().change("deleted").coupon("uid-2").read(), UNFROZEN),
    ),
    "a way back that is none": (
        Rule.PROMISE,
        rejected(History().coupon(endYmd="2028-01-31").read().card("Unfreeze sets it back.", step=1)),
    ),
    "whose fault": (
        Rule.OWNER,
        rejected(after_card().call("read", None, status=503).says(f"`{CODE}`: {MY_OWN}")),
    ),
    "no alarm": (
        Rule.ALARM,
        ended(
            after_approvals().read().delete(works=False).read(),
            STILL_WORKS,
        ),
    ),
    "not deleted, after a switch of servers": (
        Rule.WRONG,
        switched("*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed."),
    ),
    "a second change of the card": (Rule.MUTE, stale(True, False)),
    "reminded": (
        Rule.NAGGED,
        rejected(
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
    history = ended(after_deletion())
    history.secrets = ("no longer validates",)
    assert history.found() == {Rule.SECRET}


def test_every_rule_is_proven() -> None:
    """Each rule has a history that breaks it."""
    assert {rule for rule, _ in FALSE.values()} | {Rule.SECRET} == set(Rule)


@pytest.mark.parametrize("used", [{"disc": 90}, {"useCnt": 1}], ids=str)
def test_a_change_between_read_and_delete_is_excused(used: dict[str, Any]) -> None:
    """Vivoldi has no condition to send along with a DELETE: nobody sees what happens after the last read."""
    history = ended(after_approvals().read().change(**used).delete().read(shown=False))
    assert not history.judged().findings


@pytest.mark.parametrize("seconds", [10, 15])
def test_a_late_delete_is_not_excused(seconds: float) -> None:
    """A bot that stood still after its read sends nothing, whatever has changed meanwhile."""
    late = after_approvals().read().wait(seconds).change(disc=90).delete().read(shown=False)
    assert Rule.UNREAD in ended(late).found()
