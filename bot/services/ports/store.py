"""What the services need from the database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.audit import Around, Head, Link
from bot.domain.coupon import CouponCode, Sealed
from bot.domain.event import Event, Notice
from bot.domain.item.freeze import LaterRequest
from bot.domain.people import Person
from bot.domain.policy import Sight
from bot.domain.rate import Plan
from bot.domain.request.request import Origin, Request, Submitted

# ---------------------------------------------------------------- the store

# How long a claim lasts that is not kept up: after a crash, its work is taken over this much later.
LEASE = timedelta(seconds=10)


@dataclass(frozen=True)
class Claim:
    """The right to work on one thing as long as the lease is kept up, unless released before.

    position: the item's place in its request; None: the request itself (reading, card, telling).
    attempts: how often this work was claimed since it last made progress, this time included.
    taken_over: whether someone else had it, whose lease ran out.
    """

    request_id: str
    position: int | None
    token: str
    attempts: int
    taken_over: bool = False

    @property
    def label(self) -> str:
        """A short name for the log."""
        return self.request_id if self.position is None else f"{self.request_id}#{self.position}"


@dataclass(frozen=True)
class NoticeClaim:
    """The right to deliver one private notice as long as the lease is kept up."""

    notice: Notice
    token: str
    attempts: int
    taken_over: bool = False

    @property
    def label(self) -> str:
        """A short name for the log."""
        return self.notice.id


@dataclass(frozen=True)
class Delivery:
    """How far a request has been shown to people.

    card_ts: the stored card's place in the channel. drawn_version: the version that it shows (0: none).
    told: whether Slack took the outcome. copies: other copies of the card (a post whose answer was lost
    leaves one, and a card that was replaced); they are redrawn with it. remind_at: when people are to be
    reminded of a request that waits for them; reminded_at: when they last were.

    moved_to: the channel of the card, if it is not the one that it was asked for in any more; clicked_in:
    where the card was clicked, if that is yet another one. replaced: how many cards took another's place.
    stuck_since: when the card could not be changed for the first time since it last could. gone_since: since
    when Slack calls the channel gone or archived. refused_by: Slack's name for why it took nothing last.
    in_thread: whether the outcome is in the thread, and left to be told privately. given_up: whether it is
    not told any more; the audit says why.
    """

    card_ts: str | None = None
    drawn_version: int = 0
    told: bool = False
    copies: tuple[str, ...] = ()
    remind_at: datetime | None = None
    reminded_at: datetime | None = None
    moved_to: str | None = None
    clicked_in: str | None = None
    replaced: int = 0
    stuck_since: datetime | None = None
    gone_since: datetime | None = None
    refused_by: str | None = None
    in_thread: bool = False
    given_up: bool = False

    @property
    def was_shown(self) -> bool:
        """Whether there was a card of the request, be it gone by now: Slack took it, or it was clicked."""
        return self.card_ts is not None or self.replaced > 0 or bool(self.copies)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be told."""
        return self.told or self.given_up

    def channel(self, origin: Origin) -> str:
        """Return the channel of the card."""
        return self.moved_to or origin.channel


@dataclass(frozen=True)
class OpenRequest:
    """An open request with the place of its card, for the list. moved_to: see `Delivery`."""

    request: Request
    card_ts: str | None
    moved_to: str | None = None

    @property
    def channel(self) -> str:
        """The channel of the card."""
        return self.moved_to or self.request.origin.channel


@dataclass(frozen=True)
class Untold:
    """An outcome that waits to be told. id: of its request. since: when that ended.

    person: who asked. refused_by: Slack's name for why it took nothing last; None: it gave no answer.
    """

    id: str
    since: datetime
    person: str
    refused_by: str | None


@dataclass(frozen=True)
class Holder:
    """The open request that a code is in: its id, the channel of its card, and who asked."""

    request_id: str
    channel: str
    requester: str


@dataclass(frozen=True)
class Place:
    """Where an item stands: its request, and its position there."""

    request_id: str
    position: int


@dataclass(frozen=True)
class Snapshot:
    """What the coupon of an item held when its DELETE was sent, and since when that is stored."""

    place: Place
    code: CouponCode
    sealed: Sealed
    kept_at: datetime


