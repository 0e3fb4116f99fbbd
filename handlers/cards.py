"""The card of a request at any state, and the reply that tells its outcome, from the stored request alone."""

from __future__ import annotations

from collections import Counter

from bot.domain.coupon import NotShown
from bot.domain.item import (
    Changed,
    Confirmation,
    Deleted,
    Item,
    ItemState,
    NotSent,
    NotSentReason,
    Refused,
    Source,
    Unknown,
)
from bot.domain.policy import Verdict
from bot.domain.request import (
    Approved,
    Cancelled,
    Decision,
    Expired,
    Failed,
    Finished,
    Pending,
    Rejected,
    Request,
    Shown,
    Step,
)
from bot.services.decide import Action
from bot.services.ports import Message
from handlers import coupons, refusals, stopping, words
from handlers.blocks import Block, actions, button, confirm, context, fields, header, paragraphs, section
from handlers.ids import block_id
from handlers.mrkdwn import clip, code, grants, mention, quote, when

# Slack reads at most this much of a text; of all blocks together it takes about 12,000 characters.
_MAX_TEXT = 4000
_MAX_FOR_ITEMS = 7000


class Cards:
    """Renders requests as Slack messages: it implements the services' Renderer."""

    def card(self, request: Shown) -> Message:
        """Return the card at the request's state: what is asked, the facts, who decided, what comes next."""
        blocks: list[Block] = [header(_title(request)), *_items(request)]
        blocks += [section(_asked(request)), section("\n".join(_status(request)))]
        if isinstance(request, Pending):
            blocks.append(_buttons(request))
        if isinstance(request, Approved) and stopping.is_shown(request):
            blocks.append(stopping.stop_button(request, _target(request)))
        undone = " · Deleting a coupon can't be undone." if isinstance(request, Pending) else ""
        blocks.append(context(f"Request {request.origin.id}{undone}"))
        return Message(text=_fallback(request), blocks=tuple(blocks))

    def outcome(self, request: Shown) -> Message:
        """Return the reply in the thread, mentioning the requester."""
        lines = [f"{mention(request.origin.requester.id)} {_ending(request)}"]
        if isinstance(request, Finished):
            told = [f"{code(item.code)}: {words.state(item)}" for item in request.items]
            lines += [clip(line, (_MAX_TEXT - 200) // len(told)) for line in told]
        return Message(text=clip("\n".join(lines), _MAX_TEXT), blocks=paragraphs(lines))

    def reminder(self, request: Pending) -> Message:
        """Return the reply in the thread that reminds those who can give the next step."""
        text = words.reminder(request)
        return Message(text=text, blocks=(section(text),))

    def failure(self, request: Failed) -> str:
        """Return what the requester is told privately."""
        return words.failure(request)

    def refused_click(self, verdict: Verdict, request: Request | None) -> str:
        """Return what someone is told privately whose click was refused."""
        return refusals.refused_click(verdict, request)

    def stopped(self, request: Approved) -> str:
        """Return what someone is told privately whose stop came too late for some of the coupons."""
        return stopping.too_late(request, stopped=True)


# ---------------------------------------------------------------- what it is about


def _target(request: Shown) -> str:
    count = len(request.items)
    return f"coupon {request.items[0].code}" if count == 1 else f"{count} coupons"


def _title(request: Shown) -> str:
    match request:
        case Pending():
            return f"Delete {_target(request)}?"
        case Approved():
            return stopping.title(request, _target(request))
        case Finished():
            return _finished_title(request)
        case Rejected():
            return f"Rejected: delete {_target(request)}"
        case Cancelled():
            return f"Cancelled: delete {_target(request)}"
        case Expired():
            return f"Timed out: delete {_target(request)}"


def _counts(request: Finished) -> str:
    counts = Counter(_in_short(item.state) for item in request.items)
    return ", ".join(f"{count} {short}" for short, count in counts.items())


def _in_short(state: ItemState) -> str:
    match state:
        case Deleted(confirmation=Confirmation.STILL_SHOWN):
            return "deleted but still validating"
        case Deleted(source=Source.READING):
            return "deleted (settled by reading)"
        case Deleted():
            return "deleted"
        case Refused():
            return "not deleted (refused)"
        case Changed():
            return "not deleted (changed)"
        case NotSent(reason=NotSentReason.STOPPED):
            return "not deleted (stopped)"
        case Unknown():
            return "unknown"
        case _:
            return "not deleted"


def _finished_title(request: Finished) -> str:
    if len(request.items) > 1:
        return f"{len(request.items)} coupons: {_counts(request)}"
    match request.items[0].state:
        case Deleted(confirmation=Confirmation.STILL_SHOWN):
            return f"Deleted, but still validating: {_target(request)}"
        case Deleted(source=Source.READING):
            return f"Deleted, settled by reading: {_target(request)}"
        case Deleted():
            return f"Deleted: {_target(request)}"
        case Unknown():
            return f"Unknown whether deleted: {_target(request)}"
        case _:
            return f"Not deleted: {_target(request)}"


def _ending(request: Shown) -> str:
    """Return the first sentence of the outcome."""
    match request:
        case Finished(items=(item,)):
            return f"asked to delete {code(item.code)}; this is what happened:"
        case Finished():
            return f"asked to delete {len(request.items)} coupons: {_counts(request)}."
        case _:
            listed = ", ".join(code(item.code) for item in request.items)
            return f"asked to delete {listed}. {words.ended(request)}"


# ---------------------------------------------------------------- the coupons


def _items(request: Shown) -> list[Block]:
    if len(request.items) == 1:
        return _one(request, request.items[0])
    longest = _MAX_FOR_ITEMS // len(request.items)
    return [section(_in_list(request, item), longest) for item in request.items]


def _one(request: Shown, item: Item) -> list[Block]:
    """Return the blocks of a request's only coupon: every fact, then what to say of it."""
    unseen = isinstance(item.snapshot, NotShown)
    facts = (
        [f"*Code*\n{code(item.code)}"]
        if isinstance(item.snapshot, NotShown)
        else coupons.facts(item.snapshot.coupon)
    )
    said = [_warned(request, coupons.warnings(item.warnings, item.snapshot))] if item.warnings else []
    if _is_decided(request):
        said.append(stopping.state(request, item))
    return [section(facts[0]) if unseen else fields(facts), *paragraphs(said)]


def _in_list(request: Shown, item: Item) -> str:
    """Return one of several coupons: what happened to it and what to think about come first."""
    said = [stopping.state(request, item)] if _is_decided(request) else []
    if item.warnings:
        said.append(_warned(request, coupons.warnings_in_list(item.warnings)))
    first = f"{code(item.code)}: {' '.join(said)}" if said else code(item.code)
    return f"{first}\n{coupons.summary(item.snapshot)}"


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
            return [*approvals, *stopping.how_far(request)]
        case Finished():
            return [*approvals, f"*Finished* {when(request.ended_at)}."]
        case _:
            return [*approvals, words.ended(request)]
    return [*approvals, who, f"Decide by {when(request.approve_by)}; otherwise nothing is deleted."]


def _approvals(request: Shown) -> list[str]:
    given = [request.review, request.final] if isinstance(request, Approved | Finished) else [request.review]
    return [_approval(decision) for decision in given if decision is not None]


def _approval(decision: Decision) -> str:
    return f"Approved by {mention(decision.actor.id)} {when(decision.at)} · {int(decision.step)} of 2"


def _buttons(request: Pending) -> Block:
    target, value = _target(request), request.origin.id
    approve = _review_button(request) if request.step is Step.REVIEW else _final_button(request)
    reject = button(Action.REJECT, value, "Reject", f"Reject deleting {target}")
    cancel = button(Action.CANCEL, value, "Cancel Request", f"Cancel Request to delete {target}")
    return actions(block_id(request.version), [approve, reject, cancel])


def _review_button(request: Pending) -> Block:
    target = _target(request)
    asks = confirm(
        title="Approve step 1 of 2?",
        text=f"You approve {target} {coupons.as_seen(request.items)}. "
        "Nothing is deleted before a second person approves as well.",
        yes="Approve",
        style="primary",
    )
    spoken = f"Approve step 1 of deleting {target}"
    return button(Action.APPROVE, request.origin.id, "Approve", spoken, style="primary", confirm=asks)


def _final_button(request: Pending) -> Block:
    target, count = _target(request), len(request.items)
    label = "Delete Coupon" if count == 1 else f"Delete {count} Coupons"
    asks = confirm(
        title=f"Delete {target}?",
        text=f"This deletes {target}, {coupons.as_seen(request.items)}. It can't be undone.",
        yes=label,
        style="danger",
    )
    spoken = f"{label}: final approval for {target}"
    return button(Action.APPROVE, request.origin.id, label, spoken, style="danger", confirm=asks)


def _fallback(request: Shown) -> str:
    """Return everything that matters as text: a screen reader reads this instead of the blocks."""
    head = [_title(request), *_status(request)]
    longest = (_MAX_TEXT - 1500) // len(request.items)
    told = [
        clip(_in_list(request, item).replace(".\n", ". ").replace("\n", ". ").replace("`", ""), longest)
        for item in request.items
    ]
    return clip("\n".join([*head, *told, clip(_asked(request), 700)]), _MAX_TEXT)
