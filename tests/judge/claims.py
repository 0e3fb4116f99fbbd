"""The rules of "A claim" that reach beyond one sentence: each is judged here, by its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sandbox.vivoldi.log import Event
from tests.judge import coupons, dates, headings, sentences
from tests.judge.case import Case
from tests.judge.endings import Told, answered_yes, replaced
from tests.judge.rules import Rule
from tests.judge.seen import NEVER, Asked, Card, Text
from tests.judge.sentences import OF_A_CREATION, OF_A_DELETION, Claim
from tests.judge.several import Stand, judge_counts, was_frozen

# The earlier of two looks at what is not there is at least this old when the later one is taken.
APART = timedelta(seconds=5)
# Ends that rest on nothing being shown.
_RESTS_ON_ABSENCE = frozenset({Claim.SETTLED, Claim.GONE, Claim.NOT_SHOWN})


def look_at_claims(case: Case, codes: Sequence[str]) -> None:
    """Judge every text that people read about these codes."""
    for text in _texts(case, codes):
        about = [code for code in codes if text.request in case.requests(code)]
        judge_counts(case, text, about)
        _judge_freeze_alone(case, text, about)
        _judge_nothing(case, text, about)
        _judge_promise(case, text, about)
        if sentences.plays_down(text.text):
            case.find(Rule.ALARM, about[0], text.text.splitlines()[0], text.index)
        if headings.counts_without_reasons(text.text):
            case.find(Rule.PLURAL, about[0], f"not frozen, and no reason why: {text.text}", text.index)
        for code in about:
            lines = sentences.lines_about(text.text, code)
            if wrong := [line for line in lines if sentences.calls_hidden_valid(line)]:
                case.find(Rule.WRONG, code, f"hidden, and valid today: {wrong[0]}", text.index)
    _judge_reminders(case, codes)
    said = [(each.index, each.text) for each in case.seen.said]
    for index, text_ in [*((card.index, card.text) for card in case.seen.cards), *said]:
        named = [code for code in codes if sentences.is_about(code, text_)]
        if named and sentences.blames_itself(text_) and _is_others_fault(case, named, index):
            case.find(Rule.OWNER, named[0], text_, index)
    for code in codes:
        for delete in case.seen.calls("delete", code):
            _judge_looks_before(case, code, delete)
        for date in case.seen.calls("update", code):
            _judge_undoing(case, code, date)
        for request in case.requests(code):
            _judge_lines(case, code, request)
            _judge_way_back(case, code, request)
        _look_for_two(case, code)


def _judge_freeze_alone(case: Case, text: Text, about: Sequence[str]) -> None:
    """A freeze alone is over when all are frozen."""
    if sentences.ends_a_freeze_alone(text.text):
        missed = [code for code in about if not was_frozen(Stand(case, code, text))]
        if missed:
            case.find(Rule.PLURAL, missed[0], "a freeze that is told to be over, and this is not frozen")


def _judge_reminders(case: Case, codes: Sequence[str]) -> None:
    """People are called to freeze what is not frozen yet, and on a card that has the button."""
    for said in case.seen.reminders:
        cards = [card for card in case.seen.cards if card.ts == said.thread and card.index < said.index]
        for code in set(codes).intersection(sentences.told_to_be_frozen(said.text)):
            if _is_known_to_be_frozen(case, code, said.index):
                case.find(Rule.PLURAL, code, f"it is frozen: {said.text}", said.index)
            elif cards and not _had_the_button(case, cards, said.index):
                case.find(Rule.PROMISE, code, f"there is no such button: {said.text}", said.index)


def _had_the_button(case: Case, cards: Sequence[Card], until: int) -> bool:
    """Return whether the card has the Freeze button, or had it when a bot stood still that says it late."""
    with_it = [card.index for card in cards if sentences.has_freeze_button(card.full)]
    return bool(with_it) and (
        with_it[-1] == cards[-1].index or case.record.was_interrupted(with_it[-1], until)
    )


def _is_known_to_be_frozen(case: Case, code: str, before: int) -> bool:
    """Return whether Vivoldi answered that it set a date, and a read afterwards did not show the coupon."""
    dates = [date for date in case.seen.calls("update", code) if date.shown and date.finished < before]
    reads = [read for read in case.seen.calls("read", code) if read.answered and read.finished < before]
    return bool(dates) and any(not read.shown and read.index > dates[-1].finished for read in reads)


def _texts(case: Case, codes: Sequence[str]) -> Iterator[Text]:
    about = {request for code in codes for request in case.requests(code)}
    of = {card.ts: card.request for card in case.seen.cards}
    for card in case.seen.cards:
        if card.request in about:
            yield Text(card.index, card.at, card.request, card.text, card.full)
    for said in case.seen.said:
        request = of.get(said.thread or "")
        if request in about and request is not None:
            yield Text(said.index, said.at, request, said.text, said.text)


# ---------------------------------------------------------------- C2: two looks


def _judge_looks_before(case: Case, code: str, delete: Asked) -> None:
    """A DELETE of what is not shown comes after two looks."""
    request = case.request_at(code, delete.index)
    read = case.own_read(code, 0, delete)
    if request is None or read is None or read.shown:
        return
    if not _two_looks(case, code, _expected_since(case, code, request, read.index), read):
        case.find(Rule.GLANCE, code, "a DELETE of what was not shown, after one look", delete.index)


def _expected_since(case: Case, code: str, request: str, before: int) -> int:
    """Return the place of the last event that changed what a read is expected to show.

    A call that Vivoldi did not carry out, as it said, has changed nothing.
    """
    card = case.card_read(code, request)
    sent = [a for kind in ("update", "delete") for a in case.seen.calls(kind, code) if not a.not_executed]
    lost = [min(a.finished, before) for a in sent if case.begin(request) < a.index < before]
    return max([card.index if card else 0, *lost])


def _two_looks(case: Case, code: str, since: int, last: Asked) -> bool:
    """Return whether two looks far enough apart, with none in between that showed it, don't show a coupon."""
    looks = [r for r in case.seen.calls("read", code) if r.answered and since <= r.index <= last.index]
    shown = [look.index for look in looks if look.shown]
    absent = [look for look in looks if not look.shown and look.index > max(shown, default=-1)]
    return any(last.at - look.at >= APART for look in absent)


