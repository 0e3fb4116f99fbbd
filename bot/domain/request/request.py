"""A deletion request: one value for each of its states, one pure function for each transition.

    Submitted → Pending (step 1, then step 2) → Approved → Finished
    Submitted → Failed      Pending → Rejected | Cancelled | Expired | Failed (no card could be shown)
    Pending → OnlyFrozen, if nothing but a freeze was asked for (see `bot.domain.request.freeze`)

An approved request can be stopped: what has not been sent by then is not sent any more.
A transition takes the state that it starts from, so an impossible one does not type-check.
Each transition raises the version by one: a card drawn from an older version is out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TypeVar

from bot.domain.coupon import CouponCode, Reading, combined_digest, warnings
from bot.domain.item.absence import Look, absent_since
from bot.domain.item.deletion import AnyState, Item, Waiting, is_final, may_be_sent, moved, stopped, void
from bot.domain.item.freeze import Free
from bot.domain.people import Grants, Person
from bot.domain.rate import Bulk


class Step(IntEnum):
    """The two approvals, in their order."""

    REVIEW = 1
    FINAL = 2


class Purpose(StrEnum):
    """What a request is for."""

    DELETE = "delete"
    FREEZE = "freeze"  # alone: nothing is deleted
    RESTORE = "restore"  # a deleted coupon is created again


@dataclass(frozen=True)
class Decision:
    """One actor's approval of one step, bound to the digest of what they were shown.

    server: which server of the database stored it; None: not stored yet, or it did not tell. It makes no
    other approval of it.
    """

    step: Step
    actor: Person
    at: datetime
    digest: str
    server: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What one command opened; it never changes.

    first, final: who may give step 1 and step 2 by the settings at that time, for the card. freeze: whether
    they let people freeze. bulk: how it is carried out if it has many codes.
    """

    id: str
    team: str
    channel: str
    requester: Person
    reason: str
    opened_at: datetime
    first: Grants
    final: Grants
    purpose: Purpose = Purpose.DELETE
    freeze: bool = False
    bulk: Bulk | None = None


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """Stored; the coupons are not all read yet. readings: one for each code, as far as there are any."""

    origin: Origin
    codes: tuple[CouponCode, ...]
    version: int = 1
    readings: tuple[Reading | None, ...] = ()

    @property
    def unread(self) -> tuple[int, ...]:
        """The positions of the codes whose coupons are not read yet."""
        read = self.readings or (None,) * len(self.codes)
        return tuple(position for position, reading in enumerate(read) if reading is None)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Shown to people; waiting for step 1, or, once `review` is there, for step 2."""

    origin: Origin
    items: tuple[Item, ...]
    approve_by: datetime
    version: int
    review: Decision | None = None

    @property
    def step(self) -> Step:
        """The step that comes next."""
        return Step.FINAL if self.review else Step.REVIEW

    @property
    def digest(self) -> str:
        """The digest that approvals are bound to."""
        return shown_digest(self.items)


@dataclass(frozen=True)
class Stop:
    """Someone stopped a request: nothing is sent any more."""

    by: Person
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Approved:
    """Both approvals are there; the items are being deleted, or created again.

    stop_until: nothing is deleted before, so that it can be stopped; None: sent at once. stopped: by whom.
    """

    origin: Origin
    items: tuple[Item, ...]
    approve_by: datetime
    review: Decision
    final: Decision
    execute_by: datetime
    version: int
    stop_until: datetime | None = None
    stopped: Stop | None = None

    @property
    def digest(self) -> str:
        """The digest of what is stored, to be held against the approvals."""
        return shown_digest(self.items)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Every item has an outcome. stopped: by whom, if anyone."""

    origin: Origin
    items: tuple[Item, ...]
    review: Decision
    final: Decision
    ended_at: datetime
    version: int
    stopped: Stop | None = None


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """An approver said no. Nothing was sent."""

    origin: Origin
    items: tuple[Item, ...]
    review: Decision | None
    by: Person
    ended_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """The requester took it back. Nothing was sent."""

    origin: Origin
    items: tuple[Item, ...]
    review: Decision | None
    ended_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class Expired:
    """Approve-by passed without two approvals. Nothing was sent."""

    origin: Origin
    items: tuple[Item, ...]
    review: Decision | None
    approve_by: datetime
    ended_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class OnlyFrozen:
    """A freeze was all that was asked for, and it came about. Nothing was deleted."""

    origin: Origin
    items: tuple[Item, ...]
    ended_at: datetime
    version: int


