"""What happened to a code before, for `/coupon-delete show CODE`: a line for each request, newest first."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.coupon import CouponCode, code_key
from bot.domain.item.deletion import Item
from bot.domain.request.request import (
    Approved,
    Failed,
    Finished,
    Pending,
    Purpose,
    Request,
    Shown,
    Submitted,
    decisions_of,
)
from bot.services.asked.command import History
from bot.services.ports.store import OpenRequest
from handlers import freezing, words
from handlers.mrkdwn import clip, code, mention, quote, when

_LONGEST = 3000
_REASON = 120
_OUTCOME = 700


def history(found: History, link: Callable[[OpenRequest], str | None]) -> str:
    """Return the history as Slack's mrkdwn, at most 3,000 characters. link: gives the address of a card."""
    if not found.requests:
        return f"No request was ever about {code(found.code)}."
    text, more = f"*Requests about* {code(found.code)}, the newest first", found.more
    for each in found.requests:
        line = f"\n• {_line(found.code, each, link(each))}"
        if len(text) + len(line) + len(_MORE) > _LONGEST:
            more = True
            break
        text += line
    return text + _MORE if more else text


_MORE = (
    "\nThere are older ones; whoever runs Coupon Guard can list them: `python -m bot audit export --code`."
)


def _line(asked: CouponCode, found: OpenRequest, link: str | None) -> str:
    request, origin = found.request, found.request.origin
    name = f"<{link}|{origin.id}>" if link else origin.id
    why = f": {quote(_short(origin.reason))}" if origin.reason else ", without a reason"
    asked_to = "" if origin.purpose is Purpose.DELETE else f" to {origin.purpose} it"
    said = [f"{name}, {when(origin.opened_at)}: {mention(origin.requester.id)} asked{asked_to}{why}."]
    for given in decisions_of(request):
        said.append(f"Step {int(given.step)}: {mention(given.actor.id)}, {when(given.at)}.")
    return " ".join([*said, clip(_outcome(asked, request), _OUTCOME)])


def _short(reason: str) -> str:
    return reason if len(reason) <= _REASON else f"{reason[: _REASON - 1]}…"


def _outcome(asked: CouponCode, request: Request) -> str:
    if isinstance(request, Submitted | Failed):
        return words.ended(request)
    item = next(item for item in request.items if code_key(item.code) == code_key(asked))
    frozen = freezing.state(item)
    return f"{_deletion(request, item)} {frozen}" if frozen else _deletion(request, item)


def _deletion(request: Shown, item: Item) -> str:
    match request:
        case Approved() | Finished():
            ended = f" Ended {when(request.ended_at)}." if isinstance(request, Finished) else ""
            return words.state(item) + ended
        case Pending(origin=origin, approve_by=approve_by) if origin.purpose is Purpose.FREEZE:
            return f"It waits to be frozen until {when(approve_by)}."
        case Pending(step=step, approve_by=approve_by):
            return f"It waits for step {int(step)} of 2 until {when(approve_by)}."
        case _:
            return words.ended(request)
