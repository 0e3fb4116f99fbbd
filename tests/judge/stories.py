"""Made-up stories that the judge is proven by: each goes on from one in `history`, and tells how it ended."""

from __future__ import annotations

from collections.abc import Iterable

from tests.judge.history import AMIR, BEA, CODE, DANA, LATER, RIKA, History
from tests.judge.history import approved as after_approvals
from tests.judge.history import deleted as after_deletion
from tests.judge.history import frozen as after_freeze
from tests.judge.history import shown as after_card

FIRST, SECOND = "CG-0000000001", "CG-0000000002"
SAID_SO = "*Deleted.* Vivoldi said so."
DONE = "*Deleted.* Vivoldi said so, and the coupon no longer validates."
REPLACED = (
    "*Deleted, settled by reading.* No answer said so, but another coupon, created since, stands under the"
    " same code now; it was not touched."
)
GONE = (
    "*Blocked: it no longer works.* No answer came, so whether it was deleted or used up is not known."
    " Vivoldi says “No.”."
)
SWITCHED = "*Unknown: the database was switched to another server after the approval.* Look in the dashboard."
UNKNOWN = "*Unknown.* No clear answer to the deletion came (“timeout”), and reading can't settle it."
STILL_WORKS = (
    f"*Still works: {CODE}.* Vivoldi answered that it was deleted, yet the read right afterwards showed that"
    " a coupon still validates under this code."
)
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
MY_OWN = "I ran into an error of my own each time, which I don't know."
RAN_OUT = "This request ran out today"
BY_OTHERS = "*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed."
NOT_UNFROZEN = f"*Not unfrozen: it does not validate*, although Vivoldi took the expiry date {LATER}."
NOT_VALID = "*Created again, but it does not validate.* Vivoldi said that it was created."
UNFROZEN = f"*Unfrozen* by <@{AMIR}> today: it validates again, until {LATER}."


# How a card is headed whose words about its coupon begin so.
_HEADINGS = {
    "*Deleted.*": "Deleted",
    "*Deleted, settled by reading": "Deleted (settled by reading)",
    "*Still works": "⚠️ Still works",
    "*Blocked": "Blocked (deleted or used up)",
    "*Unknown": "Unknown whether deleted",
    "*Not deleted: no longer": "Not deleted (changed)",
    "*Not deleted: the time": "Not deleted",
}


def final(history: History, words: str, buttons: Iterable[str] = ()) -> History:
    """Show the card of a deletion that has ended in these words."""
    heading = next(heading for begin, heading in _HEADINGS.items() if words.startswith(begin))
    target = CODE if "works" in heading else f"coupon {CODE}"
    return history.card(f"{CODE}: {words}", title=f"{heading}: {target}", buttons=buttons)


def ended(history: History, words: str = DONE) -> History:
    return final(history, words).reply(words)


def of_rejected(history: History, words: str) -> History:
    """Show the card of a rejected request, with these words about the freeze of its coupon."""
    return history.card(REJECTED, f"{CODE}: {words}", title=f"Rejected: delete coupon {CODE}")


def rejected(history: History, ts: str = "1.0", request: str = FIRST) -> History:
    """End a request without a deletion."""
    history = history.click(BEA, "reject", ts, request)
    history = history.card(REJECTED, ts=ts, request=request, title=f"Rejected: delete coupon {CODE}")
    return history.says(f"<@{DANA}> asked to delete `{CODE}`. {REJECTED}", thread=ts)


def lost() -> History:
    """Lose the answer to the DELETE, which did its work."""
    return after_approvals().read().delete(None)


def remade() -> History:
    return lost().coupon("uid-2").read()


def gone() -> History:
    return lost().read(shown=False).wait(6).read(shown=False)


def frozen_and_told() -> History:
    return after_freeze().card(f"{CODE}: {FROZEN}", step=1)


def sent_hidden(wait: float, *, held_back: bool = False) -> History:
    """Delete what a freeze hides, so many seconds after it was first seen to be hidden.

    held_back: whether Vivoldi has too many calls at first, and it is sent again after a look.
    """
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze().read(shown=False).click(BEA)
    hidden = hidden.wait(wait).read(shown=False)
    if held_back:
        hidden = hidden.call("delete", None, status=429).wait(2).read(shown=False)
    return ended(hidden.delete(), SAID_SO)


def overtaken(words: str) -> History:
    """Let the final approval overtake a freeze, which a card then tells in these words."""
    asked = after_card().click(RIKA, "freeze").click(AMIR).card(step=2, approved=[AMIR]).click(BEA)
    told = asked.card(f"{CODE}: {words}", approved=[AMIR, BEA])
    return ended(told.read().delete().read(shown=False))


def refused_later(words: str) -> History:
    """Lose the answer to a DELETE that is carried out late, and have the next one refused."""
    lost = after_approvals().read().delete(None, works=False).read()
    late = lost.change("deleted").delete(1, works=False)
    return ended(late.read(shown=False).wait(6).read(shown=False), words)


