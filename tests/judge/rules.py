"""What must never happen, named after the rules of the design: I1 to I8, and C1 to C8 of "A claim"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What must never happen. Each has a false history in `test_judge.py` that it turns red on."""

    UNAPPROVED = "I1: a DELETE, or a creation, without two valid approvals"
    STOPPED = "I1: a DELETE that someone had stopped"
    UNASKED = "I1: an expiry date that no approver had asked for"
    UNREAD = "I2: a DELETE, a creation or a date without a read right before it"
    FOREIGN = "I2: a DELETE, a creation or a date of something else than was approved"
    RESENT = "I3: a DELETE, or a creation, sent again although nothing shows that the one before did nothing"
    WRONG = "I4: a verdict that is not true"
    UNTOLD = "I5: an outcome that nobody was told"
    LATE = "I5: an outcome that was told late"
    LIVE = "I5: a card with live buttons after the end"
    MUTE = "I5: a click that changed nothing, and nobody said so"
    STUCK = "I5: a card that can't be changed, and that no other one replaced"
    NAGGED = "I5: a step of which people were reminded more than twice"
    TWICE = "I6: two open requests for one code"
    AUDITED = "I7: an audit that does not say what happened"
    SECRET = "I8: a secret that got out"
    PLURAL = "C1: a plural that is not true of every coupon it counts"
    GLANCE = "C2: an end, or a DELETE, that rests on one look at what is not there"
    NAMED = "C3: a state without the evidence that its name claims"
    NOTHING = "C4: told that nothing was changed, and something was sent"
    UNDONE = "C5: someone else's work undone, or told as if it were one's own"
    PROMISE = "C6: a button that promises what can't be kept"
    OWNER = "C7: trouble that is told without whose it is"
    ALARM = "C8: a deletion that did not work, told as one that did"


@dataclass(frozen=True)
class Finding:
    """A rule that was broken, how, and for which code. index: the place in the record, if it has one."""

    rule: Rule
    code: str
    what: str
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.code}: {self.what}"


@dataclass(frozen=True)
class Ending:
    """How one request ended for one code, as people were told."""

    code: str
    kind: str
    words: str

    @property
    def manner(self) -> str:
        """How it ended, in the few words that stand out or come first, without who is named there."""
        telling = re.search(
            r"\*([^*]+)\*|(rejected|cancelled) this request|(without two approvals|ran out)", self.words
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
