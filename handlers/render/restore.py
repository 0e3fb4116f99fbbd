"""A restoration on the card: what will be created, what can't come back, and what came of it (I4).

Each sentence says what happened, what it means, and what to do next. All of it is Slack's mrkdwn, escaped.
"""

from __future__ import annotations

from bot.domain.coupon import Difference
from bot.domain.item.deletion import Item
from bot.domain.item.restore import (
    Created,
    Creating,
    Doubt,
    Draft,
    NotCreated,
    RestoreState,
    Seen,
    ToCreate,
    Unclear,
    WhyNot,
)
from handlers.ids import COMMAND
from handlers.render import coupon as coupons
from handlers.render.approvers import lost
from handlers.render.blocks import code, escape, mention, said, sentence, when
from handlers.render.coupon import difference

_DASHBOARD = "the Vivoldi dashboard"
_AGAIN = f"{COMMAND} restore"


# ---------------------------------------------------------------- what will be created


def facts(item: Item, draft: Draft) -> list[str]:
    """Return what will be created, each fact with its label as a field of a card."""
    coupon = draft.held.coupon
    labelled = [
        ("Code", code(item.code)),
        ("Name", escape(coupon.name or "")),
        ("Discount", escape(coupons.discount(coupon))),
        ("Valid", escape(coupons.validity(coupon))),
        ("Uses", _uses(draft)),
        ("Issued to", "a person, as before" if coupon.issued_to_person else "nobody"),
    ]
    return [f"*{label}*\n{value}" for label, value in labelled]


def _uses(draft: Draft) -> str:
    limit = draft.held.coupon.use_limit
    return "0 (no limit)" if limit == 0 else f"0 of {limit}"


def summary(draft: Draft) -> str:
    """Return what will be created in one line."""
    coupon = draft.held.coupon
    told = [escape(coupons.discount(coupon)), escape(coupons.validity(coupon)), f"used {_uses(draft)}"]
    return f"{escape(coupon.name or '')} · {' · '.join(told)}"


def about(draft: Draft) -> list[str]:
    """Return where it comes from, what can't be brought back, and what is not shown."""
    return [
        _source(draft),
        f"*Can't be brought back:* {'; '.join(_left_out(draft))}.",
        _UNSEEN,
    ]


_UNSEEN = (
    "*Comes back unseen:* whom it was issued to, its memo, its link and its on-site password, as far as it"
    " had any."
)


def _source(draft: Draft) -> str:
    deletion = draft.deletion
    if draft.hidden:
        before = "Deleted before" if deletion.certain else "Its deletion was sent before"
        return f"*{before}*, by a request that not everyone here can see. An approver can tell more."
    by = " and ".join(mention(approver) for approver in deletion.approvers)
    sent = "Deleted" if deletion.certain else "Its deletion was sent"
    return f"*{sent}* {when(deletion.at)} by request {escape(deletion.request_id)}, approved by {by}."


def _left_out(draft: Draft) -> list[str]:
    coupon, found = draft.held.coupon, []
    if coupon.use_count:
        found.append(f"its uses so far ({coupon.use_count}), so it starts at 0 again")
    found.append("its creation time")
    if draft.held.image:
        found.append("its image")
    if coupon.domain:
        found.append(f"its domain {escape(coupon.domain)}, for which Vivoldi takes your default one")
    return [*found, "a group or a template, which Vivoldi does not tell"]


def doubts(draft: Draft) -> str:
    """Return what to think about first, as a sentence without its full stop; empty: nothing."""
    return "; ".join(_doubt(doubt, draft) for doubt in draft.doubts)


def _doubt(doubt: Doubt, draft: Draft) -> str:
    match doubt:
        case Doubt.UNCERTAIN:
            return (
                "nobody knows whether that deletion was executed, so the coupon may still be there although"
                f" Vivoldi does not show it: look in {_DASHBOARD}"
            )
        case Doubt.LATER:
            return (
                "another coupon under this code was deleted since, of which nothing is kept: make sure that"
                " this is the one that is meant"
            )
        case Doubt.REPEATED:
            return (
                "it was created again before, or may have been, and may still be there although Vivoldi does"
                f" not show it: look in {_DASHBOARD}"
            )
        case Doubt.NOT_YET:
            begins = escape(draft.held.coupon.starts_on or "")
            return f"it begins on {begins}, so that no read can show before whether it was created"


# ---------------------------------------------------------------- what came of it


