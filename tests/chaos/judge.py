"""An independent judge: what was clicked, sent, true and told, by the two local servers' logs alone.

It knows neither the bot's code nor its database, only the rules and the words that people read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import combinations

from sandbox.vivoldi.log import Event
from tests.chaos.evidence import Asked, Card, Click, Evidence, Said, gathered
from tests.chaos.journal import Journal
from tests.chaos.town import EXECUTE_WITHIN

# A click goes by a memory that is renewed each minute, two minutes old where one renewal failed.
_MEMORY = timedelta(minutes=2, seconds=10)
# An answer about an approver may be 5 s old; a read may take 20 s, and then it is sent within 3 s.
_ASKED_AFRESH = timedelta(seconds=28)
# A lease lasts 10 s, and what was checked is sent within 3 s.
_READ_AFRESH = timedelta(seconds=13)
_SEND_WITHIN = timedelta(seconds=3)
_SHOWN = ("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit", "regYmdt", "domain")
_NEVER = 10**9
_LIES = ("code_nonzero_after", "success_without_effect")


class Rule(StrEnum):
    """What must never happen."""

    UNAPPROVED = "a DELETE without two valid approvals"
    UNREAD = "a DELETE without a read right before it"
    FOREIGN = "a DELETE of something else than was approved"
    WRONG = "a verdict that is not true"
    UNTOLD = "an outcome that nobody was told"
    LIVE = "a card with live buttons after the end"


@dataclass(frozen=True)
class Finding:
    """A rule that was broken, and how."""

    rule: Rule
    what: str


@dataclass(frozen=True)
class Ending:
    """How one request ended for one code, as people were told."""

    code: str
    kind: str
    words: str


@dataclass(frozen=True)
class Judgement:
    """Everything that is wrong, how all ended, and how many DELETEs that took.

    excused: what is as it has to be, although it looks wrong, and why.
    """

    findings: tuple[Finding, ...]
    endings: tuple[Ending, ...]
    deletes: int
    excused: tuple[str, ...]


def judge(journal: Journal, codes: tuple[str, ...]) -> Judgement:
    """Judge all that happened to these codes."""
    case = _Case(gathered(journal), journal.interrupted, journal.troubled)
    for code in codes:
        case.look_at(code)
    case.look_at_cards()
    case.look_at_commands(codes)
    deletes = sum(asked.call.kind == "delete" for asked in case.seen.asked)
    return Judgement(tuple(case.findings), tuple(case.endings), deletes, tuple(case.excused))


class _Case:
    def __init__(self, seen: Evidence, interrupted: int, troubled: int) -> None:
        self.seen = seen
        self.findings: list[Finding] = []
        self.endings: list[Ending] = []
        self.excused: list[str] = []
        self._interrupted = interrupted
        # As often, the answer to a post may have been lost.
        self._most_strays = interrupted + troubled

    def _find(self, rule: Rule, what: str) -> None:
        self.findings.append(Finding(rule, what))

    # ------------------------------------------------------------ what was sent

    def look_at(self, code: str) -> None:
        """Judge the DELETEs and the endings of one code."""
        requests = self._requests(code)
        deletes = self.seen.calls("delete", code)
        for delete in deletes:
            mine = [name for name in requests if self.seen.of(name)[0].index < delete.index]
            if not mine:
                self._find(Rule.UNAPPROVED, f"{code}: nothing was asked for")
                continue
            approval = self._approval(code, mine[-1], delete)
            if approval is not None:
                self._judge_read(code, mine[-1], approval, delete)
        for number, name in enumerate(requests, start=1):
            begin, end = self._begin(name), min(map(self._begin, requests[number:]), default=_NEVER)
            self._judge_ending(code, name, [d for d in deletes if begin < d.index < end])

    def _requests(self, code: str) -> list[str]:
        """Return the requests about a code, oldest first."""
        named = [card.request for card in self.seen.cards if re.search(rf"^{code}\b", card.text, re.M)]
        return list(dict.fromkeys(named))

    def _begin(self, request: str) -> int:
        return self.seen.of(request)[0].index

    def _approval(self, code: str, request: str, delete: Asked) -> Click | None:
        """I1: two different eligible people approved this, in time, the final one not the requester.

        Returns the final approval.
        """
        clicks = [c for c in self.seen.clicks if c.request == request and c.action == "approve"]
        requester = _requester(self.seen.of(request)[0])
        reasons = []
        for first, final in combinations(clicks, 2):
            if final.index < delete.index:
                if (reason := self._unfit(first, final, requester, delete)) is None:
                    return final
                reasons.append(reason)
        self._find(Rule.UNAPPROVED, f"{code}: {', '.join(reasons) or 'fewer than two clicks'}")
        return None

    def _unfit(self, first: Click, final: Click, requester: str, delete: Asked) -> str | None:
        """Return why two clicks are no approvals for a DELETE; None: they are."""
        sent = delete.at
        steps = "Step 1 of 2" in first.text and "Step 2 of 2" in final.text
        if not steps or f"Approved by <@{first.user}>" not in final.text:
            return "not step 1 and step 2"
        if first.user == final.user:
            return f"{first.user} gave both"
        if final.user == requester:
            return f"{requester} had asked and gave step 2"
        if max(first.at, final.at) >= _deadline(final.text):
            return "after approve-by"
        if sent > final.at + EXECUTE_WITHIN + _SEND_WITHIN:
            return "after execute-by"
        for click in (first, final):
            if not self.seen.was_on_call(click.user, click.at - _MEMORY, click.at):
                return f"{click.user} was not on call when clicking"
            if not self.seen.was_on_call(click.user, sent - _ASKED_AFRESH, sent):
                return f"{click.user} was not on call any more"
        return None

    def _judge_read(self, code: str, request: str, approval: Click, delete: Asked) -> None:
        """I2, I3: after all that, the same process read the coupon, and it was what the card had shown."""
        earlier = [d for d in self.seen.calls("delete", code) if d.index < delete.index]
        since = max([approval.index, *(sent.index for sent in earlier)])
        reads = [
            read
            for read in self.seen.calls("read", code)
            if since < read.index and read.finished < delete.index and read.answered
            if read.agent == delete.agent and delete.at - read.at <= _READ_AFRESH
        ]
        if not reads:
            self._find(Rule.UNREAD, f"{code}: sent by {delete.agent}, attempt {len(earlier) + 1}")
            return
        card, last = self._card_read(code, request), reads[-1]
        if card.shown != last.shown:
            self._find(Rule.FOREIGN, f"{code}: shown {card.shown}, but {last.shown} right before")
            return
        was, now = self.seen.coupon(code, card.index), self.seen.coupon(code, last.index)
        if card.shown and (was is None or now is None or was.uid != now.uid or _facts(was) != _facts(now)):
            self._find(Rule.FOREIGN, f"{code}: another coupon than was shown")

    def _card_read(self, code: str, request: str) -> Asked:
        """Return the read whose result the card shows."""
        posted = self.seen.of(request)[0].index
        return [r for r in self.seen.calls("read", code) if r.answered and r.finished < posted][-1]

    # ------------------------------------------------------------ what was told

    def _judge_ending(self, code: str, request: str, deletes: list[Asked]) -> None:
        threads = {card.ts for card in self.seen.of(request)}
        since = [said for said in self.seen.said if said.index > self._begin(request)]
        # Where Slack refuses the thread, the requester is told privately.
        told = [said for said in since if said.thread in threads]
        told = told or [said for said in since if said.thread is None and _is_outcome(said, code)]
        if not told:
            self._find(Rule.UNTOLD, f"{code}: {len(deletes)} DELETEs")
            return
        endings = {_ending(code, said) for said in told}
        self.endings += endings
        if len(endings) > 1:
            self._find(
                Rule.WRONG, f"{code}: told in several ways: {sorted(ending.words for ending in endings)}"
            )
        for said in told:
            if wrong := self._untrue(_ending(code, said), said, request, deletes):
                self._find(Rule.WRONG, f"{code}: {wrong}")

    def _untrue(self, ending: Ending, said: Said, request: str, deletes: list[Asked]) -> str | None:
        """Return why what was told is not true; None: it is."""
        code, words, read = ending.code, ending.words, self._card_read(ending.code, request)
        was = self.seen.coupon(code, read.index) if read.shown else None
        ends = [c for c in self.seen.changes if c.event.kind == "deleted" and c.event.code == code]
        ours = [c for c in ends if c.event.call in {d.call.seq for d in deletes}]
        lied = any(delete.call.fault in _LIES for delete in deletes)
        said_yes = any(d.call.status == 200 and d.call.answer_code == 0 for d in deletes)
        match ending.kind:
            case "deleted" if "settled by reading" in words:
                return self._unsettled(code, said, was, [c.index for c in ends if _is(c.event, was)])
            case "deleted" if not said_yes:
                return f"Vivoldi never said so: {words}"
            case "deleted" if not ours and not lied and was is not None:
                return f"it is still there: {words}"
            case "not deleted" if ours and lied and "Vivoldi refused" in words:
                self.excused.append("Vivoldi refused, and deleted all the same")
            case "not deleted" if ours:
                return f"it was deleted: {words}"
            case "unknown" if not self._interrupted and all(_is_clear(d) for d in deletes):
                return f"every answer was clear: {words}"
        return None

    def _unsettled(self, code: str, said: Said, was: Event | None, ends: list[int]) -> str | None:
        if any(index < said.index for index in ends):
            return None
        reads = [r for r in self.seen.calls("read", code) if r.answered and r.finished < said.index]
        if was is not None and not reads[-1].shown:
            self.excused.append("no longer validates for another reason, and is told as deleted")
            return None
        return "settled as deleted, and it is still there"

    # ------------------------------------------------------------ what people are left with

    def look_at_cards(self) -> None:
        """I5, I6: a request that has ended has no card with buttons, nor any copy of one that was clicked."""
        clicked = {click.ts for click in self.seen.clicks}
        for request in dict.fromkeys(card.request for card in self.seen.cards):
            latest = {card.ts: card for card in self.seen.of(request)}
            live = {ts for ts, card in latest.items() if card.live} - self.seen.unchangeable
            if live and (live == latest.keys() or live & clicked or len(live) > self._most_strays):
                self._find(Rule.LIVE, f"{request}: {len(live)} of {len(latest)} cards")

    def look_at_commands(self, codes: tuple[str, ...]) -> None:
        """I5: who was told of a request sees its card, or is told privately why there is none."""
        for command in self.seen.commands:
            answer = command.answer or ""
            if "the card appears here" not in answer and "already in an open request" not in answer:
                continue
            for code in (code for code in codes if code in answer):
                private = [s for s in self.seen.said if s.thread is None and f"`{code}`" in s.text]
                if not self._requests(code) and not private:
                    self._find(Rule.UNTOLD, f"{code}: no card came, and no reason")
                self.endings += [e for e in {_ending(code, s) for s in private} if "`" in e.words]


def _requester(card: Card) -> str:
    named = re.search(r"\*Asked by\* <@(\w+)>", card.text)
    assert named, "the card does not say who asked"
    return named[1]


def _deadline(text: str) -> datetime:
    named = re.search(r"Decide by <!date\^(\d+)\^", text)
    assert named, "the card has no deadline"
    # The card has whole seconds.
    return datetime.fromtimestamp(int(named[1]) + 1, UTC)


def _facts(event: Event) -> list[object]:
    return [event.facts.get(name) for name in _SHOWN]


def _is(event: Event, coupon: Event | None) -> bool:
    return coupon is None or event.uid == coupon.uid


def _is_clear(delete: Asked) -> bool:
    return delete.answered or 400 <= (delete.call.status or 0) < 500


def _is_outcome(said: Said, code: str) -> bool:
    return "asked to delete" in said.text and f"`{code}`" in said.text


def _ending(code: str, said: Said) -> Ending:
    line = re.search(rf"^`{code}`: (.*)$", said.text, re.M)
    words = line[1] if line else said.text
    kinds = {"*Deleted": "deleted", "*Unknown": "unknown", "*Not deleted": "not deleted"}
    for start, kind in kinds.items():
        if words.startswith(start):
            return Ending(code, kind, words)
    assert "nothing was deleted" in words, f"what is meant by {words}"
    return Ending(code, "not deleted", words)
