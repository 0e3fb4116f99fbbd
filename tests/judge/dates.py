"""Freezes, judged: which dates were sent, who had asked for them, and whether what is told of them is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox.vivoldi.log import Event
from tests.judge import coupons, sentences
from tests.judge.case import Case
from tests.judge.coupons import but_end, facts, is_over
from tests.judge.rules import Rule
from tests.judge.seen import NEVER, Asked, Click
from tests.judge.sentences import OF_A_FREEZE, Claim

_ACTIONS = ("freeze", "unfreeze")


def look_at_freezes(case: Case, code: str) -> None:
    """Judge every date that was sent about a code, and everything that was told of its freezes."""
    for date in case.seen.calls("update", code):
        _judge_date(case, code, date)
    for request in case.requests(code):
        lines = told(case, code, request)
        for line in lines:
            if wrong := _untrue(line):
                case.find(Rule.WRONG, code, f"{wrong}: {line.words}")
            elif line.is_frozen and Claim.NOT_FROZEN in line.claims:
                case.excused.append("Vivoldi refused a date, and set it all the same")
        _judge_last(case, code, request, lines)
        _judge_thread(case, code, request)


# ---------------------------------------------------------------- what was sent


def _judge_date(case: Case, code: str, date: Asked) -> None:
    """Any one approver had asked for it, and the same process read the coupon right before."""
    set_to = case.seen.done_by(date)
    freezes = any(is_over(event, date.at) for event in set_to)
    asked = [click for click in _eligible(case, code) if click.index < date.index]
    if set_to:
        asked = [click for click in asked if click.action == ("freeze" if freezes else "unfreeze")]
    if not asked:
        case.find(Rule.UNASKED, code, f"sent by {date.agent}", date.index)
        return
    earlier = [sent.index for sent in case.seen.calls("update", code) if sent.index < date.index]
    read = case.own_read(code, max([asked[0].index, *earlier]), date)
    if read is None:
        case.find(Rule.UNREAD, code, f"a date, sent by {date.agent}", date.index)
    elif read.shown:
        _judge_target(case, code, asked[-1].request, read, date)
    elif freezes and not _may_be_set(case, code, date):
        case.find(Rule.FOREIGN, code, "a freeze of what was not shown right before", date.index)


def _may_be_set(case: Case, code: str, date: Asked) -> bool:
    """Return whether the same date was sent before without an answer: then it is sent again, also unseen."""
    before = [sent for sent in case.seen.calls("update", code) if sent.index < date.index]
    lost = [sent for sent in before if not sent.answered or case.cut_short(sent, date.index)]
    return any(sent.call.end == date.call.end for sent in lost)


def _eligible(case: Case, code: str) -> list[Click]:
    """Return the clicks for a freeze, or for its undoing, by people who might."""
    about = case.requests(code)
    clicks = [click for click in case.seen.clicks if click.request in about and click.action in _ACTIONS]
    return [click for click in clicks if case.may(click, case.anyone)]


def _judge_target(case: Case, code: str, request: str, read: Asked, date: Asked) -> None:
    """What was read right before is what the card shows, whatever its expiry date is by then."""
    card = case.card_read(code, request)
    shown = case.seen.coupon(code, card.finished) if card else None
    now = case.seen.coupon(code, read.finished)
    if shown is None or now is None or now.uid != shown.uid or but_end(now) != but_end(shown):
        case.find(Rule.FOREIGN, code, "a date for another coupon than was shown", date.index)
    elif any(event.uid != shown.uid for event in case.seen.done_by(date)):
        # Vivoldi has no condition to send along: the coupon was created after the read right before.
        case.excused.append("the coupon was created between the read right before and its date")


# ---------------------------------------------------------------- what was told


@dataclass(frozen=True)
class Line:
    """What a card or a reply says of a freeze. clicks: of who asked for it. calls: about the code by then.

    shown: the coupon that the card shows. standing: the one that stood there at the last answer that counts.
    is_cut_short: whether a bot was crashed, or stood still, while it was at it. ended_at: the place where an
    earlier line told the end of a freeze, or of its undoing; -1: none did.
    """

    words: str
    index: int
    at: datetime
    clicks: list[Click]
    calls: list[Asked]
    shown: Event | None
    standing: Event | None
    is_cut_short: bool
    case: Case
    ended_at: int = -1

    @property
    def claims(self) -> set[Claim]:
        """What it claims."""
        return {claim for _, claim in sentences.claims(OF_A_FREEZE, self.words)}

    @property
    def reads(self) -> list[Asked]:
        """The reads that were answered since someone asked for it."""
        return [call for call in self.calls if call.call.kind == "read" and call.answered]

    @property
    def dates(self) -> list[Asked]:
        """The dates that were sent since."""
        return [call for call in self.calls if call.call.kind == "update"]

    @property
    def is_frozen(self) -> bool:
        """Whether the coupon stood there with a date that was sent, and that has passed."""
        sent = {call.call.seq for call in self.case.seen.asked if call.call.kind == "update"}
        coupon = self.standing
        return coupon is not None and coupon.call in sent and is_over(coupon, self.at)

    def standing_at(self, read: Asked) -> Event | None:
        """Return the coupon that stood there when it was read."""
        return self.case.seen.coupon(read.call.code or "", read.finished)

    def shown_coupons(self) -> list[Event]:
        """Return the coupons that the reads since showed."""
        found = [self.standing_at(read) for read in self.reads if read.shown]
        return [coupon for coupon in found if coupon is not None]


def told(case: Case, code: str, request: str) -> list[Line]:
    """Return every line about the freeze of a request's coupon, in cards and in replies to them."""
    threads = {card.ts for card in case.seen.of(request)}
    texts = [(card.index, card.at, card.text) for card in case.seen.of(request)]
    texts += [(said.index, said.at, said.text) for said in case.seen.said if said.thread in threads]
    lines: list[Line] = []
    for index, at, text in sorted(texts):
        ends = [line.index for line in lines if Claim.UNDERWAY not in line.claims]
        found = [line_of(case, code, request, index, at, words) for words in sentences.freezes_in(text, code)]
        lines += [replace(line, ended_at=max(ends, default=-1)) for line in found]
    return lines


