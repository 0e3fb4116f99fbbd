"""A freeze on the card: what came of it, in the words of what was observed (I4), and its buttons."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.item.deletion import Item, may_be_gone
from bot.domain.item.freeze import Free, Freeze, Frozen, Goal, NotDone, Sent, Underway, Unfrozen, Why
from bot.domain.request.request import Pending, ShownAtEnd
from bot.services.asked.click import Action
from handlers.render.blocks import Block, button, confirm, escape, mention, said, sentence, when
from handlers.render.coupon import difference


def state(item: Item) -> str | None:
    """Return how far an item's freeze is; None: there is nothing to say."""
    if may_be_gone(item.state) or isinstance(item.freeze, Free):
        return None
    return _state(item.freeze)


def _state(freeze: Freeze) -> str:
    match freeze:
        case Underway(goal=Goal.FREEZE, by=by):
            return f"*Being frozen*, since {mention(by)} asked for it: its expiry date is set to yesterday."
        case Underway(by=by, dates=dates):
            return (
                f"*Being unfrozen*, since {mention(by)} asked for it: its expiry date is set back to "
                f"{escape(dates.shown)}."
            )
        case Frozen(by=by, at=at, dates=dates):
            return (
                f"*Frozen* by {mention(by)} {when(at)}: it no longer validates. Its expiry date was "
                f"{escape(dates.shown)} and is now {escape(dates.frozen)}."
            )
        case Unfrozen(by=by, at=at, dates=dates):
            return f"*Unfrozen* by {mention(by)} {when(at)}: it validates again, until {escape(dates.shown)}."
        case NotDone(goal=Goal.FREEZE):
            return _not_frozen(freeze)
        case NotDone():
            return _still_frozen(freeze)
        case _:
            raise AssertionError(f"there is nothing to say of {freeze}")


def _not_frozen(freeze: NotDone) -> str:
    detail = f" {sentence(freeze.detail)}" if freeze.detail else ""
    if freeze.hidden:
        known = "*No longer validates*; whether by the freeze is unknown, since"
        if freeze.why is Why.REFUSED:
            return f"{known} Vivoldi refused the new expiry date.{detail}"
        return f"{known} no answer came. Vivoldi says {said(freeze.detail or 'nothing more')}."
    match freeze.why:
        case Why.REFUSED:
            return f"*Not frozen: Vivoldi refused.*{detail}"
        case Why.NO_EFFECT:
            return (
                "*Not frozen: it still validates*, although Vivoldi took the new expiry date. The settings "
                "of the coupon's group may go before its own; change them in the Vivoldi dashboard."
            )
        case Why.CHANGED:
            return f"*Not frozen: changed since it was shown.* {_changes(freeze)} Ask again to see it anew."
        case Why.GONE:
            return f"*Not frozen: no longer shown.* Vivoldi says {said(freeze.detail or 'nothing more')}."
        case Why.NO_ANSWER:
            dated = " It may be frozen all the same; look in the Vivoldi dashboard." if freeze.dated else ""
            known = "*Unknown whether frozen.*" if freeze.dated else "*Not frozen.*"
            return f"{known}{detail}{dated}"
        case _:
            return "*Not frozen:* the request ended before."


def _still_frozen(freeze: NotDone) -> str:
    detail = f" {sentence(freeze.detail)}" if freeze.detail else ""
    until = escape(freeze.dates.shown)
    match freeze.why:
        case Why.REFUSED:
            return f"*Not unfrozen: Vivoldi refused* the expiry date {until}.{detail}"
        case Why.NO_EFFECT:
            return (
                f"*Not unfrozen: it does not validate*, although Vivoldi took the expiry date {until}."
                f"{detail} It may have ended since; look in the Vivoldi dashboard."
            )
        case Why.CHANGED:
            return f"*Not unfrozen: someone changed it meanwhile.* {_changes(freeze)} {_stands(freeze)}"
        case Why.TAKEN_OVER:
            later = escape(freeze.detail or "")
            return f"*Not unfrozen: request {later} has it now*, so its expiry date was left alone."
        case _:
            return f"*Unknown whether unfrozen.*{detail} Try again, or look in the Vivoldi dashboard."


def _stands(freeze: NotDone) -> str:
    """Return which date stands now: that nothing was set back is said only if nothing was sent."""
    if freeze.sent is Sent.NOT_YET:
        return "Nothing was set back."
    until = escape(freeze.dates.shown)
    if freeze.ends_on == freeze.dates.shown:
        return f"This one has the date {until}, as it was set."
    if freeze.ends_on:
        return f"The date {until} was sent; by the last read it has the date {escape(freeze.ends_on)}."
    return f"The date {until} may have been set; look in the Vivoldi dashboard."


def _changes(freeze: NotDone) -> str:
    facts = "; ".join(difference(found) for found in freeze.differences)
    return f"{facts[:1].upper()}{facts[1:]}."


def heading(items: Sequence[Item]) -> str:
    """Return how coupons stand by now whose freeze was all that was asked for, for the card's heading."""
    each = [item.freeze for item in items]
    if any(isinstance(freeze, Frozen) for freeze in each):
        return "Frozen"
    if any(isinstance(freeze, Underway) for freeze in each):
        return "Unfreezing"
    failed = [freeze.why for freeze in each if isinstance(freeze, NotDone) and freeze.goal is Goal.UNFREEZE]
    if failed:
        return "Unknown whether unfrozen" if Why.NO_ANSWER in failed else "Not unfrozen"
    return "Unfrozen"


def freeze_button(request: Pending, target: str) -> Block:
    """Return the button that freezes at once. target: what the request is about."""
    alone = "" if request.review is None else " The approval that was given stays."
    asks = confirm(
        title=f"Freeze {target} now?",
        text="The expiry date is set to yesterday, so that nobody can use it. Unfreeze, on this card once "
        f"the request has ended, sets it back.{alone}",
        yes="Freeze Now",
        style="primary",
    )
    return button(Action.FREEZE, request.origin.id, "Freeze Now", f"Freeze {target} now", confirm=asks)


def unfreeze_button(request: ShownAtEnd, target: str) -> Block:
    """Return the button that undoes a freeze."""
    asks = confirm(
        title=f"Unfreeze {target}?",
        text="The expiry date of before is set again, so that it can be used. Nothing else is changed.",
        yes="Unfreeze",
        style="primary",
    )
    return button(Action.UNFREEZE, request.origin.id, "Unfreeze", f"Unfreeze {target}", confirm=asks)
