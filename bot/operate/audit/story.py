"""One request as a story, in lines of 80 columns: who did what and when, and what Vivoldi answered."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.domain.audit import Facts, Link
from bot.domain.event import EventKind
from bot.operate.audit.stored import data_of, time_of
from bot.text import plain

_WIDTH = 80
_LONGEST = 2000
_INDENT = " " * 10

_ACTIONS = {
    "reject": "rejected the request",
    "cancel": "cancelled the request",
    "freeze": "asked to freeze it",
    "unfreeze": "asked to unfreeze it",
    "stop": "stopped the request",
}
_OUTCOMES = {
    "notsent": "not sent",
    "unknown": "unknown; people have to look",
    "notcreated": "not created",
    "unclear": "unknown whether it was created; people have to look",
}


_WHERE = {
    "thread": "in the channel",
    "thread and privately": "in the channel, and privately to the requester, who may not be in it",
}


def story(request: str, links: Sequence[Link]) -> str:
    """Return what the events of a request tell, in their order, with times in UTC."""
    lines, day = [f"Request {plain(request, _LONGEST)}"], ""
    for link in links:
        time = time_of(link.facts)
        today, clock = (f"{time:%Y-%m-%d} (UTC)", f"{time:%H:%M:%S}") if time else ("(no time)", "")
        if today != day:
            lines += ["", today]
            day = today
        first, *more = (plain(sentence, _LONGEST) or "" for sentence in _told(link.facts))
        lines += textwrap.wrap(first, _WIDTH, initial_indent=f"{clock:<10}", subsequent_indent=_INDENT)
        for sentence in more:
            lines += textwrap.wrap(sentence, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return "\n".join(lines)


def _told(facts: Facts) -> Iterator[str]:
    """Yield what an event says: a sentence, and maybe more about it."""
    data = data_of(facts)
    if data is None:
        yield f"{facts.kind}: what is stored of it can't be read."
        return
    who = f"{facts.actor_name} ({facts.actor_id})" if facts.actor_id else "Somebody"
    match facts.kind:
        case EventKind.COMMAND:
            do = data.get("purpose", "delete")
            yield f"{who} asked to {do} {_listed(data.get('codes'))} in {data.get('channel')}, typing:"
            yield f"“{data.get('text')}”"
        case EventKind.DECISION:
            yield from _decided(who, data)
        case EventKind.DECISION_REFUSED:
            verdict = str(data.get("verdict")).replace("_", " ")
            often = f" {data['repeats']} more times" if "repeats" in data else ""
            yield f"{who} clicked {str(data.get('action')).title()}{often}, and was refused: {verdict}."
        case EventKind.COUPON_READ:
            yield _read(facts.code, data)
        case EventKind.DELETE_SENDING:
            yield f"The bot sends DELETE for {facts.code}, attempt {data.get('attempt')}."
            yield from _bound(data)
        case EventKind.DELETE_ANSWERED:
            yield _answered(facts.code, data)
        case EventKind.RESTORE_DRAFTED:
            yield f"What {facts.code} held when {data.get('from')} deleted it was opened, to be shown."
        case EventKind.CREATE_SENDING:
            yield f"The bot sends the creation of {facts.code}, attempt {data.get('attempt')}."
            yield from _bound(data)
        case EventKind.CREATE_ANSWERED:
            yield _created(facts.code, data)
        case EventKind.DATE_SENDING:
            yield f"To {data.get('goal')} {facts.code}, the bot sends the expiry date {data.get('date')}."
        case EventKind.DATE_ANSWERED:
            yield _dated(facts.code, data)
        case EventKind.FREEZE_OUTCOME:
            yield _frozen(facts.code, data)
        case EventKind.ITEM_OUTCOME:
            yield from _outcome(facts.code, data)
        case EventKind.SNAPSHOT_OPENED:
            yield f"{data.get('operator')}, who has the key, read everything that {facts.code} held."
        case _:
            yield _of_request(facts.kind, data)


def _decided(who: str, data: Mapping[str, Any]) -> Iterator[str]:
    typed = ", confirmed by typing" if data.get("typed") else ""
    given = f"gave approval {data.get('step')} of 2{typed}"
    yield f"{who} {_ACTIONS.get(str(data.get('action')), given)}."
    yield from _bound(data)


def _bound(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an approval or a deletion was bound to, and the rules then in force."""
    if "digest" in data:
        yield f"Coupons as shown: digest {str(data['digest'])[:16]}…"
    policy = data.get("policy")
    if isinstance(policy, dict):
        first, final = (_listed(policy.get(name)) for name in ("approvers", "final_approvers"))
        mine = "may give step 1" if policy.get("requester_may_approve") == "first" else "may give neither"
        yield f"Rules: step 1 by {first}; step 2 by {final}; the requester {mine}."