def _tells_what_stands(call: Asked) -> bool:
    """Return whether the bot knows what stands there after a call: not by a refused read, or a lie."""
    if call.call.kind == "read":
        return call.answered and call.call.fault not in ("code_nonzero", *coupons.LIES)
    return call.answered or call.refused


def line_of(case: Case, code: str, request: str, index: int, at: datetime, words: str) -> Line:
    """Return a line that says something of a freeze, with what it has to be held against."""
    action = "unfreeze" if "nfrozen" in words else "freeze"
    named = sentences.freezer(words)
    clicks = [c for c in case.clicks(request, index) if c.action == action]
    clicks = [c for c in clicks if named is None or c.user == named]
    since = clicks[0].index if clicks else NEVER
    about = [call for call in case.seen.asked if call.call.code == code]
    calls = [call for call in about if since < call.index and call.finished < index]
    known = [call for call in calls if _tells_what_stands(call) and not case.cut_short(call, index)]
    clear = [call.finished for call in known]
    read = case.card_read(code, request)
    shown = case.seen.coupon(code, read.finished) if read and read.shown else None
    standing = case.seen.coupon(code, max(clear, default=index))
    begun = [call for call in about if since < call.index < index]
    is_cut_short = any(case.cut_short(call, index) for call in begun)
    return Line(words, index, at, clicks, calls, shown, standing, is_cut_short, case)


def _untrue(line: Line) -> str | None:
    """Return what is not true of a line; None: nothing."""
    claims = sentences.claims(OF_A_FREEZE, line.words)
    if not line.clicks and Claim.UNFREEZABLE not in line.claims:
        return "nobody had asked for that"
    if not claims:
        return "no claim is known"
    return next((f"“{words}” is not so" for words, claim in claims if not _HOLDS[claim](line)), None)


def _judge_last(case: Case, code: str, request: str, lines: list[Line]) -> None:
    """What a card says in the end is what the last read before the next request showed."""
    standing = {card.ts for card in case.seen.of(request)} - case.seen.unchangeable
    last = case.seen.of(request)[-1]
    said = sentences.freezes_in(last.text, code)
    if not (case.record.settled and lines and last.ts in standing and said):
        return
    words = said[-1]
    line = line_of(case, code, request, case.end(code, request), last.at, words)
    # What a read showed that a stop overtook is in the audit alone: its reader may change nothing more.
    overtaken = "stopped by" in last.text
    if Claim.FROZEN in line.claims and line.reads and line.reads[-1].shown and not overtaken:
        case.find(Rule.WRONG, code, f"it validated in the end: {words}")
    if Claim.UNDERWAY in line.claims:
        case.find(Rule.UNTOLD, code, f"what came of it: {words}")
    if Claim.UNFROZEN in line.claims and line.reads and not line.reads[-1].shown:
        case.find(Rule.WRONG, code, f"it did not validate in the end: {words}")


