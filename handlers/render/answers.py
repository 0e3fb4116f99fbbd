"""The private answers to `/coupon-delete`, and what happened to a code before, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from bot.domain.coupon import CouponCode, code_key
from bot.domain.item.deletion import Item
from bot.domain.policy import Policy, RequesterMayApprove
from bot.domain.rate import Bulk
from bot.domain.request.request import (
    Approved,
    Failed,
    Finished,
    Pending,
    Purpose,
    Request,
    Shown,
    Submitted,
    codes_of,
    decisions_of,
)
from bot.services.asked.command import (
    Accepted,
    Answer,
    Denied,
    History,
    Listing,
    Misread,
    OneMoment,
    Taken,
    TooFew,
    Usage,
)
from bot.services.ports.store import OpenRequest
from handlers.ids import COMMAND, block_id
from handlers.render import freeze, many, refusals, words
from handlers.render.blocks import (
    Block,
    card_link,
    clip,
    code,
    escape,
    grants,
    mention,
    paragraphs,
    quote,
    section,
    when,
    with_button,
)
from handlers.render.card import cancel_button
from handlers.render.dialogs import offer


class Answers:
    """Renders what a command is answered. workspace_url: the address that links to cards start with."""

    def __init__(self, workspace_url: str) -> None:
        self._workspace_url = workspace_url

    def text(self, answer: Answer) -> str:
        """Return the answer as Slack's mrkdwn, for the person who typed the command alone."""
        match answer:
            case Accepted(request_id, codes, bulk=Bulk() as bulk):
                read = many.reading(len(codes), bulk)
                return (
                    f"Asked for {many.listed(codes)}. {read} The card appears here then. (Request"
                    f" {request_id})"
                )
            case Accepted(request_id, codes):
                listed = ", ".join(code(each) for each in codes)
                return (
                    f"Reading {listed} from Vivoldi; the card appears here in a moment. (Request"
                    f" {request_id})"
                )
            case Usage(policy):
                return _usage(policy)
            case Listing(requests, more):
                return self._listing(requests, more)
            case History():
                return history(answer, self._link)
            case Denied(verdict):
                return refusals.denied(verdict)
            case Misread(sentence):
                return escape(sentence)
            case Taken(taken, _, told=False):
                return (
                    f"{code(taken)} is already in an open request, so nothing new was opened. An approver can"
                    " tell you more."
                )
            case Taken(taken, holder):
                return self._taken(taken, holder)
            case OneMoment():
                return (
                    "One moment: Slack has not told me yet who the approvers are, so nothing was asked for."
                    " Please try again in a minute."
                )
            case TooFew(Purpose.FREEZE):
                return (
                    "Nobody could freeze it, so nothing was asked for. The person who runs Coupon Guard"
                    " can name people in `APPROVERS`."
                )
            case TooFew():
                return (
                    "Fewer than two people could complete the two approvals, so nothing was asked for."
                    " The person who runs Coupon Guard can name more people in `APPROVERS` and"
                    " `FINAL_APPROVERS`."
                )

    def blocks(self, answer: Answer, reader: str) -> list[dict[str, Any]] | None:
        """Return the answer with what can be pressed in it; None: its text is all there is.

        reader: who typed the command. In a list they can cancel their own requests, whose cards may be gone.
        """
        match answer:
            case Usage():
                return [dict(section(self.text(answer))), dict(offer())]
            case Listing(requests, more) if any(_own(each.request, reader) for each in requests):
                return [dict(block) for block in self._listed(requests, more, reader)]
            case _:
                return None

    def _listing(self, requests: Sequence[OpenRequest], more: bool) -> str:
        if not requests:
            return f"No request is open. Type {code(COMMAND + ' CODE reason')} to open one."
        rest = [_MORE_OPEN] if more else []
        return "\n".join([_OPEN, *map(self._line, requests), *rest])

    def _listed(self, requests: Sequence[OpenRequest], more: bool, reader: str) -> list[Block]:
        blocks, texts = list[Block](), [_OPEN]
        for place, each in enumerate(requests):
            if (own := _own(each.request, reader)) is None:
                texts.append(self._line(each))
                continue
            line = with_button(block_id(own.version, place), self._line(each), cancel_button(own))
            blocks += [*paragraphs(texts), line]
            texts = []
        return [*blocks, *paragraphs([*texts, _MORE_OPEN] if more else texts)]

    def _line(self, found: OpenRequest) -> str:
        return f"• {self._named(found)}: {stage(found.request)}"

    def _taken(self, taken: str, holder: OpenRequest | None) -> str:
        if holder is None:
            return f"{code(taken)} was in another request that has just ended. Please try again."
        return (
            f"{code(taken)} is already in an open request: {self._named(holder)}, {stage(holder.request)}."
            " Nothing new was opened."
        )

    def _named(self, found: OpenRequest) -> str:
        codes = codes_of(found.request)
        listed = ", ".join(codes[:3]) + (f" and {len(codes) - 3} more" if len(codes) > 3 else "")
        origin = found.request.origin
        link = self._link(found)
        named = code(listed) if link is None else f"<{link}|{listed}>"
        return f"{named} by {mention(origin.requester.id)}"

    def _link(self, found: OpenRequest) -> str | None:
        """Return the address of a request's card; None: there is none."""
        if found.card_ts is None:
            return None
        return card_link(self._workspace_url, found.channel, found.card_ts)