class FailureReason(StrEnum):
    """Why a request could not even be shown."""

    UNREADABLE = "unreadable"  # Vivoldi could not be read
    NOT_FREEZABLE = "not_freezable"  # a freeze alone, of coupons that can't be frozen
    NO_CARD = "no_card"  # Slack does not let the bot post the card
    # Why nothing can be created again:
    NUMBER_TAKEN = "number_taken"  # the number validates
    NO_SNAPSHOT = "no_snapshot"  # nothing is kept of such a coupon
    SNAPSHOT_UNUSABLE = "snapshot_unusable"  # see `bot.domain.item.restore.Unusable`
    ENDED = "ended"  # its last day has passed


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The request could not be shown to people. Nothing was sent."""

    origin: Origin
    codes: tuple[CouponCode, ...]
    reason: FailureReason
    detail: str
    ended_at: datetime
    version: int


ShownAtEnd = Finished | Rejected | Cancelled | Expired | OnlyFrozen
Shown = Pending | Approved | ShownAtEnd
AnyShown = TypeVar("AnyShown", bound=Shown)
Ended = ShownAtEnd | Failed
Request = Submitted | Shown | Failed


def shown_digest(items: tuple[Item, ...]) -> str:
    """Return the digest of all coupons of a request as they were shown."""
    return combined_digest(item.digest for item in items)


def codes_of(request: Request) -> tuple[CouponCode, ...]:
    """Return the codes of a request in the order in which they were asked for."""
    if isinstance(request, Submitted | Failed):
        return request.codes
    return tuple(item.code for item in request.items)


def decisions_of(request: Request) -> tuple[Decision, ...]:
    """Return the approvals that were given, in their order."""
    match request:
        case Approved(review=review, final=final) | Finished(review=review, final=final):
            return (review, final)
        case Pending(review=given) | Rejected(review=given) | Cancelled(review=given) | Expired(review=given):
            return (given,) if given else ()
        case _:
            return ()


def is_ended(request: Request) -> bool:
    """Tell whether nothing more will happen to the request."""
    return isinstance(request, Ended)


def show(
    request: Submitted, readings: tuple[Reading, ...], now: datetime, approve_within: timedelta, today: date
) -> Pending:
    """Return the request with what was read of each code, one reading for each, in their order.

    today: the day in Vivoldi's time zone, for the warnings.
    """
    items = tuple(
        Item(code=code, snapshot=reading, warnings=warnings(reading, today))
        for code, reading in zip(request.codes, readings, strict=True)
    )
    return Pending(
        origin=request.origin, items=items, approve_by=now + approve_within, version=request.version + 1
    )


def read_more(request: Submitted, found: Mapping[int, Reading]) -> Submitted:
    """Return the request with more of its coupons read, by position. No card shows it yet: no new version."""
    before = request.readings or (None,) * len(request.codes)
    after = tuple(found.get(position, reading) for position, reading in enumerate(before))
    return replace(request, readings=after)


def is_untouched(request: Pending) -> bool:
    """Tell whether nobody did anything on a card of the request: no approval, and no freeze asked for."""
    return request.review is None and all(isinstance(item.freeze, Free) for item in request.items)


def fail(request: Submitted | Pending, reason: FailureReason, detail: str, now: datetime) -> Failed:
    """Return the request as one that could not be shown. detail: a sentence for the requester.

    What someone acted on was shown to them; it never fails, since a date may have been sent.
    """
    assert isinstance(request, Submitted) or is_untouched(request), "what was acted on was shown"
    return Failed(
        origin=request.origin,
        codes=codes_of(request),
        reason=reason,
        detail=detail,
        ended_at=now,
        version=request.version + 1,
    )


def review(request: Pending, actor: Person, now: datetime) -> Pending:
    """Return the request with step 1 given. Whether the actor may is for the policy to say."""
    decision = Decision(Step.REVIEW, actor, now, request.digest)
    return replace(request, review=decision, version=request.version + 1)


def approve(
    request: Pending,
    reviewed: Decision,
    actor: Person,
    now: datetime,
    execute_within: timedelta,
    stop_window: timedelta = timedelta(),
) -> Approved:
    """Return the request with step 2 given, so that its items may be sent until execute-by.

    stop_window: for how long nothing is deleted yet, so that it can be stopped. What is created again can be
    deleted again, so it does not wait.
    """
    waits = bool(stop_window) and request.origin.purpose is Purpose.DELETE
    return Approved(
        origin=request.origin,
        items=request.items,
        approve_by=request.approve_by,
        review=reviewed,
        final=Decision(Step.FINAL, actor, now, request.digest),
        execute_by=now + execute_within,
        version=request.version + 1,
        stop_until=now + stop_window if waits else None,
    )


def reject(request: Pending, actor: Person, now: datetime) -> Rejected:
    """Return the request as rejected by the actor."""
    return Rejected(
        origin=request.origin,
        items=request.items,
        review=request.review,
        by=actor,
        ended_at=now,
        version=request.version + 1,
    )


def cancel(request: Pending, now: datetime) -> Cancelled:
    """Return the request as taken back by its requester."""
    return Cancelled(
        origin=request.origin,
        items=request.items,
        review=request.review,
        ended_at=now,
        version=request.version + 1,
    )


def expire(request: Pending, now: datetime) -> Expired:
    """Return the request as overdue: silence is never a yes."""
    return Expired(
        origin=request.origin,
        items=request.items,
        review=request.review,
        approve_by=request.approve_by,
        ended_at=now,
        version=request.version + 1,
    )


def progress(request: Approved, position: int, state: AnyState, now: datetime) -> Approved | Finished:
    """Return the request with one item in a new state; finished, once every item has its outcome."""
    item = moved(request.items[position], state, now)
    return _with_items(request, (*request.items[:position], item, *request.items[position + 1 :]), now)


def looked(request: AnyShown, position: int, look: Look) -> AnyShown:
    """Return the request with a look at one coupon noted, as far as later looks count from it.

    No card shows it, so there is no new version.
    """
    item = request.items[position]
    since = absent_since(item.absent_since, look)
    if since == item.absent_since:
        return request
    seen = replace(item, absent_since=since)
    return replace(request, items=(*request.items[:position], seen, *request.items[position + 1 :]))


def stop(request: Approved, actor: Person, now: datetime, *, is_void: bool = False) -> Approved | Finished:
    """Return the request as stopped by the actor: nothing is sent any more, for the first time or again.

    What was never sent without an answer ends at once. The rest is still settled by reading. is_void: whether
    its approvals went with their server, so that nobody knows what was sent.
    """
    items = tuple(
        replace(item, state=void(item.state) if is_void else stopped(item.state, actor.id))
        if isinstance(item.state, Waiting) and not item.state.unanswered
        else item
        for item in request.items
    )
    return _with_items(replace(request, stopped=Stop(actor, now)), items, now)


def can_be_stopped(request: Approved) -> bool:
    """Tell whether a stop would make a difference: something may still be sent, and nobody stopped it."""
    return request.stopped is None and any(may_be_sent(item.state) for item in request.items)


def _with_items(request: Approved, items: tuple[Item, ...], now: datetime) -> Approved | Finished:
    version = request.version + 1
    if not all(is_final(item.state) for item in items):
        return replace(request, items=items, version=version)
    return Finished(
        origin=request.origin,
        items=items,
        review=request.review,
        final=request.final,
        ended_at=now,
        version=version,
        stopped=request.stopped,
    )
