"""The ports to Vivoldi and Slack, with how long each call took and what came of it.

`result` is `ok`, or the kind of answer if there are several; `unavailable` and `refused` as the errors of
those names; `malformed` if Slack refused what was in a message, which is the bot's own fault; `error` for
anything else, a call that was cancelled included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from time import perf_counter
from typing import TypeVar, assert_never

from bot.domain.coupon import CouponCode, Reading, Sealed, Shown
from bot.domain.errors import SlackRefused, SlackUnavailable, VivoldiRefused, VivoldiUnavailable
from bot.domain.event import Notice
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.restore import Held, Unusable
from bot.domain.people import Standing
from bot.services.ports.outside import (
    Asked,
    Blocks,
    Coupons,
    Dialogs,
    File,
    Message,
    Messenger,
    People,
    Still,
)
from bot.services.refused import MALFORMED

T = TypeVar("T")


CallObserver = Callable[[str, str, float], None]


class Calls:
    """Measures calls to one outside system.

    observers: told of each call that has ended: which one, its result, and its seconds. timer: returns
    seconds from some fixed point. before: what a call waits for, if there is anything; it does not count.
    """

    def __init__(
        self,
        *observers: CallObserver,
        timer: Callable[[], float] = perf_counter,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._observers = observers
        self._timer = timer
        self._before = before

    async def measured(
        self, call: str, work: Awaitable[T], result_of: Callable[[T], str] = lambda _: "ok"
    ) -> T:
        """Do the work and return, or raise, what it does. result_of: what kind of answer it got."""
        if self._before is not None:
            await self._before()
        began, result = self._timer(), "error"
        try:
            answer = await work
            result = result_of(answer)
        except (SlackUnavailable, VivoldiUnavailable):
            result = "unavailable"
            raise
        except SlackRefused as error:
            result = "malformed" if error.name in MALFORMED else "refused"
            raise
        except VivoldiRefused:
            result = "refused"
            raise
        finally:
            seconds = self._timer() - began
            for observer in self._observers:
                observer(call, result, seconds)
        return answer


class MeasuredCoupons:
    """Implements the port `Coupons` by another one. A read's time includes its turn in the rate limit."""

    def __init__(self, coupons: Coupons, calls: Calls) -> None:
        self._coupons = coupons
        self._calls = calls

    async def read(self, code: CouponCode) -> Reading:
        """Read a coupon once."""
        return await self._calls.measured("read", self._coupons.read(code), _reading)

    async def reserve(self) -> None:
        """Take a place in the rate limit."""
        await self._calls.measured("reserve", self._coupons.reserve())

    async def delete(self, code: CouponCode, still: Still) -> DeleteAnswer:
        """Send DELETE exactly once."""
        return await self._calls.measured("delete", self._coupons.delete(code, still), _changed)

    async def end_on(self, code: CouponCode, day: str, still: Still) -> DeleteAnswer:
        """Set the expiry date."""
        return await self._calls.measured("update", self._coupons.end_on(code, day, still), _changed)

    def held(self, code: CouponCode, sealed: Sealed) -> Held | Unusable:
        """Return what may be shown of a sealed snapshot, which is no call."""
        return self._coupons.held(code, sealed)

    async def create(self, code: CouponCode, sealed: Sealed, still: Still) -> DeleteAnswer:
        """Create a coupon again."""
        return await self._calls.measured("create", self._coupons.create(code, sealed, still), _changed)


class MeasuredMessenger:
    """Implements the port `Messenger` by another one."""

    def __init__(self, messenger: Messenger, calls: Calls) -> None:
        self._messenger = messenger
        self._calls = calls

    async def post(self, channel: str, message: Message) -> str:
        """Post a message and return its ts."""
        return await self._calls.measured("post", self._messenger.post(channel, message))

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message."""
        await self._calls.measured("update", self._messenger.update(channel, ts, message))

    async def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        """Post into the thread of a message."""
        reply = self._messenger.reply(channel, ts, message, broadcast=broadcast)
        await self._calls.measured("reply", reply)

    async def has_left(self, user: str) -> bool:
        """Tell whether Slack says that a person is gone."""
        return await self._calls.measured("person", self._messenger.has_left(user))

    async def attach(self, channel: str, ts: str, file: File) -> None:
        """Add a file to the thread of a message."""
        await self._calls.measured("attach", self._messenger.attach(channel, ts, file))

    async def tell(self, notice: Notice) -> None:
        """Tell one person privately."""
        await self._calls.measured("tell", self._messenger.tell(notice))

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether someone is in a channel."""
        return await self._calls.measured("members", self._messenger.is_in(channel, user))

    async def publish(self, person: str, blocks: Blocks) -> None:
        """Replace what a person sees on their Home tab."""
        await self._calls.measured("publish", self._messenger.publish(person, blocks))


class MeasuredDialogs:
    """Implements the port `Dialogs` by another one."""

    def __init__(self, dialogs: Dialogs, calls: Calls) -> None:
        self._dialogs = dialogs
        self._calls = calls

    async def open(self, trigger: str, view: Mapping[str, object]) -> None:
        """Open a dialog."""
        await self._calls.measured("open", self._dialogs.open(trigger, view))


class MeasuredPeople:
    """Implements the port `People` by another one. What is answered from memory is no call."""

    def __init__(self, people: People, calls: Calls) -> None:
        self._people = people
        self._calls = calls

    async def standing(self, user_id: str) -> Standing:
        """Return a person from memory."""
        return await self._people.standing(user_id)

    async def fresh(self, user_id: str, since: datetime, groups_since: datetime) -> Asked:
        """Ask Slack afresh."""
        return await self._calls.measured("fresh", self._people.fresh(user_id, since, groups_since))

    def approvers(self) -> Collection[Standing]:
        """Return everyone known who is granted a step."""
        return self._people.approvers()

    async def learn(self, enough: Callable[[], bool]) -> bool:
        """Ask for people who are not known yet."""
        return await self._calls.measured("learn", self._people.learn(enough))


def _changed(answer: DeleteAnswer) -> str:
    match answer:
        case Executed():
            return "executed"
        case RefusedAnswer():
            return "refused"
        case NotExecuted():
            return "not_executed"
        case Unproven():
            return "unproven"
        case _:
            assert_never(answer)


def _reading(reading: Reading) -> str:
    return "shown" if isinstance(reading, Shown) else "not_shown"
