"""A click: approve, reject, cancel, freeze, unfreeze or stop. One transaction, one effect (I6).

What was not sent by the time of a stop is not sent any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from bot.domain.event import Event, EventKind, Notice
from bot.domain.item.deletion import AnyState, Changed, Item, NotSent, Waiting, is_final
from bot.domain.people import Person, Standing
from bot.domain.policy import (
    Policy,
    Verdict,
    current,
    current_at_end,
    is_confirmed,
    may_act,
    may_approve,
    may_cancel,
    may_freeze,
    may_reject,
    may_stop,
    may_unfreeze,
)
from bot.domain.request import freeze
from bot.domain.request.request import (
    Approved,
    Pending,
    Request,
    ShownAtEnd,
    approve,
    cancel,
    reject,
    review,
    stop,
)
from bot.services.asked.repeats import is_repeated
from bot.services.facts import outcome_of
from bot.services.ports.outside import CardPlace, Clock, People, Renderer
from bot.services.ports.store import Clicked, Place, Refusal, Store, Transaction
from bot.services.servers import is_void

_MOST_COPIES = 5


class Action(StrEnum):
    """What a button does; also its `action_id`."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Click:
    """A verified click. version: the version of the card that was clicked; message_ts: where that card is.

    team: the workspace that it came from, if Slack says so. typed: what was typed to confirm it, in the
    dialog that the click on the button has opened; None: it is that click.
    """

    action: Action
    user: str
    team: str | None
    channel: str
    request_id: str
    version: int
    message_ts: str | None
    reply_url: str | None = field(default=None, repr=False)
    typed: str | None = None