def judge_absence(case: Case, told: Told, request: str) -> None:
    """What ends by not being shown comes after two looks, and what is told to be blocked is."""
    claims = {claim for _, claim in sentences.claims(OF_A_DELETION, told.words)}
    if not claims & _RESTS_ON_ABSENCE or Claim.REPLACED in claims:
        return
    absent = [read for read in told.reads(told.since) if not read.shown]
    since = _expected_since(case, told.code, request, told.said.index)
    if not absent or not _two_looks(case, told.code, since, absent[-1]):
        case.find(Rule.GLANCE, told.code, told.words, told.said.index)
    standing = case.seen.coupon(told.code, told.said.index)
    if standing is not None and _validates(standing, told.said.at) and told.is_mine(standing):
        if coupons.lied(absent[:1]) and coupons.lied(absent[-1:]):
            case.excuse("Vivoldi said twice that a coupon is not valid which is", told.code, request)
        else:
            case.find(Rule.WRONG, told.code, f"it validates: {told.words}", told.said.index)


def _validates(coupon: Event, at: datetime) -> bool:
    limit, used, day = coupon.facts.get("useLimit"), coupon.facts.get("useCnt"), at.date().isoformat()
    left = not limit or int(used or 0) < int(limit)
    return left and str(coupon.facts.get("strtYmd") or day) <= day <= str(coupon.facts.get("endYmd") or day)


# ---------------------------------------------------------------- C3: names


def judge_name(case: Case, told: Told) -> None:
    """Deleted is said only if Vivoldi answered so, or another coupon stands under the number."""
    if sentences.kind_of(told.words) == "deleted" and not (answered_yes(told) or replaced(told)):
        # A process that died with the answer may have stored nothing of it, but it was given.
        case.find(Rule.NAMED, told.code, told.words, told.said.index)


