"""What happened to a request and to each of its coupons, in the words of what was observed (I4).

Each sentence says what happened, what it means, and what to do next. All of it is Slack's mrkdwn, escaped.
"""

from __future__ import annotations

from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    ItemState,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.item.freeze import Frozen, Underway
from bot.domain.item.hidden import may_be_hidden
from bot.domain.item.restore import RestoreState
from bot.domain.request.freeze import can_freeze
from bot.domain.request.request import (
    Approved,
    Cancelled,
    Expired,
    Failed,
    FailureReason,
    Finished,
    OnlyFrozen,
    Pending,
    Purpose,
    Rejected,
    Request,
    Step,
    Stop,
)
from handlers.ids import COMMAND
from handlers.render import freeze as freezing
from handlers.render import many, restore, restore_card
from handlers.render.approvers import lost
from handlers.render.blocks import clip, code, escape, grants, mention, said, sentence, when
from handlers.render.coupon import difference

_MAX_LISTED = 400


def state(item: Item) -> str:
    """Return what happened to one coupon, in the words of what was observed (I4)."""
    if isinstance(item.state, RestoreState):
        return restore.state(item, item.state)
    match item.state:
        case Waiting(obstacle=None):
            return "Waiting for its turn."
        case Waiting(obstacle=obstacle):
            return f"Not deleted yet: {sentence(obstacle)} Trying again."
        case Sending():
            return "Being deleted now."
        case Deleted(confirmation=None):
            return "*Deleted*, as Vivoldi says. Reading it once more to confirm."
        case Unknown(refusal=str(refusal), final=False):
            return f"{_refused_later(refusal)} Reading the coupon to find out."
        case Unknown(reason=reason, final=False):
            return f"No clear answer from Vivoldi ({said(reason)}). Reading the coupon to find out."
        case _:
            return outcome(item.state, item)


def outcome(final: ItemState, item: Item) -> str:
    """Return how it ended for one coupon, and what to do next if there is something to do."""
    match final:
        case Deleted(confirmation=Confirmation.STILL_SHOWN):
            return (
                f"*Still works: {item.code}.* Vivoldi answered that it was deleted, yet the read right"
                f" afterwards showed that a coupon still validates under this code. {_AGAIN}"
            )
        case Deleted(message=None):
            return _DELETED[final.source, final.confirmation or Confirmation.UNREAD]
        case Deleted(message=message):
            return (
                "*Deleted, settled by reading.* No answer said so; Vivoldi no longer "
                f"shows the coupon, and says {said(message or 'nothing more')}."
            )
        case Gone(refusal=str(refusal)):
            return (
                f"*Blocked: it no longer works.* {_refused_later(refusal)} So whether it was deleted or used"
                f" up is not known. Read since, Vivoldi says {said(final.message or 'nothing more')}."
            )
        case Gone(message=message):
            return (
                "*Blocked: it no longer works.* No answer came, so whether it was deleted or "
                f"used up is not known. Vivoldi says {said(message or 'nothing more')}."
            )
        case Unknown():
            known = (
                f"No clear answer to the deletion came ({said(final.reason)}), and reading can't settle it."
            )
            if final.refusal is not None:
                known = f"{_refused_later(final.refusal)} Reading can't settle it."
            return (
                f"*Unknown.* {known} Look for {code(item.code)} in the Vivoldi dashboard; if it is still"
                f" there, ask again with {code(COMMAND)}."
            )
        case Refused(message):
            return (
                f"*Not deleted: Vivoldi refused.* {sentence(message)} Look in the Vivoldi dashboard, "
                "and ask again if it is still needed."
            )
        case Changed(message=str()) if may_be_hidden(item.freeze):
            return (
                "*Not deleted: no longer shown.* What can't be seen may be another coupon than was approved."
                f" A new {code(COMMAND)} can ask for it unseen."
            )
        case Changed():
            return _changed(final)
        case NotSent():
            return _not_sent(final)
        case _:
            raise AssertionError(f"{final} is not an outcome")


def _refused_later(refusal: str) -> str:
    """Return what is known of a deletion whose first answer was lost, and whose second was a refusal."""
    return f"One attempt got no answer, and a later one was refused. {sentence(refusal)}"


