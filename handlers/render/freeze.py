"""A freeze on the card: what came of it, in the words of what was observed (I4), and its buttons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta, timezone

from bot.domain.coupon import CouponCode, Warning
from bot.domain.coupon import Shown as ShownCoupon
from bot.domain.item.deletion import Item, Unknown, is_gone
from bot.domain.item.freeze import (
    Fate,
    Free,
    Freeze,
    Frozen,
    Goal,
    Hindrance,
    LaterRequest,
    NotDone,
    Sent,
    Underway,
    Unfrozen,
    Why,
    hindrance,
)
from bot.domain.item.set_back import can_be_set_back, latest_end
from bot.domain.request.freeze import is_freezable, is_unfreezable
from bot.domain.request.request import Approved, Finished, Pending, Purpose, Shown, ShownAtEnd
from bot.services.asked.click import Action
from handlers.render import claims
from handlers.render.blocks import Block, button, code, confirm, escape, mention, said, sentence, when
from handlers.render.coupon import difference


def state(request: Shown, item: Item) -> str | None:
    """Return how far an item's freeze is; None: there is nothing to say."""
    if is_gone(item.state):
        return None
    if isinstance(item.freeze, NotDone) and item.freeze.why is Why.ENDED:
        first = "the deletion was approved first" if _is_approved(request) else "the request ended before"
        return f"*Not frozen:* {first}."
    if isinstance(item.freeze, Frozen) and isinstance(item.state, Unknown) and item.freeze.later is None:
        return _frozen_before(item.freeze)
    if not isinstance(item.freeze, Free):
        return _state(item.freeze)
    return f"*Not frozen:* {why}." if _is_left_out(request) and (why := obstacle(item)) else None


def _is_left_out(request: Shown) -> bool:
    """Tell whether a coupon to which no freeze came is told with the reason: if the others are counted."""
    return request.origin.purpose is Purpose.FREEZE or (is_touched(request) and not _is_approved(request))


def _is_approved(request: Shown) -> bool:
    return isinstance(request, Approved | Finished)


def _frozen_before(freeze: Frozen) -> str:
    """Return how a coupon was frozen of which nobody knows whether it was deleted since."""
    return (
        f"*Frozen* by {mention(freeze.by)} {when(freeze.at)}, before the deletion was sent. If it is still"
        f" there, nobody can use it: its date is {escape(freeze.dates.frozen)}, and was"
        f" {escape(freeze.dates.shown)}."
    )


def obstacle(item: Item) -> str | None:
    """Return why an item can't be frozen, as a part of a sentence; None: it can be."""
    if is_freezable(item):
        return None
    if (why := hindrance(item.snapshot)) is Hindrance.NOT_SHOWN:
        return _HINDRANCES[why]
    match item.freeze:
        case Frozen():
            return "it is frozen already"
        case Underway():
            return "it is being frozen"
        case NotDone(why=Why.CHANGED):
            return "someone changed it; ask again to see it anew"
    return _HINDRANCES[why] if why else "it can't be frozen now"


_HINDRANCES = {
    Hindrance.NOT_SHOWN: "Vivoldi does not show it",
    Hindrance.USES_UNKNOWN: "Vivoldi does not tell whether it was used",
    Hindrance.USED: "it was used before, so Vivoldi keeps its dates",
    Hindrance.NO_END: "it has no expiry date to go back to",
}


def none_of(codes: Sequence[CouponCode], stored: str) -> str | None:
    """Return why none of the coupons can be frozen; None: what is stored is from before, and says it itself.

    stored: the hindrance of each, in their order.
    """
    words = {each.value: text for each, text in _HINDRANCES.items()}
    found = [words.get(name, "") for name in stored.split(", ")]
    if len(found) != len(codes) or not all(found):
        return None
    if len(codes) == 1:
        return f"{code(codes[0])} can't be frozen: {found[0]}."
    each = "; ".join(f"{code(name)}: {why}" for name, why in zip(codes, found, strict=True))
    return f"These coupons can't be frozen. {each}."


_FATES = {
    Fate.DELETED: "deleted it",
    Fate.MAYBE_DELETED: "may have deleted it",
    Fate.CREATED: "created it again",
    Fate.MAYBE_CREATED: "may have created it again",
}


def _done_since(later: LaterRequest) -> str:
    """Return what a later request has done to the coupon."""
    who = "a request from another channel" if later.hidden else f"request {escape(later.request)}"
    return f"{who} {_FATES[later.fate] if later.fate else 'has it now'}"


