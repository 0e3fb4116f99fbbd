"""Freezes, judged: which dates were sent, who had asked for them, and whether what is told of them is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.vivoldi.log import Event
from tests.chaos.case import NEVER, Case, Rule
from tests.chaos.evidence import Asked, Click
from tests.chaos.sent import MEMORY, READ_AFRESH
from tests.chaos.truth import LIES, but_end, facts

_ACTIONS = ("freeze", "unfreeze")
_BEGINNINGS = (
    "*Frozen*",
    "*Unfrozen*",
    "*Not frozen",
    "*Not unfrozen",
    "*Unknown whether",
    "*Being ",
    "*No longer validates",
)


def is_one(case: Case, request: str) -> bool:
    """Return whether a request is for a freeze alone."""
    return case.seen.of(request)[0].text.startswith("Freeze coupon")


def says_so(words: str) -> bool:
    """Return whether a line tells of a freeze, and not of a deletion."""
    return words.startswith(_BEGINNINGS)


def look_at_freezes(case: Case, code: str) -> None:
    """Judge every date that was sent about a code, and everything that was told of its freezes."""
    for date in case.seen.calls("update", code):
        _judge_date(case, code, date)
    for request in case.requests(code):
        told = _told(case, code, request)
        for line in told:
            if wrong := _untrue(line):
                case.find(Rule.WRONG, f"{code}: {wrong}: {line.words}")
            elif line.is_frozen and line.words.startswith("*Not frozen"):
                case.excused.append("Vivoldi refused a date, and set it all the same")
        _judge_last(case, code, request, told)


# ---------------------------------------------------------------- what was sent


def _judge_date(case: Case, code: str, date: Asked) -> None:
    """Any one approver had asked for it, and the same process read the coupon right before."""
    set_to = [c.event for c in case.seen.changes if c.event.call == date.call.seq]
    freezes = any(_is_over(event, date.at) for event in set_to)
    asked = [click for click in _eligible(case, code) if click.index < date.index]
    if set_to:
        asked = [click for click in asked if click.action == ("freeze" if freezes else "unfreeze")]
    if not asked:
        case.find(Rule.UNASKED, f"{code}: sent by {date.agent}")
        return
    earlier = [sent.index for sent in case.seen.calls("update", code) if sent.index < date.index]
    since = max([asked[0].index, *earlier])
    reads = [
        read
        for read in case.seen.calls("read", code)
        if since < read.index and read.finished < date.index and read.answered
        if read.agent == date.agent and date.at - read.at <= READ_AFRESH
    ]
    if not reads:
        case.find(Rule.UNREAD, f"{code}: a date, sent by {date.agent}")
    elif reads[-1].shown:
        _judge_target(case, code, asked[-1].request, reads[-1])
    elif freezes and not earlier and not case.journal.interrupted:
        # What may have been set already is sent again, also if it is hidden.
        case.find(Rule.FOREIGN, f"{code}: a freeze of what was not shown right before")


def _eligible(case: Case, code: str) -> list[Click]:
    """Return the clicks for a freeze, or for its undoing, by people who were on call then."""
    about = case.requests(code)
    clicks = [click for click in case.seen.clicks if click.request in about and click.action in _ACTIONS]
    return [c for c in clicks if case.seen.was_on_call(c.user, c.at - MEMORY, c.carried_out)]


def _judge_target(case: Case, code: str, request: str, read: Asked) -> None:
    """What was read right before is what the card shows, whatever its expiry date is by then."""
    shown = case.seen.coupon(code, case.card_read(code, request).finished)
    now = case.seen.coupon(code, read.finished)
    if shown is None or now is None or now.uid != shown.uid or but_end(now) != but_end(shown):
        case.find(Rule.FOREIGN, f"{code}: a date for another coupon than was shown")


def _is_over(event: Event, at: datetime) -> bool:
    return str(event.facts.get("endYmd")) < at.date().isoformat()


# ---------------------------------------------------------------- what was told


@dataclass(frozen=True)
class Line:
    """What a card or a reply says of a freeze. clicks: of who asked for it. calls: about the code by then.

    shown: the coupon that the card shows. standing: the one that stood there at the last answer that counts.
    """

    words: str
    at: datetime
    clicks: list[Click]
    calls: list[Asked]
    shown: Event | None
    standing: Event | None
    case: Case

    @property
    def reads(self) -> list[Asked]:
        """The reads that were answered since someone asked for it."""
        return [call for call in self.calls if call.call.kind == "read" and call.answered]

    @property
    def dates(self) -> list[Asked]:
        """The dates that were sent since."""
        return [call for call in self.calls if call.call.kind == "update"]

    @property
    def lied(self) -> bool:
        """Whether Vivoldi answered with the opposite of what it did, or knew."""
        return any(call.call.fault in LIES for call in self.dates)

    @property
    def is_frozen(self) -> bool:
        """Whether the coupon stood there with a date that was sent, and that has passed."""
        sent = {call.call.seq for call in self.case.seen.asked if call.call.kind == "update"}
        coupon = self.standing
        return coupon is not None and coupon.call in sent and _is_over(coupon, self.at)


def _told(case: Case, code: str, request: str) -> list[Line]:
    """Return every line about the freeze of a request's coupon, in cards and in replies to them."""
    threads = {card.ts for card in case.seen.of(request)}
    texts = [(card.index, card.at, card.text) for card in case.seen.of(request)]
    texts += [(said.index, said.at, said.text) for said in case.seen.said if said.thread in threads]
    return [
        _line(case, code, request, index, at, words)
        for index, at, text in sorted(texts)
        for words in _words(text, code)
    ]


