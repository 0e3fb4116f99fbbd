"""Restorations, judged: what was created, who had approved it, and whether what was told of it is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from sandbox.vivoldi.log import Event
from tests.chaos.case import Case, Rule
from tests.chaos.evidence import Asked, Said
from tests.chaos.sent import READ_AFRESH, approval_of
from tests.chaos.truth import (
    LIES,
    Told,
    answered_yes,
    clicked,
    is_unclear,
    lost_an_approver,
    ran_out,
    read_refused,
)

# Everything that a coupon has but for what Vivoldi gives a new one by itself.
_OWN = ("regYmdt", "domain", "useCnt", "imgUrl")


def is_one(case: Case, request: str) -> bool:
    """Return whether a request is for a restoration."""
    return case.seen.of(request)[0].text.startswith("Restore coupon")


def look_at_creations(case: Case, code: str) -> None:
    """Judge every POST about a code: approved by two, read right before, sent once, and what it was to be."""
    creations = case.seen.calls("create", code)
    for create in creations:
        asked_for = [name for name in case.requests(code) if case.begin(name) < create.index]
        if not asked_for or not is_one(case, asked_for[-1]):
            case.find(Rule.UNAPPROVED, f"{code}: no restoration was asked for")
            continue
        begin = case.begin(asked_for[-1])
        if (approval := approval_of(case, code, asked_for[-1], create)) is not None:
            _judge_read(case, code, approval.index, create)
        # I3: only what was answered by 429, or never arrived, may be sent again.
        if any(sent.call.status != 429 for sent in creations if begin < sent.index < create.index):
            case.find(Rule.RESENT, f"{code}: a creation, sent by {create.agent}")
        _judge_content(case, code, create)


def _judge_read(case: Case, code: str, since: int, create: Asked) -> None:
    """I2: after all that, the same process read the code, and no coupon stood there."""
    reads = [
        read
        for read in case.seen.calls("read", code)
        if since < read.index and read.finished < create.index and read.answered
        if read.agent == create.agent and create.at - read.at <= READ_AFRESH
    ]
    if not reads:
        case.find(Rule.UNREAD, f"{code}: created by {create.agent}")
    elif reads[-1].shown:
        case.find(Rule.FOREIGN, f"{code}: created over a coupon that validated")


def _judge_content(case: Case, code: str, create: Asked) -> None:
    """What was created is what was deleted last, personal fields included."""
    made = [c.event for c in case.seen.changes if c.event.call == create.call.seq]
    gone = [c.event for c in case.seen.changes if (c.event.code, c.event.kind) == (code, "deleted")]
    if made and (not gone or _facts(made[0]) != _facts([e for e in gone if e.seq < made[0].seq][-1])):
        case.find(Rule.FOREIGN, f"{code}: another coupon was created than was deleted")


def _facts(event: Event) -> dict[str, object]:
    return {name: value for name, value in event.facts.items() if name not in _OWN}


# ---------------------------------------------------------------- what was told


def came_to_nothing(words: str) -> bool:
    """Return whether a sentence says that a restoration came to nothing before anything was sent."""
    return bool(re.search("nothing was created|validates in Vivoldi|Nothing is kept", words))


def is_true_failure(case: Case, code: str, said: Said) -> bool:
    """Return whether what the requester is told privately is why nothing could be shown."""
    if "validates in Vivoldi" in said.text:
        return any(read.shown for read in case.seen.calls("read", code) if read.index < said.index)
    return "Nothing is kept" in said.text


def untrue(told: Told) -> str | None:
    """Return the claim about a restoration that is not true; None: all of them are."""
    claims = [(claim, holds) for claim, holds in _CLAIMS if claim in told.words]
    if not claims:
        return f"no claim is known in: {told.words}"
    false = [claim for claim, holds in claims if not holds(told)]
    if false:
        return f"“{false[0]}” is not so: {told.words}"
    not_created = "*Not created" in told.words or came_to_nothing(told.words)
    return f"it was created: {told.words}" if not_created and _made(told) and not _lied(told) else None


def _made(told: Told) -> list[Event]:
    """Return the true creations by this request before it was told."""
    calls = {sent.call.seq for sent in told.deletes}
    return [c.event for c in told.seen.changes if c.event.call in calls and c.index < told.said.index]


def _lied(told: Told) -> bool:
    return any(sent.call.fault in LIES for sent in told.deletes)


def _said_yes(told: Told) -> bool:
    return answered_yes(told) and (_lied(told) or bool(_made(told)))


def _shown(told: Told) -> bool:
    return any(read.shown for read in told.reads(told.sent))


def _taken(told: Told) -> bool:
    return any(read.shown for read in told.reads(told.card_read.finished))


def _settled(told: Told) -> bool:
    return _shown(told) and (told.interrupted or not answered_yes(told))


def _was_refused(told: Told) -> bool:
    return any(sent.refused for sent in told.deletes)


_CLAIMS: tuple[tuple[str, Callable[[Told], bool]], ...] = (
    ("Vivoldi said so", _said_yes),
    ("Vivoldi said that it was created", _said_yes),
    ("and it validates, with the approved facts", _shown),
    ("settled by reading", _settled),
    ("but it does not validate", lambda told: told.unseen(told.sent)),
    ("but not as approved", _shown),
    ("*Unknown", is_unclear),
    ("no read showed it", lambda told: not _shown(told)),
    ("Vivoldi refused.*", _was_refused),
    ("the code validates again", _taken),
    ("Vivoldi refused to be read", read_refused),
    ("the time to do it ran out", ran_out),
    ("no longer counts", lost_an_approver),
    ("are not for what is stored", lambda told: told.forged),
    ("rejected this request", lambda told: clicked(told, "reject")),
    ("cancelled this request", lambda told: clicked(told, "cancel")),
    ("without two approvals", lambda told: told.said.at >= told.deadline - timedelta(seconds=1)),
)
