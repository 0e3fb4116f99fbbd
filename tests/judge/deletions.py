"""Every DELETE: who had approved it, what was read right before, and whether it was sent again by guess."""

from __future__ import annotations

from itertools import combinations

from tests.judge import sentences
from tests.judge.case import Case
from tests.judge.coupons import but_end, facts, was_frozen
from tests.judge.rules import Rule
from tests.judge.seen import Asked, Click


def look_at_deletes(case: Case, code: str) -> None:
    """Judge the DELETEs about one code."""
    deletes = case.seen.calls("delete", code)
    for delete in deletes:
        request = case.request_at(code, delete.index)
        if request is None:
            case.find(Rule.UNAPPROVED, code, "nothing was asked for", delete.index)
            continue
        approval = approval_of(case, code, request, delete)
        if approval is not None:
            earlier = [sent for sent in deletes if case.begin(request) < sent.index < delete.index]
            _judge_read(case, code, request, approval, delete, earlier)
            _judge_stops(case, code, request, approval, delete)


def approval_of(case: Case, code: str, request: str, sent: Asked) -> Click | None:
    """I1: two different eligible people approved this, in time, the final one not the requester.

    Returns the final approval.
    """
    clicks = [c for c in case.seen.clicks if c.request == request and c.action == "approve"]
    reasons = []
    for first, final in combinations(clicks, 2):
        if final.index < sent.index:
            if (reason := _unfit(case, request, first, final, sent)) is None:
                return final
            reasons.append(reason)
    why = ", ".join(dict.fromkeys(reasons)) or "fewer than two clicks"
    case.find(Rule.UNAPPROVED, code, why, sent.index)
    return None


def _unfit(case: Case, request: str, first: Click, final: Click, sent: Asked) -> str | None:
    """Return why two clicks are no approvals for what was sent; None: they are."""
    terms, at = case.terms, sent.at
    steps = (sentences.step_of(first.text), sentences.step_of(final.text)) == (1, 2)
    if not steps or not sentences.is_approved_by(final.text, first.user):
        return "not step 1 and step 2"
    if first.user == final.user:
        return f"{first.user} gave both"
    if final.user in case.requesters(request):
        return f"{final.user} had asked and gave step 2"
    if max(first.at, final.at) >= case.deadline(case.seen.of(request)[0]):
        return "after approve-by"
    if at < final.at + terms.stop_window:
        return "while it could still be stopped"
    if at > final.carried_out + terms.execute_within + terms.arrives_within:
        return "after execute-by"
    for click, named in ((first, terms.first), (final, terms.final)):
        if not case.may(click, named):
            return f"{click.user} was not eligible when clicking"
        if not case.seen.counted(click.user, named, at - terms.groups_afresh, at):
            return f"{click.user} was not eligible any more"
        if not case.seen.was_member(click.user, at - terms.asked_afresh, at):
            return f"{click.user} was not eligible any more"
    return None


def _judge_read(
    case: Case, code: str, request: str, approval: Click, delete: Asked, earlier: list[Asked]
) -> None:
    """I2, I3: after all that, the same process read the coupon, and it was what the card had shown.

    earlier: the request's DELETEs before this one.
    """
    since = max([approval.index, *(sent.index for sent in earlier)])
    last = case.own_read(code, since, delete)
    if last is None:
        case.find(Rule.UNREAD, code, f"sent by {delete.agent}, attempt {len(earlier) + 1}", delete.index)
        return
    card = case.card_read(code, request)
    was_shown = card is not None and card.shown
    _judge_again(case, code, was_shown and last.shown, delete, earlier)
    if was_shown and not last.shown and was_frozen(case, code, request, last.finished):
        _judge_hidden(case, code, card, last)
    elif was_shown != last.shown:
        what = f"shown {was_shown}, but {last.shown} right before"
        case.find(Rule.FOREIGN, code, what, delete.index)
    elif was_shown:
        _judge_target(case, code, card, last, delete)


def _judge_stops(case: Case, code: str, request: str, approval: Click, delete: Asked) -> None:
    """Nothing is sent after a stop by someone who may, but what was on its way already."""
    requesters = case.requesters(request)
    for stop in case.clicks(request, delete.index):
        since = stop.at - case.terms.memory
        known = case.seen.always_counted(stop.user, case.anyone, since, stop.carried_out)
        if stop.action != "stop" or stop.done is None or not (known or stop.user in requesters):
            continue
        # One that was made while the final approval was still on its way may have come before it.
        if approval.done is None or stop.index < approval.done or delete.index < stop.done:
            continue
        reads = [r for r in case.seen.calls("read", code) if r.finished < delete.index]
        anew = any(read.index >= stop.done for read in reads if read.agent == delete.agent)
        if anew or delete.at > stop.carried_out + case.terms.on_the_way:
            what = f"stopped by {stop.user}, sent by {delete.agent}"
            case.find(Rule.STOPPED, code, what, delete.index)


def _judge_again(case: Case, code: str, shown: bool, delete: Asked, earlier: list[Asked]) -> None:
    """I3: what was approved unseen is never sent again by guess, and nothing is after a clear answer."""
    if not shown and any(sent.proves_nothing for sent in earlier):
        what = "it was not shown, so no read can speak for it"
        case.find(Rule.RESENT, code, what, delete.index)
    # A process that dies with the answer has not seen it.
    if any((s.refused or s.shown) and not case.cut_short(s, delete.index) for s in earlier):
        case.find(Rule.RESENT, code, "the answer before was clear", delete.index)


def _judge_hidden(case: Case, code: str, card: Asked | None, last: Asked) -> None:
    """I2: what a freeze hides is the coupon that the card shows, but for its expiry date."""
    was = case.seen.coupon(code, card.finished) if card else None
    now = case.seen.coupon(code, last.finished)
    if was is not None and now is not None and (was.uid != now.uid or but_end(was) != but_end(now)):
        case.excused.append("the coupon was changed while a freeze hid it")


def _judge_target(case: Case, code: str, card: Asked | None, last: Asked, delete: Asked) -> None:
    """I2: what was read right before is what the card shows, and that is what is deleted."""
    was = case.seen.coupon(code, card.finished) if card else None
    now = case.seen.coupon(code, last.finished)
    if was is None or now is None or was.uid != now.uid or facts(was) != facts(now):
        case.find(Rule.FOREIGN, code, "another coupon than was shown", delete.index)
        return
    for event in case.seen.done_by(delete):
        if event.uid != was.uid or facts(event) != facts(was):
            _judge_since(case, code, last, delete)


def _judge_since(case: Case, code: str, last: Asked, delete: Asked) -> None:
    """Vivoldi has no condition to send along, so a change after the read right before can't be seen."""
    changed = [c for c in case.seen.changes if c.event.code == code and c.event.call != delete.call.seq]
    since = [change for change in changed if last.finished < change.index < delete.finished]
    if since:
        case.excused.append("the coupon was changed between the read right before and its deletion")
    else:
        case.find(Rule.FOREIGN, code, "another coupon was deleted than was shown", delete.index)
