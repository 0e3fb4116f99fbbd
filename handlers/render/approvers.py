"""Why the approval of someone no longer counts when it matters."""

from __future__ import annotations

from bot.domain.policy import Verdict
from handlers.render.blocks import mention

_LOST = {
    Verdict.DEACTIVATED: "was deactivated",
    Verdict.GUEST: "is a guest now",
    Verdict.STRANGER: "is not in this workspace",
    Verdict.BOT: "is a bot",
    Verdict.UNKNOWN_PERSON: "could not be found in Slack",
    Verdict.NOT_AN_APPROVER: "is no approver any more",
    Verdict.NOT_A_FINAL_APPROVER: "is no final approver any more",
    Verdict.SAME_PERSON: "gave both approvals",
    Verdict.IS_REQUESTER: "asked for it",
}


def lost(approver: str | None, verdict: str | None) -> str:
    """Return whose approval no longer counts, and why. It ends the bold text that the caller began."""
    who = mention(approver) if approver else "an approver"
    why = _LOST.get(Verdict(verdict), "is no longer eligible") if verdict else ""
    return f"{who} no longer counts*, since this person {why}."
