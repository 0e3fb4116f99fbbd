"""The card of a request at any state, and the reply that tells its outcome, from the stored request alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.domain.coupon import Coupon, NotShown
from bot.domain.item import Changed, Deleted, Item, NotSent, Refused, Unknown
from bot.domain.policy import Verdict
from bot.domain.request import (
    Approved,
    Cancelled,
    Decision,
    Expired,
    Failed,
    FailureReason,
    Finished,
    Pending,
    Rejected,
    Request,
    Shown,
    Step,
)
from bot.services.decide import Action
from bot.services.ports import Message
from handlers import words
from handlers.ids import COMMAND, block_id
from handlers.mrkdwn import code, escape, grants, mention, quote, shorten, when

Block = Mapping[str, object]

_MAX_TEXT = 4000
_MAX_SECTION = 3000
_MAX_FIELD = 2000
_MAX_HEADER = 150
_MAX_NAME_IN_LIST = 80


class Cards:
    """Renders requests as Slack messages: it implements the services' Renderer."""

    def card(self, request: Shown) -> Message:
        """Return the card at the request's state: what is asked, the facts, who decided, what comes next."""
        blocks: list[Block] = [_header(_title(request))]
        for item in request.items:
            blocks += _item(item, alone=len(request.items) == 1, request=request)
        blocks.append(_section(_asked(request)))
        blocks.append(_section("\n".join(_status(request))))
        if isinstance(request, Pending):
            blocks.append(_buttons(request))
        blocks.append(_context(f"Request {request.origin.id} · Deleting a coupon can't be undone."))
        return Message(text=_fallback(request), blocks=tuple(blocks))

    def outcome(self, request: Shown) -> Message:
        """Return the reply in the thread, mentioning the requester."""
        lines = [f"{mention(request.origin.requester.id)} {_ending(request)}"]
        if isinstance(request, Finished):
            lines += [f"{code(item.code)} {words.state(item)}" for item in request.items]
        blocks = tuple(_section(part) for part in _packed(lines))
        return Message(text=shorten("\n".join(lines), _MAX_TEXT), blocks=blocks)

    def failure(self, request: Failed) -> str:
        """Return what the requester is told privately."""
        codes = ", ".join(code(each) for each in request.codes)
        match request.reason:
            case FailureReason.UNREADABLE:
                return (
                    f"I could not read {codes} from Vivoldi, so there is no card and nothing was deleted. "
                    f"{escape(request.detail)} When that is mended, type {code(COMMAND)} again."
                )
            case FailureReason.NO_CARD:
                return (
                    f"I can't post the card for {codes} in this channel (Slack says {code(request.detail)}),"
                    f" so nothing was deleted. {_CHANNEL_REMEDY.get(request.detail, _ELSEWHERE)}"
                )

    def refused_click(self, verdict: Verdict, request: Request | None) -> str:
        """Return what someone is told privately whose click was refused."""
        return words.refused_click(verdict, request)


_INVITE = "Invite me with `/invite @Coupon Guard`, then ask again."
_ELSEWHERE = "Please ask in another channel, or tell whoever runs Coupon Guard."
_CHANNEL_REMEDY = {"not_in_channel": _INVITE, "channel_not_found": _INVITE}


# ---------------------------------------------------------------- the parts of a card


def _target(request: Shown) -> str:
    count = len(request.items)
    return f"coupon {request.items[0].code}" if count == 1 else f"{count} coupons"


def _title(request: Shown) -> str:
    match request:
        case Pending():
            return f"Delete {_target(request)}?"
        case Approved():
            return f"Deleting {_target(request)}"
        case Finished():
            return _finished_title(request)
        case Rejected():
            return f"Rejected: delete {_target(request)}"
        case Cancelled():
            return f"Cancelled: delete {_target(request)}"
        case Expired():
            return f"Timed out: delete {_target(request)}"


_OUTCOMES: tuple[tuple[type, str], ...] = (
    (Deleted, "deleted"),
    (Refused, "refused by Vivoldi"),
    (Changed, "changed, so not deleted"),
    (NotSent, "not deleted"),
    (Unknown, "unknown"),
)


def _counts(request: Finished) -> str:
    counts = Counter(type(item.state) for item in request.items)
    return ", ".join(f"{counts[kind]} {word}" for kind, word in _OUTCOMES if counts[kind])


def _finished_title(request: Finished) -> str:
    if len(request.items) > 1:
        return f"{len(request.items)} coupons: {_counts(request)}"
    match request.items[0].state:
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
            return f"Your request to delete {_target(request)}: {words.ended(request)}"


def _item(item: Item, *, alone: bool, request: Shown) -> list[Block]:
    decided = isinstance(request, Approved | Finished)
    after = f"\n{words.state(item)}" if decided else ""
    if isinstance(item.snapshot, NotShown):
        return [_section(f"{code(item.code)}\n{_warnings(item, request)}{after}")]
    coupon = item.snapshot.coupon
    warned = f"\n{_warnings(item, request)}" if item.warnings else ""
    if not alone:
        return [_section(f"{code(item.code)} {_summary(coupon)}{warned}{after}")]
    blocks: list[Block] = [
        {"type": "section", "fields": [_mrkdwn(f, _MAX_FIELD) for f in _facts(item, coupon)]}
    ]
    if warned or after:
        blocks.append(_section(f"{warned}{after}".strip()))
    return blocks