def _judge_lines(case: Case, code: str, request: str) -> None:
    for line in dates.told(case, code, request):
        if Claim.FROZEN in line.claims:
            _judge_frozen(case, code, line)
        if Claim.UNFROZEN in line.claims:
            _judge_unfrozen(case, code, line)
        if Claim.NOT_SHOWN in line.claims or Claim.FREEZE_UNSURE in line.claims:
            absent = [read for read in line.reads if not read.shown]
            since = min((read.index for read in line.reads), default=line.index)
            if not absent or not _two_looks(case, code, since, absent[-1]):
                case.find(Rule.GLANCE, code, line.words, line.index)
        if sentences.is_of_an_undoing(line.words) and {Claim.STILL_HIDDEN, Claim.DATE_REFUSED} & line.claims:
            _judge_undone_in_vain(case, code, line)


def _judge_undone_in_vain(case: Case, code: str, line: dates.Line) -> None:
    """An undoing whose date may have been set is told as failed by two looks, or one that shows it."""
    back = [date for date in line.dates if not coupons.is_past(date)]
    if not any(date.shown or date.proves_nothing for date in back):
        return
    looks = [read for read in line.reads if read.index > back[-1].finished]
    if not looks or not (looks[-1].shown or _two_looks(case, code, back[-1].finished, looks[-1])):
        case.find(Rule.GLANCE, code, line.words, line.index)


def judge_looks_after(case: Case, told: Told) -> None:
    """That a coupon does not validate which Vivoldi said it created takes two looks after that answer."""
    claims = {claim for _, claim in sentences.claims(OF_A_CREATION, told.words)}
    absent = [read for read in told.reads(told.last_sent) if not read.shown]
    if Claim.NOT_VALID not in claims or not absent:
        return
    if not _two_looks(case, told.code, told.last_sent, absent[-1]):
        case.find(Rule.GLANCE, told.code, told.words, told.said.index)


def _judge_frozen(case: Case, code: str, line: dates.Line) -> None:
    """Frozen, with its date, is said only if Vivoldi answered that it set X, and it has it."""
    day = sentences.date_set(line.words)
    answered = {date.call.end for date in line.dates if date.shown}
    if day is None or day not in answered:
        case.find(Rule.NAMED, code, f"no answer said so: {line.words}", line.index)
    elif (
        line.standing is not None
        and line.standing.facts.get("endYmd") != day
        and not coupons.lied(line.dates)
    ):
        case.find(Rule.NAMED, code, f"it has another date: {line.words}", line.index)


# ---------------------------------------------------------------- C4 to C7


def _judge_nothing(case: Case, text: Text, about: Sequence[str]) -> None:
    """That nothing was changed is said only if nothing was sent."""
    for words, kinds in sentences.nothing_done(text.text):
        since = begin = case.begin(text.request)
        if words.lower().endswith("set back"):
            back = [c.index for c in case.clicks(text.request, text.index) if c.action == "unfreeze"]
            since = min(back, default=NEVER)
        for code in about:
            sent = [asked for kind in kinds for asked in case.seen.calls(kind, code)]
            if words.lower().endswith("frozen"):
                sent = [date for date in sent if coupons.is_past(date)]
            # What a later request did is not said by the card of this one, whenever that is drawn.
            until = min(text.index, case.end(code, text.request)) if since == begin else text.index
            if any(since < asked.index < until for asked in sent):
                case.find(Rule.NOTHING, code, f"“{words}”, and it was sent", text.index)


