"""Whether what people were told is what could be observed: each claim that a sentence makes, by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.vivoldi.log import Event
from tests.chaos.evidence import Asked, Click, Evidence, Said
from tests.chaos.town import EXECUTE_WITHIN

# Faults by which Vivoldi itself says something that is not so.
LIES = ("code_nonzero_after", "success_without_effect")
_LOOKS_APART = timedelta(seconds=4.5)  # five, less what a call takes
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")


@dataclass(frozen=True)
class Told:
    """What was told of a code in a request, and what it has to be held against.

    words: the sentence. clicks, deadline, deletes: the request's. card_read: the read that its card shows.
    coupon: the one that it shows, if any. interrupted: whether any process was crashed or frozen. forged:
    whether someone changed what is stored.
    """

    seen: Evidence
    code: str
    words: str
    said: Said
    clicks: list[Click]
    deadline: datetime
    card_read: Asked
    coupon: Event | None
    deletes: list[Asked]
    interrupted: bool
    forged: bool

    def reads(self, since: int) -> list[Asked]:
        """Return the usable reads that came after a place in the journal and before it was told."""
        calls = self.seen.calls("read", self.code)
        return [r for r in calls if r.answered and since < r.index and r.finished < self.said.index]

    def unseen(self, since: int) -> bool:
        """Return whether a read did not show a coupon."""
        return any(not read.shown for read in self.reads(since))

    def showed(self, since: int, which: Callable[[Event], bool]) -> bool:
        """Return whether a read showed a coupon of that kind."""
        found = [self.seen.coupon(self.code, read.finished) for read in self.reads(since) if read.shown]
        return any(coupon is not None and which(coupon) for coupon in found)

    def is_mine(self, coupon: Event) -> bool:
        """Return whether a coupon is the one that was shown; where none was, any may be."""
        return self.coupon is None or coupon.uid == self.coupon.uid

    @property
    def ends(self) -> list[Event]:
        """The true deletions of a coupon under this code, by whomever, before it was told."""
        changes = [c for c in self.seen.changes if c.index < self.said.index]
        return [c.event for c in changes if (c.event.kind, c.event.code) == ("deleted", self.code)]

    @property
    def ours(self) -> list[Event]:
        """Those of them that this request's DELETEs did."""
        return [event for event in self.ends if event.call in {d.call.seq for d in self.deletes}]

    @property
    def lied(self) -> bool:
        """Whether Vivoldi answered a DELETE with the opposite of what it did."""
        return any(delete.call.fault in LIES for delete in self.deletes)

    @property
    def sent(self) -> int:
        """The place of the last DELETE, or of the card where there was none."""
        return max((delete.index for delete in self.deletes), default=self.card_read.finished)


def facts(event: Event) -> list[object]:
    """Return what a card shows of a coupon, but for the use count."""
    return [event.facts.get(name) for name in _SHOWN]


def but_end(event: Event) -> list[object]:
    """Return the same without the expiry date, which a freeze changes."""
    return [event.facts.get(name) for name in _SHOWN if name != "endYmd"]


def untrue(told: Told) -> str | None:
    """Return the claim that is not true; None: all of them are."""
    claims = [(claim, holds) for claim, holds in _CLAIMS if claim in told.words]
    if not claims:
        return f"no claim is known in: {told.words}"
    false = [claim for claim, holds in claims if not holds(told)]
    return f"“{false[0]}” is not so: {told.words}" if false else _contradicted(told)


def excuse(told: Told) -> str | None:
    """Return why something is rightly told although it looks wrong; None: nothing does."""
    if told.words.startswith("*Not deleted: Vivoldi refused") and told.ours and told.lied:
        # "What each answer to DELETE proves": a code other than 0 counts as refused, without a read.
        return "Vivoldi refused, and deleted all the same"
    return None


def _contradicted(told: Told) -> str | None:
    """Return what speaks against the ending itself."""
    if told.words.startswith(("*Deleted", "*Blocked", "*Unknown")) or not told.ours:
        return None
    return None if excuse(told) else f"it was deleted: {told.words}"


def answered_yes(told: Told) -> bool:
    """Return whether Vivoldi said that it was done."""
    return any(delete.shown for delete in told.deletes)


def _gone_by_answer(told: Told) -> bool:
    honest = told.coupon is None or told.lied or bool(told.ours)
    return answered_yes(told) and honest


def _confirmed_gone(told: Told) -> bool:
    return "Vivoldi said so" not in told.words or told.unseen(told.sent)


def _still_there(told: Told) -> bool:
    return answered_yes(told) and told.showed(told.sent, told.is_mine)


