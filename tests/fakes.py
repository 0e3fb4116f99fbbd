"""Fakes of the services' ports: they work in memory, keep a log, and do as a test tells them.

Each burns a fuse before and after it acts, so that a test can kill the program at any of these places.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.adapters.vivoldi.client import HELD_UP
from bot.adapters.vivoldi.creation import body_of, held_in
from bot.adapters.vivoldi.wire import parse_coupon
from bot.domain.coupon import Coupon, CouponCode, DiscountKind, Reading, Sealed, Shown
from bot.domain.errors import (
    SealError,
    SlackError,
    SlackRefused,
    SlackUnavailable,
    VivoldiError,
    VivoldiUnavailable,
)
from bot.domain.event import Notice
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted
from bot.domain.item.restore import Held, Unusable
from bot.domain.people import Kind, Person, Standing
from bot.services.ports.outside import Asked, Blocks, File, Message, Still
from tests.builders import NOW, UNSEEN

# Whom every coupon is issued to, which is nobody's business.
HOLDER = "SECRET-Jane"
CREATED_AGAIN = "2025-06-02 03:04:05"


class Killed(BaseException):
    """The program was killed here: nothing in it may catch this."""


@dataclass
class Fuse:
    """Kills the program at the `left`-th place from now; None: never."""

    left: int | None = None

    def burn(self) -> None:
        """Come one place nearer. Raises Killed at the last one."""
        if self.left is None:
            return
        self.left -= 1
        if self.left == 0:
            raise Killed


@dataclass
class FixedClock:
    """A clock that stands still until a test sets it."""

    time: datetime = NOW

    def now(self) -> datetime:
        """Return the time that it is set to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Set it that much later."""
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Call:
    """One call to Vivoldi."""

    kind: Literal["read", "delete", "update", "create"]
    code: str


async def _nothing(_: object) -> None:
    """What happens during a call unless a test says otherwise."""


@dataclass
class FakeCoupons:
    """Vivoldi: shows what is stored, deletes it, and creates it again.

    reads, deletes, updates, creates: what happens instead, for each code, in this order; a deletion, a new
    expiry date or a creation is an answer and whether it was executed. bodies: what was created.
    overridden: codes that validate whatever their dates are. during: awaited while a call is under way,
    before it has any effect. connecting: awaited before it is asked whether a change may still be sent.
    crowded: whether there is no place in the rate limit. seal, unseal: close what a coupon holds besides, and
    open it, as the client does if it has a key.
    """

    fuse: Fuse = field(default_factory=Fuse)
    stored: dict[str, Coupon] = field(default_factory=dict)
    reads: defaultdict[str, list[Reading | VivoldiError]] = field(default_factory=lambda: defaultdict(list))
    deletes: defaultdict[str, list[tuple[DeleteAnswer, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    updates: defaultdict[str, list[tuple[DeleteAnswer, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    creates: defaultdict[str, list[tuple[DeleteAnswer, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    overridden: set[str] = field(default_factory=set)
    during: Callable[[Call], Awaitable[None]] = _nothing
    connecting: Callable[[Call], Awaitable[None]] = _nothing
    seal: Callable[[bytes], Sealed] | None = None
    unseal: Callable[[Sealed], bytes] | None = None
    crowded: bool = False
    calls: list[Call] = field(default_factory=list)
    bodies: list[Mapping[str, object]] = field(default_factory=list)

    def store(self, *coupons: Coupon) -> None:
        """Store coupons, in place of those with their numbers."""
        self.stored |= {coupon.number: coupon for coupon in coupons}

    def kinds(self, code: str) -> list[str]:
        """Return the kinds of the calls about a code, in their order."""
        return [call.kind for call in self.calls if call.code == code]

    async def read(self, code: CouponCode) -> Reading:
        """Return what is scripted, else what is stored."""
        await self._begin(Call("read", code))
        if self.reads[code]:
            result = self.reads[code].pop(0)
            if isinstance(result, VivoldiError):
                raise result
            return result
        coupon = self.stored.get(code)
        if coupon is None or (code not in self.overridden and not coupon.valid_on(NOW.date())):
            return UNSEEN
        held = {"code": 0, "result": wire(coupon) | {"userNm": HOLDER}}
        return Shown(coupon, self.seal(json.dumps(held).encode()) if self.seal else None)

    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Return what is scripted, else set the expiry date."""
        if not await self._begins(Call("update", code), still):
            return NotExecuted(HELD_UP)
        answer, executed = self.updates[code].pop(0) if self.updates[code] else (Executed(), True)
        if executed and code in self.stored:
            self.stored[code] = replace(self.stored[code], ends_on=day)
        return answer

    async def reserve(self) -> None:
        """Take a place. Raises VivoldiUnavailable where crowded."""
        if self.crowded:
            raise VivoldiUnavailable("too many calls")

    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Return what is scripted, else delete."""
        if not await self._begins(Call("delete", code), still):
            return NotExecuted(HELD_UP)
        answer, executed = self.deletes[code].pop(0) if self.deletes[code] else (Executed(), True)
        if executed:
            self.stored.pop(code, None)
        self.fuse.burn()
        return answer

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Return what the product's own adapter finds in a sealed snapshot."""
        try:
            return held_in(code, self._opened(sealed))
        except SealError:
            return Unusable.KEY_LOST

    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Return what is scripted, else create. A new coupon was never used, and has a new creation time."""
        if not await self._begins(Call("create", code), still):
            return NotExecuted(HELD_UP)
        body = body_of(code, self._opened(sealed))
        answer, executed = self.creates[code].pop(0) if self.creates[code] else (Executed(), True)
        if executed:
            self.bodies.append(body)
            self.stored[code] = _created(code, body)
        self.fuse.burn()
        return answer

    def _opened(self, sealed: Sealed) -> bytes:
        if self.unseal is None:
            raise SealError("there is no key")
        return self.unseal(sealed)

    async def _begins(self, call: Call, still: Still) -> bool:
        """Connect, and tell whether the call may still be sent."""
        await self.connecting(call)
        if may_be_sent := still():
            await self._begin(call)
        return may_be_sent

    async def _begin(self, call: Call) -> None:
        self.fuse.burn()
        self.calls.append(call)
        await self.during(call)


def wire(coupon: Coupon) -> dict[str, object]:
    """Return a coupon as Vivoldi writes it."""
    return {
        "cpnNo": coupon.number,
        "nm": coupon.name,
        "discTypeIdx": 457 if coupon.discount_kind is DiscountKind.PERCENT else 458,
        "disc": int(coupon.discount or 0),
        "discCurrency": coupon.currency,
        "strtYmd": coupon.starts_on,
        "endYmd": coupon.ends_on,
        "useLimit": coupon.use_limit,
        "useCnt": coupon.use_count,
        "regYmdt": coupon.created_at,
    }


def _created(code: CouponCode, body: Mapping[str, object]) -> Coupon:
    created = {**body, "useCnt": 0, "regYmdt": CREATED_AGAIN}
    coupon = parse_coupon(code, json.loads(json.dumps(created), parse_float=Decimal))
    assert coupon is not None
    return coupon


@dataclass
class FakePeople:
    """The directory.

    known: what is remembered. changed: what Slack would say by now instead. unreachable: Slack can't be
    asked afresh. asked: whom Slack was asked about afresh, and since when the answer had to be. untold: whom
    Slack has not told yet; all_told: whether there is nobody else.
    """

    known: dict[str, Standing] = field(default_factory=dict)
    changed: dict[str, Standing] = field(default_factory=dict)
    unreachable: bool = False
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    untold: list[Standing] = field(default_factory=list)
    all_told: bool = True

    def put(self, *standings: Standing) -> None:
        """Make these people known, in place of what was known of them."""
        self.known |= {standing.person.id: standing for standing in standings}

    def change(self, *standings: Standing) -> None:
        """Change these people in Slack; the directory remembers them as they were."""
        self.changed |= {standing.person.id: standing for standing in standings}

    async def standing(self, user_id: str) -> Standing:
        """Return a known person; anyone else is UNKNOWN."""
        return self.known.get(user_id, Standing(Person(user_id, user_id), Kind.UNKNOWN))

    async def fresh(self, user_id: str, since: datetime, groups_since: datetime) -> Asked:
        """Return a person as Slack knows them now. Raises SlackUnavailable where unreachable."""
        self.asked.append((user_id, since))
        if self.unreachable:
            raise SlackUnavailable("no answer")
        # As old as the caller takes it, so that what follows has as little time as it can have.
        return Asked(self.changed.get(user_id) or await self.standing(user_id), since, groups_since)

    def approvers(self) -> Collection[Standing]:
        """Return everyone known."""
        return tuple(self.known.values())

    async def learn(self, enough: Callable[[], bool]) -> bool:
        """Make those known whom Slack had not told yet. Returns whether that was everyone."""
        while self.untold and not enough():
            self.put(self.untold.pop(0))
        return enough() or self.all_told


@dataclass
class FakeChannels:
    """Who can read what. private: such channels, each with who is in there; the rest is public."""

    private: dict[str, set[str]] = field(default_factory=dict)
    asked: list[tuple[str | None, frozenset[str]]] = field(default_factory=list)

    async def open_to(self, person: str | None, channels: Collection[str]) -> frozenset[str]:
        """Return those that a person can read."""
        self.asked.append((person, frozenset(channels)))
        return frozenset(each for each in channels if person in self.private.get(each, {person}))


async def _at_once() -> None:
    """What happens while a file comes unless a test says otherwise."""


@dataclass
class FakeFiles:
    """Files that people sent, by their addresses. error: raised instead. during: awaited while one comes."""

    stored: dict[str, bytes] = field(default_factory=dict)
    error: SlackError | None = None
    during: Callable[[], Awaitable[object]] = _at_once

    async def fetch(self, url: str) -> bytes:
        """Return what is stored."""
        await self.during()
        if self.error is not None:
            raise self.error
        return self.stored[url]


@dataclass(frozen=True)
class Sent:
    """One message that Slack was given; ts: its own, or that of the thread it went into."""

    kind: Literal["post", "update", "reply"]
    channel: str
    ts: str
    message: Message
    broadcast: bool = False


@dataclass
class FakeDialogs:
    """Slack's dialogs. opened: each with its trigger. error: raised instead of opening one."""

    opened: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    error: SlackError | None = None

    async def open(self, trigger: str, view: Mapping[str, object]) -> None:
        """Keep the dialog."""
        if self.error is not None:
            raise self.error
        self.opened.append((trigger, view))


