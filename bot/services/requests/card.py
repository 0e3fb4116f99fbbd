"""Draw the card of a request, keep it up to date, and replace one that can't be used."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import LostClaim, SlackRefused, SlackUnavailable
from bot.domain.event import Event, EventKind
from bot.domain.request.request import Ended, FailureReason, Pending, Shown, is_ended
from bot.services.pacing import seconds_between
from bot.services.ports.outside import Clock, Message, Messenger, Renderer
from bot.services.ports.store import Claim, Delivery, Store
from bot.services.refused import (
    CLOSED,
    LOST,
    MOST_REPLACED,
    STUCK_FOR,
    may_replace,
    noted,
    or_plainer,
    replaced,
    taken,
)
from bot.services.requests.fail import FailRequest
from bot.services.requests.later import Later
from bot.services.requests.remind import Remind
from bot.services.requests.tell import TellOutcome

_MOST_COPIES = 5


class DrawCard:
    """Draws cards. A card may at worst appear twice, never zero times (I5)."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        fail: FailRequest,
        remind: Remind,
        tell: TellOutcome,
        later: Later,
        clock: Clock,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._fail = fail
        self._remind = remind
        self._tell = tell
        self._later = later
        self._clock = clock

    async def __call__(self, claim: Claim, request: Shown, before: Delivery) -> bool:
        """Bring the card, and every known copy of it, up to date. Returns whether the work can go on at once.

        A request that is still open is given back: what remains makes it due again, at Slack's pace while
        items are deleted and the card changes fast.
        """
        before = _with_a_card(before)
        card = self._renderer.card(request)
        try:
            drawn = await self._draw(claim, request, before, card)
        except SlackUnavailable as error:
            return await self._later(claim, error)
        except SlackRefused as error:
            return await self._refused(claim, request, before, error)
        missed = await self._draw_copies(request, drawn, before, card)
        try:
            await self._drawn(claim, request, before, drawn, missed)
        except LostClaim:
            # Held up past the lease: this card may have come after a newer one, so all are drawn anew.
            async with self._store.transaction() as tx:
                now = await tx.delivery(request.origin.id)
                copies = _copies(now.copies, () if drawn.card_ts in (None, now.card_ts) else (drawn.card_ts,))
                await tx.deliver(request.origin.id, replace(now, drawn_version=0, copies=copies))
            raise
        return is_ended(request) and missed is None

    # ------------------------------------------------------------ in Slack

    async def _draw(self, claim: Claim, request: Shown, before: Delivery, card: Message) -> Delivery:
        """Show the card. Returns where it is now."""
        if before.card_ts is None:
            return replace(before, card_ts=await self._post(claim, request, before, card))
        try:
            await self._change(claim, request, before.channel(request.origin), before.card_ts, card)
        except SlackRefused as error:
            if await self._is_elsewhere(before, card, error):
                return replace(before, moved_to=before.clicked_in)
            if not (self._is_useless(before, error) and may_replace(request, before)):
                raise
            return replaced(before, await self._post(claim, request, before, card))
        return before

    async def _change(self, claim: Claim, request: Shown, channel: str, ts: str, card: Message) -> None:
        async def update(message: Message) -> None:
            await self._messenger.update(channel, ts, message)

        # Without its buttons nobody can decide: a card that waits for people is shown whole or not at all.
        attempts = 0 if isinstance(request, Pending) else claim.attempts
        await or_plainer(update, card, attempts)

    async def _post(self, claim: Claim, request: Shown, before: Delivery, card: Message) -> str:
        async def post(message: Message) -> str:
            return await self._messenger.post(before.channel(request.origin), message)

        return await or_plainer(post, card, 0 if isinstance(request, Pending) else claim.attempts)

    async def _is_elsewhere(self, before: Delivery, card: Message, error: SlackRefused) -> bool:
        """Tell whether the channel of the card has another id by now: the one in which it was clicked.

        Only a channel that Slack does not know has moved, and only if the card is found in the other one.
        """
        if error.name != "channel_not_found" or before.clicked_in is None or before.card_ts is None:
            return False
        try:
            await self._messenger.update(before.clicked_in, before.card_ts, card)
        except SlackRefused:
            return False
        return True

    def _is_useless(self, before: Delivery, error: SlackRefused) -> bool:
        stuck = before.stuck_since is not None and self._clock.now() >= before.stuck_since + STUCK_FOR
        return stuck or error.name in LOST

    async def _draw_copies(
        self, request: Shown, drawn: Delivery, before: Delivery, card: Message
    ) -> SlackUnavailable | None:
        """Show the card's copies. Returns what they have to wait for; the card itself is drawn by then."""
        for copy in drawn.copies:
            if copy in (drawn.card_ts, before.card_ts):
                continue
            try:
                await self._messenger.update(drawn.channel(request.origin), copy, card)
            except SlackRefused:
                # The card itself shows what is true; a click on this copy is answered with it.
                continue
            except SlackUnavailable as error:
                return error
        return None

    # ------------------------------------------------------------ what is stored

    async def _drawn(
        self,
        claim: Claim,
        request: Shown,
        before: Delivery,
        drawn: Delivery,
        missed: SlackUnavailable | None,
    ) -> None:
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            now = await tx.delivery(request.origin.id)
            # What was clicked meanwhile, a copy or in another channel, has not been drawn: look at it again.
            is_seen = (now.copies, now.clicked_in) == (before.copies, before.clicked_in)
            shown = replace(
                taken(now),
                card_ts=drawn.card_ts,
                drawn_version=request.version if is_seen and missed is None else 0,
                copies=_copies(now.copies, drawn.copies),
                moved_to=drawn.moved_to,
                clicked_in=None if is_seen else now.clicked_in,
                replaced=drawn.replaced,
                stuck_since=None,
                remind_at=self._remind.at(request, now.reminded_at),
            )
            await tx.deliver(request.origin.id, shown)
            if drawn.card_ts != now.card_ts:
                await tx.record(_posted(request, shown, self._clock.now()))
            if missed is not None:
                await tx.release(claim, self._later.due(claim, missed))
            elif not is_ended(request):
                await tx.release(claim, None)

    async def _refused(self, claim: Claim, request: Shown, delivery: Delivery, error: SlackRefused) -> bool:
        """Wait until Slack takes the card. Meanwhile an outcome is told without it."""
        if isinstance(request, Pending) and not delivery.was_shown and error.name in CLOSED:
            failed = await self._fail(claim, FailureReason.NO_CARD, error.name)
            if failed:
                return False
        now = self._clock.now()
        stuck = _stuck(delivery, error, now)
        if isinstance(request, Ended) and not delivery.is_settled:
            await self._keep(claim, stuck)
            if not await self._tell(claim, request, stuck):
                return False
        if is_ended(request) and (error.name in CLOSED or delivery.replaced >= MOST_REPLACED):
            # It is left as it is; a click on it tries again.
            await self._keep(claim, stuck, drawn_version=request.version)
            return True
        due = self._later.due(claim, error)
        if stuck.stuck_since is not None and now < stuck.stuck_since + STUCK_FOR:
            due = min(due, stuck.stuck_since + STUCK_FOR)
        return await self._later(claim, error, lambda stored: _merged(stored, stuck), due)

    async def _keep(self, claim: Claim, seen: Delivery, drawn_version: int | None = None) -> None:
        async with self._store.transaction() as tx:
            await tx.hold(claim)
            after = _merged(await tx.delivery(claim.request_id), seen)
            drawn = after.drawn_version if drawn_version is None else drawn_version
            await tx.deliver(claim.request_id, replace(after, drawn_version=drawn))


