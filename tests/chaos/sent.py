"""Every DELETE: who had approved it, what was read right before, and whether it was sent again by guess."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import combinations

from tests.chaos.case import Case, Rule, deadline
from tests.chaos.evidence import Asked, Card, Click
from tests.chaos.town import EXECUTE_WITHIN
from tests.chaos.truth import but_end, facts

# A click goes by a memory that is renewed each minute, two minutes old where one renewal failed.
MEMORY = timedelta(minutes=2, seconds=10)
# An answer about an approver may be 5 s old; a read may take 20 s, and then it is sent within 3 s.
_ASKED_AFRESH = timedelta(seconds=28)
# A lease lasts 10 s, and what was checked is sent within 3 s.
READ_AFRESH = timedelta(seconds=13)
_SEND_WITHIN = timedelta(seconds=3)


def look_at_deletes(case: Case, code: str) -> None:
    """Judge the DELETEs about one code."""
    deletes = case.seen.calls("delete", code)
    for delete in deletes:
        asked_for = [name for name in case.requests(code) if case.begin(name) < delete.index]
        if not asked_for:
            case.find(Rule.UNAPPROVED, f"{code}: nothing was asked for")
            continue
        request = asked_for[-1]
        approval = approval_of(case, code, request, delete)
        if approval is not None:
            earlier = [sent for sent in deletes if case.begin(request) < sent.index < delete.index]
            _judge_read(case, code, request, approval, delete, earlier)
            _judge_stops(case, code, request, approval, delete)


def approval_of(case: Case, code: str, request: str, delete: Asked) -> Click | None:
    """I1: two different eligible people approved this, in time, the final one not the requester.

    Returns the final approval.
    """
    clicks = [c for c in case.seen.clicks if c.request == request and c.action == "approve"]
    requester = _requester(case.seen.of(request)[0])
    reasons = []
    for first, final in combinations(clicks, 2):
        if final.index < delete.index:
            if (reason := _unfit(case, first, final, requester, delete)) is None:
                return final
            reasons.append(reason)
    case.find(Rule.UNAPPROVED, f"{code}: {', '.join(reasons) or 'fewer than two clicks'}")
    return None


def _unfit(case: Case, first: Click, final: Click, requester: str, delete: Asked) -> str | None:
    """Return why two clicks are no approvals for a DELETE; None: they are."""
    sent = delete.at
    steps = "Step 1 of 2" in first.text and "Step 2 of 2" in final.text
    if not steps or f"Approved by <@{first.user}>" not in final.text:
        return "not step 1 and step 2"
    if first.user == final.user:
        return f"{first.user} gave both"
    if final.user == requester:
        return f"{requester} had asked and gave step 2"
    if max(first.at, final.at) >= deadline(final.text):
        return "after approve-by"
    if sent < final.at + case.journal.stop_window:
        return "while it could still be stopped"
    if sent > final.carried_out + EXECUTE_WITHIN + _SEND_WITHIN:
        return "after execute-by"
    for click in (first, final):
        if not case.seen.was_on_call(click.user, click.at - MEMORY, click.carried_out):
            return f"{click.user} was not on call when clicking"
        if not case.seen.was_on_call(click.user, sent - _ASKED_AFRESH, sent):
            return f"{click.user} was not on call any more"
    return None


def _judge_read(
    case: Case, code: str, request: str, approval: Click, delete: Asked, earlier: list[Asked]
) -> None:
    """I2, I3: after all that, the same process read the coupon, and it was what the card had shown.

    earlier: the request's DELETEs before this one.
    """
    since = max([approval.index, *(sent.index for sent in earlier)])
    reads = [
        read
        for read in case.seen.calls("read", code)
        if since < read.index and read.finished < delete.index and read.answered
        if read.agent == delete.agent and delete.at - read.at <= READ_AFRESH
    ]
    if not reads:
        case.find(Rule.UNREAD, f"{code}: sent by {delete.agent}, attempt {len(earlier) + 1}")
        return
    card, last = case.card_read(code, request), reads[-1]
    _judge_again(case, code, card.shown and last.shown, earlier)
    if card.shown and not last.shown and was_frozen(case, code, request, last.finished):
        _judge_hidden(case, code, card, last)
    elif card.shown != last.shown:
        case.find(Rule.FOREIGN, f"{code}: shown {card.shown}, but {last.shown} right before")
    elif card.shown:
        _judge_target(case, code, card, last, delete)


def _judge_stops(case: Case, code: str, request: str, approval: Click, delete: Asked) -> None:
    """Nothing is sent after a stop by someone who may, but what was on its way already."""
    requester = _requester(case.seen.of(request)[0])
    for stop in case.clicks(request, delete.index):
        known = case.seen.was_always_on_call(stop.user, stop.at - MEMORY, stop.carried_out)
        if stop.action != "stop" or stop.done is None or not (known or stop.user == requester):
            continue
        # One that was made while the final approval was still on its way may have come before it.
        if approval.done is None or stop.index < approval.done or delete.index < stop.done:
            continue
        reads = [r for r in case.seen.calls("read", code) if r.finished < delete.index]
        anew = any(read.index >= stop.done for read in reads if read.agent == delete.agent)
        if anew or delete.at > stop.carried_out + _SEND_WITHIN:
            case.find(Rule.STOPPED, f"{code}: stopped by {stop.user}, sent by {delete.agent}")


def _judge_again(case: Case, code: str, shown: bool, earlier: list[Asked]) -> None:
    """I3: what was approved unseen is never sent again by guess, and nothing is after a clear answer."""
    if not shown and any(sent.proves_nothing for sent in earlier):
        case.find(Rule.RESENT, f"{code}: it was not shown, so no read can speak for it")
    # A process that dies with the answer has not seen it.
    if any(sent.refused or sent.shown for sent in earlier) and not case.journal.interrupted:
        case.find(Rule.RESENT, f"{code}: the answer before was clear")


def was_frozen(case: Case, code: str, request: str, index: int) -> bool:
    """Return whether a freeze was asked for on a request's card, and its date sent, before a place."""
    asked = [c.index for c in case.clicks(request, index) if c.action == "freeze"]
    return bool(asked) and any(asked[0] < sent.index < index for sent in case.seen.calls("update", code))


def _judge_hidden(case: Case, code: str, card: Asked, last: Asked) -> None:
    """I2: what a freeze hides is the coupon that the card shows, but for its expiry date."""
    was, now = case.seen.coupon(code, card.finished), case.seen.coupon(code, last.finished)
    if was is not None and now is not None and (was.uid != now.uid or but_end(was) != but_end(now)):
        case.excused.append("the coupon was changed while a freeze hid it")


def _judge_target(case: Case, code: str, card: Asked, last: Asked, delete: Asked) -> None:
    """I2: what was read right before is what the card shows, and that is what is deleted."""
    was, now = case.seen.coupon(code, card.finished), case.seen.coupon(code, last.finished)
    if was is None or now is None or was.uid != now.uid or facts(was) != facts(now):
        case.find(Rule.FOREIGN, f"{code}: another coupon than was shown")
        return
    ended = [c.event for c in case.seen.changes if c.event.call == delete.call.seq]
    if any(event.uid != was.uid or facts(event) != facts(was) for event in ended):
        # The API has no conditional deletion, so what happens after the last look can't be seen; the
        # looks above have made sure that it was a look right before.
        case.excused.append("the coupon was changed between the read right before and its deletion")


def _requester(card: Card) -> str:
    named = re.search(r"\*Asked by\* <@(\w+)>", card.text)
    assert named, "the card does not say who asked"
    return named[1]
