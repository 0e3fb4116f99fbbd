"""The Home tab: what waits for one person, what they asked for, what runs, and the last outcomes.

Each part is a heading with its count, and a paragraph for each request, so that a screen reader can step
through it and a phone shows it without a table. There are no buttons: one decides on the card, where the
coupon is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.home import Home
from bot.domain.item.deletion import is_final
from bot.domain.policy import Verdict
from bot.domain.request.request import (
    Approved,
    Ended,
    Failed,
    Finished,
    Pending,
    Purpose,
    Request,
    Submitted,
    codes_of,
)
from bot.services.ports.outside import Blocks
from handlers.ids import COMMAND
from handlers.render import freeze, refusals, words
from handlers.render.answers import stage
from handlers.render.blocks import (
    Block,
    card_link,
    clip,
    code,
    context,
    escape,
    header,
    mention,
    quote,
    section,
    when,
)
from handlers.render.card import title

# A view takes 100 blocks, and nobody reads more than this of a part.
_LISTED = 10
_NAMED = 3
_REASON = 200
_OUTCOME = 400
_ABOUT = "Coupon Guard deletes a coupon in Vivoldi once two people have approved it."
_HOW = (
    f"{_ABOUT} To ask for one, type {code(COMMAND + ' CODE reason')} in a channel;"
    f" {code(COMMAND + ' help')} says more."
)


class HomeBlocks:
    """Renders Homes; it implements the services' HomePage.

    workspace_url: the address that links to cards start with.
    """

    def __init__(self, workspace_url: str) -> None:
        self._workspace_url = workspace_url

    def blocks(self, home: Home, cards: Mapping[str, tuple[str, str]]) -> Blocks:
        """Return the blocks of a Home. cards: channel and ts of each request's card, by the request's id."""
        if home.verdict is not Verdict.ALLOWED:
            return (section(_ABOUT), section(refusals.denied(home.verdict)))

        def named(request: Request, label: str) -> str:
            place = cards.get(request.origin.id)
            link = None if place is None else card_link(self._workspace_url, *place)
            return f"*{escape(label)}*" if link is None else f"*<{link}|{escape(label)}>*"

        return (
            section(_HOW),
            *_part(
                "Waiting for you",
                "Nothing waits for your approval.",
                [f"{named(each, title(each))}\n{_among(each)}{_waiting(each)}" for each in home.waiting],
            ),
            *_part(
                "You asked for",
                "You have no open request.",
                [f"{named(each, f'{_verb(each)} {_listed(each)}')}\n{_asked(each)}" for each in home.asked],
            ),
            *_part(
                "Running now",
                "Nothing runs.",
                [f"{named(each, title(each))}\n{_among(each)}{_running(each)}" for each in home.running],
            ),
            *_part(
                "Last outcomes",
                "Nothing has ended yet.",
                [f"{named(each, _ended_title(each))}\n{_among(each)}{_ended(each)}" for each in home.ended],
            ),
        )


def _part(heading: str, nothing: str, lines: Sequence[str]) -> list[Block]:
    if not lines:
        return [header(heading), section(nothing)]
    listed: list[Block] = [header(f"{heading} ({len(lines)})"), *map(section, lines[:_LISTED])]
    if (more := len(lines) - _LISTED) > 0:
        listed.append(context(f"And {more} more; {code(COMMAND + ' list')} in a channel lists what is open."))
    return listed


def _verb(request: Request) -> str:
    return request.origin.purpose.value.capitalize()


def _listed(request: Request) -> str:
    codes = codes_of(request)
    more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
    return f"{', '.join(codes[:_NAMED])}{more}"


def _among(request: Request) -> str:
    """Return which coupons a request is about, if its title only counts them."""
    counted = len(codes_of(request)) > 1 and not isinstance(request, Failed)
    return f"{_listed(request)}. " if counted else ""


def _waiting(request: Pending) -> str:
    origin = request.origin
    reason = f": {quote(clip(origin.reason, _REASON))}" if origin.reason else ", without a reason."
    alone = request.origin.purpose is Purpose.FREEZE
    step = "Freeze or reject" if alone else f"Step {int(request.step)} of 2"
    return f"{step}, until {when(request.approve_by)}. Asked for by {mention(origin.requester.id)}{reason}"


def _asked(request: Submitted | Pending) -> str:
    said = stage(request)
    return f"{said[0].upper()}{said[1:]}."


def _running(request: Approved) -> str:
    done = sum(is_final(item.state) for item in request.items)
    return f"{words.ended(request)} {done} of {len(request.items)} done."


def _ended_title(request: Ended) -> str:
    return (
        f"Not shown: {request.origin.purpose.value} {_listed(request)}"
        if isinstance(request, Failed)
        else title(request)
    )


def _ended(request: Ended) -> str:
    by = mention(request.origin.requester.id)
    if isinstance(request, Failed):
        return f"{words.ended(request)} Asked for by {by}."
    if not isinstance(request, Finished):
        frozen = freeze.state(request, request.items[0]) if len(request.items) == 1 else None
        return f"{words.ended(request)}{f' {frozen}' if frozen else ''} Asked for by {by}."
    told = f"{clip(words.state(request.items[0]), _OUTCOME)} " if len(request.items) == 1 else ""
    return f"{told}Asked for by {by}, ended {when(request.ended_at)}."