def _replaced(told: Told) -> bool:
    return told.showed(told.card_read.finished, lambda coupon: not told.is_mine(coupon))


def _settled(told: Told) -> bool:
    """Return whether a read after an unclear attempt showed another coupon, as table two of I2 wants it."""
    first = _first_attempt(told)
    return first is not None and told.showed(first, lambda coupon: not told.is_mine(coupon))


def _gone(told: Told) -> bool:
    """Return whether two looks after an unclear attempt, five seconds apart, did not show the coupon."""
    first = _first_attempt(told)
    unseen = [read.finished_at for read in told.reads(first or 0) if not read.shown]
    return first is not None and bool(unseen) and max(unseen) - min(unseen) >= _LOOKS_APART


def _first_attempt(told: Told) -> int | None:
    """Return the place of the first DELETE of what the card shows; None: nothing was sent, nor may have been.

    A process that died right before its DELETE leaves the same traces as one that died right after.
    """
    if told.coupon is None or not (told.deletes or told.interrupted):
        return None
    return told.deletes[0].index if told.deletes else told.card_read.finished


def _changed(told: Told) -> bool:
    before = told.coupon
    return before is not None and told.showed(
        told.card_read.finished, lambda coupon: facts(coupon) != facts(before) or not told.is_mine(coupon)
    )


def _appeared(told: Told) -> bool:
    return told.coupon is None and told.showed(told.card_read.finished, lambda _: True)


def is_unclear(told: Told) -> bool:
    """Return whether what was sent can have got no clear answer."""
    return told.interrupted or any(delete.proves_nothing for delete in told.deletes)


def ran_out(told: Told) -> bool:
    """Return whether execute-by had passed, or would have by a second look."""
    final = [click for click in told.clicks if _is(click, "approve") and "Step 2 of 2" in click.text]
    return any(told.said.at >= click.at + EXECUTE_WITHIN - timedelta(seconds=5) for click in final)


def lost_an_approver(told: Told) -> bool:
    """Return whether the approver who is named was off call at some time."""
    named = re.search(r"the approval by <@(\w+)>", told.words)
    assert named, told.words
    begin = min(click.at for click in told.clicks)
    return not told.seen.was_always_on_call(named[1], begin, told.said.at)


def read_refused(told: Told) -> bool:
    """Return whether Vivoldi refused to be read."""
    calls = told.seen.calls("read", told.code)
    return any(read.refused and not read.answered for read in calls if read.index < told.said.index)


def _unread(told: Told) -> bool:
    calls = told.seen.calls("read", told.code)
    return any(told.sent < read.index < told.said.index and not read.answered for read in calls)


def clicked(told: Told, action: str) -> bool:
    """Return whether whoever is named clicked on a button."""
    named = re.search(r"<@(\w+)> (?:rejected|cancelled) this request", told.words)
    return any(_is(click, action) and named is not None and click.user == named[1] for click in told.clicks)


def _was_stopped(told: Told) -> bool:
    named = re.search(r"stopped by <@(\w+)>", told.words)
    return any(_is(click, "stop") and named is not None and click.user == named[1] for click in told.clicks)


def _is(click: Click, action: str) -> bool:
    return click.action == action


# What a sentence claims, and whether it is so. Every ending makes at least one of these claims.
_CLAIMS: tuple[tuple[str, Callable[[Told], bool]], ...] = (
    ("Vivoldi said so", _gone_by_answer),
    ("and the coupon no longer validates", _confirmed_gone),
    ("could not be read afterwards", _unread),
    ("a coupon still validates under this code", _still_there),
    ("nother coupon, created since", _replaced),
    ("settled by reading", _settled),
    ("no longer works", _gone),
    ("*Unknown", is_unclear),
    ("Vivoldi refused.*", lambda told: any(delete.refused for delete in told.deletes)),
    ("Vivoldi refused to be read", read_refused),
    ("changed since it was shown", _changed),
    ("it is no longer frozen", lambda told: told.showed(told.card_read.finished, lambda _: True)),
    ("no longer shown", lambda told: told.unseen(told.card_read.finished)),
    ("changed since it was approved unseen", _appeared),
    ("the time to do it ran out", ran_out),
    ("stopped by", _was_stopped),
    ("no longer counts", lost_an_approver),
    ("are not for what is stored", lambda told: told.forged),
    ("rejected this request", lambda told: clicked(told, "reject")),
    ("cancelled this request", lambda told: clicked(told, "cancel")),
    ("without two approvals", lambda told: told.said.at >= told.deadline - timedelta(seconds=1)),
)
