"""The transitions of a restoration, and what it is drafted from. `bot.domain.item.restore` has the values.

Each function takes a state and what was observed, and returns the next state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.domain.coupon import CouponCode, Difference, NotShown, Reading, Sealed, Shown, differences
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import Deleted, Gone, Item, NotSent, NotSentReason, Send, Unknown
from bot.domain.item.restore import (
    Created,
    Creating,
    Deletion,
    Doubt,
    Draft,
    Held,
    NotCreated,
    Seen,
    ToCreate,
    Unclear,
    WhyNot,
    has_ended,
    sealed_digest,
)
from bot.domain.request.request import (
    Approved,
    Failed,
    Finished,
    Pending,
    Purpose,
    Request,
    Submitted,
    decisions_of,
)

# ---------------------------------------------------------------- before people decide


def deletion_of(request: Request, position: int) -> Deletion | None:
    """Return the deletion of an item; None: its coupon was not deleted, nor may it have been."""
    if isinstance(request, Submitted | Failed):
        return None
    approvers = tuple(given.actor.id for given in decisions_of(request))
    match request.items[position].state:
        case Deleted(at=at):
            return Deletion(request.origin.id, position, at, approvers, certain=True)
        case Gone(at=at) | Unknown(since=at, final=True):
            return Deletion(request.origin.id, position, at, approvers, certain=False)
        case NotSent(reason=NotSentReason.OTHER_SERVER) if isinstance(request, Approved | Finished):
            return Deletion(request.origin.id, position, request.final.at, approvers, certain=False)
        case _:
            return None


def draft(
    held: Held, deletion: Deletion, sealed: Sealed, code: CouponCode, history: Iterable[Request], today: date
) -> Draft:
    """Return what people are to be shown. history: the requests that the code was ever in.

    today: the day in Vivoldi's time zone.
    """
    others = [item for request in history for item in _items_of(request, code, deletion)]
    begins = held.coupon.starts_on
    found = (
        (Doubt.UNCERTAIN, not deletion.certain),
        (Doubt.LATER, any(_ended_later(item, deletion) for item in others)),
        (Doubt.REPEATED, any(_restored(item, deletion) for item in others)),
        (Doubt.NOT_YET, bool(begins) and date.fromisoformat(begins or "") > today),
    )
    doubts = tuple(doubt for doubt, applies in found if applies)
    return Draft(held, deletion, sealed_digest(sealed), doubts)


def _items_of(request: Request, code: CouponCode, deletion: Deletion) -> Iterable[Item]:
    if isinstance(request, Submitted | Failed) or request.origin.id == deletion.request_id:
        return ()
    return (item for item in request.items if item.code == code)


def _ended_later(item: Item, deletion: Deletion) -> bool:
    match item.state:
        case Deleted(at=at) | Gone(at=at) | Unknown(since=at):
            return at > deletion.at
        case _:
            return False


def _restored(item: Item, deletion: Deletion) -> bool:
    mine = item.draft is not None and item.draft.deletion == deletion
    return mine and isinstance(item.state, Created | Unclear)


def show(
    request: Submitted, reading: NotShown, drafted: Draft, now: datetime, approve_within: timedelta
) -> Pending:
    """Return the request with what is to be created. reading: that the number is free, as far as it shows."""
    assert request.origin.purpose is Purpose.RESTORE, "only a request for that creates anything"
    (code,) = request.codes
    item = Item(code=code, snapshot=reading, state=ToCreate(), draft=drafted)
    return Pending(
        origin=request.origin, items=(item,), approve_by=now + approve_within, version=request.version + 1
    )


# ---------------------------------------------------------------- sending


def check(drafted: Draft, reading: Reading, today: date) -> Send | NotCreated:
    """Return what follows from the read right before: a number that validates is never created again."""
    if isinstance(reading, Shown):
        return NotCreated(WhyNot.TAKEN)
    return NotCreated(WhyNot.ENDED, drafted.held.coupon.ends_on) if has_ended(drafted, today) else Send()


def send(ready: ToCreate) -> Creating:
    """Return the state that is stored right before a creation is sent."""
    return Creating(ready.attempts + 1)


def answered(
    creating: Creating, answer: DeleteAnswer, now: datetime
) -> ToCreate | Unclear | Created | NotCreated:
    """Return the state after the answer to a creation."""
    match answer:
        case Executed():
            return Created(answered=True, at=now)
        case NotExecuted(reason):
            return ToCreate(creating.attempts, reason)
        case RefusedAnswer(message):
            return NotCreated(WhyNot.REFUSED, message)
        case Unproven(reason):
            return lost(creating, reason, now)
    raise AssertionError("unreachable: every answer is covered")


def lost(creating: Creating, reason: str, now: datetime) -> Unclear:
    """Return the state of a creation whose answer will never be seen."""
    return Unclear(creating.attempts, reason, now)


# ---------------------------------------------------------------- what a read shows


def settle(drafted: Draft, unclear: Unclear, reading: Reading, now: datetime) -> Unclear | Created:
    """Settle an unclear outcome by a read that showed something; what is not shown may still come."""
    match reading:
        case NotShown(message):
            return replace(unclear, message=message)
        case Shown(coupon) if _is_original(drafted, coupon.created_at):
            return replace(unclear, seen=Seen.ORIGINAL, message=None)
        case Shown():
            found = _differences(drafted, reading)
            if found:
                return replace(unclear, seen=Seen.OTHER, differences=found, message=None)
            return Created(answered=False, at=now, seen=Seen.SAME)
    raise AssertionError("unreachable: every reading is covered")


def give_up(unclear: Unclear) -> Unclear:
    """Return the unclear outcome as one that no read can settle: people must look.

    It was never shown; whether a read said so, Vivoldi's message tells.
    """
    return replace(unclear, seen=Seen.UNREAD if unclear.message is None else Seen.NOTHING)


def confirm(drafted: Draft, created: Created, reading: Reading | None) -> Created:
    """Return the creation with what the read afterwards showed. None: Vivoldi could not be read."""
    match reading:
        case None:
            return replace(created, seen=Seen.UNREAD)
        case NotShown(message):
            return replace(created, seen=Seen.NOTHING, message=message)
        case Shown():
            found = _differences(drafted, reading)
            return replace(created, seen=Seen.OTHER if found else Seen.SAME, differences=found)
    raise AssertionError("unreachable: every reading is covered")


def _is_original(drafted: Draft, created_at: str | None) -> bool:
    return created_at is not None and created_at == drafted.held.coupon.created_at


def _differences(drafted: Draft, reading: Shown) -> tuple[Difference, ...]:
    """Return how a coupon differs from what was to be created, as far as a creation decides about it."""
    before, after = drafted.held.coupon, reading.coupon
    # What Vivoldi decides about is no difference.
    expected = replace(
        before,
        number=after.number,
        created_at=after.created_at,
        domain=after.domain,
        currency=before.currency or after.currency,
    )
    return differences(expected, after)
