"""The judge itself is proven here: each rule turns red on a history that breaks it, and no other does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.history import AMIR, BEA, CARL, CODE, DANA, LATER, OTHER_BOT, RIKA, YESTERDAY, History
from tests.judge.history import approved as after_approvals
from tests.judge.history import deleted as after_deletion
from tests.judge.history import frozen as after_freeze
from tests.judge.history import shown as after_card
from tests.judge.rules import Rule

FIRST, SECOND = "CG-0000000001", "CG-0000000002"
SAID_SO = "*Deleted.* Vivoldi said so."
DONE = "*Deleted.* Vivoldi said so, and the coupon no longer validates."
REPLACED = (
    "*Deleted, settled by reading.* No clear answer to the deletion came, and another coupon, created since,"
    " stands under the same code now; it was not touched."
)
GONE = f"*Gone.* {CODE} no longer works. No answer came, so whether it was deleted or used up is not known."
SWITCHED = "*Unknown: the database was switched to another server after the approval.* Look in the dashboard."
UNKNOWN = "*Unknown.* No clear answer to the deletion came (“timeout”), and reading can't settle it."
REJECTED = f"<@{BEA}> rejected this request today; nothing was deleted."
ALONE = "The freeze was all that was asked for; it was finished today."
FROZEN = (
    f"*Frozen* by <@{RIKA}> today: it no longer validates. Its expiry date was {LATER} and is now 2026-02-28."
)


ENDED_FIRST = "*Not frozen:* the request ended before."
APPROVED_FIRST = "*Not frozen:* the deletion was approved first."
BEING = f"*Being frozen*, since <@{RIKA}> asked for it: its expiry date is set to yesterday."
DATE_REFUSED = "*Not frozen: Vivoldi refused.* It is locked."
REFUSED_LATER = (
    "*Blocked: it no longer works.* One attempt got no answer, and a later one was refused. Vivoldi says:"
    " “No.” So whether it was deleted or used up is not known."
)
RAN_OUT = "This request ran out today"
BY_OTHERS = "*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed."
NOT_UNFROZEN = f"*Not unfrozen: it does not validate*, although Vivoldi took the expiry date {LATER}."
NOT_VALID = "*Created again, but it does not validate.* Vivoldi said that it was created."
UNFROZEN = f"*Unfrozen* by <@{AMIR}> today: it validates again, until {LATER}."


def _ended(history: History, words: str = DONE) -> History:
    return history.card(f"{CODE}: {words}", title=f"Deleted: coupon {CODE}").reply(words)


def _rejected(history: History, ts: str = "1.0", request: str = FIRST) -> History:
    """End a request without a deletion."""
    history = history.click(BEA, "reject", ts, request)
    history = history.card(REJECTED, ts=ts, request=request, title=f"Rejected: delete coupon {CODE}")
    return history.says(f"<@{DANA}> asked to delete `{CODE}`. {REJECTED}", thread=ts)


def _lost() -> History:
    """Lose the answer to the DELETE, which did its work."""
    return after_approvals().read().delete(None)


def _remade() -> History:
    return _lost().coupon("uid-2").read()


def _gone() -> History:
    return _lost().read(shown=False).wait(6).read(shown=False)


def _frozen_and_told() -> History:
    return after_freeze().card(f"{CODE}: {FROZEN}", step=1)


def _sent_hidden(wait: float, *, held_back: bool = False) -> History:
    """Delete what a freeze hides, so many seconds after it was first seen to be hidden.

    held_back: whether Vivoldi has too many calls at first, and it is sent again after a look.
    """
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze().read(shown=False).click(BEA)
    hidden = hidden.wait(wait).read(shown=False)
    if held_back:
        hidden = hidden.call("delete", None, status=429).wait(2).read(shown=False)
    return _ended(hidden.delete(), SAID_SO)


def _overtaken(words: str) -> History:
    """Let the final approval overtake a freeze, which a card then tells in these words."""
    asked = after_card().click(RIKA, "freeze").click(AMIR).card(step=2, approved=[AMIR]).click(BEA)
    told = asked.card(f"{CODE}: {words}", approved=[AMIR, BEA])
    return _ended(told.read().delete().read(shown=False))


def _refused_later(words: str) -> History:
    """Lose the answer to a DELETE that is carried out late, and have the next one refused."""
    lost = after_approvals().read().delete(None, works=False).read()
    late = lost.change("deleted").delete(1, works=False)
    return _ended(late.read(shown=False).wait(6).read(shown=False), words)


def _ran_out(words: str) -> History:
    """Let a freeze alone run out whose date Vivoldi refused."""
    refused = after_card("Freeze").click(RIKA, "freeze").read().freeze(1, works=False)
    card = refused.card(f"{CODE}: {DATE_REFUSED}", step=1, title=f"Not frozen: coupon {CODE}").wait(1800)
    told = f"{RAN_OUT}{words}; nothing was deleted."
    return card.card(told, f"{CODE}: {DATE_REFUSED}", title=f"Not frozen: coupon {CODE}").says(
        f"<@{DANA}> asked to freeze `{CODE}`. {told}\n`{CODE}`: {DATE_REFUSED}"
    )


def _unfreezable(why: str) -> History:
    """Refuse a freeze alone of a coupon without an expiry date, for a reason."""
    asked = History().coupon(endYmd=None).command(f"{CODE}: the card appears here in a moment").read()
    return asked.says(f"`{CODE}` can't be frozen: {why}. Nothing was done.", None)


def _reminded(history: History) -> History:
    return _rejected(history.says(f"`{CODE}` still waits to be frozen. Freeze or reject on the card above."))


def _deleted_after_a_freeze() -> History:
    """Freeze a coupon, reject its request, and delete it with a later one."""
    later = _rejected(_frozen_and_told()).read(shown=False).wait(6)
    title, ts = f"Delete coupon {CODE}?", "2.0"
    later = later.card(step=1, ts=ts, request=SECOND).click(AMIR, "approve", ts, SECOND)
    later = later.card(step=2, approved=[AMIR], ts=ts, request=SECOND, title=title)
    later = later.click(BEA, "approve", ts, SECOND).card("*Approved.*", ts=ts, request=SECOND)
    later = later.read(shown=False).wait(6).read(shown=False).delete()
    later = later.card(f"{CODE}: {SAID_SO}", ts=ts, request=SECOND, title=f"Deleted: coupon {CODE}")
    return later.reply(SAID_SO, ts)


def _hidden_unanswered() -> History:
    """Freeze without an answer, approve, and see twice that the coupon is not shown."""
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze(None).click(BEA)
    return hidden.read(shown=False).wait(6).read(shown=False)


def _frozen_unknown() -> History:
    """Freeze, and lose the answer to the DELETE, which did nothing."""
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze().read(shown=False).click(BEA)
    return hidden.wait(6).read(shown=False).delete(None, works=False).read(shown=False)


def _set_back() -> History:
    rejected = _rejected(_frozen_and_told()).click(AMIR, "unfreeze")
    return rejected.read(shown=False).unfreeze()


def _restored(looks: int) -> History:
    """Create a deleted coupon again, and tell after so many looks that it does not validate."""
    gone = _ended(after_deletion())
    second = gone.card(step=1, ts="2.0", request=SECOND, title=f"Restore coupon {CODE}?").click(
        AMIR, "approve", "2.0", SECOND
    )
    second = second.card(
        step=2, approved=[AMIR], ts="2.0", request=SECOND, title=f"Restore coupon {CODE}?"
    ).click(BEA, "approve", "2.0", SECOND)
    created = second.read(shown=False).call("create", 0, does="created")
    for _ in range(looks):
        created = created.read(shown=False).wait(6)
    created = created.card(NOT_VALID, ts="2.0", request=SECOND, title=f"Restored: coupon {CODE}")
    return created.says(f"<@{DANA}> asked to restore `{CODE}`; this happened:\n`{CODE}`: {NOT_VALID}", "2.0")


def _stale(*told: bool) -> History:
    """Bea clicks twice on what has changed since she saw it; told: whether she is told so each time."""
    history = after_card().card(f"{CODE}: 20 %", step=1)
    for number, is_told in enumerate(told):
        history = history.click(BEA, seen=-2)
        if is_told:
            history = history.says("The card has changed since you saw it.", None, BEA)
        history = history.card(f"{CODE}: 3{number} %", step=1)
    return _rejected(history)


def _switched(words: str) -> History:
    """The DELETE of a server that is gone is known to Vivoldi alone."""
    gone = after_approvals().read().delete().read(shown=False).wait(6).read(shown=False)
    history = _ended(gone, words)
    history.record.switched = True
    return history


def _stuck() -> History:
    return after_card().redraw().wait(10).redraw()


GOOD = {
    "not valid": _restored(2),
    "a card that took its place": _rejected(_stuck().card(step=1, ts="2.0").wait(20).redraw(), "2.0"),
    "a card that could be changed again": _rejected(_stuck().redraw(None).wait(20).redraw()),
    "a card that Slack had no time for": _rejected(
        after_card().redraw("ratelimited").wait(20).redraw("ratelimited").wait(20).redraw("ratelimited")
    ),
    "deleted": _ended(after_deletion()),
    "replaced": _ended(_remade(), REPLACED),
    "gone": _ended(_gone(), GONE),
    "sent again": _ended(
        after_approvals().read().delete(None, works=False).read().delete().read(shown=False)
    ),
    "rejected": _rejected(after_card()),
    "after a switch of servers": _switched(SWITCHED),
    "told of each change of the card": _stale(True, True),
    "frozen": _rejected(_frozen_and_told()),
    "frozen, then deleted": _sent_hidden(6),
    "frozen, then deleted at the second go": _sent_hidden(6, held_back=True),
    "overtaken": _overtaken(APPROVED_FIRST),
    "refused later": _refused_later(REFUSED_LATER),
    "a freeze that was refused ran out": _ran_out(""),
    "no expiry date": _unfreezable("it has no expiry date to go back to"),
    "reminded of a freeze": _reminded(after_card("Freeze")),
    "hidden, whyever": _ended(_hidden_unanswered(), "*Not deleted: no longer shown.* Ask for it unseen."),
    "a way back": _ended(_frozen_unknown(), UNKNOWN).card(f"{CODE}: {UNKNOWN}", buttons=["unfreeze"]),
    "frozen, then deleted by another": _deleted_after_a_freeze().card(
        REJECTED,
        f"{CODE}: *No longer frozen: request {SECOND} deleted it.*",
        title=f"Rejected: delete coupon {CODE}",
    ),
    "set back": _set_back().read().card(f"{CODE}: {UNFROZEN}"),
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
    return _ended(after_approvals().group(AMIR, RIKA).wait(10).read().delete().read(shown=False))


def _too_late() -> History:
    return _ended(after_approvals().wait(600).read().delete().read(shown=False))


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
        _ended(
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
        _rejected(after_card().click(RIKA, "freeze").change(disc=90).read().freeze()),
    ),
    "sent again": (
        Rule.RESENT,
        _ended(after_approvals().read().delete(1, works=False).read().delete().read(shown=False)),
    ),
    "confirmed, and nobody looked": (Rule.WRONG, _ended(after_approvals().read().delete())),
    "said to be unknown": (Rule.WRONG, _ended(after_deletion(), UNKNOWN)),
    "not deleted, and it is": (
        Rule.WRONG,
        _ended(after_deletion(), "*Not deleted: the time to do it ran out.* Ask again."),
    ),
    "frozen, and still shown": (
        Rule.WRONG,
        _rejected(after_card().click(RIKA, "freeze").read().freeze().card(f"{CODE}: {FROZEN}", step=1)),
    ),
    "blocked, and it works": (
        Rule.WRONG,
        _ended(
            after_approvals().read().delete(None, works=False).read(shown=False).wait(6).read(shown=False),
            GONE,
        ),
    ),
    "told in two ways": (Rule.WRONG, _ended(after_deletion()).reply(SAID_SO)),
    "untold": (Rule.UNTOLD, after_deletion().card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}")),
    "no card": (Rule.UNTOLD, History().coupon().command(f"{CODE}: the card appears here in a moment").read()),
    "late": (Rule.LATE, _ended(after_deletion().wait(300))),
    "by whom it is hidden": (Rule.WRONG, _ended(_hidden_unanswered(), BY_OTHERS)),
    "no way back": (Rule.PROMISE, _ended(_frozen_unknown(), UNKNOWN)),
    "live": (
        Rule.LIVE,
        after_deletion()
        .card(f"{CODE}: {DONE}", title=f"Deleted: coupon {CODE}", buttons=["approve"])
        .reply(DONE),
    ),
    "stuck": (Rule.STUCK, _rejected(after_card().redraw().wait(10).redraw().wait(20).redraw())),
    "two requests": (
        Rule.TWICE,
        _rejected(_rejected(after_card().card(step=1, ts="2.0", request=SECOND).card(step=1)), "2.0", SECOND),
    ),
    "told, and nobody was": (
        Rule.AUDITED,
        _ended(after_deletion().audit("outcome.told").wait(5)).audit("delete.sending"),
    ),
    "sent, and not in the audit": (Rule.AUDITED, _ended(after_deletion()).audit("outcome.told")),
    "overtaken, and told as ended": (Rule.WRONG, _overtaken(ENDED_FIRST)),
    "no answer came, and one did": (Rule.WRONG, _refused_later(GONE)),
    "without the approval, and it was given": (
        Rule.WRONG,
        _ran_out(" without the approval that it needs"),
    ),
    "another reason": (Rule.WRONG, _unfreezable("it was used before, so Vivoldi keeps its dates")),
    "frozen, and valid today": (
        Rule.WRONG,
        _rejected(after_freeze().card(f"{CODE}: {FROZEN} :warning: *Check first:* valid today.", step=1)),
    ),
    "a freeze of which nobody hears": (
        Rule.UNTOLD,
        _rejected(after_freeze().card(f"{CODE}: {BEING}", step=1)).says(
            f"<@{DANA}> asked to delete `{CODE}`. {REJECTED}\n`{CODE}`: {BEING}"
        ),
    ),
    "reminded of what is frozen": (Rule.PLURAL, _reminded(_frozen_and_told())),
    "reminded of no button": (Rule.PROMISE, _reminded(after_card().card(step=1, buttons=["reject"]))),
    "not frozen, and no reason": (
        Rule.PLURAL,
        _rejected(_frozen_and_told().says(f"Frozen: 1 of 2 · not frozen: 1.\n`{CODE}`: {FROZEN}")),
    ),
    "one of two is frozen": (
        Rule.PLURAL,
        _rejected(_frozen_and_told().card(f"{CODE}: {FROZEN}", step=1, title=f"Frozen: 2 coupons, {CODE}")),
    ),
    "a freeze alone that did nothing": (
        Rule.PLURAL,
        after_card("Freeze").card(ALONE).says(f"<@{DANA}> asked to freeze `{CODE}`. {ALONE}"),
    ),
    "deleted after one look": (Rule.GLANCE, _sent_hidden(0)),
    "gone after one look": (Rule.GLANCE, _ended(_lost().read(shown=False), GONE)),
    "gone after two quick looks": (
        Rule.GLANCE,
        _ended(_lost().read(shown=False).read(shown=False), GONE),
    ),
    "not unfrozen after one look": (
        Rule.GLANCE,
        _set_back().read(shown=False).card(f"{CODE}: {NOT_UNFROZEN}"),
    ),
    "an undoing refused after one look": (
        Rule.GLANCE,
        _rejected(_frozen_and_told())
        .click(AMIR, "unfreeze")
        .read(shown=False)
        .call("update", None, does="updated", end=LATER, endYmd=LATER)
        .read(shown=False)
        .call("update", 1, end=LATER)
        .read(shown=False)
        .card(f"{CODE}: *Not unfrozen: Vivoldi refused* the expiry date {LATER}. Busy."),
    ),
    "not valid after one look": (Rule.GLANCE, _restored(1)),
    "deleted, and Vivoldi never said so": (
        Rule.NAMED,
        _ended(_gone(), "*Deleted, settled by reading.* Vivoldi no longer shows the coupon."),
    ),
    "frozen, and no answer said so": (
        Rule.NAMED,
        _rejected(
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
        _rejected(after_freeze().card(f"{CODE}: {FROZEN.replace(YESTERDAY, '2026-02-27')}", step=1)),
    ),
    "nothing was set back, and it was": (
        Rule.NOTHING,
        _set_back()
        .change(disc=90)
        .read()
        .card(f"{CODE}: *Not unfrozen: someone changed it meanwhile.* Nothing was set back."),
    ),
    "nothing was changed, and it was": (
        Rule.NOTHING,
        _rejected(_frozen_and_told().says("Nothing was changed.")),
    ),
    "an older request sets back": (
        Rule.UNDONE,
        _rejected(
            _rejected(_frozen_and_told())
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
        _deleted_after_a_freeze().coupon("uid-2").click(AMIR, "unfreeze").read(shown=False).unfreeze(),
    ),
    "another one is unfrozen": (
        Rule.UNDONE,
        _set_back().change("deleted").coupon("uid-2").read().card(f"{CODE}: {UNFROZEN}"),
    ),
    "a way back that is none": (
        Rule.PROMISE,
        _rejected(History().coupon(endYmd="2028-01-31").read().card("Unfreeze sets it back.", step=1)),
    ),
    "whose fault": (
        Rule.OWNER,
        _rejected(after_card().call("read", None, status=503).says(f"`{CODE}`: it went wrong on my side")),
    ),
    "no alarm": (
        Rule.ALARM,
        _ended(
            after_approvals().read().delete(works=False).read(),
            "*Deleted, but a coupon still validates under this code.* Vivoldi answered that it was deleted.",
        ),
    ),
    "not deleted, after a switch of servers": (
        Rule.WRONG,
        _switched("*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed."),
    ),
    "a second change of the card": (Rule.MUTE, _stale(True, False)),
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