def state(item: Item, now: RestoreState) -> str:
    """Return what happened to a coupon that was to be created, in the words of what was observed (I4)."""
    match now:
        case ToCreate(obstacle=None):
            return "Waiting for its turn."
        case ToCreate(obstacle=obstacle):
            return f"Not created yet: {sentence(obstacle)} Trying again."
        case Creating():
            return "Being created now."
        case Created(seen=None):
            return "*Created again*, as Vivoldi says. Reading it once more to confirm."
        case Created():
            return _created(item, now)
        case Unclear(seen=None):
            return f"No clear answer from Vivoldi ({said(now.reason)}). Reading the code to find out."
        case Unclear():
            return _unclear(item, now)
        case NotCreated():
            return _not_created(now)


def _created(item: Item, created: Created) -> str:
    if not created.answered:
        return (
            "*Created again, settled by reading.* No clear answer to the creation came, and a coupon with the"
            " approved facts validates under this code now."
        )
    match created.seen:
        case Seen.SAME:
            return "*Created again.* Vivoldi said so, and it validates, with the approved facts."
        case Seen.OTHER:
            return (
                "*Created again, but not as approved.* Vivoldi said that it was created, and the read right"
                f" afterwards showed other facts: {_changes(created.differences)}. Mend that in {_DASHBOARD}."
            )
        case Seen.NOTHING:
            begins = item.draft is not None and Doubt.NOT_YET in item.draft.doubts
            why = "It begins later, so that was to be expected." if begins else f"Look in {_DASHBOARD}."
            return (
                "*Created again, but it does not validate.* Vivoldi said that it was created; read right"
                f" afterwards, it says {said(created.message or 'nothing more')}. {why}"
            )
        case _:
            return "*Created again.* Vivoldi said so, but could not be read afterwards to confirm it."


def _unclear(item: Item, unclear: Unclear) -> str:
    no_answer = f"*Unknown.* No clear answer to the creation came ({said(unclear.reason)})"
    match unclear.seen:
        case Seen.OTHER:
            return (
                f"{no_answer}, and another coupon than the approved one validates under this code:"
                f" {_changes(unclear.differences)}. Nothing more is sent; look in {_DASHBOARD}."
            )
        case Seen.ORIGINAL:
            return (
                f"{no_answer}, and the very coupon of before validates, with its old creation time. Nothing"
                f" more is sent; look in {_DASHBOARD}."
            )
        case Seen.NOTHING:
            seen = (
                f"and for a minute no read showed it: Vivoldi says {said(unclear.message or 'nothing more')}"
            )
        case _:
            seen = "and Vivoldi could not be read to find out"
    return (
        f"{no_answer}, {seen}. It may still arrive, so it is not sent again by itself. Look for"
        f" {code(item.code)} in {_DASHBOARD}; if it is not there, ask again with {code(_AGAIN)}."
    )


def _changes(found: tuple[Difference, ...]) -> str:
    return "; ".join(difference(each) for each in found)


def _not_created(not_created: NotCreated) -> str:
    detail = f" {sentence(not_created.detail)}" if not_created.detail else ""
    match not_created.why:
        case WhyNot.REFUSED:
            return (
                f"*Not created: Vivoldi refused.*{detail} If it is still needed, create it in {_DASHBOARD}."
            )
        case WhyNot.TAKEN:
            return (
                "*Not created: the code validates again.* Someone created a coupon under it meanwhile; that"
                " one was not touched."
            )
        case WhyNot.ENDED:
            ended = escape(not_created.detail or "its last day")
            return f"*Not created: {ended} has passed*, so it could not be used. {_BY_HAND}"
        case WhyNot.TOO_LATE:
            return f"*Not created: the time to do it ran out.*{detail} Ask again."
        case WhyNot.UNREADABLE:
            return (
                f"*Not created: Vivoldi refused to be read right before.*{detail} When that is mended, ask"
                " again."
            )
        case WhyNot.SNAPSHOT_CHANGED:
            return (
                "*Not created: what was kept of the coupon is not what was approved.* Since the card was"
                " shown it was encrypted anew, or removed, or its key was. Ask again to see it anew."
            )
        case WhyNot.NOT_BOUND:
            return (
                "*Not created: the approvals are not for what is stored.* Please tell the person who runs"
                " Coupon Guard; this should never happen."
            )
        case WhyNot.OTHER_SERVER:
            return (
                "*Unknown: the database was switched to another server after the approval.* What was stored"
                " right before may be lost, a creation too, so the approvals no longer count. Look in the"
                " Vivoldi dashboard before you ask again."
            )
        case WhyNot.APPROVER_LOST:
            return (
                f"*Not created: the approval by {lost(not_created.approver, not_created.detail)} Ask again."
            )


_BY_HAND = f"Create it in {_DASHBOARD} with a new date."
