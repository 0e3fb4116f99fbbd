"""How far an approved request is, and the button that stops it."""

from __future__ import annotations

from bot.domain.item.deletion import Item, Unknown, Waiting, is_final, may_be_sent
from bot.domain.people import Grants
from bot.domain.rate import MANY
from bot.domain.request.request import Approved, Request
from bot.services.asked.click import Action, past_stopping
from handlers.render import claims, many, words
from handlers.render.blocks import Block, button, clip, code, grants, mention, when, when_exactly

_MAX_TOLD = 3500


def is_shown(request: Approved) -> bool:
    """Tell whether the card has the button: while there is time to stop something that was not sent.

    A single coupon that is sent at once is sent before anyone could have tapped.
    """
    waiting = [item.state for item in request.items if isinstance(item.state, Waiting)]
    in_time = len(request.items) > 1 or request.stop_until is not None or waiting != [Waiting()]
    return bool(waiting) and in_time and request.stopped is None


def stop_button(request: Approved) -> Block:
    """Return the button. It asks nothing first: stopping is safe, and may have to be quick."""
    left = [item for item in request.items if may_be_sent(item.state)]
    spoken = f"Stop deleting {claims.target(left, request.items)}"
    return button(Action.STOP, request.origin.id, "Stop", spoken, style="primary")


def in_window(request: Approved) -> bool:
    """Tell whether the request waits, as far as is stored, for its time to be stopped to pass."""
    untouched = all(item.state == Waiting() for item in request.items)
    return request.stop_until is not None and request.stopped is None and untouched


def title(request: Approved, target: str) -> str:
    """Return the card's heading."""
    if request.stopped is not None:
        running = f"Stopped: delete {target}"
    else:
        running = f"About to delete {target}" if in_window(request) else f"Deleting {target}"
    return claims.so_far(
        running, [many.in_short(item.state) for item in request.items if is_final(item.state)]
    )


def how_far(request: Approved) -> list[str]:
    """Return how far an approved request is, for the card."""
    if request.stopped is not None:
        by, at = request.stopped.by, request.stopped.at
        return [
            f"*Stopped* by {mention(by.id)} {when(at)}. Nothing more is sent; what was sent is being settled."
        ]
    if request.stop_until is not None and in_window(request):
        who = f"{mention(request.origin.requester.id)}, {grants(_stoppers(request))}"
        until = when_exactly(request.stop_until)
        return [f"*Approved.* Nothing is deleted before {until}.", f"Can be stopped until then, by {who}."]
    if is_shown(request):
        return ["*Approved.* The deletion runs. Stop ends it: what waits is not sent any more."]
    return ["*Approved.* The deletion runs."]


def _stoppers(request: Approved) -> Grants:
    return request.origin.first | request.origin.final


def state(request: Request, item: Item) -> str:
    """Return what happened to one coupon of a request, in the words of what was observed (I4)."""
    stopped = isinstance(request, Approved) and request.stopped is not None
    return _after_stop(item) if stopped else words.state(item)


def _after_stop(item: Item) -> str:
    if isinstance(item.state, Waiting):
        return "Stopped. Reading the coupon to find out what the attempt before did."
    if isinstance(item.state, Unknown) and not item.state.final:
        return f"{words.state(item)} It is not sent again."
    return words.state(item)


def too_late(request: Approved, stopped: bool) -> str:
    """Return what someone is told whose stop came too late for some of the coupons, or for all.

    stopped: whether it stopped the rest.
    """
    sent = past_stopping(request)
    told = [f"{code(item.code)}: {_after_stop(item)}" for item in sent[-MANY:]]
    if len(sent) > len(told):
        told.insert(0, f"{len(sent):,} coupons; these were the last of them:")
    head = "Stopped: nothing more is sent." if stopped else "There is nothing left to stop."
    if request.stopped is not None:
        head = f"{mention(request.stopped.by.id)} has stopped it already {when(request.stopped.at)}."
    already = ["This was sent before your click:"] if sent else []
    longest = _MAX_TOLD // max(len(told), 1)
    return "\n".join([head, *already, *(clip(line, longest) for line in told)])
