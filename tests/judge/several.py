"""C1: what is said of several coupons at once is true of each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.judge import coupons, headings
from tests.judge.case import Case
from tests.judge.headings import Short
from tests.judge.rules import Rule
from tests.judge.seen import Asked, Change, Text


@dataclass(frozen=True)
class Stand:
    """How one coupon stood when something was said of it. code: its own. calls: about it, by then.

    own: the calls since the first card of the request.
    """

    case: Case
    code: str
    text: Text

    @property
    def calls(self) -> list[Asked]:
        """All that was sent about it by then."""
        return [a for a in self.case.seen.asked if a.call.code == self.code and a.index < self.text.index]

    def sent(self, kind: str) -> list[Asked]:
        """Return what was sent of a kind since the request's first card."""
        begin = self.case.begin(self.text.request) if self.text.request else 0
        return [call for call in self.calls if call.call.kind == kind and call.index > begin]

    @property
    def reads(self) -> list[Asked]:
        """The reads that were answered by then."""
        return [read for read in self.calls if read.call.kind == "read" and read.answered]

    @property
    def changes(self) -> list[Change]:
        """What truly happened to it by then."""
        changes = self.case.seen.changes
        return [c for c in changes if c.event.code == self.code and c.index < self.text.index]

    def shown_since(self, calls: Sequence[Asked]) -> bool:
        """Return whether a read showed it after the last of these calls."""
        return bool(calls) and any(read.shown for read in self.reads if read.index > calls[-1].index)

    def clicked(self, action: str) -> bool:
        """Return whether someone clicked on such a button of the request's card."""
        clicks = self.case.clicks(self.text.request, self.text.index)
        return any(click.action == action for click in clicks)


def judge_counts(case: Case, text: Text, about: Sequence[str]) -> None:
    """A number is not larger than that of the coupons which it is true of."""
    for count in headings.counts(text.text):
        true = [code for code in about if _IS[count.short](Stand(case, code, text))]
        if count.number > len(true):
            what = f"“{count.words}”, but it is {len(true)} of {len(about)}"
            case.find(Rule.PLURAL, about[0], what, text.index)


def was_frozen(stand: Stand) -> bool:
    """Return whether the bot had set a date that has passed by the time of a text, and it was so."""
    calls = {date.call.seq for date in stand.case.seen.calls("update", stand.code)}
    return any(c.event.call in calls and coupons.is_over(c.event, stand.text.at) for c in stand.changes)


def _is_frozen(stand: Stand) -> bool:
    """Return whether the date that it has now is one that the bot set, and that has passed."""
    calls = {date.call.seq for date in stand.case.seen.calls("update", stand.code)}
    last = stand.changes[-1].event if stand.changes else None
    return last is not None and last.call in calls and coupons.is_over(last, stand.text.at)


def _is_deleted(stand: Stand) -> bool:
    answered = any(delete.shown and delete.finished < stand.text.index for delete in stand.sent("delete"))
    return answered or any(change.event.kind == "deleted" for change in stand.changes)


def _is_replaced(stand: Stand) -> bool:
    kinds = [change.event.kind for change in stand.changes]
    return "deleted" in kinds and "created" in kinds[kinds.index("deleted") :] and _is_unclear(stand)


def _is_unclear(stand: Stand) -> bool:
    """Return whether what was sent to delete it got no clear answer, or may have been sent."""
    index, sent = stand.text.index, [*stand.sent("delete"), *stand.sent("read")]
    lost = any(delete.proves_nothing for delete in stand.sent("delete"))
    return lost or stand.case.record.switched or any(stand.case.cut_short(call, index) for call in sent)


def _is_gone(stand: Stand) -> bool:
    return _is_unclear(stand) and bool(stand.reads) and not stand.reads[-1].shown


def _is_left(stand: Stand) -> bool:
    """Return whether no call of the request deleted it, unless Vivoldi itself said that none did."""
    deletes = stand.sent("delete")
    calls = {delete.call.seq for delete in deletes}
    ours = any(c.event.kind == "deleted" and c.event.call in calls for c in stand.changes)
    return not ours or coupons.lied(deletes)


def _was_refused(stand: Stand) -> bool:
    return any(delete.refused for delete in stand.sent("delete"))


def _still_works(stand: Stand) -> bool:
    deletes = stand.sent("delete")
    return any(delete.shown for delete in deletes) and stand.shown_since(deletes)


def _is_not_frozen(stand: Stand) -> bool:
    return not _is_frozen(stand) or coupons.lied(stand.sent("update"))


def _is_unfrozen(stand: Stand) -> bool:
    back = [date for date in stand.sent("update") if not coupons.is_past(date)]
    return stand.clicked("unfreeze") and (stand.shown_since(back) or (not back and bool(stand.reads)))


def _is_hidden(stand: Stand) -> bool:
    return stand.clicked("freeze") and bool(stand.reads) and not stand.reads[-1].shown


def _asked(action: str) -> Callable[[Stand], bool]:
    return lambda stand: stand.clicked(action)


def _by_a_later_one(kind: str) -> Callable[[Stand], bool]:
    """Return whether a request that came after this one sent such a call."""

    def is_so(stand: Stand) -> bool:
        begin = stand.case.begin(stand.text.request)
        newer = [n for n in stand.case.requests(stand.code) if stand.case.begin(n) > begin]
        sent = [call.index for call in stand.calls if call.call.kind == kind]
        return any(index > stand.case.begin(name) for name in newer for index in sent)

    return is_so


_IS: Mapping[Short, Callable[[Stand], bool]] = {
    Short.STILL_WORKS: _still_works,
    Short.DELETED: _is_deleted,
    Short.SETTLED: _is_replaced,
    Short.GONE: _is_gone,
    Short.REFUSED: lambda stand: _was_refused(stand) and _is_left(stand),
    Short.CHANGED: _is_left,
    Short.STOPPED: lambda stand: stand.clicked("stop") and _is_left(stand),
    Short.NOT_DELETED: _is_left,
    Short.UNKNOWN: _is_unclear,
    Short.FROZEN: was_frozen,
    Short.UNFROZEN: _is_unfrozen,
    Short.BEING_FROZEN: _asked("freeze"),
    Short.BEING_UNFROZEN: _asked("unfreeze"),
    Short.HIDDEN: _is_hidden,
    Short.FREEZE_UNKNOWN: lambda stand: (
        stand.clicked("freeze") and not stand.shown_since(stand.sent("update"))
    ),
    Short.UNFREEZE_UNKNOWN: _asked("unfreeze"),
    Short.NOT_UNFROZEN: _asked("unfreeze"),
    Short.NOT_FROZEN: _is_not_frozen,
    Short.DELETED_SINCE: _by_a_later_one("delete"),
    Short.PERHAPS_DELETED: _by_a_later_one("delete"),
    Short.CREATED_SINCE: _by_a_later_one("create"),
    Short.PERHAPS_CREATED: _by_a_later_one("create"),
}
