"""An independent judge: what was clicked, sent, true and told, by the two local servers' logs alone.

It knows neither the bot's code nor its database, only the rules and the words that people read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import combinations

from tests.chaos.evidence import Asked, Card, Click, Evidence, Said, gathered
from tests.chaos.journal import Journal
from tests.chaos.town import EXECUTE_WITHIN
from tests.chaos.truth import Told, excuse, facts, untrue

# A click goes by a memory that is renewed each minute, two minutes old where one renewal failed.
_MEMORY = timedelta(minutes=2, seconds=10)
# An answer about an approver may be 5 s old; a read may take 20 s, and then it is sent within 3 s.
_ASKED_AFRESH = timedelta(seconds=28)
# A lease lasts 10 s, and what was checked is sent within 3 s.
_READ_AFRESH = timedelta(seconds=13)
_SEND_WITHIN = timedelta(seconds=3)
# An outcome is told this soon. A crash or a freeze holds it up by a lease, a spoilt call by itself and by the
# longest backoff.
_TOLD_WITHIN = timedelta(seconds=60)
_HELD_UP_BY_INTERRUPTION, _HELD_UP_BY_TROUBLE = timedelta(seconds=11), timedelta(seconds=42)
_NEVER = 10**9


class Rule(StrEnum):
    """What must never happen."""

    UNAPPROVED = "a DELETE without two valid approvals"
    UNREAD = "a DELETE without a read right before it"
    RESENT = "a DELETE sent again although nothing shows that the one before was not executed"
    FOREIGN = "a DELETE of something else than was approved"
    WRONG = "a verdict that is not true"
    UNTOLD = "an outcome that nobody was told"
    LATE = "an outcome that was told late"
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
    case = _Case(gathered(journal), journal)
    for code in codes:
        case.look_at(code)
    case.look_at_cards()
    case.look_at_commands(codes)
    deletes = sum(asked.call.kind == "delete" for asked in case.seen.asked)
    return Judgement(tuple(case.findings), tuple(case.endings), deletes, tuple(case.excused))


class _Case:
    def __init__(self, seen: Evidence, journal: Journal) -> None:
        self.seen = seen
        self.findings: list[Finding] = []
        self.endings: list[Ending] = []
        self.excused: list[str] = []
        self._journal = journal
        # As often, the answer to a post may have been lost; a stray copy does no harm until clicked (I5).
        self._most_strays = journal.interrupted + journal.troubled
        self._told_within = (
            _TOLD_WITHIN
            + journal.interrupted * _HELD_UP_BY_INTERRUPTION
            + journal.troubled * _HELD_UP_BY_TROUBLE
        )

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
                earlier = [d for d in deletes if self._begin(mine[-1]) < d.index < delete.index]
                self._judge_read(code, mine[-1], approval, delete, earlier)
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
        if sent > final.carried_out + EXECUTE_WITHIN + _SEND_WITHIN:
            return "after execute-by"
        for click in (first, final):
            if not self.seen.was_on_call(click.user, click.at - _MEMORY, click.carried_out):
                return f"{click.user} was not on call when clicking"
            if not self.seen.was_on_call(click.user, sent - _ASKED_AFRESH, sent):
                return f"{click.user} was not on call any more"
        return None

    def _judge_read(
        self, code: str, request: str, approval: Click, delete: Asked, earlier: list[Asked]
    ) -> None:
        """I2, I3: after all that, the same process read the coupon, and it was what the card had shown.

        earlier: the request's DELETEs before this one.
        """
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
        self._judge_again(code, card, earlier)
        if card.shown != last.shown:
            self._find(Rule.FOREIGN, f"{code}: shown {card.shown}, but {last.shown} right before")
        elif card.shown:
            self._judge_target(code, card, last, delete)

    def _judge_again(self, code: str, card: Asked, earlier: list[Asked]) -> None:
        """I3: what was approved unseen is never sent again by guess, and nothing is after a clear answer."""
        if not card.shown and any(sent.proves_nothing for sent in earlier):
            self._find(Rule.RESENT, f"{code}: it was never shown, so no read can speak for it")
        # A process that dies with the answer has not seen it.
        if any(sent.refused or sent.shown for sent in earlier) and not self._journal.interrupted:
            self._find(Rule.RESENT, f"{code}: the answer before was clear")

    def _judge_target(self, code: str, card: Asked, last: Asked, delete: Asked) -> None:
        """I2: what was read right before is what the card shows, and that is what is deleted."""
        was, now = self.seen.coupon(code, card.finished), self.seen.coupon(code, last.finished)
        if was is None or now is None or was.uid != now.uid or facts(was) != facts(now):
            self._find(Rule.FOREIGN, f"{code}: another coupon than was shown")
            return
        ended = [c.event for c in self.seen.changes if c.event.call == delete.call.seq]
        if any(event.uid != was.uid or facts(event) != facts(was) for event in ended):
            # The API has no conditional deletion, so what happens after the last look can't be seen; the
            # looks above have made sure that it was a look right before.
            self.excused.append("the coupon was changed between the read right before and its deletion")

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
            told_so = self._told(_ending(code, said), said, request, deletes)
            if wrong := untrue(told_so):
                self._find(Rule.WRONG, f"{code}: {wrong}")
            elif why := excuse(told_so):
                self.excused.append(why)
        if (late := self._late(request, told[0])) > self._told_within:
            self._find(Rule.LATE, f"{code}: {late} after all was done")

    def _told(self, ending: Ending, said: Said, request: str, deletes: list[Asked]) -> Told:
        read, clicks = self._card_read(ending.code, request), self._clicks(request, said.index)
        return Told(
            seen=self.seen,
            code=ending.code,
            words=ending.words,
            said=said,
            clicks=clicks,
            deadline=_deadline(self.seen.of(request)[0].text),
            card_read=read,
            coupon=self.seen.coupon(ending.code, read.finished) if read.shown else None,
            deletes=deletes,
            interrupted=bool(self._journal.interrupted),
            forged=self._journal.forged,
        )

    def _clicks(self, request: str, before: int) -> list[Click]:
        return [click for click in self.seen.clicks if click.request == request and click.index < before]

    def _late(self, request: str, said: Said) -> timedelta:
        """Return for how long the bots worked between what ended a request and its telling."""
        clicks = self._clicks(request, said.index)
        card = self.seen.of(request)[0]
        about = [
            a for a in self.seen.asked if a.call.code and a.call.code in card.text and a.index > card.index
        ]
        times = [click.carried_out for click in clicks] + [asked.finished_at for asked in about]
        times += [
            _deadline(card.text) - timedelta(seconds=1),
            *(click.carried_out + EXECUTE_WITHIN for click in clicks),
        ]
        end = max(time for time in [card.at, *times] if time <= said.at)
        idle = sum(seconds for at, seconds in self._journal.idle if end <= at < said.at)
        return said.at - end - timedelta(seconds=idle)

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
                self._judge_private(code, [said for said in private if not _is_outcome(said, code)])

    def _judge_private(self, code: str, private: list[Said]) -> None:
        """I4: who is told that there is no card is told why."""
        for ending, said in {_ending(code, said): said for said in private}.items():
            reads = [r for r in self.seen.calls("read", code) if r.index < said.index]
            unread = "I could not read" in said.text and not all(read.answered for read in reads)
            if not unread and not ("I can't post the card" in said.text and self.seen.unposted):
                self._find(Rule.WRONG, f"{code}: that is not why there is no card: {said.text}")
            self.endings.append(ending)


def _requester(card: Card) -> str:
    named = re.search(r"\*Asked by\* <@(\w+)>", card.text)
    assert named, "the card does not say who asked"
    return named[1]


def _deadline(text: str) -> datetime:
    named = re.search(r"Decide by <!date\^(\d+)\^", text)
    assert named, "the card has no deadline"
    # The card has whole seconds.
    return datetime.fromtimestamp(int(named[1]) + 1, UTC)


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
