"""A request of many codes on its card: sums, progress, and the first ten coupons instead of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.domain.coupon import CouponCode, NotShown, Warning
from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    NotSent,
    NotSentReason,
    Refused,
    Source,
    Unknown,
    Waiting,
    is_final,
)
from bot.domain.rate import CALLS_A_CODE, MANY, Bulk
from bot.domain.request.request import Approved, Finished, Pending, Shown
from handlers.render import claims, freeze
from handlers.render.blocks import code
from handlers.render.coupon import warnings_in_list

_LISTED = 10
_NAMED = 3
_BAR = 20


def are_many(codes: int) -> bool:
    """Tell whether so many codes are more than one message can list."""
    return codes > MANY


def listed(codes: Sequence[CouponCode]) -> str:
    """Return the codes of a request, or, if they are many, how many and the first of them."""
    if not are_many(len(codes)):
        return ", ".join(map(code, codes))
    return f"{len(codes):,} coupons ({', '.join(map(code, codes[:_NAMED]))} and {len(codes) - _NAMED:,} more)"


def sums(request: Shown) -> str:
    """Return what there is to think about, counted."""
    count = len(request.items)
    unseen = sum(isinstance(item.snapshot, NotShown) for item in request.items)
    found = Counter(warning for item in request.items for warning in freeze.warned_of(request, item))
    told = [f"*{count:,} coupons*: {count - unseen:,} shown by Vivoldi, {unseen:,} not shown."]
    counted = [f"{found[each]:,} {warnings_in_list((each,))}" for each in Warning if found[each]]
    if counted:
        label = ":warning: *Check first:*" if isinstance(request, Pending) else "*Warnings shown:*"
        told.append(f"{label} {'; '.join(counted)}.")
    return "\n".join(told)


def pace(request: Pending, bulk: Bulk) -> str:
    """Return how long it will take, for those who are to approve it."""
    return (
        f"Deleting them takes {span(len(request.items) * bulk.every)}, at the rate of the Vivoldi plan. What "
        f"could not be sent within {span(bulk.execute_within)} of the final approval is not sent any more."
    )


def progress(request: Approved | Finished, counts: str) -> str:
    """Return how far it is, in blocks and in words. counts: how many came to which end."""
    done, count = sum(is_final(item.state) for item in request.items), len(request.items)
    filled = _BAR * done // count
    bar = f"{'█' * filled}{'░' * (_BAR - filled)} *{done:,} of {count:,} done* ({100 * done // count} %)"
    told = [bar, f"So far: {counts}."] if counts else [bar]
    waiting = sum(isinstance(item.state, Waiting) for item in request.items)
    if isinstance(request, Approved) and waiting and request.stopped is None and request.origin.bulk:
        told.append(f"{waiting:,} still wait; that takes {span(waiting * request.origin.bulk.every)}.")
    return "\n".join(told)


def to_list(request: Shown) -> tuple[str, list[Item]]:
    """Return the coupons that the card lists, and what they are: the first, or those that need a look."""
    if not isinstance(request, Approved | Finished):
        chosen, named = list(request.items), "The first"
    else:
        chosen = [item for item in request.items if _needs_a_look(item)]
        named = "To be looked at, the first"
    shown = chosen[:_LISTED]
    if not shown:
        return "", []
    of = f" of {len(chosen):,}" if len(chosen) > len(shown) else ""
    return f"*{named} {len(shown)}{of}:*", shown


def _needs_a_look(item: Item) -> bool:
    plain = (Confirmation.GONE, Confirmation.UNSEEN)
    match item.state:
        case Deleted(source=Source.ANSWER, confirmation=seen) if seen in plain:
            return False
        case state:
            return is_final(state)


def whole_list(request: Finished, no_file: str | None) -> str:
    """Return where every code is told. no_file: Slack's name for why it did not take the file."""
    if no_file is None:
        return "The file in this thread tells what happened to every code."
    command = f"python -m bot audit export --format csv --request {request.origin.id}"
    return (
        f"A file with every code could not be added here (Slack says {code(no_file)}). The person who runs "
        f"Coupon Guard gets it by {code(command)}."
    )


def reading(codes: int, bulk: Bulk) -> str:
    """Return how long it takes until the card appears."""
    return f"Reading them takes {span(codes * bulk.every / CALLS_A_CODE)}."


def span(time: timedelta) -> str:
    """Return about how long something takes, rounded up."""
    seconds = time.total_seconds()
    if seconds <= 90:
        return f"about {max(1, -int(-seconds // 10)) * 10} seconds"
    minutes = -int(-seconds // 60)
    if minutes <= 90:
        return f"about {minutes} minutes"
    hours, rest = divmod(-(-minutes // 10) * 10, 60)
    told = f"about {hours} hour{'s' if hours > 1 else ''}"
    return f"{told} and {rest} minutes" if rest else told


def in_short(state: AnyState) -> str:
    """Return an outcome in a few words."""
    match state:
        case Deleted(confirmation=Confirmation.STILL_SHOWN):
            return claims.STILL_WORKS
        case Deleted(source=Source.READING):
            return "deleted (settled by reading)"
        case Deleted():
            return "deleted"
        case Gone():
            return "blocked (deleted or used up)"
        case Refused():
            return "not deleted (refused)"
        case Changed():
            return "not deleted (changed)"
        case NotSent(reason=NotSentReason.STOPPED):
            return "not deleted (stopped)"
        case Unknown() | NotSent(reason=NotSentReason.OTHER_SERVER):
            return "unknown whether deleted"
        case _:
            return "not deleted"


def counts(items: Iterable[Item]) -> str:
    """Return how many of the items came to which end."""
    return claims.counts([in_short(item.state) for item in items])
