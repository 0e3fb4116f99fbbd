"""The sentences: what a coupon is, what happened to it, and why something is not possible.

Each says what happened, what it means, and what to do next. All of them are Slack's mrkdwn, escaped.
"""

from __future__ import annotations

from bot.domain.coupon import Coupon, Difference, DiscountKind, NotShown, Reading, Shown, Warning
from bot.domain.item import (
    Changed,
    Confirmation,
    Deleted,
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
from bot.domain.policy import Verdict
from bot.domain.request import Approved, Cancelled, Expired, Failed, Finished, Pending, Rejected, Request
from handlers.ids import COMMAND
from handlers.mrkdwn import code, mention, quote, when

NOT_TOLD = "not told by Vivoldi"


def discount(coupon: Coupon) -> str:
    """Return the discount in words."""
    if coupon.discount is None:
        return NOT_TOLD
    if coupon.discount_kind is DiscountKind.PERCENT:
        return f"{coupon.discount} % off"
    unit = coupon.currency or "(currency not told)"
    return f"{coupon.discount} {unit} off" if coupon.discount_kind else f"{coupon.discount} off"


def validity(coupon: Coupon) -> str:
    """Return the validity period in words, with the dates as Vivoldi gives them."""
    return f"{coupon.starts_on or '…'} to {coupon.ends_on or '…'}"


def uses(coupon: Coupon) -> str:
    """Return how often it was used, and may be."""
    used = "unknown" if coupon.use_count is None else str(coupon.use_count)
    match coupon.use_limit:
        case None:
            return f"{used} (limit not told)"
        case 0:
            return f"{used} (no limit)"
        case limit:
            return f"{used} of {limit}"


def warning(kind: Warning, reading: Reading) -> str:
    """Return a warning as part of a sentence."""
    match kind, reading:
        case Warning.RUNNING, _:
            return "valid today, so perhaps in a running campaign"
        case Warning.USED, Shown(coupon):
            times = "once" if coupon.use_count == 1 else f"{coupon.use_count} times"
            return f"already used {times}"
        case Warning.UNLIMITED, _:
            return "can be used without limit"
        case Warning.ISSUED, _:
            return "issued to a person, who will get an error when using it"
        case _, NotShown(message):
            return (
                f"Vivoldi does not show it{_saying(message)}. It may be expired, not started yet, used up, "
                "or not exist. Whoever approves it does so unseen"
            )
    raise AssertionError(f"{kind} does not belong to {reading}")


def _saying(message: str | None) -> str:
    return f" and says {quote(message)}" if message else ""


_FACTS = {
    "number": "number",
    "name": "name",
    "discount_kind": "kind of discount",
    "discount": "discount",
    "currency": "currency",
    "starts_on": "start",
    "ends_on": "end",
    "use_limit": "use limit",
    "created_at": "creation time",
    "domain": "domain",
    "issued_to_person": "issued to a person",
}


def difference(found: Difference) -> str:
    """Return what changed in one fact."""
    before = quote(found.before) if found.before is not None else "not given"
    after = quote(found.after) if found.after is not None else "not given"
    return f"{_FACTS[found.fact]} was {before}, is {after}"


def state(item: Item) -> str:
    """Return what happened to one coupon, in the words of what was observed (I4)."""
    match item.state:
        case Waiting(obstacle=None):
            return "Waiting for its turn."
        case Waiting(obstacle=obstacle):
            return f"Not deleted yet: {_sentence(obstacle)} Trying again."
        case Sending():
            return "Being deleted now."
        case Unknown(reason=reason, final=False):
            return f"No clear answer from Vivoldi ({quote(reason)}). Reading the coupon to find out."
        case _:
            return outcome(item.state, item)


def outcome(final: ItemState, item: Item) -> str:
    """Return how it ended for one coupon, and what to do next where there is something to do."""
    match final:
        case Deleted():
            return _DELETED[final.source, final.confirmation or Confirmation.UNREAD]
        case Unknown():
            return (
                f"*Unknown.* The deletion was sent, but no clear answer came ({quote(final.reason)}), and"
                f" reading can't settle it. Look for {code(item.code)} in the Vivoldi dashboard; if it is"
                f" still there, ask again with {code(COMMAND)}."
            )
        case Refused(message):
            return f"*Not deleted.* Vivoldi refused: {quote(message)}. When that is mended, ask again."
        case Changed():
            return _changed(final)
        case NotSent():
            return _not_sent(final)
        case _:
            raise AssertionError(f"{final} is not an outcome")


_AGAIN = "Look in the Vivoldi dashboard before you ask again."
_DELETED = {
    (Source.ANSWER, Confirmation.GONE): "*Deleted.* Vivoldi said so, and the coupon no longer validates.",
    (Source.ANSWER, Confirmation.STILL_SHOWN): (
        "*Deleted, but a coupon still validates under this code.* Vivoldi answered that it was deleted, yet"
        f" the read right afterwards still showed one. {_AGAIN}"
    ),
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
        "*Deleted, settled by reading.* No clear answer to the deletion came, and the coupon no longer"
        " validates."
    ),
    (Source.READING, Confirmation.REPLACED): (
        "*Deleted, settled by reading.* No clear answer to the deletion came, and another coupon, created"
        " since, stands under the same code now; it was not touched."
    ),
}