def ran_out() -> History:
    """Let a freeze alone run out whose date Vivoldi refused."""
    refused = after_card("Freeze").click(RIKA, "freeze").read().freeze(1, works=False)
    card = refused.card(f"{CODE}: {DATE_REFUSED}", step=1, title=f"Not frozen: coupon {CODE}").wait(1800)
    told = f"{RAN_OUT}; nothing was deleted."
    return card.card(told, f"{CODE}: {DATE_REFUSED}", title=f"Not frozen: coupon {CODE}").says(
        f"<@{DANA}> asked to freeze `{CODE}`. {told}\n`{CODE}`: {DATE_REFUSED}"
    )


def unfreezable(why: str) -> History:
    """Refuse a freeze alone of a coupon without an expiry date, for a reason."""
    asked = History().coupon(endYmd=None).command(f"{CODE}: the card appears here in a moment").read()
    return asked.says(f"`{CODE}` can't be frozen: {why}. Nothing was done.", None)


def reminded(history: History) -> History:
    return rejected(
        history.says(f"freezing `{CODE}` still waits for one of you. Freeze or reject on the card above.")
    )


def deleted_after_a_freeze() -> History:
    """Freeze a coupon, reject its request, and delete it with a later one."""
    later = rejected(frozen_and_told()).read(shown=False).wait(6)
    title, ts = f"Delete coupon {CODE}?", "2.0"
    later = later.card(step=1, ts=ts, request=SECOND).click(AMIR, "approve", ts, SECOND)
    later = later.card(step=2, approved=[AMIR], ts=ts, request=SECOND, title=title)
    later = later.click(BEA, "approve", ts, SECOND).card("*Approved.*", ts=ts, request=SECOND)
    later = later.read(shown=False).wait(6).read(shown=False).delete()
    later = later.card(f"{CODE}: {SAID_SO}", ts=ts, request=SECOND, title=f"Deleted: coupon {CODE}")
    return later.reply(SAID_SO, ts)


def hidden_unanswered() -> History:
    """Freeze without an answer, approve, and see twice that the coupon is not shown."""
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze(None).click(BEA)
    return hidden.read(shown=False).wait(6).read(shown=False)


def frozen_unknown() -> History:
    """Freeze, and lose the answer to the DELETE, which did nothing."""
    second = after_card().click(AMIR).card(step=2, approved=[AMIR])
    hidden = second.click(RIKA, "freeze").read().freeze().read(shown=False).click(BEA)
    return hidden.wait(6).read(shown=False).delete(None, works=False).read(shown=False)


def set_back() -> History:
    unfrozen = rejected(frozen_and_told()).click(AMIR, "unfreeze")
    return unfrozen.read(shown=False).unfreeze()


def restored(looks: int) -> History:
    """Create a deleted coupon again, and tell after so many looks that it does not validate."""
    gone = ended(after_deletion())
    second = gone.card(step=1, ts="2.0", request=SECOND, title=f"Restore coupon {CODE}?").click(
        AMIR, "approve", "2.0", SECOND
    )
    second = second.card(
        step=2, approved=[AMIR], ts="2.0", request=SECOND, title=f"Restore coupon {CODE}?"
    ).click(BEA, "approve", "2.0", SECOND)
    created = second.read(shown=False).call("create", 0, does="created")
    for _ in range(looks):
        created = created.read(shown=False).wait(6)
    heading = f"Restored, but not validating: coupon {CODE}"
    created = created.card(f"{CODE}: {NOT_VALID}", ts="2.0", request=SECOND, title=heading)
    return created.says(f"<@{DANA}> asked to restore `{CODE}`; this happened:\n`{CODE}`: {NOT_VALID}", "2.0")


def stale(*told: bool) -> History:
    """Bea clicks twice on what has changed since she saw it; told: whether she is told so each time."""
    history = after_card().card(f"{CODE}: 20 %", step=1)
    for number, is_told in enumerate(told):
        history = history.click(BEA, seen=-2)
        if is_told:
            history = history.says("The card has changed since you saw it.", None, BEA)
        history = history.card(f"{CODE}: 3{number} %", step=1)
    return rejected(history)


def switched(words: str) -> History:
    """The DELETE of a server that is gone is known to Vivoldi alone."""
    gone = after_approvals().read().delete().read(shown=False).wait(6).read(shown=False)
    history = ended(gone, words)
    history.record.switched = True
    return history


def stuck() -> History:
    return after_card().redraw().wait(10).redraw()


def unapproved() -> History:
    return ended(after_card().click(AMIR).card(step=2, approved=[AMIR]).read().delete().read(shown=False))


def one_person() -> History:
    twice = after_card().click(AMIR).card(step=2, approved=[AMIR]).click(AMIR)
    return ended(twice.read().delete().read(shown=False))


def by_the_requester() -> History:
    both = after_card().click(AMIR).card(step=2, approved=[AMIR]).group(AMIR, BEA, DANA).click(DANA)
    return ended(both.read().delete().read(shown=False))


def off_call() -> History:
    return ended(after_approvals().group(AMIR, RIKA).wait(10).read().delete().read(shown=False))


def too_late() -> History:
    return ended(after_approvals().wait(600).read().delete().read(shown=False))
