"""Whether what people were told of a deletion is what could be observed: each claim by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.vivoldi.log import Event
from tests.judge import coupons, sentences
from tests.judge.coupons import facts
from tests.judge.record import Terms
from tests.judge.seen import Asked, Click, Evidence, Said
from tests.judge.sentences import OF_A_DELETION, OF_AN_END, Claim


@dataclass(frozen=True)
class Told:
    """What was told of a code in a request, and what it has to be held against.

    words: the sentence. clicks, deadline, sent: the request's; sent is what changes coupons. since: the place
    of what its card shows. coupon: the one that it shows, if any. forged: whether someone changed what is
    stored. switched: whether the database was switched to another server. cut_short: whether a process was
    crashed, or stood still, before it did more than to make this call, and before it was told.
    """

    seen: Evidence
    terms: Terms
    code: str
    words: str
    said: Said
    clicks: list[Click]
    deadline: datetime
    since: int
    coupon: Event | None
    sent: list[Asked]
    forged: bool
    switched: bool
    cut_short: Callable[[Asked], bool]

    def reads(self, since: int) -> list[Asked]:
        """Return the usable reads that came after a place in the record and before it was told."""
        calls = self.seen.calls("read", self.code)
        return [r for r in calls if r.answered and since < r.index and r.finished < self.said.index]

    def unseen(self, since: int) -> bool:
        """Return whether a read did not show a coupon."""
        return any(not read.shown for read in self.reads(since))

    def showed(self, since: int, which: Callable[[Event], bool] = lambda _: True) -> bool:
        """Return whether a read showed a coupon of that kind."""
        found = [self.seen.coupon(self.code, read.finished) for read in self.reads(since) if read.shown]
        return any(coupon is not None and which(coupon) for coupon in found)

    def is_mine(self, coupon: Event) -> bool:
        """Return whether a coupon is the one that was shown; where none was, any may be."""
        return self.coupon is None or coupon.uid == self.coupon.uid

    @property
    def ours(self) -> list[Event]:
        """The true changes that this request's calls made before it was told."""
        calls = {sent.call.seq for sent in self.sent}
        return [c.event for c in self.seen.changes if c.event.call in calls and c.index < self.said.index]

    @property
    def is_cut_short(self) -> bool:
        """Whether a process was crashed, or stood still, when it had sent it, or was about to."""
        approvals = [click.index for click in self.clicks if click.action == "approve"]
        reads = self.seen.calls("read", self.code)
        about_to = [r for r in reads if max(approvals, default=self.since) < r.index < self.said.index]
        return any(self.cut_short(call) for call in [*self.sent, *about_to])

    @property
    def lied(self) -> bool:
        """Whether Vivoldi answered what was sent with the opposite of what it did."""
        return coupons.lied(self.sent)

    @property
    def first_sent(self) -> int:
        """The place of the first that was sent, or of the card where nothing was."""
        return self.sent[0].index if self.sent else self.since

    @property
    def last_sent(self) -> int:
        """The place of the last that was sent, or of the card where nothing was."""
        return max((sent.index for sent in self.sent), default=self.since)


Holds = Mapping[Claim, Callable[[Told], bool]]


def untrue(told: Told) -> str | None:
    """Return the claim about a deletion that is not true; None: all of them are."""
    return false_claim(told, OF_A_DELETION, _HOLDS) or _contradicted(told)


def untrue_end(told: Told) -> str | None:
    """Return what is not true of how a request for a freeze alone ended; None: all of it is."""
    claims = sentences.claims(OF_A_DELETION, told.words)
    false = [words for words, claim in claims if claim in OF_AN_END and not _HOLDS[claim](told)]
    return f"“{false[0]}” is not so: {told.words}" if false else None


def false_claim(told: Told, table: sentences.Table, holds: Holds) -> str | None:
    """Return the first claim of a sentence that is not true; None: all of them are."""
    claims = sentences.claims(table, told.words)
    if not claims:
        return f"no claim is known in: {told.words}"
    false = [words for words, claim in claims if not holds[claim](told)]
    return f"“{false[0]}” is not so: {told.words}" if false else None


def excuse(told: Told) -> str | None:
    """Return why something is rightly told although it looks wrong; None: nothing does."""
    claims = {claim for _, claim in sentences.claims(OF_A_DELETION, told.words)}
    # "What each answer to DELETE proves": a code other than 0 counts as refused, without a read.
    is_so = Claim.REFUSED in claims and told.ours and told.lied
    return "Vivoldi refused, and deleted all the same" if is_so else None


def _contradicted(told: Told) -> str | None:
    """Return what speaks against the ending itself."""
    if sentences.kind_of(told.words) in ("deleted", "unknown", "gone") or not told.ours:
        return None
    return None if excuse(told) else f"it was deleted: {told.words}"


# ---------------------------------------------------------------- claims that creations make as well


def answered_yes(told: Told) -> bool:
    """Return whether Vivoldi said that it was done."""
    return any(sent.shown for sent in told.sent)


def has_yes(told: Told) -> bool:
    """Return whether Vivoldi said that it was done, and whoever had asked lived to see that."""
    return any(sent.shown and not told.cut_short(sent) for sent in told.sent)


def is_unclear(told: Told) -> bool:
    """Return whether what was sent can have got no clear answer."""
    return told.is_cut_short or any(sent.proves_nothing for sent in told.sent)


def was_refused(told: Told) -> bool:
    """Return whether Vivoldi refused what was sent."""
    return any(sent.refused for sent in told.sent)


def ran_out(told: Told) -> bool:
    """Return whether execute-by had passed."""
    final = [c for c in told.clicks if c.action == "approve" and sentences.step_of(c.text) == 2]
    return any(told.said.at >= click.at + told.terms.execute_within for click in final)