@dataclass(frozen=True)
class Clicked:
    """Which button was clicked, on which version of the card."""

    action: str
    version: int


@dataclass(frozen=True)
class Typed:
    """A command that opened nothing. slot: which texts count as the same, so that there are not many."""

    slot: int


@dataclass(frozen=True)
class Refusal:
    """Why whose click on which request was refused, or how whose command was answered.

    request_id: None: a request that is not known, or none. verdict: or the name of the answer, or what the
    person is told, in short. what: None: whatever was clicked or typed, since all of it is answered so.
    """

    person: Person
    request_id: str | None
    verdict: str
    what: Clicked | Typed | None


@dataclass(frozen=True)
class Repeated:
    """How often a refusal came again after the one that was recorded. times: 0: it did not."""

    refusal: Refusal
    times: int


class Snapshots(Protocol):
    """What deleted coupons held. All of it is part of the transaction that it was taken from."""

    async def keep(self, place: Place, sealed: Sealed, at: datetime) -> None:
        """Store what the coupon of an item held, in place of what was stored before."""

    async def drop(self, place: Place) -> None:
        """Remove what the coupon of an item held, if anything is stored."""

    async def remove_before(self, time: datetime) -> int:
        """Remove every snapshot that was stored before a time. Returns how many there were."""

    async def of_request(self, request_id: str) -> Sequence[Snapshot]:
        """Return the snapshots of a request, in the order of its items."""

    async def newest(self, code: CouponCode) -> Snapshot | None:
        """Return the snapshot of a code, in exactly this spelling, that was stored last, if there is any."""

    async def after(self, place: Place | None, limit: int) -> Sequence[Snapshot]:
        """Return the snapshots that follow a place (None: from the first), at most `limit`."""


class Transaction(Protocol):
    """One transaction: all of it is committed at the end of the block, or nothing is."""

    @property
    def snapshots(self) -> Snapshots:
        """What deleted coupons held."""

    async def add(self, request: Submitted, reply_url: str | None) -> None:
        """Store a new request. Raises CodeTaken if one of its codes is in an open request."""

    async def get(self, request_id: str) -> Request | None:
        """Return the request, locked until the transaction ends, or None."""

    async def save(self, request: Request) -> None:
        """Store the next state of a request that `get` returned before, and make what follows due now.

        The update is conditional on the version that was read. Items whose state became due are made due.
        """

    async def taken_over(self, code: CouponCode, request: Request) -> LaterRequest | None:
        """Return the newest later request that holds a code of `request`, or froze or ended its coupon."""

    async def frozen_before(self, code: CouponCode, request: Request) -> Sequence[str]:
        """Return the ids of the earlier requests that froze the coupon of a code and ended; newest first."""

    async def delivery(self, request_id: str) -> Delivery:
        """Return how far the request has been shown."""

    async def deliver(self, request_id: str, delivery: Delivery) -> None:
        """Store how far the request has been shown. A drawn_version below the request's makes it due now."""

    async def reply_url(self, request_id: str) -> str | None:
        """Return the `response_url` of the command that opened the request; None: it is not stored any more.

        It is stored until a card is shown, or the end is told.
        """

    async def forget_reply_urls(self, before: datetime) -> None:
        """Forget the `response_url`s of requests that were opened before a time."""

    async def hold(self, claim: Claim) -> None:
        """Make sure, and keep it so until the transaction ends, that the claim is still held.

        Raises LostClaim if its lease ran out and someone took over.
        """

    async def renew(self, claim: Claim) -> str | None:
        """Let the lease of a claim last for its whole length from now: something is about to be sent.

        Returns who the server is that this is stored on; None: it does not tell. Raises LostClaim if the
        claim is not held any more, and StoreUnavailable if the time is not certain, or the server may forget
        what is committed: nothing may be sent then.
        """

    async def server(self) -> str | None:
        """Return who the server is that this transaction is on; None: it does not tell."""

    async def release(self, claim: Claim, due: datetime | None, *, anew: bool = False) -> None:
        """Give the claim back. due: when the work is to be looked at again; None: when its state says so.

        anew: whether attempts count from the beginning, as they do without a time: nothing went wrong.
        """

    async def last_trouble(
        self, request_id: str, code: CouponCode | None = None, since: datetime | None = None
    ) -> str | None:
        """Return why the last of the request's reads that brought no answer did not; None: there was none.

        code: of reads of this one alone. since: of reads from then on alone.
        """

    async def record(self, event: Event) -> None:
        """Append an audit event."""

    async def notify(self, notice: Notice) -> None:
        """Store a private notice, due now."""

    async def drop_outcome(self, notice_id: str) -> bool:
        """Drop a notice that tells an outcome, undelivered. Returns whether there was one."""

    async def is_repeated(self, refusal: Refusal, now: datetime, until: datetime) -> bool:
        """Count a refusal if the same one came already, and say whether.

        False: it is the first, and others like it are repeats until `until`.
        """

    async def repeated(self, now: datetime) -> Sequence[Repeated]:
        """Return, and forget, refusals that are over, a hundred at most; nothing: there are none left."""