def _judge_undoing(case: Case, code: str, date: Asked) -> None:
    """A date is not set back by an older request if a newer one froze or holds the code."""
    if date.call.end is None or date.call.end < date.at.date().isoformat():
        return
    backs = [c for c in case.seen.clicks if c.action == "unfreeze" and c.index < date.index]
    of = [click.request for click in backs if click.request in case.requests(code)]
    newer = [name for name in case.requests(code) if of and case.begin(name) > case.begin(of[-1])]
    # After these, another coupon stands under the number, or none.
    ends = [*case.seen.calls("delete", code), *case.seen.calls("create", code)]
    for request in newer:
        froze = any(click.action == "freeze" for click in case.clicks(request, date.index))
        versions = [card for card in case.seen.of(request) if card.index < date.index]
        if versions and (froze or versions[-1].live):
            case.find(Rule.UNDONE, code, f"set back by {of[-1]}, although {request} has it", date.index)
        elif any(_may_have_ended(case, call, request, date) for call in ends):
            case.find(Rule.UNDONE, code, f"set back by {of[-1]}, although {request} ended it", date.index)


def _may_have_ended(case: Case, call: Asked, request: str, date: Asked) -> bool:
    """Return whether a call of a request, answered before a date was sent, may have ended the coupon."""
    return case.begin(request) < call.index and call.finished < date.index and not call.refused


def _judge_unfrozen(case: Case, code: str, line: dates.Line) -> None:
    """Unfrozen needs a read that shows the very coupon that was frozen, with its old date."""
    before = line.shown
    same = [
        coupon
        for coupon in line.shown_coupons()
        if before is not None
        and (coupon.uid, coupon.facts.get("endYmd")) == (before.uid, before.facts.get("endYmd"))
    ]
    if not same:
        case.find(Rule.UNDONE, code, f"no read showed that coupon so: {line.words}", line.index)


def _judge_promise(case: Case, text: Text, about: Sequence[str]) -> None:
    """A freeze that can't be set back is not offered as one that can."""
    latest = f"{text.at.year + 1}-12-31"
    for code in about:
        coupon = case.seen.last_shown(code, text.index)
        ends = str(coupon.facts.get("endYmd")) if coupon else ""
        if len(about) == 1 and ends > latest and sentences.promises_the_way_back(text.full):
            case.find(Rule.PROMISE, code, f"it ends on {ends}, which can't be set again", text.index)


def _judge_way_back(case: Case, code: str, request: str) -> None:
    """The Unfreeze that the freeze promised is on the card in the end, if the coupon may still be there."""
    last, end = case.seen.of(request)[-1], case.end(code, request)
    froze = [c for c in case.clicks(request, end) if c.action == "freeze"]
    if not froze or last.live or not case.record.settled or last.ts in case.seen.unchangeable:
        return
    calls = [call for call in case.seen.calls("update", code) if froze[0].index < call.index < last.index]
    is_frozen = bool(calls) and calls[-1].shown and coupons.is_past(calls[-1])
    told = {sentences.kind_of(words) for words in sentences.lines_about(last.text, code)}
    is_known = any(call.proves_nothing for call in case.seen.calls("delete", code)) and "unknown" in told
    if is_frozen and is_known and not sentences.offers_the_way_back(last.full):
        case.find(Rule.PROMISE, code, f"{request}: frozen, nobody knows if deleted, and no Unfreeze")


def _is_others_fault(case: Case, codes: Sequence[str], index: int) -> bool:
    """Return whether the last call about any of these codes got no usable answer."""
    last = [a for a in case.seen.asked if a.call.code in codes and a.finished < index][-1:]
    return any(not asked.answered for asked in last)


def _look_for_two(case: Case, code: str) -> None:
    """I6: no card of a request asks for a decision while a newer one about the code is up."""
    names = case.requests(code)
    for older, newer in pairwise(names):
        begin = case.begin(newer)
        drawn = [card for card in case.seen.of(older) if card.index > begin and card.live]
        # A bot that was about to draw it, and stood still, draws it late.
        if drawn and not case.record.was_interrupted(_drawn_before(case, older, begin), drawn[0].index):
            case.find(Rule.TWICE, code, f"{older} and {newer}", drawn[0].index)


def _drawn_before(case: Case, request: str, index: int) -> int:
    """Return the place of the last version of a request's card before a place."""
    return max(card.index for card in case.seen.of(request) if card.index < index)
