"""The card of a request at any state, and the reply that tells its outcome, from the stored request alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.coupon import NotShown
from bot.domain.item.deletion import Item, is_final
from bot.domain.policy import Verdict
from bot.domain.request.freeze import can_freeze, can_unfreeze
from bot.domain.request.request import (
    Approved,
    Cancelled,
    Decision,
    Expired,
    Failed,
    Finished,
    OnlyFrozen,
    Pending,
    Purpose,
    Rejected,
    Request,
    Shown,
    ShownAtEnd,
    Step,
    decisions_of,
)
from bot.services.asked.click import Action
from bot.services.ports.outside import CardPlace, File, Message
from handlers.ids import block_id
from handlers.render import claims, coupon, many, refusals, report, restore_card, stop, words
from handlers.render import freeze as freezing
from handlers.render.blocks import (
    Block,
    actions,
    button,
    card_link,
    clip,
    code,
    confirm,
    context,
    fields,
    grants,
    header,
    mention,
    paragraphs,
    quote,
    section,
    shared,
    when,
)
from handlers.render.many import counts

# Slack reads at most this much of a text; of all blocks together it takes about 12,000 characters.
_MAX_TEXT = 4000
_MAX_FOR_ITEMS = 7000


class Cards:
    """Renders requests as Slack messages: it implements the services' Renderer.

    workspace_url: the address that links to cards start with.
    """

    def __init__(self, workspace_url: str = "https://slack.com/") -> None:
        self._workspace_url = workspace_url

    def card(self, request: Shown) -> Message:
        """Return the card at the request's state: what is asked, the facts, who decided, what comes next."""
        blocks: list[Block] = [header(title(request)), *_items(request)]
        if many.are_many(len(request.items)):
            blocks.append(report.offer(request))
        blocks += [section(_asked(request)), section("\n".join(_status(request)))]
        if offered := _buttons(request):
            blocks.append(actions(block_id(request.version), offered))
        blocks.append(context(f"Request {request.origin.id}{_undone(request)}"))
        return Message(text=_fallback(request), blocks=tuple(blocks))

    def outcome(self, request: Shown, no_file: str | None = None) -> Message:
        """Return the reply in the thread, mentioning the requester. no_file: why Slack refused the report."""
        alarm = f"*{found}.* You " if (found := _alarm(request)) else ""
        head = [f"{mention(request.origin.requester.id)} {alarm}{_ending(request)}"]
        about, tail = [], []
        if isinstance(request, Finished):
            told = [f"{code(item.code)}: {words.state(item)}" for item in _told(request)]
            about = [clip(line, (_MAX_TEXT - 200) // len(told)) for line in told]
        about += _frozen(request)
        if isinstance(request, Finished) and many.are_many(len(request.items)):
            tail = [many.whole_list(request, no_file)]
        text = "\n".join([*head, *shared(about, _MAX_TEXT - _length([*head, *tail])), *tail])
        return Message(text=text, blocks=paragraphs([*head, *about, *tail]))

    def report(self, request: Shown) -> File | None:
        """Return what happened to every code as a file; None: the outcome itself tells it."""
        return report.outcomes(request) if isinstance(request, Finished) else None

    def reminder(self, request: Pending) -> Message:
        """Return the reply in the thread that reminds those who can give the next step."""
        head, *about = words.reminder(request).split("\n")
        text = "\n".join([head, *shared(about, _MAX_TEXT - _length([head]))])
        return Message(text=text, blocks=paragraphs([head, *about]))

    def failure(self, request: Failed) -> str:
        """Return what the requester is told privately."""
        return words.failure(request)

    def refused_click(self, verdict: Verdict, request: Request | None, newer: CardPlace | None = None) -> str:
        """Return what someone is told privately whose click was refused. newer: see the port."""
        link = card_link(self._workspace_url, newer.channel, newer.ts) if newer else None
        return refusals.refused_click(verdict, request, link)

    def stopped(self, request: Approved) -> str:
        """Return what someone is told privately whose stop came too late for some of the coupons."""
        return stop.too_late(request, stopped=True)


def _length(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _told(request: Shown) -> Sequence[Item]:
    """Return the items that a message tells of one by one."""
    return many.to_list(request)[1] if many.are_many(len(request.items)) else request.items


def _undone(request: Shown) -> str:
    if not isinstance(request, Pending):
        return ""
    if request.origin.purpose is Purpose.FREEZE:
        return " · Nothing is deleted."
    if request.origin.purpose is Purpose.RESTORE:
        return " · What was created can only be deleted again."
    return " · Deleting a coupon can't be undone."


def _frozen(request: Shown) -> list[str]:
    """Return what came of the freezes, one line for each coupon that has anything to say."""
    each = ((item, freezing.state(request, item)) for item in request.items)
    lines = [f"{code(item.code)}: {said}" for item, said in each if said]
    return [clip(line, (_MAX_TEXT - 200) // len(request.items) // 2) for line in lines]


# ---------------------------------------------------------------- what it is about


def _target(request: Shown) -> str:
    return claims.target(request.items, request.items)


def title(request: Shown) -> str:
    """Return the heading of a card, which says how far the request is."""
    do = request.origin.purpose.value
    match request:
        case Pending(origin=origin) if origin.purpose is Purpose.FREEZE:
            left = freezing.waiting(request)
            if freezing.is_touched(request) or not left:
                return freezing.heading(request.items)
            return f"Freeze {claims.target(left, request.items)}?"
        case Pending():
            return f"{do.capitalize()} {_target(request)}?"
        case Approved(origin=origin) if origin.purpose is Purpose.RESTORE:
            return f"Restoring {_target(request)}"
        case Finished(origin=origin) if origin.purpose is Purpose.RESTORE:
            return restore_card.finished_title(request)
        case Approved():
            return stop.title(request, _target(request))
        case Finished():
            return _finished_title(request)
        case OnlyFrozen():
            return freezing.heading(request.items)
        case Rejected() | Cancelled() | Expired() if do == Purpose.FREEZE and freezing.is_touched(request):
            return freezing.heading(request.items)
        case Rejected():
            return f"Rejected: {do} {_target(request)}"
        case Cancelled():
            return f"Cancelled: {do} {_target(request)}"
        case Expired():
            return f"Timed out: {do} {_target(request)}"


def _finished_title(request: Finished) -> str:
    return claims.heading(
        [many.in_short(item.state) for item in request.items], [item.code for item in request.items]
    )


def _alarm(request: Shown) -> str | None:
    """Return what is said first of all, as soon as it is known: that a deletion did not work."""
    return claims.alarm(
        [item.code for item in request.items if many.in_short(item.state) == claims.STILL_WORKS]
    )


def _ending(request: Shown) -> str:
    """Return the first sentence of the outcome."""
    match request:
        case Finished(items=(item,)):
            return f"asked to {request.origin.purpose} {code(item.code)}; this is what happened:"
        case Finished():
            return f"asked to delete {len(request.items):,} coupons: {counts(request.items)}."
        case _:
            listed = many.listed([item.code for item in request.items])
            return f"asked to {request.origin.purpose.value} {listed}. {words.ended(request)}"


# ---------------------------------------------------------------- the coupons


def _items(request: Shown) -> list[Block]:
    if len(request.items) == 1:
        return _one(request, request.items[0])
    if many.are_many(len(request.items)):
        return [section(line) for line in _of_many(request)]
    longest = _MAX_FOR_ITEMS // len(request.items)
    return [section(_in_list(request, item), longest) for item in request.items]


def _one(request: Shown, item: Item) -> list[Block]:
    """Return the blocks of a request's only coupon: every fact, then what to say of it."""
    if item.draft is not None:
        came = words.state(item) if _is_decided(request) else None
        return restore_card.blocks(item, item.draft, came, waits=isinstance(request, Pending))
    unseen = isinstance(item.snapshot, NotShown)
    facts = (
        [f"*Code*\n{code(item.code)}"]
        if isinstance(item.snapshot, NotShown)
        else coupon.facts(item.snapshot.coupon)
    )
    warned = freezing.warned_of(request, item)
    said = [_warned(request, coupon.warnings(warned, item.snapshot))] if warned else []
    if _is_decided(request):
        said.append(stop.state(request, item))
    if frozen := freezing.state(request, item):
        said.append(frozen)
    return [section(facts[0]) if unseen else fields(facts), *paragraphs(said)]


def _in_list(request: Shown, item: Item) -> str:
    """Return one of several coupons: what happened to it and what to think about come first."""
    said = [stop.state(request, item)] if _is_decided(request) else []
    if item.draft is not None:
        return restore_card.in_text(item, item.draft, " ".join(said) or None)
    if frozen := freezing.state(request, item):
        said.append(frozen)
    if warned := freezing.warned_of(request, item):
        said.append(_warned(request, coupon.warnings_in_list(warned)))
    first = f"{code(item.code)}: {' '.join(said)}" if said else code(item.code)
    return f"{first}\n{coupon.summary(item.snapshot)}"


def _of_many(request: Shown) -> list[str]:
    """Return what the card says of many coupons: sums, how far they are, and some of them."""
    lines = [many.sums(request)]
    if isinstance(request, Approved | Finished):
        ended = [item for item in request.items if is_final(item.state)]
        lines.append(many.progress(request, counts(ended)))
    elif isinstance(request, Pending) and request.origin.bulk is not None:
        lines.append(many.pace(request, request.origin.bulk))
    named, items = many.to_list(request)
    return [*lines, *([named] if named else []), *(clip(_in_list(request, item), 500) for item in items)]


def _is_decided(request: Shown) -> bool:
    return isinstance(request, Approved | Finished)


def _warned(request: Shown, warnings: str) -> str:
    label = ":warning: *Check first:*" if isinstance(request, Pending) else "*Warnings shown:*"
    return f"{label} {warnings}."


# ---------------------------------------------------------------- who asked and who decided


def _asked(request: Shown) -> str:
    origin = request.origin
    reason = quote(origin.reason) if origin.reason else "none given"
    return f"*Asked by* {mention(origin.requester.id)} {when(origin.opened_at)}\n*Reason* {reason}"


def _status(request: Shown) -> list[str]:
    """Return who decided what, and what comes next."""
    approvals = _approvals(request)
    match request:
        case Pending(origin=origin) if origin.purpose is Purpose.FREEZE:
            who = f"Can freeze: {grants(origin.first | origin.final)}, one of them is enough"
        case Pending(origin=origin, step=Step.REVIEW):
            who = f"*Step 1 of 2: review.* Can approve: {grants(origin.first)}"
            if origin.final != origin.first:
                who += f". Then, for step 2: {grants(origin.final)}"
        case Pending(origin=origin):
            who = (
                "*Step 2 of 2: final approval*, by someone other than the requester and the first approver. "
                f"Can approve: {grants(origin.final)}"
            )
        case Approved():
            if request.origin.purpose is Purpose.RESTORE:
                return [*approvals, "*Approved.* The restoration runs."]
            return [*approvals, *stop.how_far(request)]
        case Finished():
            return [*approvals, f"*Finished* {when(request.ended_at)}."]
        case _:
            return [*approvals, words.ended(request)]
    left = _LEFT[request.origin.purpose]
    return [*approvals, who, f"Decide by {when(request.approve_by)}; otherwise nothing is {left}."]


_LEFT = {Purpose.DELETE: "deleted", Purpose.FREEZE: "done", Purpose.RESTORE: "created"}


def _approvals(request: Shown) -> list[str]:
    return [_approval(decision) for decision in decisions_of(request)]


def _approval(decision: Decision) -> str:
    return f"Approved by {mention(decision.actor.id)} {when(decision.at)} · {int(decision.step)} of 2"


def _buttons(request: Shown) -> list[Block]:
    target, value = _target(request), request.origin.id
    if isinstance(request, ShownAtEnd):
        return [freezing.unfreeze_button(request)] if can_unfreeze(request) else []
    if isinstance(request, Approved):
        return [stop.stop_button(request)] if stop.is_shown(request) else []
    freeze = [freezing.freeze_button(request)] if can_freeze(request) else []
    do = request.origin.purpose.value
    reject = button(Action.REJECT, value, "Reject", f"Reject the request to {do} {target}")
    cancel = cancel_button(request)
    if request.origin.purpose is Purpose.FREEZE:
        return [*freeze, reject, cancel]
    if request.origin.purpose is Purpose.RESTORE:
        return [restore_card.approve_button(request), reject, cancel]
    approve = _review_button(request) if request.step is Step.REVIEW else _final_button(request)
    return [approve, *freeze, reject, cancel]


def cancel_button(request: Pending) -> Block:
    """Return the button with which its requester takes a request back."""
    spoken = f"Cancel Request to {request.origin.purpose.value} {_target(request)}"
    return button(Action.CANCEL, request.origin.id, "Cancel Request", spoken)


def _review_button(request: Pending) -> Block:
    target = _target(request)
    asks = confirm(
        title="Approve step 1 of 2?",
        text=f"You approve {target} {coupon.as_seen(request.items)}. "
        "Nothing is deleted before a second person approves as well.",
        yes="Approve",
        style="primary",
    )
    spoken = f"Approve step 1 of deleting {target}"
    return button(Action.APPROVE, request.origin.id, "Approve", spoken, style="primary", confirm=asks)


def _final_button(request: Pending) -> Block:
    target, count = _target(request), len(request.items)
    label = "Delete Coupon" if count == 1 else f"Delete {count:,} Coupons"
    asks = confirm(
        title=f"Delete {target}?",
        text=f"This deletes {target}, {coupon.as_seen(request.items)}. It can't be undone.",
        yes=label,
        style="danger",
    )
    spoken = f"{label}: final approval for {target}"
    return button(Action.APPROVE, request.origin.id, label, spoken, style="danger", confirm=asks)


def _fallback(request: Shown) -> str:
    """Return everything that matters as text: a screen reader reads this instead of the blocks."""
    head = [title(request), *_status(request)]
    if many.are_many(len(request.items)):
        told, longest = _of_many(request), (_MAX_TEXT - 1500) // (len(_told(request)) + 4)
    else:
        told = [_in_list(request, item) for item in request.items]
        longest = (_MAX_TEXT - 1500) // len(request.items)
    lines = [clip(_on_one_line(line), longest) for line in told]
    return clip("\n".join([*head, *lines, clip(_asked(request), 700)]), _MAX_TEXT)


def _on_one_line(text: str) -> str:
    """Return paragraphs as one line of plain text: each ends with its own full stop, or gets one."""
    return re.sub(r"(?<=[.!?])(”?)\n", r"\1 ", text).replace("\n", ". ").replace("`", "")