class Decide:
    """Carries out a click, or tells the person privately why not and leaves the card as it is."""

    def __init__(
        self,
        store: Store,
        people: People,
        policy: Policy,
        renderer: Renderer,
        clock: Clock,
        new_id: Callable[[], str],
        team: str,
        timezone: tzinfo,
    ) -> None:
        self._store = store
        self._people = people
        self._policy = policy
        self._renderer = renderer
        self._clock = clock
        self._new_id = new_id
        self._team = team
        self._timezone = timezone

    async def __call__(self, click: Click) -> Verdict:
        """Decide by the database alone: of the click only the actor, the action and the version count.

        Returns the verdict. Raises StoreUnavailable if nothing was stored.
        """
        standing = await self._standing(click)
        async with self._store.transaction() as tx:
            request = await tx.get(click.request_id)
            now = self._clock.now()
            verdict = self._verdict(click, standing, request, now)
            if verdict is Verdict.ALLOWED and isinstance(request, Pending):
                await tx.save(self._next(click, standing, request, now))
            again = await is_repeated(tx, _refusal(click, standing, request, verdict), now)
            if not again:
                await tx.record(self._event(click, standing, request, verdict, now))
            if verdict is Verdict.ALLOWED and isinstance(request, Approved):
                await carry_out_stop(tx, request, standing.person, now)
            if verdict is Verdict.ALLOWED and isinstance(request, ShownAtEnd):
                await _unfreeze(tx, request, standing.person, now)
            told = await self._told(tx, click, standing, request, verdict, now)
            if told is not None:
                await tx.notify(self._notice(click, told, now))
            await _heal(tx, click, request, verdict)
        return verdict

    async def look(self, click: Click) -> tuple[Verdict, Request | None]:
        """Return what the click would come to now, and its request. Nothing is changed or recorded."""
        standing = await self._standing(click)
        found = await self._store.find(click.request_id)
        request = None if found is None else found.request
        return self._verdict(click, standing, request, self._clock.now()), request

    async def _standing(self, click: Click) -> Standing:
        standing = await self._people.standing(click.user)
        return standing.coming_from(click.team, self._team)

    def _verdict(self, click: Click, standing: Standing, request: Request | None, now: datetime) -> Verdict:
        if (verdict := may_act(standing)) is not Verdict.ALLOWED:
            return verdict
        if click.action is Action.STOP:
            return may_stop(self._policy, standing, request)
        if click.action is Action.UNFREEZE:
            verdict = current_at_end(request, click.version)
            if verdict is Verdict.ALLOWED and isinstance(request, ShownAtEnd):
                return may_unfreeze(self._policy, standing, request)
            return verdict
        verdict = current(request, click.version)
        if not isinstance(request, Pending):
            return verdict
        if verdict is Verdict.STALE_CARD and _is_repeat(click, standing, request):
            return Verdict.SAME_PERSON
        if verdict is not Verdict.ALLOWED:
            return verdict
        match click.action:
            case Action.APPROVE:
                verdict = may_approve(self._policy, standing, request, now)
                if verdict is Verdict.ALLOWED:
                    verdict = is_confirmed(self._policy, request, click.typed)
                return verdict
            case Action.REJECT:
                return may_reject(self._policy, standing, request, now)
            case Action.CANCEL:
                return may_cancel(standing, request, now)
            case Action.FREEZE:
                return may_freeze(self._policy, standing, request, now)

    def _next(self, click: Click, standing: Standing, request: Pending, now: datetime) -> Request:
        actor = standing.person
        match click.action:
            case Action.FREEZE:
                yesterday = now.astimezone(self._timezone).date() - timedelta(days=1)
                return freeze.begin(request, actor, now, yesterday)
            case Action.REJECT:
                return reject(request, actor, now)
            case Action.CANCEL:
                return cancel(request, now)
            case Action.APPROVE:
                return self._approved(request, actor, now)
        raise AssertionError(f"{click.action} was allowed where it can't be done")

    def _approved(self, request: Pending, actor: Person, now: datetime) -> Request:
        if request.review is None:
            return review(request, actor, now)
        bulk, window = request.origin.bulk, self._policy.stop_window
        within = self._policy.execute_within if bulk is None else bulk.execute_within
        return approve(request, request.review, actor, now, within, window)

    def _notice(self, click: Click, told: str, now: datetime) -> Notice:
        return Notice(
            id=self._new_id(),
            at=now,
            person=click.user,
            channel=click.channel,
            text=told,
            reply_url=click.reply_url,
        )

    async def _told(
        self,
        tx: Transaction,
        click: Click,
        standing: Standing,
        request: Request | None,
        verdict: Verdict,
        now: datetime,
    ) -> str | None:
        """Return what the person is told privately; None: nothing, or the very same as a moment ago.

        What they clicked, and whether that was recorded, makes no difference: after a first answer something
        may have happened that the next one says. What was typed wrongly, the dialog itself says.
        """
        if verdict is Verdict.ALLOWED:
            if not isinstance(request, Approved) or not past_stopping(request):
                return None
            return self._renderer.stopped(request)
        if verdict is Verdict.WRONG_TEXT:
            return None
        newer = None if request is None else await _newer_card(tx, click, request)
        told = self._renderer.refused_click(verdict, request, newer)
        known = click.request_id if request else None
        answer = Refusal(standing.person, known, _said(told, request, verdict), None)
        return None if await is_repeated(tx, answer, now) else told

    def _event(
        self, click: Click, standing: Standing, request: Request | None, verdict: Verdict, now: datetime
    ) -> Event:
        data: dict[str, object] = {"action": click.action, "version": click.version}
        if isinstance(request, Pending):
            data |= {"step": int(request.step), "digest": request.digest}
        if click.typed is not None:
            data["typed"] = True
        allowed = verdict is Verdict.ALLOWED
        if not allowed:
            data["verdict"] = verdict
        elif click.action is Action.APPROVE:
            data["policy"] = self._policy.in_force()
        return Event(
            kind=EventKind.DECISION if allowed else EventKind.DECISION_REFUSED,
            at=now,
            request=click.request_id if request else None,
            actor=standing.person,
            data=data,
        )


async def _newer_card(tx: Transaction, click: Click, request: Request) -> CardPlace | None:
    """Return the card that took the place of the one that was clicked; None: it is the card, or none did."""
    delivery = await tx.delivery(click.request_id)
    if not delivery.replaced or delivery.card_ts is None or click.message_ts in (None, delivery.card_ts):
        return None
    return CardPlace(delivery.channel(request.origin), delivery.card_ts)


