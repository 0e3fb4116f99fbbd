"""What is a restoration's own on a card: heading, facts, buttons; and why there is no card.

What came of it is in `handlers.render.restore`.
"""

from __future__ import annotations

from bot.domain.coupon import NotShown
from bot.domain.item.deletion import Item
from bot.domain.item.restore import Created, Draft, NotCreated, Seen, Unclear, Unusable, WhyNot
from bot.domain.request.request import Failed, FailureReason, Finished, Pending, Step
from bot.services.asked.click import Action
from handlers.ids import COMMAND
from handlers.render import restore
from handlers.render.blocks import Block, button, code, confirm, escape, fields, paragraphs, said


def finished_title(request: Finished) -> str:
    """Return the heading of a restoration that has ended."""
    (item,) = request.items
    target = f"coupon {item.code}"
    match item.state:
        case Created(answered=False):
            return f"Restored, settled by reading: {target}"
        case Created(seen=Seen.OTHER):
            return f"Restored, but not as approved: {target}"
        case Created(seen=Seen.NOTHING):
            return f"Restored, but not validating: {target}"
        case Created():
            return f"Restored: {target}"
        case Unclear() | NotCreated(why=WhyNot.OTHER_SERVER):
            return f"Unknown whether restored: {target}"
        case _:
            return f"Not restored: {target}"


def blocks(item: Item, draft: Draft, came: str | None, *, waits: bool) -> list[Block]:
    """Return the facts of what will be created, then what to say of it.

    came: what came of it so far. waits: whether people still decide.
    """
    label = ":warning: *Check first:*" if waits else "*Warnings shown:*"
    lines = [f"{label} {restore.doubts(draft)}."] if draft.doubts else []
    lines += [came] if came else []
    return [fields(restore.facts(item, draft)), *paragraphs([*lines, *restore.about(draft), _free(item)])]


def in_text(item: Item, draft: Draft, came: str | None) -> str:
    """Return the same for those who can't see the blocks."""
    first = f"{code(item.code)}: {came}" if came else code(item.code)
    warned = [f"Check first: {restore.doubts(draft)}."] if draft.doubts else []
    return "\n".join([first, restore.summary(draft), *warned, *restore.about(draft)])


def _free(item: Item) -> str:
    assert isinstance(item.snapshot, NotShown)
    return f"When it was asked for, Vivoldi showed nothing under this code: {said(item.snapshot.message)}."


def approve_button(request: Pending) -> Block:
    """Return the button of the step that comes next."""
    target, seen = f"coupon {request.items[0].code}", "as shown on the card"
    if request.step is Step.REVIEW:
        asks = confirm(
            title="Approve step 1 of 2?",
            text=f"You approve that {target} is created again, {seen}. "
            "Nothing is created before a second person approves as well.",
            yes="Approve",
            style="primary",
        )
        label, spoken = "Approve", f"Approve step 1 of restoring {target}"
    else:
        asks = confirm(
            title=f"Restore {target}?",
            text=f"This creates {target} again at once, {seen}, so that people can use it.",
            yes="Restore Coupon",
            style="primary",
        )
        label, spoken = "Restore Coupon", f"Restore Coupon: final approval for {target}"
    return button(Action.APPROVE, request.origin.id, label, spoken, style="primary", confirm=asks)


def failure(request: Failed) -> str:
    """Return why nothing can be created again, and what to do instead."""
    (asked,) = (code(each) for each in request.codes)
    first, _, source = request.detail.partition(" ")
    match request.reason:
        case FailureReason.NUMBER_TAKEN:
            return (
                f"{asked} validates in Vivoldi, so there is nothing to restore: a coupon stands under this"
                " code already. Nothing was done."
            )
        case FailureReason.NO_SNAPSHOT:
            history = code(f"{COMMAND} show {request.codes[0]}")
            return (
                f"Nothing is kept of a deleted coupon {asked}, so nothing was done. What a coupon held is"
                " kept for `RETENTION_DAYS`, if I deleted it while Vivoldi showed it. Upper and lower case"
                f" count: {history} lists what happened to the code. It can be created in the dashboard."
            )
        case FailureReason.ENDED:
            return (
                f"{asked} ended on {escape(first)}: created again, it could not be used, so nothing was done."
                f" Create it in the Vivoldi dashboard with a new date. {_held(source)}"
            )
        case _:
            why = _UNUSABLE[Unusable(first)]
            return f"{asked} can't be restored, so nothing was done: {why} {_held(source)}"


_UNUSABLE = {
    Unusable.KEY_LOST: (
        "none of the keys in `SNAPSHOT_KEYS` opens what is kept of it. The person who runs Coupon Guard can"
        " add the key of that time to the end; then ask again."
    ),
    Unusable.NOT_ITS_OWN: (
        "what is kept in its place belongs to another coupon. Please tell the person who runs Coupon"
        " Guard; this should never happen."
    ),
    Unusable.INCOMPLETE: (
        "Vivoldi had not given everything that is needed to create it, and I don't guess. Create it in the"
        " Vivoldi dashboard."
    ),
}


def _held(request_id: str) -> str:
    if not request_id:
        return "The person who runs Coupon Guard can print what it held."
    show = code(f"python -m bot snapshots show {request_id}")
    return f"The person who runs Coupon Guard can print what it held: {show}."