def _passed_on(freeze: Frozen | NotDone, later: LaterRequest) -> str:
    """Return what became of a coupon that a freeze has, or may have, given another date."""
    dates = f"from {escape(freeze.dates.shown)} to {escape(freeze.dates.frozen)}"
    before = f"Before, {mention(freeze.by)} had asked to set its expiry date {dates}"
    if later.fate in (Fate.DELETED, Fate.CREATED):
        return f"*No longer frozen: {_done_since(later)}.* {before}; nothing is left to be set back."
    return f"*Unknown whether still frozen: {_done_since(later)}.* {before}; look in the Vivoldi dashboard."


def _state(freeze: Freeze) -> str:
    match freeze:
        case Frozen(later=LaterRequest() as later) | NotDone(goal=Goal.FREEZE, later=LaterRequest() as later):
            return _passed_on(freeze, later)
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
            dated = f"Its expiry date is now {escape(freeze.dates.frozen)}. " if freeze.dated else ""
            return (
                f"*Not frozen: changed since it was shown.* {_changes(freeze)} {dated}Ask again to see it"
                " anew."
            )
        case Why.GONE:
            return f"*Not frozen: no longer shown.* Vivoldi says {said(freeze.detail or 'nothing more')}."
        case Why.NO_ANSWER:
            dated = " It may be frozen all the same; look in the Vivoldi dashboard." if freeze.dated else ""
            known = "*Unknown whether frozen.*" if freeze.dated else "*Not frozen.*"
            return f"{known}{detail}{dated}"
        case _:
            return f"*Not frozen.*{detail}"


def _still_frozen(freeze: NotDone) -> str:
    detail = f" {sentence(freeze.detail)}" if freeze.detail else ""
    until = escape(freeze.dates.shown)
    match freeze.why:
        case Why.REFUSED:
            return f"*Not unfrozen: Vivoldi refused* the expiry date {until}.{detail}"
        case Why.NO_EFFECT if freeze.detail is None:
            return (
                f"*Not unfrozen: its expiry date is still {escape(freeze.dates.frozen)}*, although Vivoldi"
                f" took {until}. It validates all the same; look in the Vivoldi dashboard."
            )
        case Why.NO_EFFECT:
            return (
                f"*Not unfrozen: it does not validate*, although Vivoldi took the expiry date {until}."
                f"{detail} It may have ended since; look in the Vivoldi dashboard."
            )
        case Why.CHANGED:
            return f"*Not unfrozen: someone changed it meanwhile.* {_changes(freeze)} {_stands(freeze)}"
        case _ if freeze.later is not None:
            return f"*Not unfrozen: {_done_since(freeze.later)}*, so its expiry date was left alone."
        case Why.TAKEN_OVER:
            later = LaterRequest(freeze.detail or "", hidden=freeze.detail is None)
            return f"*Not unfrozen: {_done_since(later)}*, so its expiry date was left alone."
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


# ---------------------------------------------------------------- several coupons


_IN_SHORT = {
    Fate.DELETED: "deleted since",
    Fate.MAYBE_DELETED: "perhaps deleted since",
    Fate.CREATED: "created again since",
    Fate.MAYBE_CREATED: "perhaps created again since",
}


def in_short(item: Item) -> str:
    """Return how an item's freeze stands, in a few words."""
    match item.freeze:
        case (
            Frozen(later=LaterRequest(fate=Fate() as fate)) | NotDone(later=LaterRequest(fate=Fate() as fate))
        ):
            return _IN_SHORT[fate]
        case Frozen():
            return "frozen"
        case Unfrozen():
            return "unfrozen"
        case Underway(goal=Goal.FREEZE):
            return "being frozen"
        case Underway():
            return "being unfrozen"
        case NotDone(goal=Goal.FREEZE, hidden=True):
            return "blocked (whether by the freeze is unknown)"
        case NotDone(goal=Goal.FREEZE, why=Why.NO_ANSWER, dated=True):
            return "unknown whether frozen"
        case NotDone(goal=Goal.UNFREEZE, why=Why.NO_ANSWER):
            return "unknown whether unfrozen"
        case NotDone(goal=Goal.UNFREEZE):
            return "not unfrozen"
        case _:
            return "not frozen"


def is_touched(request: Shown) -> bool:
    """Tell whether a freeze was ever asked for, so that a date may have been sent."""
    return any(not isinstance(item.freeze, Free) for item in request.items)


def heading(items: Sequence[Item]) -> str:
    """Return how the coupons of a request stand whose freeze is all that was asked for."""
    return claims.heading([in_short(item) for item in items], [item.code for item in items])