_AGAIN = "Look in the Vivoldi dashboard before you ask again."
_DELETED = {
    (Source.ANSWER, Confirmation.GONE): "*Deleted.* Vivoldi said so, and the coupon no longer validates.",
    (Source.ANSWER, Confirmation.REPLACED): (
        "*Deleted.* Vivoldi said so. Another coupon, created since, stands under the same code now; "
        "it was not touched."
    ),
    (
        Source.ANSWER,
        Confirmation.UNSEEN,
    ): "*Deleted.* Vivoldi said so. It did not validate before either, so reading it can't confirm more.",
    (
        Source.ANSWER,
        Confirmation.UNREAD,
    ): "*Deleted.* Vivoldi said so, but could not be read afterwards to confirm it.",
    (Source.READING, Confirmation.GONE): (
        "*Deleted, settled by reading.* No answer said so, but the coupon no longer validates."
    ),
    (Source.READING, Confirmation.REPLACED): (
        "*Deleted, settled by reading.* No answer said so, but another coupon, created since, stands under"
        " the same code now; it was not touched."
    ),
}


def _changed(changed: Changed) -> str:
    if changed.was_frozen:
        facts = "".join(f"; {difference(found)}" for found in changed.differences)
        return (
            f"*Not deleted: it is no longer frozen.* Vivoldi shows it again{facts}. Ask again to see it anew."
        )
    if changed.differences:
        facts = "; ".join(difference(found) for found in changed.differences)
        return (
            f"*Not deleted: changed since it was shown.* {facts[0].upper()}{facts[1:]}. Ask again to see it"
            " anew."
        )
    if changed.message is not None:
        return (
            "*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed; Vivoldi"
            f" says {said(changed.message or 'nothing more')}. A new {code(COMMAND)} can ask for it unseen."
        )
    return (
        "*Not deleted: changed since it was approved unseen.* Vivoldi shows it now. Ask again to see what"
        " it is."
    )


_STILL_THERE = " An attempt before got no clear answer, and a read after it still showed the coupon."


def _not_sent(not_sent: NotSent) -> str:
    proven = _STILL_THERE if not_sent.unanswered else ""
    detail = f" {sentence(not_sent.detail)}" if not_sent.detail else ""
    match not_sent.reason:
        case NotSentReason.TOO_LATE:
            return f"*Not deleted: the time to do it ran out.*{detail}{proven} Ask again."
        case NotSentReason.UNREADABLE:
            return (
                f"*Not deleted: Vivoldi refused to be read right before.*{detail}{proven} When that is"
                " mended, ask again."
            )
        case NotSentReason.NOT_BOUND:
            return (
                f"*Not deleted: the approvals are not for what is stored.*{proven} "
                "Please tell the person who runs Coupon Guard; this should never happen."
            )
        case NotSentReason.OTHER_SERVER:
            return (
                f"*Unknown: the database was switched to another server after the approval.*{proven} What was"
                " stored right before may be lost, a deletion too, so the approvals no longer count."
                f" {_AGAIN}"
            )
        case NotSentReason.STOPPED:
            by = mention(not_sent.stopped_by) if not_sent.stopped_by else "someone"
            again = " again" if not_sent.unanswered else ""
            return f"*Not deleted: stopped by {by} before it was sent{again}.*{proven}"
        case NotSentReason.APPROVER_LOST:
            return (
                f"*Not deleted: the approval by {lost(not_sent.approver, not_sent.detail)}{proven} Ask again."
            )


def ended(request: Request) -> str:
    """Return in one sentence how far a request is that can't be decided any more."""
    match request:
        case Approved(stopped=Stop(by=person, at=at)):
            return (
                f"{mention(person.id)} stopped this request {when(at)}; "
                "what was sent before is being settled."
            )
        case Approved(review=review, final=final):
            by = f"{mention(review.actor.id)} and {mention(final.actor.id)}"
            return f"Both approvals are in, by {by}; the {_deed(request)} runs."
        case Finished(ended_at=at):
            return f"This request was finished {when(at)}; the card says how."
        case Rejected(by=by, ended_at=at):
            return f"{mention(by.id)} rejected this request {when(at)}; {_nothing(request)}"
        case Cancelled(origin=origin, ended_at=at):
            by_requester = f"{mention(origin.requester.id)} cancelled this request {when(at)}"
            return f"{by_requester}; {_nothing(request)}"
        case Expired(origin=origin, approve_by=at):
            # Who froze in time gave all the approval that a freeze needs: what came of it stands beside this.
            needed = "" if origin.purpose is Purpose.FREEZE else " without two approvals"
            return f"This request ran out {when(at)}{needed}; {_nothing(request)}"
        case OnlyFrozen(ended_at=at):
            asked = f"The freeze was all that was asked for; it was finished {when(at)}."
            return f"{asked}{freezing.sum_of(request)}"
        case Failed():
            return f"This request could not be shown; nothing was {done(request)}."
        case Pending():
            return "This request is waiting for approval."
        case _:
            return "This request is being read from Vivoldi."