def _changed(changed: Changed) -> str:
    if changed.differences:
        facts = "; ".join(difference(found) for found in changed.differences)
        return (
            f"*Not deleted: changed since it was shown.* {facts[0].upper()}{facts[1:]}. Ask again to see it"
            " anew."
        )
    if changed.message is not None:
        return (
            "*Not deleted: no longer shown.* Since it was shown it was used up, expired or removed; Vivoldi"
            f" says {quote(changed.message or 'nothing more')}. A new {code(COMMAND)} can ask for it unseen."
        )
    return (
        "*Not deleted: changed since it was approved unseen.* Vivoldi shows it now. Ask again to see what"
        " it is."
    )


_STILL_THERE = " An attempt before got no clear answer, and a read after it still showed the coupon."


def _not_sent(not_sent: NotSent) -> str:
    proven = _STILL_THERE if not_sent.unanswered else ""
    detail = f" {_sentence(not_sent.detail)}" if not_sent.detail else ""
    match not_sent.reason:
        case NotSentReason.TOO_LATE:
            return f"*Not deleted: the time to do it ran out.*{detail}{proven} Ask again."
        case NotSentReason.UNREADABLE:
            return (
                f"*Not deleted: Vivoldi could not be read before.*{detail}{proven} When that is mended, ask"
                " again."
            )
        case NotSentReason.NOT_BOUND:
            return (
                f"*Not deleted: the approvals are not for what is stored.*{proven} "
                "Please tell whoever runs Coupon Guard; this should never happen."
            )
        case NotSentReason.APPROVER_LOST:
            who = mention(not_sent.approver) if not_sent.approver else "an approver"
            why = _LOST.get(Verdict(not_sent.detail), "is no longer eligible") if not_sent.detail else ""
            return (
                f"*Not deleted: the approval by {who} no longer counts*, since this person {why}.{proven} Ask"
                " again."
            )


_LOST = {
    Verdict.DEACTIVATED: "was deactivated",
    Verdict.GUEST: "is a guest now",
    Verdict.STRANGER: "is not in this workspace",
    Verdict.BOT: "is a bot",
    Verdict.UNKNOWN_PERSON: "could not be found in Slack",
    Verdict.NOT_AN_APPROVER: "is no approver any more",
    Verdict.NOT_A_FINAL_APPROVER: "is no final approver any more",
    Verdict.SAME_PERSON: "gave both approvals",
    Verdict.IS_REQUESTER: "asked for the deletion",
}