_OPEN = "*Open requests*"
_MORE_OPEN = "There are more; these are the oldest ones."


def _own(request: Request, reader: str) -> Pending | None:
    """Return the request if who reads of it can take it back."""
    if isinstance(request, Pending) and request.origin.requester.id == reader:
        return request
    return None


def stage(request: Request) -> str:
    """Return how far a request is, as a part of a sentence."""
    match request:
        case Submitted(codes=codes) if request.readings:
            return f"being read from Vivoldi ({len(codes) - len(request.unread):,} of {len(codes):,})"
        case Submitted():
            return "being read from Vivoldi"
        case Pending(origin=origin, approve_by=approve_by) if origin.purpose is Purpose.FREEZE:
            so_far = (
                f"{freeze.heading(request.items)}; open"
                if freeze.is_touched(request)
                else "waits to be frozen"
            )
            return f"{so_far} until {when(approve_by)}"
        case Pending(step=step, approve_by=approve_by):
            return f"waits for step {int(step)} of 2 until {when(approve_by)}"
        case _:
            return words.ended(request)


def _usage(policy: Policy) -> str:
    first = policy.requester_may_approve is RequesterMayApprove.FIRST
    yourself = "The requester may give step 1, if eligible." if first else "The requester may give neither."
    return "\n".join(
        [
            "*Delete a coupon in Vivoldi, with two approvals*",
            f"• {code(COMMAND + ' CODE reason')}: ask to delete a coupon. It is shown to the channel first.",
            (
                f"• {code(COMMAND + ' CODE CODE CODE reason')}: up to 20 at once, separated by spaces or"
                " commas."
            ),
            f"• {code(COMMAND)} alone: a form for up to {policy.max_codes:,} codes, pasted or in a CSV file.",
            *_freeze_usage(policy),
            *_restore_usage(policy),
            f"• {code(COMMAND + ' list')}: the open requests.",
            f"• {code(COMMAND + ' show CODE')}: what happened to a code before.",
            (
                f"Step 1 can be given by {grants(policy.approvers)}, step 2 by"
                f" {grants(policy.final_approvers)}: two different people, step 2 never by the requester."
                f" {yourself}"
            ),
            (f"A request waits {_span(policy.approve_within)} for both. Deleting can't be undone."),
        ]
    )


def _freeze_usage(policy: Policy) -> list[str]:
    if not policy.freeze:
        return []
    return [
        (
            f"• {code(COMMAND + ' freeze CODE reason')}: ask to freeze it, without a deletion. One approver"
            " is enough. The expiry date is set to yesterday, so that nobody can use it, and can be set back,"
            " unless it is after 31 December of next year."
            " A card for a deletion offers the same, as long as the coupon was never used."
        )
    ]


def _restore_usage(policy: Policy) -> list[str]:
    if not policy.restore:
        return []
    return [
        (
            f"• {code(COMMAND + ' restore CODE reason')}: ask to create a coupon again that I deleted, with"
            " two approvals as well. The card shows what comes back, and what can't."
        )
    ]


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    counted = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    return " and ".join(f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in counted if count)


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
    "\nThere are older ones; the person who runs Coupon Guard can list them: `python -m bot audit export"
    " --code`."
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
    frozen = freeze.state(request, item)
    return f"{_deletion(request, item)} {frozen}" if frozen else _deletion(request, item)


def _deletion(request: Shown, item: Item) -> str:
    match request:
        case Approved() | Finished():
            ended = f" Ended {when(request.ended_at)}." if isinstance(request, Finished) else ""
            return words.state(item) + ended
        case Pending(origin=origin, approve_by=approve_by) if origin.purpose is Purpose.FREEZE:
            waits = freeze.obstacle(item) is None
            return f"{'It waits to be frozen' if waits else 'The request is open'} until {when(approve_by)}."
        case Pending(step=step, approve_by=approve_by):
            return f"It waits for step {int(step)} of 2 until {when(approve_by)}."
        case _:
            return words.ended(request)
