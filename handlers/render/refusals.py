"""Why someone may not do something, and what to do instead. All of it is Slack's mrkdwn, escaped."""

from __future__ import annotations

from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Request
from handlers.ids import COMMAND
from handlers.render.blocks import code
from handlers.render.stop import too_late
from handlers.render.words import ended

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
        "You are not among the people who may ask for deletions. The person who runs Coupon Guard can add you"
        " to the setting `REQUESTERS`."
    ),
    Verdict.CHANNEL_NOT_ALLOWED: (
        "Deletions can't be asked for in this channel. Please use one of the channels set up for it."
    ),
    Verdict.DIRECT_MESSAGE: "Please ask in a channel, where others can see and approve it.",
    Verdict.NOT_AN_APPROVER: (
        f"You are not one of the approvers, so your click changed nothing. {_ASK_APPROVER}"
    ),
    Verdict.NOT_A_FINAL_APPROVER: (
        f"You are not one of those who may give the final approval, so your click changed nothing."
        f" {_ASK_APPROVER}"
    ),
    Verdict.IS_REQUESTER: (
        f"You asked for this, so someone else has to give this approval. Your click changed nothing."
        f" {_ASK_APPROVER}"
    ),
    Verdict.SAME_PERSON: (
        "Your approval is already counted. The final one has to come from someone else, who did not ask for"
        f" it. {_ASK_APPROVER}"
    ),
    Verdict.NOT_THE_REQUESTER: (
        "Only the person who asked can cancel it. If you are an approver, use Reject instead."
    ),
    Verdict.TOO_LATE: (
        f"The time to decide has run out, so your click changed nothing. Ask anew with {code(COMMAND)}."
    ),
    Verdict.STALE_CARD: (
        "The card has changed since you saw it, so your click changed nothing. Please look at it again."
    ),
    Verdict.NO_SUCH_REQUEST: (
        f"I don't know this request, so nothing was done. Ask anew with {code(COMMAND)}."
    ),
    Verdict.NOT_TYPED: (
        "This approval has to be confirmed by typing, and the dialog for that did not open, so your"
        " click changed nothing. Please click again."
    ),
    Verdict.WRONG_TEXT: "That is not what the dialog asks for, so nothing was done. Please type it again.",
    Verdict.MAY_NOT_STOP: (
        "Only the person who asked and the approvers can stop it. Your click changed nothing."
    ),
    Verdict.NOT_APPROVED: "It is not approved, so there is nothing to stop yet. Look at the card again.",
    Verdict.NOTHING_TO_STOP: "There is nothing left to stop. The card says what happened.",
    Verdict.NOT_BOUND: (
        "The first approval is not for what is stored, so your click changed nothing. Please reject this"
        " request, ask anew, and tell the person who runs Coupon Guard."
    ),
    Verdict.OTHER_SERVER: (
        "The database was switched to another server since the first approval, so that one no longer counts."
        " Your click changed nothing. Please reject this request, and ask anew."
    ),
    Verdict.FREEZE_OFF: (
        "Freezing is switched off here, so nothing was done. The person who runs Coupon Guard can allow it by"
        " the setting `FREEZE`."
    ),
    Verdict.NOT_FREEZABLE: (
        "Nothing of this request can be frozen any more, or someone froze it already. Please look at the"
        " card."
    ),
    Verdict.NOT_FROZEN: "Nothing of this request is frozen any more. Please look at the card.",
    Verdict.RESTORE_OFF: (
        "Nothing is kept of deleted coupons here, so none can be restored. The person who runs Coupon"
        " Guard can have it kept, for deletions to come, by the setting `SNAPSHOT_KEYS`."
    ),
    Verdict.ONLY_A_FREEZE: (
        "This request is for a freeze alone, so nothing was approved. Ask for a deletion with"
        f" {code(COMMAND)}."
    ),
}


def denied(verdict: Verdict) -> str:
    """Return why someone may not do something, and what to do instead."""
    return _DENIED[verdict]


# Answers that send people back to the card: the one that was clicked may never change again.
_OF_CARD = frozenset(
    {
        Verdict.STALE_CARD,
        Verdict.ALREADY_ENDED,
        Verdict.SAME_PERSON,
        Verdict.NOT_FREEZABLE,
        Verdict.NOT_FROZEN,
        Verdict.NOT_APPROVED,
        Verdict.NOTHING_TO_STOP,
    }
)


def refused_click(verdict: Verdict, request: Request | None, newer: str | None = None) -> str:
    """Return why a click had no effect. newer: the address of the card that took the clicked one's place."""
    if newer is None or verdict not in _OF_CARD:
        return _why(verdict, request)
    if verdict is Verdict.STALE_CARD:
        return f"<{newer}|A newer card> took this one's place, so your click changed nothing. Go on there."
    return f"{_why(verdict, request)} The card is <{newer}|a newer one> by now."


def _why(verdict: Verdict, request: Request | None) -> str:
    if verdict is Verdict.ALREADY_ENDED and request is not None:
        return f"{ended(request)} Your click changed nothing."
    if verdict is Verdict.NOTHING_TO_STOP and isinstance(request, Approved):
        return too_late(request, stopped=False)
    return denied(verdict)
