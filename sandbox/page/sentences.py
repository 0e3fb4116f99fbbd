"""What an audit event says, in words: its sentence, a detail, and the state that it led to."""

from __future__ import annotations

from bot.domain.event import Event, EventKind

_DECIDED = {
    "approve": "approves",
    "reject": "rejects",
    "cancel": "takes the request back",
    "freeze": "asks to freeze it",
    "unfreeze": "asks to unfreeze it",
    "stop": "stops it",
}
_ENDED = {"reject": "rejected", "cancel": "cancelled"}
_ANSWERED = {
    "Executed": ("Vivoldi says that it deleted the coupon", "item: deleted, to be confirmed"),
    "RefusedAnswer": ("Vivoldi refuses", ""),
    "NotExecuted": ("Proven not executed; it will be sent again", "item: waiting"),
    "Unproven": ("No clear answer: only a read can settle it", "item: unknown"),
}


_CREATED = _ANSWERED | {
    "Executed": ("Vivoldi says that it created the coupon", "item: created, to be confirmed"),
    "NotExecuted": ("Proven not executed; it will be sent again", "item: to be created"),
    "Unproven": ("No clear answer: only a read can settle it", "item: unclear"),
}


def audit_line(event: Event, *, last: bool) -> tuple[str, str, str]:
    """Return sentence, detail and state. last: whether every item of the request has its outcome by now."""
    said = {name: str(value) for name, value in event.data.items()}
    who = event.actor.name if event.actor else "Somebody"
    match event.kind:
        case EventKind.COMMAND:
            return f"The request of {who} is stored", "", "submitted"
        case EventKind.COUPON_READ:
            return _read(event), said.get("message", ""), ""
        case EventKind.REQUEST_SHOWN:
            return "The request is ready to be shown", f"digest {said['digest'][:12]}…", "pending, step 1"
        case EventKind.CARD_POSTED:
            return "The card is up in the channel", "", ""
        case EventKind.REQUEST_FAILED:
            return "The request failed", said["detail"], "failed"
        case EventKind.REQUEST_EXPIRED:
            return "The time to decide ran out", "", "expired"
        case EventKind.DECISION:
            return _decision(who, said)
        case EventKind.DECISION_REFUSED:
            return f"{who} may not do that; nothing changed", said["verdict"], ""
        case EventKind.DELETE_SENDING:
            return "About to send DELETE", f"attempt {said['attempt']}", "item: sending"
        case EventKind.RESTORE_DRAFTED:
            return "What the deleted coupon held is opened", f"from {said['from']}", ""
        case EventKind.CREATE_SENDING:
            return "About to send the creation", f"attempt {said['attempt']}", "item: creating"
        case EventKind.CREATE_ANSWERED:
            text, state = _CREATED.get(said["answer"], (said["answer"], ""))
            return text, said.get("reason") or said.get("message", ""), state
        case EventKind.CREATE_LOST:
            return "The sender never came back", said["reason"], "item: unclear"
        case EventKind.DELETE_ANSWERED:
            text, state = _ANSWERED.get(said["answer"], (said["answer"], ""))
            return text, said.get("reason") or said.get("message", ""), state
        case EventKind.DELETE_LOST:
            return "The sender never came back", said["reason"], "item: unknown"
        case EventKind.ITEM_OUTCOME:
            known = ", ".join(said[name] for name in ("source", "confirmation", "reason") if name in said)
            return "The outcome is known", known, f"item: {said['outcome']}" + ("; finished" if last else "")
        case EventKind.OUTCOME_TOLD:
            return "The outcome was told", said["where"], ""
        case _:
            return event.kind, "", ""


def _read(event: Event) -> str:
    match event.data["shown"]:
        case None:
            return "Vivoldi could not be read"
        case True:
            return "Vivoldi shows the coupon"
        case _:
            return "Vivoldi does not show the coupon"


def _decision(who: str, said: dict[str, str]) -> tuple[str, str, str]:
    digest = f"digest {said['digest'][:12]}…" if "digest" in said else ""
    action, step = said["action"], said.get("step", "")
    if action == "approve":
        return f"{who} approves step {step}", digest, "approved" if step == "2" else "pending, step 2"
    return f"{who} {_DECIDED[action]}", digest, _ENDED.get(action, "")
