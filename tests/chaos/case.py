"""What the judge goes by: the rules, what was found, and the questions that several judgements ask."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from tests.chaos.evidence import Asked, Click, Evidence
from tests.chaos.journal import Journal

NEVER = 10**9


class Rule(StrEnum):
    """What must never happen."""

    UNAPPROVED = "a DELETE, or a creation, without two valid approvals"
    STOPPED = "a DELETE that someone had stopped"
    UNREAD = "a DELETE, a creation or an expiry date without a read right before it"
    UNASKED = "an expiry date that no approver had asked for"
    RESENT = "a DELETE, or a creation, sent again although nothing shows that the one before was not executed"
    FOREIGN = "a DELETE, a creation or a date of something else than was approved"
    WRONG = "a verdict that is not true"
    UNTOLD = "an outcome that nobody was told"
    LATE = "an outcome that was told late"
    LIVE = "a card with live buttons after the end"
    NAGGED = "a step of which people were reminded more than twice"


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

    @property
    def manner(self) -> str:
        """How it ended, in the few words that stand out or come first, whoever is named there."""
        telling = re.search(
            r"\*([^*]+)\*|(rejected|cancelled) this request|(without two approvals)", self.words
        )
        found = next(filter(None, telling.groups())) if telling else self.words[:16]
        return re.sub(r"<@\w+>", "someone", found).rstrip(".")


@dataclass(frozen=True)
class Judgement:
    """Everything that is wrong, how all ended, and how many DELETEs that took.

    excused: what is as it has to be, although it looks wrong, and why.
    """

    findings: tuple[Finding, ...]
    endings: tuple[Ending, ...]
    deletes: int
    excused: tuple[str, ...]


@dataclass
class Case:
    """What was seen, and what was found so far."""

    seen: Evidence
    journal: Journal
    findings: list[Finding] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    def find(self, rule: Rule, what: str) -> None:
        """Note that a rule was broken."""
        self.findings.append(Finding(rule, what))

    def requests(self, code: str) -> list[str]:
        """Return the requests about a code that had a card, oldest first."""
        named = [card.request for card in self.seen.cards if re.search(rf"^{code}\b", card.text, re.M)]
        return list(dict.fromkeys(named))

    def begin(self, request: str) -> int:
        """Return the place in the journal of a request's first card."""
        return self.seen.of(request)[0].index

    def clicks(self, request: str, before: int) -> list[Click]:
        """Return the clicks on a request's cards before a place in the journal."""
        return [click for click in self.seen.clicks if click.request == request and click.index < before]

    def card_read(self, code: str, request: str) -> Asked:
        """Return the read whose result the card shows."""
        posted = self.begin(request)
        return [r for r in self.seen.calls("read", code) if r.answered and r.finished < posted][-1]


def deadline(text: str) -> datetime:
    """Return the approve-by of a card, at the latest: the card has whole seconds."""
    named = re.search(r"Decide by <!date\^(\d+)\^", text)
    assert named, "the card has no deadline"
    return datetime.fromtimestamp(int(named[1]) + 1, UTC)
