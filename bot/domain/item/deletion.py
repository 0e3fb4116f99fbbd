"""One coupon of a request on its way: its states, and the transitions between them.

    Waiting → Sending → Deleted | Refused | Unknown
    Waiting → Changed | NotSent (too late, or stopped by someone, for example)
    Unknown → (by reads) Deleted | Gone | Waiting | Refused | Changed, or it stays Unknown for good

Each function takes a state and what was observed, and returns the next state. The two tables of
invariant I2 are `check` (the read before a DELETE) and `settle` (the read after an unknown outcome). What
rests on a coupon not being shown takes two looks (see `bot.domain.item.absence`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, TypeGuard

from bot.domain.coupon import (
    Coupon,
    CouponCode,
    Difference,
    NotShown,
    Reading,
    Sameness,
    Shown,
    Warning,
    differences,
    digest,
    sameness,
)
from bot.domain.item.absence import Look, LookAgain, by_absence
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.freeze import Fate, Free, Freeze, Frozen, NotDone
from bot.domain.item.hidden import as_frozen, may_be_hidden, may_hide, without_effect
from bot.domain.item.restore import Created, Draft, RestoreState, Unclear, draft_digest, is_restored

# ---------------------------------------------------------------- states


@dataclass(frozen=True)
class Waiting:
    """To be sent. obstacle: why it was not sent yet, if there was a reason.

    unanswered: attempts that got no usable answer and that a read has shown as not executed.
    """

    audit_name: ClassVar[str] = "waiting"

    attempts: int = 0
    unanswered: int = 0
    obstacle: str | None = None


@dataclass(frozen=True)
class Sending:
    """A DELETE may be on its way. Found after a crash, it is unknown (I4)."""

    audit_name: ClassVar[str] = "sending"

    attempts: int
    unanswered: int


@dataclass(frozen=True)
class Unknown:
    """Sent, answer not seen. final: a read could not settle it, people must look.

    refusal: Vivoldi's message, if a refusal followed an unanswered attempt (I3).
    """

    audit_name: ClassVar[str] = "unknown"

    attempts: int
    unanswered: int
    reason: str
    since: datetime
    refusal: str | None = None
    final: bool = False


class Source(StrEnum):
    """How a deletion is known."""

    ANSWER = "answer"  # Vivoldi answered that it was executed
    READING = "reading"  # no answer, but a read shows another coupon under the number


class Confirmation(StrEnum):
    """What the read after a deletion showed."""

    GONE = "gone"  # it no longer validates
    STILL_SHOWN = "still_shown"
    REPLACED = "replaced"  # another coupon stands under the number by now
    UNSEEN = "unseen"  # it did not validate before either, so the read adds nothing
    UNREAD = "unread"  # Vivoldi could not be read


@dataclass(frozen=True)
class Deleted:
    """Deleted. confirmation is None until the read afterwards was made.

    message: what Vivoldi said of a coupon that only a read no longer showed. Such an end is `Gone` today, and
    is stored as this one from before.
    """

    audit_name: ClassVar[str] = "deleted"

    source: Source
    at: datetime
    confirmation: Confirmation | None = None
    message: str | None = None


@dataclass(frozen=True)
class Gone:
    """No answer to the DELETE came, and two looks do not show the coupon: deleted, or used up meanwhile.

    reason: why no answer was seen. message: what Vivoldi said of the coupon at the second look. refusal: what
    it said if it refused a later attempt.
    """

    audit_name: ClassVar[str] = "gone"

    at: datetime
    reason: str
    message: str
    refusal: str | None = None


@dataclass(frozen=True)
class Refused:
    """Vivoldi refused the deletion: the coupon is still there. message: as in the answer."""

    audit_name: ClassVar[str] = "refused"

    message: str


@dataclass(frozen=True)
class Changed:
    """Not sent: the coupon is no longer what was approved.

    differences: what changed, if it is still shown. message: Vivoldi's, if it no longer is. was_frozen:
    whether it was frozen, and is shown again.
    """

    audit_name: ClassVar[str] = "changed"

    differences: tuple[Difference, ...] = ()
    message: str | None = None
    was_frozen: bool = False


class NotSentReason(StrEnum):
    """Why an approved deletion was not sent."""

    TOO_LATE = "too_late"  # execute-by passed
    APPROVER_LOST = "approver_lost"  # an approver no longer counts
    UNREADABLE = "unreadable"  # Vivoldi refuses to be read
    NOT_BOUND = "not_bound"  # the approvals are not for what is stored
    OTHER_SERVER = "other_server"  # the approvals were stored on another server of the database
    STOPPED = "stopped"  # someone stopped it


@dataclass(frozen=True)
class NotSent:
    """Not deleted: not sent, or not sent again.

    detail: what stood in the way, as far as it was seen. approver: the id of one who no longer counts.
    unanswered: attempts without a usable answer after which a read still showed the coupon.
    stopped_by: the id of who stopped it.
    """

    audit_name: ClassVar[str] = "notsent"

    reason: NotSentReason
    detail: str | None = None
    approver: str | None = None
    unanswered: int = 0
    stopped_by: str | None = None


ItemState = Waiting | Sending | Unknown | Deleted | Gone | Refused | Changed | NotSent
AnyState = ItemState | RestoreState  # a deletion's, or a restoration's: neither ever becomes the other


@dataclass(frozen=True, kw_only=True)
class Item:
    """One coupon of a request: what was shown of it, how far it is, and whether it is frozen.

    draft: what is to be created, if that was asked for. absent_since: the earliest look since which none
    has shown the coupon, and nothing has changed what is expected; the card's own reading is no such look.
    """

    code: CouponCode
    snapshot: Reading
    warnings: tuple[Warning, ...] = ()
    state: AnyState = field(default_factory=Waiting)
    freeze: Freeze = field(default_factory=Free)
    draft: Draft | None = None
    absent_since: datetime | None = None

    @cached_property
    def digest(self) -> str:
        """The digest of what was shown."""
        return digest(self.code, self.snapshot) if self.draft is None else draft_digest(self.code, self.draft)


def is_final(state: AnyState) -> bool:
    """Tell whether nothing more will happen to an item in this state."""
    if isinstance(state, RestoreState):
        return is_restored(state)
    match state:
        case Waiting() | Sending():
            return False
        case Unknown():
            return state.final
        case Deleted():
            return state.confirmation is not None
        case _:
            return True


def is_gone(state: AnyState) -> bool:
    """Tell whether the coupon is told to be deleted, or blocked, so that nothing is said of its freeze."""
    return isinstance(state, Deleted | Gone)


def may_be_gone(state: AnyState) -> bool:
    """Tell whether the coupon was deleted, or may have been: then what it held can't be had again.

    The server that approvals went with may have sent it as well.
    """
    is_forgotten = isinstance(state, NotSent) and state.reason is NotSentReason.OTHER_SERVER
    return is_forgotten or isinstance(state, Deleted | Gone | Unknown)


def is_unseen(state: AnyState) -> TypeGuard[Changed]:
    """Tell whether nothing was sent because two looks did not show the coupon."""
    return isinstance(state, Changed) and state.message is not None


def fate_of(state: AnyState) -> Fate | None:
    """Return what an ended item has done to its coupon, for older requests about it; None: nothing known.

    Whether it is still there nobody knows after an unknown end, so what an older freeze has set may still be
    set back.
    """
    match state:
        case Deleted():
            return Fate.DELETED
        case Gone():
            return Fate.MAYBE_DELETED
        case Created():
            return Fate.CREATED
        case Unclear():
            return Fate.MAYBE_CREATED
        case _:
            return None


def freeze_seen(freeze: Freeze, state: AnyState, now: datetime) -> Freeze:
    """Return what is left of a freeze once a deletion has come to `state`: none that a read disproved.

    One whose date got no answer hides the coupon as far as anyone knows, if two looks do not show it.
    """
    if isinstance(freeze, NotDone) and may_be_hidden(freeze) and is_unseen(state):
        return replace(freeze, hidden=True, detail=freeze.detail or state.message)
    if not (isinstance(freeze, Frozen) and isinstance(state, Changed) and state.was_frozen):
        return freeze
    redated = any(difference.fact == "ends_on" for difference in state.differences)
    return Free() if redated else without_effect(freeze, now)


# ---------------------------------------------------------------- transitions


def moved(item: Item, state: AnyState, now: datetime) -> Item:
    """Return the item in its next state. Looks from before a lost answer say nothing of what it led to."""
    is_lost = isinstance(item.state, Sending) and isinstance(state, Unknown)
    since = None if is_lost else item.absent_since
    return replace(item, state=state, freeze=freeze_seen(item.freeze, state, now), absent_since=since)


@dataclass(frozen=True)
class Send:
    """The check before a DELETE found exactly what was approved: it may be sent."""


def check(item: Item, waiting: Waiting, look: Look) -> Send | LookAgain | ItemState:
    """Compare the read before a DELETE with what was approved: table one of I2.

    After an unanswered attempt the same read also settles that attempt (table two), since it may have been
    executed late.
    """
    if waiting.unanswered:
        settled = settle(item, _as_unknown(waiting, look.at), look)
        return Send() if isinstance(settled, Waiting) else settled
    match item.snapshot, look.reading:
        case NotShown(), NotShown():
            return by_absence(item.absent_since, look, Send())
        case NotShown(), Shown():
            return Changed()
        case Shown(), NotShown(message):
            expected = Send() if may_hide(item.freeze) else Changed(message=message)
            return by_absence(item.absent_since, look, expected)
        case Shown(before), Shown(after):
            return _check_shown(before, after, item.freeze)
    raise AssertionError("unreachable: every pair of readings is covered")


def _as_unknown(waiting: Waiting, now: datetime) -> Unknown:
    return Unknown(waiting.attempts, waiting.unanswered, "an earlier attempt got no answer", now)


def _check_shown(before: Coupon, after: Coupon, freeze: Freeze) -> Send | Changed:
    found = differences(as_frozen(before, freeze, after), after)
    if isinstance(freeze, Frozen):
        # Those who approved it were told that nobody can use it.
        return Changed(differences=found, was_frozen=True)
    return Changed(differences=found) if found else Send()


def send(waiting: Waiting) -> Sending:
    """Return the state that is stored right before a DELETE is sent."""
    return Sending(attempts=waiting.attempts + 1, unanswered=waiting.unanswered)


def answered(sending: Sending, answer: DeleteAnswer, now: datetime) -> ItemState:
    """Return the state after the answer to a DELETE."""
    match answer:
        case Executed():
            return Deleted(Source.ANSWER, now)
        case NotExecuted(reason):
            return Waiting(sending.attempts, sending.unanswered, reason)
        case RefusedAnswer(message) if sending.unanswered:
            return Unknown(sending.attempts, sending.unanswered, message, now, refusal=message)
        case RefusedAnswer(message):
            return Refused(message)
        case Unproven(reason):
            return lost(sending, reason, now)
    raise AssertionError("unreachable: every answer is covered")


def lost(sending: Sending, reason: str, now: datetime) -> Unknown:
    """Return the state of a DELETE whose answer will never be seen."""
    return Unknown(sending.attempts, sending.unanswered + 1, reason, now)


def settle(item: Item, unknown: Unknown, look: Look) -> LookAgain | ItemState:
    """Settle an unknown outcome by a read: table two of I2."""
    now = look.at
    match item.snapshot, look.reading:
        case NotShown(), _:
            return give_up(unknown)
        case Shown(), NotShown() if may_be_hidden(item.freeze):
            return give_up(unknown)
        case Shown(), NotShown(message):
            return by_absence(item.absent_since, look, Gone(now, unknown.reason, message, unknown.refusal))
        case Shown(before), Shown(after):
            return _settle_shown(item.freeze, as_frozen(before, item.freeze, after), after, unknown, now)
    raise AssertionError("unreachable: every pair of readings is covered")


def _settle_shown(
    freeze: Freeze, before: Coupon, after: Coupon, unknown: Unknown, now: datetime
) -> ItemState:
    match sameness(before, after):
        case Sameness.OTHER:
            return Deleted(Source.READING, now, Confirmation.REPLACED)
        case Sameness.UNCLEAR:
            return give_up(unknown)
        case Sameness.SAME | Sameness.EDITED if unknown.refusal is not None:
            return Refused(unknown.refusal)
        case Sameness.EDITED:
            return Changed(differences=differences(before, after), was_frozen=isinstance(freeze, Frozen))
        case Sameness.SAME:
            return Waiting(unknown.attempts, unknown.unanswered, unknown.reason)
    raise AssertionError("unreachable: every sameness is covered")


def give_up(unknown: Unknown) -> Unknown:
    """Return the unknown outcome as one that no read can settle: people must look."""
    return replace(unknown, final=True)


def unsettled(waiting: Waiting, now: datetime) -> Unknown:
    """Return the end of an item whose unanswered attempt no read could settle in time."""
    return give_up(_as_unknown(waiting, now))


def confirm(item: Item, deleted: Deleted, reading: Reading | None) -> Deleted:
    """Return the deletion with what the read afterwards showed. None: Vivoldi could not be read."""
    return replace(deleted, confirmation=_confirmation(item, reading))


def _confirmation(item: Item, reading: Reading | None) -> Confirmation:
    match item.snapshot, reading:
        case _, None:
            return Confirmation.UNREAD
        case Shown(), NotShown() if may_hide(item.freeze):
            return Confirmation.UNSEEN
        case Shown(), NotShown():
            return Confirmation.GONE
        case NotShown(), NotShown():
            return Confirmation.UNSEEN
        case Shown(before), Shown(after) if sameness(before, after) is Sameness.OTHER:
            return Confirmation.REPLACED
        case _:
            return Confirmation.STILL_SHOWN


def not_sent(
    waiting: Waiting, reason: NotSentReason, detail: str | None = None, approver: str | None = None
) -> NotSent:
    """Return the end of an item that is not sent (any more)."""
    return NotSent(reason, detail or waiting.obstacle, approver, waiting.unanswered)


def stopped(waiting: Waiting, by: str) -> NotSent:
    """Return the end of an item that someone stopped before it was sent, or before it was sent again.

    Not for one with an unanswered attempt that no read after the stop has settled. by: who stopped it.
    """
    return NotSent(NotSentReason.STOPPED, unanswered=waiting.unanswered, stopped_by=by)


def void(waiting: Waiting) -> NotSent:
    """Return the end of an item whose approvals went with their server: what that had stored may be lost."""
    return NotSent(NotSentReason.OTHER_SERVER, unanswered=waiting.unanswered)


def may_be_sent(state: AnyState) -> bool:
    """Tell whether a DELETE for an item in this state may still be sent, at once or after a read."""
    match state:
        case Waiting() | Sending():
            return True
        case Unknown():
            return not state.final and state.refusal is None
        case _:
            return False
