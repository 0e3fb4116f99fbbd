"""What the judge goes by: what was found so far, and the questions that several judgements ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.judge import sentences
from tests.judge.record import Record, Terms
from tests.judge.rules import Ending, Finding, Rule
from tests.judge.seen import NEVER, Asked, Card, Click, Evidence

__all__ = ["NEVER", "Case"]


@dataclass
class Case:
    """What was seen, and what was found so far."""

    seen: Evidence
    record: Record
    findings: list[Finding] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    _known: set[tuple[str, str, str]] = field(default_factory=set)

    def find(self, rule: Rule, code: str, what: str, index: int | None = None) -> None:
        """Note that a rule was broken."""
        self.findings.append(Finding(rule, code, what, index))

    def excuse(self, why: str, code: str, request: str) -> None:
        """Note why something looks wrong and is as it has to be, once for each coupon of a request."""
        if (why, code, request) not in self._known:
            self._known.add((why, code, request))
            self.excused.append(why)

    @property
    def terms(self) -> Terms:
        """What was agreed before."""
        return self.record.terms

    def requests(self, code: str) -> list[str]:
        """Return the requests about a code that had a card, oldest first."""
        named = [card.request for card in self.seen.cards if sentences.is_about(code, card.full)]
        return list(dict.fromkeys(named))

    def request_at(self, code: str, index: int) -> str | None:
        """Return the request about a code whose card was the last one to go up before a place."""
        before = [name for name in self.requests(code) if self.begin(name) < index]
        return before[-1] if before else None

    def begin(self, request: str) -> int:
        """Return the place in the record of a request's first card."""
        return self.seen.of(request)[0].index

    def end(self, code: str, request: str) -> int:
        """Return the place of the first card of the next request about a code; NEVER: there is none."""
        begin = self.begin(request)
        return min((i for i in map(self.begin, self.requests(code)) if i > begin), default=NEVER)

    def purpose(self, request: str) -> str:
        """Return what a request asks for: `delete`, `freeze` or `restore`."""
        return sentences.purpose_of(self.seen.of(request)[0].text)

    def clicks(self, request: str, before: int) -> list[Click]:
        """Return the clicks on a request's cards before a place in the record."""
        return [click for click in self.seen.clicks if click.request == request and click.index < before]

    def card_read(self, code: str, request: str) -> Asked | None:
        """Return the read whose result the card shows; None: nothing was read."""
        posted = self.begin(request)
        reads = [r for r in self.seen.calls("read", code) if r.answered and r.finished < posted]
        return reads[-1] if reads else None

    def deadline(self, card: Card) -> datetime:
        """Return the approve-by of a request, by its first card."""
        return sentences.deadline_of(card.text) or card.at + self.terms.approve_within

    def requesters(self, request: str) -> set[str]:
        """Return who may have opened a request: whom its card names, or else all who asked before."""
        card = self.seen.of(request)[0]
        asked = {c.user for c in self.seen.commands if c.index < card.index}
        named = sentences.requester_of(card.text)
        return {named} if named else asked

    def may(self, click: Click, named: frozenset[str]) -> bool:
        """Return whether the one who clicked was among those who are named, as far as the bot could know."""
        return self.seen.counted(click.user, named, click.at - self.terms.memory, click.carried_out)

    @property
    def anyone(self) -> frozenset[str]:
        """Those who may give either step, and so may freeze and stop."""
        return self.terms.first | self.terms.final

    def cut_short(self, call: Asked, until: int) -> bool:
        """Return whether a bot was crashed, or stood still, before a call's sender did more about the code.

        Then its sender may never have learnt of the answer, or have never sent what it meant to send next.
        """
        about = [a for a in self.seen.asked if a.call.code == call.call.code and a.agent == call.agent]
        done = min((a.index for a in about if a.index > call.index), default=NEVER)
        return self.record.was_interrupted(call.index, min(done, until))

    def own_read(self, code: str, since: int, change: Asked) -> Asked | None:
        """Return the read on whose strength a change was sent; None: there is none that counts.

        It is the last thing about the code that the change's sender did, it was answered, and it came after
        a place in the record.
        """
        about = [a for a in self.seen.asked if a.call.code == code and a.index < change.index]
        own = [asked for asked in about if asked.agent == change.agent]
        if not own or own[-1].call.kind != "read" or not own[-1].answered or own[-1].index < since:
            return None
        fresh = self.terms.read_afresh
        return own[-1] if fresh is None or change.at - own[-1].finished_at <= fresh else None