class Store(Protocol):
    """Requests, their items, audit events and private notices, kept durably."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction. It rolls back unless the block ends without an exception.

        Raises StoreUnavailable if the database can't be reached or stays locked.
        """

    async def claim_request(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one request that is due: to be read, drawn, expired or told. None: nothing is due."""

    async def claim_item(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take one item that is due: to be sent, reconciled or confirmed. None: nothing is due."""

    async def claim_notice(self, now: datetime, lease: timedelta) -> NoticeClaim | None:
        """Take one private notice that is due. None: nothing is due."""

    async def keep(self, claim: Claim | NoticeClaim, now: datetime, lease: timedelta) -> None:
        """Let the lease of a claim end later: at `now + lease`. Raises LostClaim if it has ended."""

    async def finish_notice(self, claim: NoticeClaim, due: datetime | None) -> None:
        """Drop a delivered (or hopeless) notice, or make it due again at `due`."""

    async def channels(self, code: CouponCode | None = None) -> Collection[str]:
        """Return where the open requests are, or those, open or not, that a code was ever in.

        These are the channels of their cards, as Slack calls them now, as far as that was seen. Every `Sight`
        here goes by them.
        """

    async def open_requests(self, limit: int, within: Sight | None = None) -> Sequence[OpenRequest]:
        """Return the open requests, oldest first. within: those that someone may be told of; None: all."""

    async def find(self, request_id: str) -> OpenRequest | None:
        """Return a request, open or not, with the place of its card, without locking it."""

    async def look(self, claim: Claim, now: datetime) -> tuple[Request, Delivery]:
        """Return the claimed request, and how far it has been shown, without locking it.

        Raises LostClaim if the claim is not held at `now`. It may be lost, and the request changed, a
        moment later: whatever follows from it is written under the claim.
        """

    async def history(
        self, code: CouponCode, limit: int, within: Sight | None = None
    ) -> Sequence[OpenRequest]:
        """Return the requests, open or not, that a code was ever in, in whatever case; the newest first.

        within: those that someone may be told of; None: all.
        """

    async def taken(self, codes: Sequence[CouponCode]) -> Mapping[CouponCode, Holder]:
        """Return which of the codes are in open requests, in whatever case, and in which."""

    async def has_room(self, plan: Plan) -> bool:
        """Tell whether requests of many codes have calls left now, of those that all replicas make."""

    async def ping(self) -> None:
        """Make sure that the database answers. Raises StoreError."""


# ---------------------------------------------------------------- the audit


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which audit events are meant; None: whichever.

    since: the earliest time. until: the first time that is too late. code: those about it, and those of the
    requests that it was in. request: those of one request, by its id.
    """

    since: datetime | None = None
    until: datetime | None = None
    code: str | None = None
    request: str | None = None


EVERYTHING = Chosen()


@dataclass(frozen=True)
class Page:
    """Some audit events in their order, and the head as it was stored then; None: it is gone."""

    links: Sequence[Link]
    head: Head | None


class Trail(Protocol):
    """The stored audit chain, to be read only. Everything here raises StoreError."""

    def pages(self, chosen: Chosen = EVERYTHING) -> AsyncGenerator[Page, None]:
        """Yield the chosen events in their order; at least one page, if an empty one."""

    async def around(self, sound: Head, link: Link) -> Around:
        """Return what else is stored around an event that does not fit."""
