"""Requests as tests store them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from bot.domain.coupon import Coupon, CouponCode, NotShown, Reading, Shown
from bot.domain.item.deletion import ItemState
from bot.domain.people import Grants, Person
from bot.domain.request.request import (
    Approved,
    Origin,
    Pending,
    Request,
    Submitted,
    approve,
    progress,
    review,
    show,
)
from bot.services.ports.store import Delivery, Store

ANN = Person("U1", "Ann")
BEN = Person("U2", "Ben")
CEM = Person("U3", "Cem")
APPROVE_WITHIN = timedelta(minutes=30)
LEASE = timedelta(seconds=30)


def code() -> CouponCode:
    """Return a code that no other test uses."""
    return CouponCode(uuid.uuid4().hex[:16])


def submitted(now: datetime, *codes: CouponCode) -> Submitted:
    """Return a new request for the codes, or for one of its own."""
    origin = Origin(
        id=f"R{uuid.uuid4().hex[:12]}",
        team="T1",
        channel="C1",
        requester=ANN,
        reason="leaked",
        opened_at=now,
        first=Grants(frozenset({"U2"}), frozenset({"S1"})),
        final=Grants(frozenset({"U3"})),
    )
    return Submitted(origin=origin, codes=codes or (code(),))


def pending(request: Submitted, now: datetime) -> Pending:
    """Return the request as shown: its first coupon is there, the others are not."""
    readings: list[Reading] = [NotShown("not valid") for _ in request.codes]
    readings[0] = Shown(Coupon(number=request.codes[0], name="Cake", use_count=3))
    return show(request, tuple(readings), now, APPROVE_WITHIN, now.date())


def approved(request: Pending, now: datetime) -> Approved:
    """Return the request with both approvals."""
    reviewed = review(request, BEN, now)
    assert reviewed.review is not None
    return approve(reviewed, reviewed.review, CEM, now, timedelta(minutes=10))


async def store_new(store: Store, request: Submitted) -> Submitted:
    """Store a new request."""
    async with store.transaction() as tx:
        await tx.add(request, "https://answer.example/1")
    return request


async def store_next(store: Store, request: Request) -> None:
    """Store the next state of a request."""
    async with store.transaction() as tx:
        await tx.get(request.origin.id)
        await tx.save(request)


async def store_pending(store: Store, now: datetime, *codes: CouponCode) -> Pending:
    """Store a request and show it."""
    request = pending(await store_new(store, submitted(now, *codes)), now)
    await store_next(store, request)
    return request


async def store_approved(store: Store, now: datetime, *codes: CouponCode) -> Approved:
    """Store a request, show it and approve it."""
    request = approved(await store_pending(store, now, *codes), now)
    await store_next(store, request)
    return request


async def store_item(store: Store, request_id: str, position: int, state: ItemState, now: datetime) -> None:
    """Store the next state of one item of an approved request."""
    async with store.transaction() as tx:
        request = await tx.get(request_id)
        assert isinstance(request, Approved)
        await tx.save(progress(request, position, state, now))


async def store_drawn(store: Store, request: Request, *, told: bool = False) -> None:
    """Store that the card shows the request as it is now."""
    async with store.transaction() as tx:
        await tx.deliver(request.origin.id, Delivery("1.1", request.version, told))
