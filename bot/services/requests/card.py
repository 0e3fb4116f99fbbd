"""Show a request to people: its card, kept up to date, and its outcome in the thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from random import Random

from bot.domain.errors import LostClaim, SlackRefused, SlackUnavailable
from bot.domain.event import Event, EventKind, Notice
from bot.domain.policy import Policy
from bot.domain.request.reminder import next_reminder
from bot.domain.request.request import FailureReason, Finished, Pending, Shown, is_ended
from bot.services.pacing import backoff, seconds_between
from bot.services.ports.outside import Clock, Message, Messenger, Renderer
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.requests.fail import FailRequest

# The bot's own token or scopes are at fault, not what is sent: it waits until someone mends them.
OPERATORS_MATTER = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "missing_scope"}
# The card is gone, or was never this bot's: a new one takes its place.
_CARD_LOST = {"message_not_found", "cant_update_message"}


# A file is worth about a minute of waiting; the audit has what it says.
_TRIES_WITH_FILE = 7


class Present:
    """Draws cards and tells outcomes. A card or outcome may at worst appear twice, never zero times (I5)."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        fail: FailRequest,
        policy: Policy,
        clock: Clock,
        random: Random,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._fail = fail
        self._policy = policy
        self._clock = clock
        self._random = random
        self._new_id = new_id

    async def draw(self, claim: Claim, request: Shown, delivery: Delivery) -> bool:
        """Bring the card, and every known copy of it, up to date. Returns whether the work can go on at once.

        A request that is still open is given back: what remains makes it due again, at Slack's pace while
        items are deleted and the card changes fast.
        """
        card = self._renderer.card(request)
        try:
            main = await self._draw(request.origin.channel, delivery.card_ts, card)
            for copy in delivery.copies:
                if copy != main:
                    await self._draw_copy(request.origin.channel, copy, card)
        except SlackUnavailable as error:
            return await self._later(claim, error.retry_after)
        except SlackRefused as error:
            return await self._undrawable(claim, request, delivery, error)
        try:
            await self._drawn(claim, request, delivery, main)
        except LostClaim:
            # Held up past the lease: this card may have come after a newer one, so it is drawn anew.
            async with self._store.transaction() as tx:
                now = await tx.delivery(request.origin.id)
                await tx.deliver(request.origin.id, replace(now, drawn_version=0))
            raise
        return is_ended(request)

    async def _drawn(self, claim: Claim, request: Shown, delivery: Delivery, card_ts: str) -> None:
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            now = await tx.delivery(request.origin.id)
            # A copy that was clicked meanwhile has not been drawn: look at it again.
            drawn = request.version if now.copies == delivery.copies else 0
            remind_at = self._remind_at(request, now.reminded_at)
            shown = replace(now, card_ts=card_ts, drawn_version=drawn, remind_at=remind_at)
            await tx.deliver(request.origin.id, shown)
            if now.card_ts is None:
                await tx.record(_posted(request, self._clock.now()))
            if not is_ended(request):
                await tx.release(claim, None)

    async def _draw(self, channel: str, ts: str | None, card: Message) -> str:
        if ts is not None:
            try:
                await self._messenger.update(channel, ts, card)
                return ts
            except SlackRefused as error:
                if error.name not in _CARD_LOST:
                    raise
        return await self._messenger.post(channel, card)

    async def _draw_copy(self, channel: str, ts: str, card: Message) -> None:
        try:
            await self._messenger.update(channel, ts, card)
        except SlackRefused as error:
            if error.name not in _CARD_LOST:
                raise

    async def _undrawable(
        self, claim: Claim, request: Shown, delivery: Delivery, error: SlackRefused
    ) -> bool:
        if error.name in OPERATORS_MATTER:
            return await self._later(claim, None)
        if isinstance(request, Pending) and delivery.card_ts is None:
            await self._fail(claim, FailureReason.NO_CARD, error.name)
            return False
        # People have seen the request, so it goes on; its card can't be changed any more.
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            now = await tx.delivery(request.origin.id)
            # Otherwise the reminder of the step before would come as one too many of this step.
            remind_at = self._remind_at(request, now.reminded_at)
            shown = replace(now, drawn_version=request.version, remind_at=remind_at)
            await tx.deliver(request.origin.id, shown)
        return True

    async def remind(self, claim: Claim, request: Pending) -> bool:
        """Remind those who can act, in the card's thread. Returns that the work can go on.

        It is stored first, and posted once: a reminder may get lost, and none is ever posted a third time.
        """
        now = self._clock.now()
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            delivery = await tx.delivery(request.origin.id)
            remind_at = self._remind_at(request, now)
            await tx.deliver(request.origin.id, replace(delivery, remind_at=remind_at, reminded_at=now))
            step = {"step": int(request.step)}
            await tx.record(Event(kind=EventKind.REMINDED, at=now, request=request.origin.id, data=step))
        if delivery.card_ts is not None:
            reminder = self._renderer.reminder(request)
            with suppress(SlackUnavailable, SlackRefused):
                await self._messenger.reply(
                    request.origin.channel, delivery.card_ts, reminder, broadcast=False
                )
        return True

    def _remind_at(self, request: Shown, reminded_at: datetime | None) -> datetime | None:
        if not isinstance(request, Pending):
            return None
        # Many coupons take long to be read, and nobody can approve them before.
        shown_at = request.approve_by - self._policy.approve_within if request.origin.bulk else None
        return next_reminder(request, self._policy.remind_after, reminded_at, shown_at)

    async def tell(self, claim: Claim, request: Shown, delivery: Delivery) -> bool:
        """Post the outcome into the card's thread.

        The requester is told privately where Slack refuses that, and where they are not in the channel (any
        more).
        """
        refused: SlackRefused | None = None
        try:
            outcome = self._renderer.outcome(request, await self._attach(claim, request, delivery.card_ts))
            if delivery.card_ts is None:
                await self._messenger.post(request.origin.channel, outcome)
            else:
                broadcast = isinstance(request, Finished)
                await self._messenger.reply(
                    request.origin.channel, delivery.card_ts, outcome, broadcast=broadcast
                )
        except SlackUnavailable as error:
            return await self._later(claim, error.retry_after)
        except SlackRefused as error:
            if error.name in OPERATORS_MATTER:
                return await self._later(claim, None)
            refused = error
        heard = refused is None and await self._is_there(request)
        await self._told(claim, request, outcome, in_thread=refused is None, heard=heard)
        return True

    async def _attach(self, claim: Claim, request: Shown, card_ts: str | None) -> str | None:
        """Add the report to the thread, where there is one. Returns why Slack did not take it.

        The outcome does not wait for a file for good.
        """
        report = self._renderer.report(request)
        if report is None:
            return None
        if card_ts is None:
            return "no thread"
        try:
            await self._messenger.attach(request.origin.channel, card_ts, report)
        except SlackRefused as error:
            return error.name
        except SlackUnavailable as error:
            if claim.attempts <= _TRIES_WITH_FILE:
                raise
            return str(error)
        return None

    async def _is_there(self, request: Shown) -> bool:
        """Tell whether the requester can have heard it; where Slack does not say, they are told once more."""
        try:
            return await self._messenger.is_in(request.origin.channel, request.origin.requester.id)
        except (SlackUnavailable, SlackRefused):
            return False

    async def _told(
        self, claim: Claim, request: Shown, outcome: Message, *, in_thread: bool, heard: bool
    ) -> None:
        request_id, now = request.origin.id, self._clock.now()
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            if not heard:
                notice = Notice(
                    id=self._new_id(),
                    at=now,
                    person=request.origin.requester.id,
                    channel=request.origin.channel,
                    text=outcome.text,
                )
                await tx.notify(notice)
            await tx.deliver(request_id, replace(await tx.delivery(request_id), told=True))
            where = ("thread" if heard else "thread and privately") if in_thread else "privately"
            await tx.record(_outcome_told(request, where, now))

    async def _later(self, claim: Claim, retry_after: float | None) -> bool:
        due = self._clock.now() + backoff(claim.attempts, self._random, retry_after)
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            await tx.release(claim, due)
        return False


def _posted(request: Shown, now: datetime) -> Event:
    data = {"seconds_since_command": seconds_between(request.origin.opened_at, now)}
    return Event(kind=EventKind.CARD_POSTED, at=now, request=request.origin.id, data=data)


def _outcome_told(request: Shown, where: str, now: datetime) -> Event:
    data: dict[str, object] = {"where": where}
    if isinstance(request, Finished):
        data["seconds_since_approval"] = seconds_between(request.final.at, now)
    return Event(kind=EventKind.OUTCOME_TOLD, at=now, request=request.origin.id, data=data)