def _listed(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


def _read(code: str | None, data: Mapping[str, Any]) -> str:
    match data.get("shown"):
        case True:
            return f"Vivoldi shows {code}."
        case False:
            return f"Vivoldi does not show {code}, and says: “{data.get('message')}”"
        case _:
            return f"Vivoldi could not be read for {code}: {data.get('error')}"


def _answered(code: str | None, data: Mapping[str, Any]) -> str:
    match data.get("answer"):
        case "Executed":
            return f"Vivoldi answered that {code} is deleted."
        case "RefusedAnswer":
            return f"Vivoldi refused to delete {code}. {data.get('message')}"
        case "NotExecuted":
            return f"{code} was not deleted by this attempt: {data.get('reason')}"
        case _:
            return f"No clear answer about {code}: {data.get('reason')}"


def _created(code: str | None, data: Mapping[str, Any]) -> str:
    match data.get("answer"):
        case "Executed":
            return f"Vivoldi answered that {code} is created."
        case "RefusedAnswer":
            return f"Vivoldi refused to create {code}. {data.get('message')}"
        case "NotExecuted":
            return f"{code} was not created by this attempt: {data.get('reason')}"
        case _:
            return f"No clear answer about the creation of {code}: {data.get('reason')}"


def _dated(code: str | None, data: Mapping[str, Any]) -> str:
    match data.get("answer"):
        case "Executed":
            return f"Vivoldi answered that the expiry date of {code} is set."
        case "RefusedAnswer":
            return f"Vivoldi refused the expiry date of {code}. {data.get('message')}"
        case "NotExecuted":
            return f"The expiry date of {code} was not set by this attempt: {data.get('reason')}"
        case _:
            return f"No clear answer about the expiry date of {code}: {data.get('reason')}"


def _frozen(code: str | None, data: Mapping[str, Any]) -> str:
    match data.get("outcome"):
        case "frozen":
            return f"{code} is frozen: a read no longer shows it."
        case "unfrozen":
            return f"{code} is unfrozen: a read shows it again."
        case _:
            detail = f" ({data['detail']})" if data.get("detail") else ""
            return f"To {data.get('goal')} {code} did not come about: {data.get('why')}{detail}."


def _outcome(code: str | None, data: Mapping[str, Any]) -> Iterator[str]:
    outcome = str(data.get("outcome"))
    if data.get("confirmation") == "still_shown":
        outcome = "still works, although Vivoldi answered that it was deleted"
    yield f"Outcome for {code}: {_OUTCOMES.get(outcome, outcome)}."
    known = [
        f"{name}: {_listed(value)}"
        for name, value in data.items()
        if name not in ("outcome", "differences") and value is not None
    ]
    if known:
        yield "; ".join(known)
    for change in data.get("differences") or ():
        yield f"{change['fact']}: it was {change['before']}, and is {change['after']}"


def _of_request(kind: str, data: Mapping[str, Any]) -> str:
    match kind:
        case EventKind.REQUEST_SHOWN:
            return f"The coupons are ready to be shown: digest {str(data.get('digest'))[:16]}…"
        case EventKind.CARD_POSTED:
            return "The card went up in the channel."
        case EventKind.REQUEST_FAILED:
            return f"The request failed: {data.get('detail')}"
        case EventKind.REQUEST_EXPIRED:
            return "The time to decide ran out."
        case EventKind.DELETE_LOST:
            return f"The answer to the deletion was never seen: {data.get('reason')}"
        case EventKind.CREATE_LOST:
            return f"The answer to the creation was never seen: {data.get('reason')}"
        case EventKind.REMINDED:
            return f"Those who could give step {data.get('step')} were reminded in the thread."
        case EventKind.CARD_REPLACED:
            return "The card could not be used any more; a new one went up."
        case EventKind.OUTCOME_NOT_TOLD:
            since = data.get("channel_gone_since")
            return f"The outcome was not told: nobody is left. The channel was gone since {since}."
        case EventKind.OUTCOME_GIVEN_UP:
            return f"The outcome was not told: {data.get('operator')} gave it up."
        case EventKind.OUTCOME_TOLD:
            where = _WHERE.get(str(data.get("where")), "to the requester, privately")
            return f"The outcome was told {where}."
        case _:
            return f"{kind}: {dict(data)}"