def _copies(known: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *new)))[-_MOST_COPIES:]


def _with_a_card(stored: Delivery) -> Delivery:
    """Return a delivery with the card that someone clicked, if its post was never confirmed."""
    if stored.card_ts is not None or stored.replaced or not stored.copies:
        return stored
    return replace(stored, card_ts=stored.copies[-1])


def _stuck(delivery: Delivery, error: SlackRefused, now: datetime) -> Delivery:
    """Return a delivery with what is known after the card could not be changed."""
    since = None if delivery.card_ts is None else delivery.stuck_since or now
    is_asked = error.name == "channel_not_found"
    clicked_in = None if is_asked else delivery.clicked_in
    return replace(noted(delivery, error, now), stuck_since=since, clicked_in=clicked_in)


def _merged(stored: Delivery, seen: Delivery) -> Delivery:
    """Return what is stored by now, with what was seen of the card."""
    return replace(
        stored,
        stuck_since=seen.stuck_since,
        gone_since=seen.gone_since,
        refused_by=seen.refused_by,
        clicked_in=seen.clicked_in,
    )


def _posted(request: Shown, delivery: Delivery, now: datetime) -> Event:
    if delivery.replaced:
        kind, data = EventKind.CARD_REPLACED, {"replaced": delivery.replaced}
        return Event(kind=kind, at=now, request=request.origin.id, data=data)
    waited = {"seconds_since_command": seconds_between(request.origin.opened_at, now)}
    return Event(kind=EventKind.CARD_POSTED, at=now, request=request.origin.id, data=waited)