def _sentence(text: str | None) -> str:
    """Return an observed condition as a sentence, whatever was in it."""
    plain = quote(text or "")[1:-1].strip()
    return f"{plain[:1].upper()}{plain[1:]}" + ("" if plain.endswith((".", "!", "?")) else ".")


# ---------------------------------------------------------------- refusals

_ASK_APPROVER = "Ask one of the people named on the card."
_DENIED = {
    Verdict.BOT: "Bots can't do this; a person has to.",
    Verdict.GUEST: "Guests can't do this. Please ask a full member of this workspace.",
    Verdict.DEACTIVATED: "Your account is deactivated, so you can't do this.",
    Verdict.STRANGER: "Only members of the workspace that runs Coupon Guard can do this.",
    Verdict.UNKNOWN_PERSON: (
        "I could not ask Slack who you are, so nothing was done. Please try again in a minute."
    ),
    Verdict.NOT_A_REQUESTER: (
        "You may not ask for deletions here. Whoever runs Coupon Guard can add you to the setting"
        " `REQUESTERS`."
    ),
    Verdict.CHANNEL_NOT_ALLOWED: (
        "Deletions can't be asked for in this channel. Please use one of the channels set up for it."
    ),
    Verdict.DIRECT_MESSAGE: "Please ask in a channel, where others can see and approve it.",
    Verdict.NOT_AN_APPROVER: f"You are not one of the approvers, so nothing was changed. {_ASK_APPROVER}",
    Verdict.NOT_A_FINAL_APPROVER: (
        f"You are not one of those who may give the final approval, so nothing was changed. {_ASK_APPROVER}"
    ),
    Verdict.IS_REQUESTER: (
        "You asked for this deletion, so someone else has to give this approval. Nothing was changed."
        f" {_ASK_APPROVER}"
    ),
    Verdict.SAME_PERSON: (
        "Your approval is already counted. The final one has to come from a different person. "
        f"{_ASK_APPROVER}"
    ),
    Verdict.NOT_THE_REQUESTER: (
        "Only the person who asked can cancel it. If you are an approver, use Reject instead."
    ),
    Verdict.TOO_LATE: (
        f"The time to decide has run out, so nothing was changed. Ask anew with {code(COMMAND)}."
    ),
    Verdict.STALE_CARD: (
        "The card has changed since you saw it, so nothing was done. Please look at it again."
    ),
    Verdict.NO_SUCH_REQUEST: (
        f"I don't know this request, so nothing was done. Ask anew with {code(COMMAND)}."
    ),
    Verdict.NOT_BOUND: (
        "The first approval is not for what is stored, so nothing was done. Please reject this request, ask"
        " anew, and tell whoever runs Coupon Guard."
    ),
}


def denied(verdict: Verdict) -> str:
    """Return why someone may not do something, and what to do instead."""
    return _DENIED[verdict]


def refused_click(verdict: Verdict, request: Request | None) -> str:
    """Return why a click had no effect."""
    if verdict is Verdict.ALREADY_ENDED and request is not None:
        return f"{ended(request)} Your click changed nothing."
    return denied(verdict)


def ended(request: Request) -> str:
    """Return in one sentence how far a request is that can't be decided any more."""
    match request:
        case Approved(review=review, final=final):
            by = f"{mention(review.actor.id)} and {mention(final.actor.id)}"
            return f"Both approvals are in, by {by}; the deletion runs."
        case Finished(ended_at=at):
            return f"This request was finished {when(at)}; the card says how."
        case Rejected(by=by, ended_at=at):
            return f"{mention(by.id)} rejected this request {when(at)}; nothing was deleted."
        case Cancelled(origin=origin, ended_at=at):
            return f"{mention(origin.requester.id)} cancelled this request {when(at)}; nothing was deleted."
        case Expired(approve_by=at):
            return f"This request ran out {when(at)} without two approvals; nothing was deleted."
        case Failed():
            return "This request could not be shown; nothing was deleted."
        case Pending():
            return "This request is waiting for approval."
        case _:
            return "This request is being read from Vivoldi."