def sum_of(request: Shown) -> str:
    """Return how the freezes of several coupons stand, as a sentence after another; empty: there are none.

    A single coupon has a line of its own, which says more.
    """
    return f" {heading(request.items)}." if len(request.items) > 1 and is_touched(request) else ""


def warned_of(request: Shown, item: Item) -> tuple[Warning, ...]:
    """Return what to think about: while people decide, what no read shows any more is not valid today."""
    hidden = isinstance(request, Pending) and _is_hidden(item.freeze)
    return tuple(each for each in item.warnings if not (hidden and each is Warning.RUNNING))


def _is_hidden(freeze: Freeze) -> bool:
    match freeze:
        case Frozen() | NotDone(hidden=True) | NotDone(goal=Goal.FREEZE, why=Why.GONE):
            return True
        case _:
            return False


def waiting(request: Shown) -> list[Item]:
    """Return the coupons that can still be frozen."""
    return [item for item in request.items if is_freezable(item)]


# ---------------------------------------------------------------- buttons


# No place on earth is further behind: once it is a new year there, it is one for Vivoldi, too.
_LAST_ZONE = timezone(timedelta(hours=-12))


def freeze_button(request: Pending) -> Block:
    """Return the button that freezes at once what can be frozen."""
    target = claims.target(waiting(request), request.items)
    asks = confirm(
        title=f"Freeze {target} now?",
        text=" ".join(_promised(request)),
        yes="Freeze Now",
        style="primary",
    )
    return button(Action.FREEZE, request.origin.id, "Freeze Now", f"Freeze {target} now", confirm=asks)


def _promised(request: Pending) -> list[str]:
    """Return what the button does, what of it can be undone, and what it leaves alone."""
    chosen = waiting(request)
    them = "it" if len(chosen) == 1 else "them"
    said = [
        f"The expiry date is set to yesterday, so that nobody can use {them}.",
        _way_back(request, chosen),
    ]
    if request.review:
        said.append("The approval that was given stays.")
    left = Counter(why for item in request.items if (why := obstacle(item)))
    alone = "; ".join(f"{count:,}, since {why}" for why, count in left.items())
    return [*said, f"Left alone: {alone}."] if left else said


def _way_back(request: Pending, chosen: Sequence[Item]) -> str:
    """Return whether Unfreeze can set the dates back.

    It may be a later year by the time that someone does; then more can be set back, and never less.
    """
    today = request.origin.opened_at.astimezone(_LAST_ZONE).date()
    latest = latest_end(today).isoformat()
    lost = [item for item in chosen if not can_be_set_back(_ends_on(item), today)]
    if not lost:
        return "Unfreeze, on this card once the request has ended, sets it back."
    if len(chosen) == 1:
        return (
            f"That can't be set back: its date is {_ends_on(lost[0])}, and {latest} is the latest that"
            " Vivoldi takes."
        )
    which = claims.of(len(lost), len(chosen))
    return (
        f"That can't be set back for {which}, whose date Vivoldi does not take again: {latest} is the latest."
    )


def _ends_on(item: Item) -> str:
    assert isinstance(item.snapshot, ShownCoupon), "only a coupon that was shown can be frozen"
    return item.snapshot.coupon.ends_on or ""


def unfreeze_button(request: ShownAtEnd) -> Block:
    """Return the button that undoes a freeze."""
    chosen = [item for item in request.items if is_unfreezable(item)]
    target = claims.target(chosen, request.items)
    asks = confirm(
        title=f"Unfreeze {target}?",
        text=f"{_set_back(request, chosen)} Nothing else is changed.",
        yes="Unfreeze",
        style="primary",
    )
    return button(Action.UNFREEZE, request.origin.id, "Unfreeze", f"Unfreeze {target}", confirm=asks)


def _set_back(request: ShownAtEnd, chosen: Sequence[Item]) -> str:
    today = request.origin.opened_at.astimezone(_LAST_ZONE).date()
    dates = [item.freeze.dates.shown for item in chosen if isinstance(item.freeze, Frozen | NotDone)]
    lost = [each for each in dates if not can_be_set_back(each, today)]
    said = "The expiry date of before is set again, so that it can be used until then."
    if len(chosen) > 1:
        said = "Each gets its expiry date of before again, so that it can be used until then."
    if not lost:
        return said
    which = lost[0] if len(chosen) == 1 else f"the date of {claims.of(len(lost), len(chosen))}"
    return f"{said} Vivoldi takes no date after 31 December of next year, so it may refuse {which}."