@dataclass
class FakeMessenger:
    """Slack's messages and Homes. errors: raised instead, for each kind of call, in this order.

    lost: raised in the same way, but after the message was sent, as when its answer is lost. during: awaited
    while a message is on its way. left: who is not in the channel. gone: whom Slack does not know any more.
    takes_blocks: whether it takes messages with blocks.
    """

    fuse: Fuse = field(default_factory=Fuse)
    sent: list[Sent] = field(default_factory=list)
    told: list[Notice] = field(default_factory=list)
    homes: list[tuple[str, Blocks]] = field(default_factory=list)
    errors: defaultdict[str, list[SlackError]] = field(default_factory=lambda: defaultdict(list))
    lost: defaultdict[str, list[SlackError]] = field(default_factory=lambda: defaultdict(list))
    during: Callable[[Sent], Awaitable[None]] = _nothing
    left: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    takes_blocks: bool = True
    files: list[tuple[str, File]] = field(default_factory=list)

    def of(self, kind: str) -> list[Sent]:
        """Return the messages of a kind."""
        return [sent for sent in self.sent if sent.kind == kind]

    def shown(self, ts: str) -> Message:
        """Return what a card shows now."""
        return next(
            sent.message for sent in reversed(self.sent) if sent.ts == ts and sent.kind in ("post", "update")
        )

    async def post(self, channel: str, message: Message) -> str:
        """Keep the message and return a new ts."""
        sent = Sent("post", channel, f"{len(self.of('post')) + 1}.000100", message)
        await self._send(sent)
        return sent.ts

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Keep the message as the one that is shown at `ts`."""
        await self._send(Sent("update", channel, ts, message))

    async def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        """Keep the message."""
        await self._send(Sent("reply", channel, ts, message, broadcast))

    async def attach(self, channel: str, ts: str, file: File) -> None:
        """Keep the file."""
        self._fail("attach", self.errors)
        self.files.append((ts, file))
        self._fail("attach", self.lost)

    async def tell(self, notice: Notice) -> None:
        """Keep the notice."""
        self._fail("tell", self.errors)
        self.told.append(notice)
        self._fail("tell", self.lost)

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether someone is in a channel."""
        self._fail("members", self.errors)
        return user not in self.left

    async def has_left(self, user: str) -> bool:
        """Tell whether Slack knows someone no more."""
        self._fail("person", self.errors)
        return user in self.gone

    async def publish(self, person: str, blocks: Blocks) -> None:
        """Keep what the person sees on their Home now."""
        self._fail("publish", self.errors)
        self.homes.append((person, blocks))
        self._fail("publish", self.lost)

    async def _send(self, sent: Sent) -> None:
        self._fail(sent.kind, self.errors)
        if sent.message.blocks and not self.takes_blocks:
            raise SlackRefused("invalid_blocks")
        await self.during(sent)
        self.sent.append(sent)
        self._fail(sent.kind, self.lost)

    def _fail(self, kind: str, errors: dict[str, list[SlackError]]) -> None:
        self.fuse.burn()
        if errors[kind]:
            raise errors[kind].pop(0)