def _nothing(request: Rejected | Cancelled | Expired) -> str:
    """Return that nothing was done, only if nothing was sent; otherwise what stands now."""
    if request.origin.purpose is Purpose.FREEZE and not freezing.is_touched(request):
        return "nothing was frozen, and nothing was deleted."
    return f"nothing was {done(request)}.{freezing.sum_of(request)}"


def failure(request: Failed) -> str:
    """Return why a request could not be shown, for the requester."""
    asked = many.listed(request.codes)
    match request.reason:
        case FailureReason.UNREADABLE:
            every = "every one of " if len(request.codes) > 1 else ""
            return (
                f"I could not read {every}{asked} from Vivoldi, so there is no card and nothing was "
                f"{done(request)}: {escape(request.detail)}. When that is mended, type {code(COMMAND)} again."
            )
        case FailureReason.NOT_FREEZABLE:
            to_delete = (
                "it, type {} and its code" if len(request.codes) == 1 else "them, type {} and their codes"
            )
            why = freezing.none_of(request.codes, request.detail)
            said_before = f"{asked} can't be frozen: {escape(request.detail)}."
            return f"{why or said_before} Nothing was done. To delete {to_delete.format(code(COMMAND))}."
        case FailureReason.NO_CARD:
            return (
                f"I can't post the card for {asked} in this channel (Slack says {code(request.detail)}), "
                f"so nothing was {done(request)}. {_CHANNEL_REMEDY.get(request.detail, _ELSEWHERE)}"
            )
        case _:
            return restore_card.failure(request)


_INVITE = "Invite me with `/invite @Coupon Guard`, then ask again."
_ELSEWHERE = "Please ask in another channel, or tell the person who runs Coupon Guard."
_CHANNEL_REMEDY = {"not_in_channel": _INVITE, "channel_not_found": _INVITE}


def _deed(request: Request) -> str:
    return "restoration" if request.origin.purpose is Purpose.RESTORE else "deletion"


def done(request: Request) -> str:
    """Return what was not done if a request came to nothing, as a part of a sentence."""
    return "created" if request.origin.purpose is Purpose.RESTORE else "deleted"


def reminder(request: Pending) -> str:
    """Return what reminds those who can give the next step: what waits, what to do, and until when."""
    if request.origin.purpose is Purpose.FREEZE:
        return _freeze_reminder(request)
    listed = many.listed([item.code for item in request.items])
    who = grants(request.origin.first if request.step is Step.REVIEW else request.origin.final)
    doing = "restoring" if request.origin.purpose is Purpose.RESTORE else "deleting"
    others = "" if request.step is Step.REVIEW else ", by someone who neither asked nor approved yet"
    return (
        f"{who}: {doing} {clip(listed, _MAX_LISTED)} still waits for step {int(request.step)} of 2{others}. "
        f"Approve or reject it on the card above. Without a decision by {when(request.approve_by)}, nothing "
        f"is {done(request)}."
    )


def _freeze_reminder(request: Pending) -> str:
    """Return the reminder of a freeze alone; what came of it so far follows, one line for each coupon."""
    who = grants(request.origin.first | request.origin.final)
    is_touched, until = freezing.is_touched(request), when(request.approve_by)
    each = ((item, freezing.state(request, item)) for item in request.items)
    lines = [f"{code(item.code)}: {said}" for item, said in each if said]
    if not can_freeze(request):
        first = f"{who}: no coupon of this request can be frozen any more.{freezing.sum_of(request)}"
        left = [item for item in request.items if not isinstance(item.freeze, Frozen | Underway)]
        delete = f"To delete what is not frozen, type {code(COMMAND)} and its code. " if left else ""
        return "\n".join([first, *lines, f"{delete}This request ends by itself {until}."])
    waiting = [item.code for item in freezing.waiting(request)]
    more = " more" if is_touched else ""
    # Whether one of them is frozen all the same may be unknown, so this says only what is asked for.
    first = (
        f"{who}: freezing {clip(many.listed(waiting), _MAX_LISTED)} still waits for one of you."
        f"{freezing.sum_of(request)} Freeze or reject on the card above. Without a decision by {until},"
        f" nothing{more} is frozen."
    )
    return "\n".join([first, *(lines if is_touched else [])])