def _words(text: str, code: str) -> list[str]:
    """Return what a text says of the freeze of a coupon, in its line, where its outcome may come first."""
    lines = re.findall(rf"^`?{code}`?: (.*)$", text, re.M)
    begun = [(min((line.find(b) for b in _BEGINNINGS if b in line), default=-1), line) for line in lines]
    return [line[begin:] for begin, line in begun if begin >= 0]


def _line(case: Case, code: str, request: str, index: int, at: datetime, words: str) -> Line:
    action = "unfreeze" if "nfrozen" in words else "freeze"
    named = re.search(r"(?:by|since) <@(\w+)>", words)
    clicks = [c for c in case.clicks(request, index) if c.action == action]
    clicks = [c for c in clicks if named is None or c.user == named[1]]
    since = clicks[0].index if clicks else NEVER
    about = [call for call in case.seen.asked if call.call.code == code]
    calls = [call for call in about if since < call.index and call.finished < index]
    clear = [call.finished for call in calls if call.answered or call.refused]
    read = case.card_read(code, request)
    shown = case.seen.coupon(code, read.finished) if read.shown else None
    standing = case.seen.coupon(code, max(clear, default=index))
    return Line(words, at, clicks, calls, shown, standing, case)


def _untrue(line: Line) -> str | None:
    """Return what is not true of a line; None: nothing."""
    if not line.clicks:
        return "nobody had asked for that"
    claims = [(claim, holds) for claim, holds in _CLAIMS if claim in line.words]
    if not claims:
        return "no claim is known"
    return next((f"“{claim}” is not so" for claim, holds in claims if not holds(line)), None)


def _judge_last(case: Case, code: str, request: str, told: list[Line]) -> None:
    """What a card says in the end is what the last read before the next request showed."""
    standing = {card.ts for card in case.seen.of(request)} - case.seen.unchangeable
    if not (told and standing):
        return
    end = min(
        (case.begin(name) for name in case.requests(code) if case.begin(name) > case.begin(request)),
        default=NEVER,
    )
    last = case.seen.of(request)[-1]
    if last.ts not in standing or not (said := _words(last.text, code)):
        return
    words = said[-1]
    line = _line(case, code, request, min(end, NEVER), last.at, words)
    # What a read showed that a stop overtook is in the audit alone: whoever made it may change nothing more.
    overtaken = "stopped by" in last.text
    if words.startswith("*Frozen*") and line.reads and line.reads[-1].shown and not overtaken:
        case.find(Rule.WRONG, f"{code}: it validated in the end: {words}")
    if words.startswith("*Unfrozen*") and line.reads and not line.reads[-1].shown:
        case.find(Rule.WRONG, f"{code}: it did not validate in the end: {words}")


def _hidden(line: Line) -> bool:
    return any(not read.shown for read in line.reads)


def _set_back(line: Line) -> bool:
    """Return whether a read showed the coupon with the expiry date that the card shows."""
    shown = [line.case.seen.coupon(r.call.code or "", r.finished) for r in line.reads if r.shown]
    before = line.shown
    return before is not None and any(
        coupon is not None and coupon.facts.get("endYmd") == before.facts.get("endYmd") for coupon in shown
    )


def _seen_to_validate(line: Line) -> bool:
    return any(read.shown for read in line.reads)


def _not_frozen(line: Line) -> bool:
    return line.lied or not line.is_frozen


def _changed(line: Line) -> bool:
    """Return whether a read showed something else than the card."""
    shown = [line.case.seen.coupon(r.call.code or "", r.finished) for r in line.reads if r.shown]
    before = line.shown
    return before is not None and any(
        coupon is not None and (coupon.uid != before.uid or facts(coupon) != facts(before))
        for coupon in shown
    )


def _was_refused(line: Line) -> bool:
    return any(date.refused for date in line.dates)


def _unclear(line: Line) -> bool:
    troubled = any(not call.answered for call in line.calls)
    return troubled or bool(line.case.journal.interrupted)


_CLAIMS: tuple[tuple[str, Callable[[Line], bool]], ...] = (
    ("*Being", lambda line: True),
    ("*Frozen*", lambda line: _hidden(line) and any(date.shown for date in line.dates)),
    ("*No longer validates*", _hidden),
    ("whether by the freeze is unknown", _unclear),
    ("*Unfrozen*", _set_back),
    ("*Not frozen", _not_frozen),
    ("rozen: Vivoldi refused", _was_refused),
    ("it still validates", _seen_to_validate),
    ("it does not validate", _hidden),
    ("changed since it was shown", _changed),
    ("someone changed it meanwhile", _changed),
    ("no longer shown", _hidden),
    ("*Unknown whether", _unclear),
)
