"""An independent judge: what was clicked, sent, true and told, by the two local servers' logs alone.

It knows neither the bot's code nor its database, only the rules and the words that people read.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.judge import creations, endings, final
from tests.judge.audit import look_at_audit
from tests.judge.cards import (
    look_at_cards,
    look_at_clicks,
    look_at_commands,
    look_at_reminders,
    look_at_stuck_cards,
)
from tests.judge.case import Case
from tests.judge.claims import judge_absence, judge_looks_after, judge_name, look_at_claims
from tests.judge.creations import look_at_creations
from tests.judge.dates import look_at_freezes
from tests.judge.deletions import look_at_deletes
from tests.judge.endings import Told
from tests.judge.failures import look_at_failures
from tests.judge.gathering import gathered
from tests.judge.late import late, patience
from tests.judge.record import Record
from tests.judge.rules import Ending, Judgement, Rule
from tests.judge.seen import Asked, Said
from tests.judge.told import ending_of, is_lost, told_of


def judge(record: Record, codes: Sequence[str], secrets: Sequence[str] = ()) -> Judgement:
    """Judge all that happened to these codes. secrets: what nobody may read anywhere."""
    case = Case(gathered(record), record)
    for code in codes:
        look_at_deletes(case, code)
        look_at_creations(case, code)
        look_at_freezes(case, code)
        _look_at_endings(case, code)
    look_at_cards(case, codes)
    look_at_stuck_cards(case)
    look_at_reminders(case)
    look_at_clicks(case)
    look_at_commands(case, codes)
    look_at_failures(case, codes)
    look_at_claims(case, codes)
    look_at_audit(case, codes)
    _look_for_secrets(case, secrets)
    case.excused += ["Slack refuses every way to the person"] * len(case.seen.undelivered)
    deletes = sum(asked.call.kind == "delete" for asked in case.seen.asked)
    return Judgement(tuple(case.findings), tuple(case.endings), deletes, tuple(case.excused))


def _look_for_secrets(case: Case, secrets: Sequence[str]) -> None:
    """I8: no key, token or personal field of a coupon is in anything that anyone can read."""
    text = case.seen.text()
    for secret in secrets:
        if secret in text:
            case.find(Rule.SECRET, "", secret)


# ---------------------------------------------------------------- what was told


def _look_at_endings(case: Case, code: str) -> None:
    for name in case.requests(code):
        begin, end = case.begin(name), case.end(code, name)
        kind = "create" if case.purpose(name) == "restore" else "delete"
        sent = [call for call in case.seen.calls(kind, code) if begin < call.index < end]
        _judge_ending(case, code, name, sent)


def _judge_ending(case: Case, code: str, request: str, sent: list[Asked]) -> None:
    told = told_of(case, code, request)
    final.look_at_headings(case, code, request)
    for shown, version in final.shown_of(case, code, request):
        _judge_words(case, shown, request, version, sent)
    if not told and not sent and case.record.settled and is_lost(case, request):
        case.excused.append("a card that nobody could note, and Slack took no other")
        return
    if not told:
        if sent or case.record.settled:
            case.find(Rule.UNTOLD, code, f"{len(sent)} sent")
        return
    ended = {ending for said in told if (ending := ending_of(code, said.text))}
    case.endings += ended
    if len(ended) > 1:
        ways = sorted(ending.words for ending in ended)
        case.find(Rule.WRONG, code, f"told in several ways: {ways}", told[-1].index)
    for said in told:
        if (replied := ending_of(code, said.text)) is not None:
            _judge_words(case, replied, request, said, sent)
    final.look_at_last(case, code, request, [*ended])
    late_by = late(case, request, told[0])
    if late_by > patience(case.record):
        case.find(Rule.LATE, code, f"{late_by} after all was done", told[0].index)


def _judge_words(case: Case, ending: Ending, request: str, said: Said, sent: list[Asked]) -> None:
    code, purpose = ending.code, case.purpose(request)
    told = told_as(case, ending, said, request, sent)
    if purpose == "freeze":
        # What else is told of a freeze is judged as what the cards say of it.
        if wrong := endings.untrue_end(told):
            case.find(Rule.WRONG, code, wrong, said.index)
        return
    wrong = creations.untrue(told) if purpose == "restore" else endings.untrue(told)
    if purpose == "restore":
        judge_looks_after(case, told)
    if purpose == "delete":
        judge_absence(case, told, request)
        judge_name(case, told)
    if wrong:
        case.find(Rule.WRONG, code, wrong, said.index)
    elif purpose == "delete" and (why := endings.excuse(told)):
        case.excuse(why, code, request)


def told_as(case: Case, ending: Ending, said: Said, request: str, sent: list[Asked]) -> Told:
    """Return what was told, and what it has to be held against."""
    read = case.card_read(ending.code, request)
    return Told(
        seen=case.seen,
        terms=case.terms,
        code=ending.code,
        words=ending.words,
        said=said,
        clicks=case.clicks(request, said.index),
        deadline=case.deadline(case.seen.of(request)[0]),
        since=read.finished if read else case.begin(request),
        coupon=case.seen.coupon(ending.code, read.finished) if read and read.shown else None,
        sent=[call for call in sent if call.index < said.index],
        forged=case.record.forged,
        switched=case.record.switched,
        cut_short=lambda call: case.cut_short(call, said.index),
    )
