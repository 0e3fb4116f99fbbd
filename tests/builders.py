"""Coupons, requests at every state, people and policies, as tests need them.

Requests are made by the domain's own transitions, so that each is one that can really be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.coupon import Coupon, CouponCode, DiscountKind, NotShown, Reading, Shown
from bot.domain.item.absence import Look
from bot.domain.item.deletion import Item, ItemState
from bot.domain.item.freeze import Dates, Freeze, Frozen, Goal, Underway
from bot.domain.people import Grants, Kind, Person, Standing
from bot.domain.policy import Policy
from bot.domain.request import freeze
from bot.domain.request.request import (
    Approved,
    Cancelled,
    Expired,
    Failed,
    FailureReason,
    Finished,
    OnlyFrozen,
    Origin,
    Pending,
    Purpose,
    Rejected,
    Submitted,
    approve,
    cancel,
    expire,
    fail,
    progress,
    reject,
    review,
    show,
    stop,
)
from bot.domain.request.request import Shown as ShownRequest

RIKA = Person("U0RIKA0000", "Rika")
AMIR = Person("U0AMIR0000", "Amir")
BEA = Person("U0BEA00000", "Bea")
CARL = Person("U0CARL0000", "Carl")
DANA = Person("U0DANA0000", "Dana")
ONCALL = "S0ONCALL00"
TEAM, CHANNEL = "T0GUARD000", "C0INCIDENT"

CODE = CouponCode("ZJLF0399WQBEQZJM")
OTHER_CODE = CouponCode("SUMMER2025")
NOW = datetime(2025, 6, 2, 3, 0, tzinfo=UTC)
APPROVE_WITHIN = timedelta(minutes=30)
EXECUTE_WITHIN = timedelta(minutes=10)
UNSEEN = NotShown("This coupon is not valid.")
DATES = Dates(shown="2025-12-31", frozen="2025-06-01")
FREEZE = Underway(Goal.FREEZE, AMIR.id, NOW, DATES)
UNFREEZE = Underway(Goal.UNFREEZE, BEA.id, NOW, DATES)
FROZEN = Frozen(AMIR.id, NOW, DATES)


def answered_at(reading: Reading, at: datetime) -> Look:
    """Return a look that was answered at once."""
    return Look(reading, at, at)


def at_any_time() -> bool:
    """It is never too late to send."""
    return True


def a_coupon(**changes: Any) -> Coupon:
    """Return a coupon that is valid at NOW and was never used."""
    coupon = Coupon(
        number=CODE,
        name="$100 off cake coupon",
        discount_kind=DiscountKind.PERCENT,
        discount="60",
        currency="USD",
        starts_on="2025-01-01",
        ends_on="2025-12-31",
        use_limit=1,
        use_count=0,
        created_at="2024-11-17 17:29:25",
    )
    return replace(coupon, **changes)


def an_item(snapshot: Reading | None = None, state: ItemState | None = None, code: CouponCode = CODE) -> Item:
    """Return an item that was shown as `snapshot`, by default as a_coupon()."""
    item = Item(code=code, snapshot=snapshot or Shown(a_coupon()))
    return item if state is None else replace(item, state=state)


def an_origin(**changes: Any) -> Origin:
    """Return what Rika's command opened at NOW; the on-call group may give both steps."""
    origin = Origin(
        id="CG-7K2M9QX4AB",
        team=TEAM,
        channel=CHANNEL,
        requester=RIKA,
        reason="leaked on social media",
        opened_at=NOW,
        first=Grants(groups=frozenset({ONCALL})),
        final=Grants(groups=frozenset({ONCALL}), users=frozenset({DANA.id})),
    )
    return replace(origin, **changes)


def submitted(*codes: CouponCode, **origin: Any) -> Submitted:
    """Return a stored request for the codes, or for CODE."""
    return Submitted(origin=an_origin(**origin), codes=codes or (CODE,))


def pending(readings: Mapping[CouponCode, Reading] | None = None, **origin: Any) -> Pending:
    """Return a request that waits for step 1, five seconds after NOW; by default for one shown coupon."""
    read = readings or {CODE: Shown(a_coupon())}
    asked = submitted(*read, **origin)
    return show(asked, tuple(read.values()), later(5), APPROVE_WITHIN, NOW.date())


def reviewed(request: Pending | None = None, by: Person = AMIR) -> Pending:
    """Return a request that waits for step 2."""
    return review(request or pending(), by, later(60))


def approved(
    request: Pending | None = None, by: Person = BEA, stop_window: timedelta = timedelta()
) -> Approved:
    """Return a request with both approvals. request: one that waits for step 2."""
    ready = request or reviewed()
    assert ready.review is not None
    return approve(ready, ready.review, by, later(120), EXECUTE_WITHIN, stop_window)


def stopped(request: Approved, by: Person = AMIR) -> Approved | Finished:
    """Return a request that someone stopped."""
    return stop(request, by, later(150))


def with_states(request: Approved, *states: ItemState) -> Approved | Finished:
    """Return the request with its first items in these states."""
    now: Approved | Finished = request
    for position, state in enumerate(states):
        assert isinstance(now, Approved)
        now = progress(now, position, state, later(180))
    return now


def finished(*states: ItemState, request: Approved | None = None) -> Finished:
    """Return a request whose items ended in these states."""
    done = with_states(request or approved(), *states)
    assert isinstance(done, Finished)
    return done


def rejected(request: Pending | None = None) -> Rejected:
    """Return a request that Bea rejected."""
    return reject(request or pending(), BEA, later(90))


def cancelled(request: Pending | None = None) -> Cancelled:
    """Return a request that its requester took back."""
    return cancel(request or pending(), later(90))


def expired(request: Pending | None = None) -> Expired:
    """Return a request whose deadline passed."""
    overdue = request or pending()
    return expire(overdue, overdue.approve_by + timedelta(seconds=1))


def only_frozen(request: Pending | None = None) -> OnlyFrozen:
    """Return a request for a freeze alone that came about."""
    asked = request or pending(purpose=Purpose.FREEZE, freeze=True)
    done = freezing(asked, FROZEN)
    assert isinstance(done, OnlyFrozen)
    return done


def freezing(request: ShownRequest, *states: Freeze) -> ShownRequest:
    """Return the request with the freezes of its first items in these states."""
    now = request
    for position, state in enumerate(states):
        now = freeze.progress(now, position, state, later(100))
    return now


def failed(reason: FailureReason, detail: str, *codes: CouponCode) -> Failed:
    """Return a request that could not be shown."""
    return fail(submitted(*codes), reason, detail, later(60))


def later(seconds: float) -> datetime:
    """Return the time so many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def standing(person: Person, *groups: str, kind: Kind = Kind.MEMBER) -> Standing:
    """Return a person as the directory knows them."""
    return Standing(person, kind, frozenset(groups))


def on_call(person: Person) -> Standing:
    """Return a member of the on-call group."""
    return standing(person, ONCALL)


def a_policy(**changes: Any) -> Policy:
    """Return the rules by which the on-call group may give both steps, and Dana step 2."""
    origin = an_origin()
    return replace(Policy(approvers=origin.first, final_approvers=origin.final), **changes)