def _facts(item: Item, coupon: Coupon) -> list[str]:
    """Return the facts of a coupon, each as a field. Whom it was issued to is never among them (I8)."""
    facts = [
        ("Code", code(item.code)),
        ("Name", escape(coupon.name or words.NOT_TOLD)),
        ("Discount", escape(words.discount(coupon))),
        ("Valid", escape(words.validity(coupon))),
        ("Used", escape(words.uses(coupon))),
        ("Created (Vivoldi's time)", escape(coupon.created_at or words.NOT_TOLD)),
    ]
    if coupon.domain:
        facts.append(("Domain", escape(coupon.domain)))
    return [f"*{label}*\n{value}" for label, value in facts]


def _summary(coupon: Coupon) -> str:
    """Return the facts of a coupon in one line."""
    parts = [
        shorten(coupon.name or "no name told", _MAX_NAME_IN_LIST),
        words.discount(coupon),
        words.validity(coupon),
        f"used {words.uses(coupon)}",
        f"created {coupon.created_at or words.NOT_TOLD}",
    ]
    return escape(" · ".join(parts + ([coupon.domain] if coupon.domain else [])))


def _warnings(item: Item, request: Shown) -> str:
    found = "; ".join(words.warning(kind, item.snapshot) for kind in item.warnings)
    label = ":warning: *Check first:*" if isinstance(request, Pending) else "*Warnings shown:*"
    return f"{label} {found}."


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
        case Pending(origin=origin):
            who = (
                "*Step 2 of 2: final approval*, by someone else than the requester and the first approver. "
                f"Can approve: {grants(origin.final)}"
            )
        case Approved():
            return [*approvals, "*Approved.* The deletion runs."]
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


# ---------------------------------------------------------------- buttons


def _buttons(request: Pending) -> Block:
    approve = _review_button(request) if request.step is Step.REVIEW else _final_button(request)
    return {
        "type": "actions",
        "block_id": block_id(request.version),
        "elements": [
            approve,
            _button(request, Action.REJECT, "Reject", f"Reject deleting {_target(request)}"),
            _button(
                request, Action.CANCEL, "Cancel Request", f"Cancel the request to delete {_target(request)}"
            ),
        ],
    }


def _review_button(request: Pending) -> Block:
    return {
        **_button(request, Action.APPROVE, "Approve", f"Approve step 1 of deleting {_target(request)}"),
        "style": "primary",
        "confirm": _confirm(
            title="Approve step 1 of 2?",
            text=(
                f"You have checked {_target(request)} as shown on the card. "
                "It is deleted only after a second person approves as well."
            ),
            confirm="Approve",
        ),
    }


def _final_button(request: Pending) -> Block:
    count = len(request.items)
    label = "Delete Coupon" if count == 1 else f"Delete {count} Coupons"
    return {
        **_button(request, Action.APPROVE, label, f"Give the final approval and delete {_target(request)}"),
        "style": "danger",
        "confirm": {
            **_confirm(
                title=f"Delete {_target(request)}?",
                text=f"This deletes {_target(request)} at once, as shown on the card. It can't be undone.",
                confirm=label,
            ),
            "style": "danger",
        },
    }


def _button(request: Pending, action: Action, label: str, spoken: str) -> dict[str, object]:
    return {
        "type": "button",
        "action_id": action.value,
        "value": request.origin.id,
        "text": _plain(label, 75),
        "accessibility_label": shorten(spoken, 75),
    }


def _confirm(title: str, text: str, confirm: str) -> dict[str, object]:
    return {
        "title": _plain(title, 100),
        "text": _plain(text, 300),
        "confirm": _plain(confirm, 30),
        "deny": _plain("Go Back", 30),
    }


# ---------------------------------------------------------------- text for notifications and screen readers


def _fallback(request: Shown) -> str:
    """Return everything that matters as text: a screen reader reads this instead of the blocks."""
    lines = [_title(request)]
    for item in request.items:
        shown = (
            "not shown by Vivoldi" if isinstance(item.snapshot, NotShown) else _summary(item.snapshot.coupon)
        )
        warned = f" {_warnings(item, request)}" if item.warnings else ""
        lines.append(f"{item.code}: {shown}.{warned}")
    lines += [_asked(request), *_status(request)]
    if isinstance(request, Approved | Finished):
        lines[1:1] = [f"{item.code}: {words.state(item)}" for item in request.items]
    return shorten("\n".join(lines), _MAX_TEXT)


# ---------------------------------------------------------------- blocks


def _plain(text: str, longest: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, longest), "emoji": False}


def _mrkdwn(text: str, longest: int) -> Block:
    return {"type": "mrkdwn", "text": shorten(text, longest), "verbatim": True}


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, _MAX_HEADER)}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text, _MAX_SECTION)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text, _MAX_FIELD)]}


def _packed(lines: Sequence[str]) -> list[str]:
    """Return the lines joined into as few texts as fit into a section each."""
    packed: list[str] = []
    for line in (shorten(line, _MAX_SECTION) for line in lines):
        if packed and len(packed[-1]) + 1 + len(line) <= _MAX_SECTION:
            packed[-1] = f"{packed[-1]}\n{line}"
        else:
            packed.append(line)
    return packed