def lost_an_approver(told: Told) -> bool:
    """Return whether the approver who is named was not eligible at some time."""
    named = sentences.named_approver(told.words)
    begin = min(click.at for click in told.clicks)
    either = told.terms.first & told.terms.final or told.terms.first | told.terms.final
    return named is not None and not told.seen.always_counted(named, either, begin, told.said.at)


def read_refused(told: Told) -> bool:
    """Return whether Vivoldi refused to be read."""
    calls = told.seen.calls("read", told.code)
    return any(read.refused and not read.answered for read in calls if read.index < told.said.index)


def was_stopped(told: Told) -> bool:
    """Return whether the person who is named had stopped it."""
    return _clicked(told, "stop", sentences.stopper(told.words))


def was_forged(told: Told) -> bool:
    """Return whether someone had changed what is stored."""
    return told.forged


def was_switched(told: Told) -> bool:
    """Return whether the database was switched to another server."""
    return told.switched


def was_rejected(told: Told) -> bool:
    """Return whether the person who is named had rejected it."""
    return _clicked(told, "reject", sentences.decider(told.words))


def was_cancelled(told: Told) -> bool:
    """Return whether the person who is named had cancelled it."""
    return _clicked(told, "cancel", sentences.decider(told.words))


def timed_out(told: Told) -> bool:
    """Return whether the time for two approvals was over."""
    return told.said.at >= told.deadline - timedelta(seconds=2)


def _no_answer(told: Told) -> bool:
    """Return whether Vivoldi answered nothing that a process could have lived to see."""
    return not any(sent.answered and not told.cut_short(sent) for sent in told.sent)


def _clicked(told: Told, action: str, named: str | None) -> bool:
    return any(click.action == action and click.user == named for click in told.clicks)


# ---------------------------------------------------------------- claims about deletions


def _gone_by_answer(told: Told) -> bool:
    honest = told.coupon is None or told.lied or bool(told.ours)
    return answered_yes(told) and honest


def _confirmed_gone(told: Told) -> bool:
    said_so = any(claim is Claim.SAID_SO for _, claim in sentences.claims(OF_A_DELETION, told.words))
    return not said_so or told.unseen(told.last_sent)


def replaced(told: Told) -> bool:
    """Return whether a read showed another coupon under the number."""
    return told.showed(told.since, lambda coupon: not told.is_mine(coupon))


def _settled(told: Told) -> bool:
    """Return whether only reads could settle it; what they have to show is judged by the name of the end."""
    return told.coupon is not None and is_unclear(told) and not has_yes(told)


def _is_gone(told: Told) -> bool:
    """Return whether a read after an unclear attempt did not show it."""
    # A process that died right before its DELETE leaves the same traces as one that died right after.
    return _settled(told) and told.unseen(told.first_sent)


def _still_there(told: Told) -> bool:
    """Return whether a read showed it after an attempt that may have been sent, and got no clear answer."""
    lost = [sent.index for sent in told.sent if sent.proves_nothing or told.cut_short(sent)]
    since = min(lost) if lost else told.since
    return (bool(lost) or told.is_cut_short) and told.showed(since, told.is_mine)


def _unseen_before(told: Told) -> bool:
    """Return whether it was not shown on the card, or a date that freezes it had been set since."""
    dates = [date for date in told.seen.calls("update", told.code) if told.since < date.index]
    return told.coupon is None or any(date.index < told.said.index and date.shown for date in dates)


def _changed(told: Told) -> bool:
    before = told.coupon
    return before is not None and told.showed(
        told.since, lambda coupon: facts(coupon) != facts(before) or not told.is_mine(coupon)
    )


def _unread(told: Told) -> bool:
    calls = told.seen.calls("read", told.code)
    return any(told.last_sent < read.index < told.said.index and not read.answered for read in calls)


def _was_by_others(told: Told) -> bool:
    """Return whether no date of a freeze can be why a coupon that was shown is not: none that was sent."""
    dates = [date for date in told.seen.calls("update", told.code) if told.since < date.index]
    return all(date.refused for date in dates if date.index < told.said.index)


_HOLDS: Holds = {
    Claim.SAID_SO: _gone_by_answer,
    Claim.CONFIRMED: _confirmed_gone,
    Claim.UNREAD_AFTER: _unread,
    Claim.STILL_SHOWN: lambda told: answered_yes(told) and told.showed(told.last_sent, told.is_mine),
    Claim.REPLACED: replaced,
    Claim.SETTLED: _settled,
    Claim.UNKNOWN: is_unclear,
    Claim.REFUSED: was_refused,
    Claim.READ_REFUSED: read_refused,
    Claim.CHANGED: _changed,
    Claim.THAWED: lambda told: told.showed(told.since),
    Claim.NOT_SHOWN: lambda told: told.unseen(told.since),
    Claim.BY_OTHERS: _was_by_others,
    Claim.APPEARED: lambda told: told.coupon is None and told.showed(told.since),
    Claim.TOO_LATE: ran_out,
    Claim.STOPPED: was_stopped,
    Claim.APPROVER_LOST: lost_an_approver,
    Claim.FORGED: was_forged,
    Claim.SWITCHED: was_switched,
    Claim.REJECTED: was_rejected,
    Claim.CANCELLED: was_cancelled,
    Claim.TIMED_OUT: timed_out,
    Claim.NO_ANSWER: _no_answer,
    Claim.NO_YES: lambda told: not has_yes(told),
    Claim.REFUSED_LATER: lambda told: is_unclear(told) and was_refused(told),
    Claim.GONE: _is_gone,
    Claim.STILL_THERE: _still_there,
    Claim.UNSEEN_BEFORE: _unseen_before,
    Claim.STILL_WORKS: lambda told: told.showed(told.since),
}