def _is_repeat(click: Click, standing: Standing, request: Pending) -> bool:
    """Tell whether this is the second half of a double click on step 1."""
    reviewed_by = request.review.actor.id if request.review else None
    return click.action is Action.APPROVE and standing.person.id == reviewed_by


def _refusal(click: Click, standing: Standing, request: Request | None, verdict: Verdict) -> Refusal | None:
    """Return what was refused; None: nothing was."""
    if verdict is Verdict.ALLOWED:
        return None
    known = click.request_id if request else None
    return Refusal(standing.person, known, verdict.value, Clicked(click.action.value, click.version))


def _said(words: str, request: Request | None, verdict: Verdict) -> str:
    """Return what an answer says, in short: its words, and which change of the card they are about."""
    changed = request.version if verdict is Verdict.STALE_CARD and request is not None else 0
    return hashlib.sha256(f"{changed} {words}".encode()).hexdigest()


async def _heal(tx: Transaction, click: Click, request: Request | None, verdict: Verdict) -> None:
    """Redraw the card that was clicked, if it is out of date or a copy that the database did not know."""
    if request is None or click.message_ts is None:
        return
    delivery = await tx.delivery(click.request_id)
    if click.channel != delivery.channel(request.origin):
        # Slack may have given the channel another id. Whether it has, only the worker can ask.
        if click.message_ts == delivery.card_ts:
            elsewhere = replace(delivery, clicked_in=click.channel, drawn_version=0)
            await tx.deliver(click.request_id, elsewhere)
    elif click.message_ts not in (delivery.card_ts, *delivery.copies):
        copies = (*delivery.copies, click.message_ts)[-_MOST_COPIES:]
        await tx.deliver(click.request_id, replace(delivery, copies=copies, drawn_version=0))
    elif verdict in (Verdict.STALE_CARD, Verdict.ALREADY_ENDED):
        await tx.deliver(click.request_id, replace(delivery, drawn_version=0))


async def carry_out_stop(tx: Transaction, request: Approved, actor: Person, now: datetime) -> None:
    """Store the stop, with the outcome of each item that it ended as an audit event (I7).

    A worker that has such an item loses the claim, so nothing that was read for it leads to a DELETE. What it
    held before an attempt that was proven not executed is not kept: the coupon is still there, as far as the
    database has not lost what came after.
    """
    lost = await is_void(tx, request)
    after = stop(request, actor, now, is_void=lost)
    await tx.save(after)
    for position, (before, item) in enumerate(zip(request.items, after.items, strict=True)):
        if is_final(item.state) and item.state != before.state:
            if not lost:
                await tx.snapshots.drop(Place(request.origin.id, position))
            outcome = outcome_of(item.state)
            await tx.record(
                Event(
                    kind=EventKind.ITEM_OUTCOME,
                    at=now,
                    request=request.origin.id,
                    code=item.code,
                    data=outcome,
                )
            )


async def _unfreeze(tx: Transaction, request: ShownAtEnd, actor: Person, now: datetime) -> None:
    """Store that the freezes are to be undone, but for codes that a later request has by now.

    Of those it is an outcome at once, in the audit (I7) and on the card.
    """
    holders = {item.code: await tx.taken_over(item.code, request) for item in freeze.to_undo(request)}
    taken = {code: holder for code, holder in holders.items() if holder is not None}
    after = freeze.undo(request, actor, now, taken)
    await tx.save(after)
    for item in after.items:
        if item.code in taken:
            outcome, request_id = outcome_of(item.freeze), request.origin.id
            await tx.record(
                Event(kind=EventKind.FREEZE_OUTCOME, at=now, request=request_id, code=item.code, data=outcome)
            )


def past_stopping(request: Approved) -> tuple[Item, ...]:
    """Return the items that a stop comes too late for: what was sent already, answered or not."""
    return tuple(item for item in request.items if _was_sent(item.state))


def _was_sent(state: AnyState) -> bool:
    match state:
        case Waiting(unanswered=unanswered):
            return unanswered > 0
        case Changed() | NotSent():
            return False
        case _:
            return True