def _judge_thread(case: Case, code: str, request: str) -> None:
    """What came of a freeze is told in the thread, where nothing is changed any more."""
    threads = {card.ts for card in case.seen.of(request)}
    replies = [said for said in case.seen.said if said.thread in threads]
    found = [(said, words) for said in replies for words in sentences.freezes_in(said.text, code)]
    if case.record.settled and found and found[-1][1].startswith("*Being "):
        case.find(Rule.UNTOLD, code, f"what came of it: {found[-1][1]}", found[-1][0].index)


def _approved(line: Line) -> bool:
    """Return whether a card of the request named both approvals by then."""
    cards = [card for click in line.clicks[:1] for card in line.case.seen.of(click.request)]
    return any(card.text.count("Approved by <@") > 1 for card in cards if card.index <= line.index)


def _hidden(line: Line) -> bool:
    return any(not read.shown for read in line.reads)


def _set_back(line: Line) -> bool:
    """Return whether a read showed the coupon with the expiry date that the card shows."""
    before = line.shown
    return before is not None and any(
        coupon.facts.get("endYmd") == before.facts.get("endYmd") for coupon in line.shown_coupons()
    )


def _seen_to_validate(line: Line) -> bool:
    return any(read.shown for read in line.reads)


def _not_frozen(line: Line) -> bool:
    return coupons.lied(line.dates) or not line.is_frozen


def _changed(line: Line) -> bool:
    """Return whether a read showed something else than the card."""
    before = line.shown
    return before is not None and any(
        coupon.uid != before.uid or facts(coupon) != facts(before) for coupon in line.shown_coupons()
    )


def _was_refused(line: Line) -> bool:
    return any(date.refused for date in line.dates)


def _unclear(line: Line) -> bool:
    return line.is_cut_short or any(not call.answered for call in line.calls)


def _underway(line: Line) -> bool:
    """Return whether the date that is told is the one of before, and someone asked since an end was told."""
    back, before = sentences.date_going_back(line.words), line.shown
    goes_back = back is None or (before is not None and before.facts.get("endYmd") == back)
    # A bot that was about to say so, and stood still, says it late.
    record = line.case.record
    late = any(record.was_interrupted(click.index, line.index) for click in line.clicks)
    since = any(click.done is None or click.done > line.ended_at for click in line.clicks)
    return goes_back and (since or late)


def _unfreezable(line: Line) -> bool:
    """Return whether a coupon like the one that the card shows can't be frozen for that reason."""
    return coupons.is_no_freeze(line.words, line.shown)


def _held_by_another(line: Line) -> bool:
    """Return whether the request that is named had a card by then."""
    named = sentences.named_request(line.words)
    cards = line.case.seen.of(named or "")
    return bool(cards) and cards[0].index < line.index


def _ended_by_another(line: Line) -> bool:
    """Return whether the request that is named sent what it is told to have done."""
    cards = line.case.seen.of(sentences.named_request(line.words) or "")
    code = line.calls[0].call.code if line.calls else None
    calls = [call for kind in ("delete", "create") for call in line.case.seen.calls(kind, code or "")]
    return bool(cards) and any(cards[0].index < call.index < line.index for call in calls)


_HOLDS: Mapping[Claim, Callable[[Line], bool]] = {
    Claim.UNDERWAY: _underway,
    Claim.FROZEN: _hidden,
    Claim.UNFROZEN: _set_back,
    Claim.NOT_FROZEN: _not_frozen,
    Claim.DATE_REFUSED: _was_refused,
    Claim.NO_EFFECT: _seen_to_validate,
    Claim.STILL_HIDDEN: _hidden,
    Claim.CHANGED: _changed,
    Claim.CHANGED_MEANWHILE: _changed,
    Claim.NOT_SHOWN: _hidden,
    Claim.FREEZE_UNKNOWN: _unclear,
    Claim.FREEZE_UNSURE: _unclear,
    Claim.UNFREEZABLE: _unfreezable,
    Claim.HELD_BY_ANOTHER: _held_by_another,
    Claim.ENDED_FIRST: lambda line: not _approved(line),
    Claim.APPROVED_FIRST: _approved,
    Claim.ENDED_BY_ANOTHER: _ended_by_another,
}
