"""Tell how a request ended: in its card's thread, and privately to a requester who can't hear it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import Event, EventKind, Notice
from bot.domain.request.freeze import awaited_until
from bot.domain.request.request import Ended, Failed, Finished, ShownAtEnd
from bot.services.pacing import is_hopeless, seconds_between
from bot.services.ports.outside import Clock, Message, Messenger, Renderer
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.refused import (
    CLOSED,
    GONE_FOR,
    LOST,
    TRIES,
    may_replace,
    noted,
    or_plainer,
    replaced,
    taken,
)
from bot.services.requests.later import Later

# A file is worth about a minute of waiting; the audit has what it says.
_TRIES_WITH_FILE = 7
# A bot that was stopped meanwhile gives a freeze a few looks more.
_NEXT_LOOK = timedelta(seconds=5)


class TellOutcome:
    """Tells outcomes, however long Slack refuses: at worst twice, never not at all (I5).

    By itself it ends only if nobody is left to be told.
    """

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        later: Later,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._later = later
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, claim: Claim, request: Ended, delivery: Delivery) -> bool:
        """Tell the outcome. Returns whether the work can go on at once: it was told, or nobody is left.

        A request that failed has no thread: its requester is told privately. So is one who is not in the
        channel (any more), and one whose thread Slack keeps refusing. While a freeze is under way it is not
        told yet, two minutes at most: the reply in the thread stays, so it says what came of that.
        """
        if isinstance(request, Failed):
            return await self._privately(claim, request, delivery, self._renderer.failure(request))
        until = awaited_until(request)
        if until is not None and not is_hopeless(claim.attempts, self._clock.now(), until):
            return await self._await(claim, until)
        try:
            no_file = None if delivery.in_thread else await self._attach(claim, request, delivery)
        except SlackUnavailable as error:
            return await self._later(claim, error)
        outcome = self._renderer.outcome(request, no_file)
        try:
            if not delivery.in_thread:
                await self._in_thread(claim, request, delivery, outcome)
        except SlackUnavailable as error:
            return await self._later(claim, error)
        except SlackRefused as error:
            return await self._refused(claim, request, delivery, outcome, error)
        heard = replace(taken(delivery), in_thread=True)
        if await self._is_there(request, delivery):
            return await self._told(claim, request, heard, "thread")
        return await self._privately(claim, request, heard, outcome.text)

    async def _await(self, claim: Claim, until: datetime) -> bool:
        """Give the request back until a time; what comes of its freezes makes it due before.

        Only what is looked at after that time counts as a try.
        """
        now = self._clock.now()
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.release(claim, max(until, now + _NEXT_LOOK), anew=now < until)
        return False

    # ------------------------------------------------------------ in the thread

    async def _in_thread(
        self, claim: Claim, request: ShownAtEnd, delivery: Delivery, outcome: Message
    ) -> None:
        channel, ts = delivery.channel(request.origin), delivery.card_ts

        async def send(message: Message) -> None:
            if ts is None:
                await self._messenger.post(channel, message)
            else:
                await self._messenger.reply(channel, ts, message, broadcast=isinstance(request, Finished))

        await or_plainer(send, outcome, claim.attempts)

    async def _refused(
        self, claim: Claim, request: ShownAtEnd, delivery: Delivery, outcome: Message, error: SlackRefused
    ) -> bool:
        """Draw a new card if there is no thread; tell it privately if the thread stays closed; else wait."""
        if error.name in LOST and delivery.card_ts is not None and may_replace(request, delivery):
            async with self._store.transaction() as tx:
                await tx.hold(claim)
                lost = replaced(await tx.delivery(request.origin.id), None)
                await tx.deliver(request.origin.id, replace(lost, drawn_version=0))
            return True
        noticed = noted(delivery, error, self._clock.now())
        if error.name in CLOSED or claim.attempts > TRIES:
            return await self._privately(claim, request, noticed, outcome.text)
        return await self._later(claim, error)

    async def _attach(self, claim: Claim, request: ShownAtEnd, delivery: Delivery) -> str | None:
        """Add the report to the thread, if there is one. Returns why Slack did not take it.

        The outcome does not wait for a file for good.
        """
        report = self._renderer.report(request)
        if report is None:
            return None
        if delivery.card_ts is None:
            return "no thread"
        try:
            await self._messenger.attach(delivery.channel(request.origin), delivery.card_ts, report)
        except SlackRefused as error:
            return error.name
        except SlackUnavailable as error:
            if claim.attempts <= _TRIES_WITH_FILE:
                raise
            return str(error)
        return None

    async def _is_there(self, request: ShownAtEnd, delivery: Delivery) -> bool:
        """Tell whether the requester can have heard it; if Slack does not say, they are told once more."""
        try:
            return await self._messenger.is_in(delivery.channel(request.origin), request.origin.requester.id)
        except (SlackUnavailable, SlackRefused):
            return False

    # ------------------------------------------------------------ privately

    async def _privately(self, claim: Claim, request: Ended, seen: Delivery, text: str) -> bool:
        origin = request.origin
        notice = Notice(
            id=self._new_id(),
            at=self._clock.now(),
            person=origin.requester.id,
            channel=seen.channel(origin),
            text=text,
            reply_url=await self._reply_url(request),
        )

        def what_was_seen(stored: Delivery) -> Delivery:
            return replace(stored, in_thread=seen.in_thread, gone_since=seen.gone_since)

        try:
            await self._messenger.tell(notice)
        except SlackUnavailable as error:
            return await self._later(claim, error, what_was_seen)
        except SlackRefused as error:
            now = self._clock.now()
            seen = noted(seen, error, now)
            gone_for_good = seen.gone_since is not None and now - seen.gone_since >= GONE_FOR
            if gone_for_good and await self._has_left(origin.requester.id):
                return await self._nobody_is_left(claim, request, seen)
            return await self._later(claim, error, what_was_seen)
        where = "thread and privately" if seen.in_thread else "privately"
        return await self._told(claim, request, seen, where)

    async def _reply_url(self, request: Ended) -> str | None:
        """Return the address for answers to the command, which are private; an outcome has none."""
        if not isinstance(request, Failed):
            return None
        async with self._store.transaction() as tx:
            return await tx.reply_url(request.origin.id)

    async def _has_left(self, person: str) -> bool:
        try:
            return await self._messenger.has_left(person)
        except (SlackUnavailable, SlackRefused):
            return False

    # ------------------------------------------------------------ what is stored

    async def _told(self, claim: Claim, request: Ended, seen: Delivery, where: str) -> bool:
        data: dict[str, object] = {"where": where}
        now = self._clock.now()
        if isinstance(request, Finished):
            data["seconds_since_approval"] = seconds_between(request.final.at, now)
        told = Event(kind=EventKind.OUTCOME_TOLD, at=now, request=request.origin.id, data=data)
        return await self._settled(claim, told, seen, told=True)

    async def _nobody_is_left(self, claim: Claim, request: Ended, seen: Delivery) -> bool:
        assert seen.gone_since is not None
        data = {"why": "nobody is left", "channel_gone_since": seen.gone_since.isoformat()}
        now = self._clock.now()
        kind = EventKind.OUTCOME_NOT_TOLD
        event = Event(kind=kind, at=now, request=request.origin.id, data=data)
        return await self._settled(claim, event, seen, given_up=True)

    async def _settled(
        self, claim: Claim, event: Event, seen: Delivery, *, told: bool = False, given_up: bool = False
    ) -> bool:
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            after = replace(
                await tx.delivery(claim.request_id),
                told=told,
                given_up=given_up,
                in_thread=seen.in_thread,
                gone_since=seen.gone_since,
                refused_by=seen.refused_by,
            )
            await tx.deliver(claim.request_id, after)
            await tx.record(event)
        return True
