"""What the services need from Slack, from Vivoldi, from what draws cards, and from the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.coupon import CouponCode, Reading, Sealed
from bot.domain.event import Notice
from bot.domain.item.answer import DeleteAnswer
from bot.domain.item.restore import Held, Unusable
from bot.domain.people import Standing
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Failed, Pending, Request, Shown

# ---------------------------------------------------------------- the outside systems


class Reads(Protocol):
    """What can be asked of the coupon API without changing anything there."""

    async def read(self, code: CouponCode) -> Reading:
        """Read a coupon once. Raises VivoldiUnavailable or VivoldiRefused."""

    async def reserve(self) -> None:
        """Take a place in the rate limit for a change, before the checks that must be fresh when it is sent.

        Raises VivoldiUnavailable if none becomes free in time.
        """

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Return what may be shown of a sealed snapshot that is said to be of `code` (I8)."""


# Tells whether something may still be sent. It is asked when the connection is there, right before the first
# byte is written: whatever takes time on the way there counts.
Still = Callable[[], bool]


class Coupons(Reads, Protocol):
    """The coupon API. What changes something is sent exactly once, at once, after `reserve`, or not at all.

    Each returns what the answer proves, NotExecuted if it was too late to send, and raises nothing by name.
    """

    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Send DELETE."""

    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Set the expiry date. day: `YYYY-MM-DD`, as read."""

    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Create the coupon of a sealed snapshot again."""


@dataclass(frozen=True)
class Asked:
    """A person as Slack describes them, and when it was asked: about them, and about their groups."""

    standing: Standing
    person_at: datetime
    groups_at: datetime


class People(Protocol):
    """Who is who in Slack."""

    async def standing(self, user_id: str) -> Standing:
        """Return a person from memory.

        Someone never seen costs a call, 1 s at most, and is UNKNOWN if there is no answer (fail closed).
        """

    async def fresh(self, user_id: str, since: datetime, groups_since: datetime) -> Asked:
        """Ask Slack afresh: nothing counts that was asked about the person before `since`.

        groups_since: the same about the groups. Raises SlackUnavailable if Slack can't be asked.
        """

    def approvers(self) -> Collection[Standing]:
        """Return everyone known who is granted a step, from memory."""

    async def learn(self, enough: Callable[[], bool]) -> bool:
        """Ask for people who are granted something and not known yet, until that is enough, for 1 s at most.

        enough: asked after every answer. Returns whether everyone is known now, so that who is missing is
        missing for good.
        """


class Channels(Protocol):
    """Who can read what in Slack."""

    async def open_to(self, person: str | None, channels: Collection[str]) -> frozenset[str]:
        """Return those of the channels that a person can read: public ones, and those that they are in.

        Answers from memory, at most a minute old; what is not there costs calls, 0.7 s at most in all. A
        channel of which it is not known by then is left out (fail closed). Raises nothing by name.
        """


Blocks = tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class Message:
    """A Slack message: blocks as Slack wants them, and a text that says everything that matters.

    Slack takes the text alone as well: it has at most 4,000 characters.
    """

    text: str
    blocks: Blocks = ()


@dataclass(frozen=True)
class File:
    """A file for a thread. title: what people see."""

    name: str
    title: str
    content: bytes


class Messenger(Protocol):
    """Messages and Home tabs in Slack. Every call raises SlackUnavailable or SlackRefused."""

    async def post(self, channel: str, message: Message) -> str:
        """Post a message and return its ts."""

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message."""

    async def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        """Post into the thread of a message, and to the channel as well if broadcast."""

    async def attach(self, channel: str, ts: str, file: File) -> None:
        """Add a file to the thread of a message."""

    async def tell(self, notice: Notice) -> None:
        """Tell one person privately. A refusal says as well why the channel did not take it."""

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether someone is in a channel, as far as can be found out with a few calls."""

    async def has_left(self, user: str) -> bool:
        """Tell whether Slack says that a person is deleted, or does not know them."""

    async def publish(self, person: str, blocks: Blocks) -> None:
        """Replace what a person sees on their Home tab."""


class Dialogs(Protocol):
    """Dialogs in Slack that a person fills in."""

    async def open(self, trigger: str, view: Mapping[str, object]) -> None:
        """Open one for who clicked. trigger: of the click, good once and for 3 s.

        Takes 1 s at most. Raises SlackUnavailable or SlackRefused.
        """


class Files(Protocol):
    """Files that people sent in Slack."""

    async def fetch(self, file: str) -> bytes:
        """Return what is in a file. file: its address, or its id if it came without one.

        Raises SlackUnavailable, and SlackRefused also if it is too large.
        """


@dataclass(frozen=True)
class CardPlace:
    """Where a card is. ts: of its message in the channel."""

    channel: str
    ts: str


class Renderer(Protocol):
    """The words and the looks. Each function works from what is stored alone."""

    def card(self, request: Shown) -> Message:
        """Return the card of a request at any state."""

    def outcome(self, request: Shown, no_file: str | None = None) -> Message:
        """Return the reply in the thread that says how the request ended, mentioning the requester.

        no_file: Slack's name for why it did not take the report.
        """

    def report(self, request: Shown) -> File | None:
        """Return what happened to every code as a file; None: the outcome itself tells it."""

    def reminder(self, request: Pending) -> Message:
        """Return the reply in the thread that reminds those who can give the step that comes next."""

    def failure(self, request: Failed) -> str:
        """Return what the requester is told privately if a request could not be shown."""

    def refused_click(self, verdict: Verdict, request: Request | None, newer: CardPlace | None = None) -> str:
        """Return what someone is told privately whose click was refused.

        newer: the card that took the place of the clicked one, which may never change again.
        """

    def stopped(self, request: Approved) -> str:
        """Return what someone is told privately whose stop came too late for some of the coupons."""


class Clock(Protocol):
    """The time, passed in so that tests can set it."""

    def now(self) -> datetime:
        """Return the time, in UTC and aware of it."""
