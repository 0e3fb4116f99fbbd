"""What the audit and the metrics call answers and outcomes: they are read for years, so the words stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from bot.domain.coupon import Difference
from bot.domain.item.answer import DeleteAnswer, Executed, NotExecuted, RefusedAnswer, Unproven
from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Gone,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.item.freeze import Free, Freeze, Goal, NotDone, Unfrozen, Why
from bot.domain.item.restore import Created, Creating, NotCreated, Seen, ToCreate, Unclear, WhyNot
from bot.domain.policy import Verdict
from bot.observe.metrics import Metrics
from bot.services.asked import form
from bot.services.asked.command import (
    Accepted,
    Answer,
    Denied,
    History,
    Listing,
    Misread,
    OneMoment,
    Taken,
    TooFew,
    Usage,
)
from bot.services.facts import outcome_of
from tests.builders import AMIR, BEA, DATES, FREEZE, FROZEN, NOW

TIME = "2025-06-02 03:00:00+00:00"
CUT = Difference("ends_on", "2025-12-31", "2025-06-30")
CUT_DATA = [{"fact": "ends_on", "before": "2025-12-31", "after": "2025-06-30"}]
DATES_DATA = {"shown": "2025-12-31", "frozen": "2025-06-01"}

NAMES: Mapping[type, str] = {
    Executed: "Executed",
    RefusedAnswer: "RefusedAnswer",
    NotExecuted: "NotExecuted",
    Unproven: "Unproven",
    Accepted: "accepted",
    Usage: "usage",
    Listing: "listing",
    History: "history",
    Misread: "misread",
    Taken: "taken",
    TooFew: "toofew",
    OneMoment: "onemoment",
    form.NoFile: "nofile",
    form.Unclear: "unclear",
    form.NoCodes: "nocodes",
    form.WrongCodes: "wrongcodes",
    form.TooLong: "toolong",
}
ANSWERS: Mapping[DeleteAnswer, Mapping[str, object]] = {
    Executed(): {},
    RefusedAnswer("No."): {"message": "No."},
    NotExecuted("429", 7.0): {"reason": "429", "retry_after": 7.0},
    Unproven("500"): {"reason": "500"},
}
OUTCOMES: Mapping[AnyState | Freeze, Mapping[str, object]] = {
    Waiting(1, 2, "Slack"): {"outcome": "waiting", "attempts": 1, "unanswered": 2, "obstacle": "Slack"},
    Sending(1, 2): {"outcome": "sending", "attempts": 1, "unanswered": 2},
    Unknown(1, 2, "500", NOW, "No.", True): {
        "outcome": "unknown",
        "attempts": 1,
        "unanswered": 2,
        "reason": "500",
        "since": TIME,
        "refusal": "No.",
        "final": True,
    },
    Deleted(Source.READING, NOW, Confirmation.GONE, "Gone."): {
        "outcome": "deleted",
        "source": "reading",
        "at": TIME,
        "confirmation": "gone",
        "message": "Gone.",
    },
    Gone(NOW, "500", "Used up."): {
        "outcome": "gone",
        "at": TIME,
        "reason": "500",
        "message": "Used up.",
        "refusal": None,
    },
    Refused("No."): {"outcome": "refused", "message": "No."},
    Changed((CUT,), "Gone.", True): {
        "outcome": "changed",
        "differences": CUT_DATA,
        "message": "Gone.",
        "was_frozen": True,
    },
    NotSent(NotSentReason.STOPPED, "Slack", AMIR.id, 2, BEA.id): {
        "outcome": "notsent",
        "reason": "stopped",
        "detail": "Slack",
        "approver": AMIR.id,
        "unanswered": 2,
        "stopped_by": BEA.id,
    },
    ToCreate(1, "Slack"): {"outcome": "tocreate", "attempts": 1, "obstacle": "Slack"},
    Creating(1): {"outcome": "creating", "attempts": 1},
    Unclear(1, "500", NOW, Seen.OTHER, (CUT,), "Gone."): {
        "outcome": "unclear",
        "attempts": 1,
        "reason": "500",
        "since": TIME,
        "seen": "other",
        "differences": CUT_DATA,
        "message": "Gone.",
    },
    Created(True, NOW, Seen.SAME, (CUT,), "Gone."): {
        "outcome": "created",
        "answered": True,
        "at": TIME,
        "seen": "same",
        "differences": CUT_DATA,
        "message": "Gone.",
    },
    NotCreated(WhyNot.TAKEN, "In use.", AMIR.id): {
        "outcome": "notcreated",
        "why": "taken",
        "detail": "In use.",
        "approver": AMIR.id,
    },
    Free(): {"outcome": "free"},
    FREEZE: {
        "outcome": "underway",
        "goal": "freeze",
        "by": AMIR.id,
        "at": TIME,
        "dates": DATES_DATA,
        "sent": "not_yet",
        "refusal": None,
    },
    FROZEN: {"outcome": "frozen", "by": AMIR.id, "at": TIME, "dates": DATES_DATA},
    Unfrozen(BEA.id, NOW, DATES): {"outcome": "unfrozen", "by": BEA.id, "at": TIME, "dates": DATES_DATA},
    NotDone(Goal.FREEZE, AMIR.id, NOW, DATES, Why.CHANGED, True, "Gone.", (CUT,), ends_on="2025-06-01"): {
        "outcome": "notdone",
        "goal": "freeze",
        "by": AMIR.id,
        "at": TIME,
        "dates": DATES_DATA,
        "why": "changed",
        "dated": True,
        "detail": "Gone.",
        "differences": CUT_DATA,
        "sent": "maybe",
        "ends_on": "2025-06-01",
        "hidden": False,
    },
}


def test_every_kind_of_answer_has_its_name() -> None:
    """Each kind of answer has the name that was ever written; a refused command, the reason for it."""
    kinds = {*get_args(DeleteAnswer), *get_args(Answer), *get_args(form.Wrong)} - {Denied}
    assert {kind: kind.audit_name for kind in kinds} == NAMES
    assert {Denied(verdict).audit_name for verdict in Verdict} == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize(("answer", "data"), ANSWERS.items())
def test_what_an_answer_holds_is_written_as_ever(answer: DeleteAnswer, data: Mapping[str, object]) -> None:
    """An answer is written with the same names of its fields as ever."""
    assert vars(answer) == data


@pytest.mark.parametrize(("state", "data"), OUTCOMES.items())
def test_an_outcome_is_written_as_ever(state: AnyState | Freeze, data: Mapping[str, object]) -> None:
    """An outcome is written with the same name, and the same names of its fields, as ever."""
    assert outcome_of(state) == data


def test_every_kind_is_listed_here() -> None:
    """No state and no answer is without its line above."""
    assert {type(state) for state in OUTCOMES} == {*get_args(AnyState), *get_args(Freeze)}
    assert {type(answer) for answer in ANSWERS} == set(get_args(DeleteAnswer))


def test_every_name_is_counted_under_itself() -> None:
    """The metrics have a count for each answer to a command and each outcome, by the names of the audit.

    What Vivoldi said to be deleted, and still works, is counted apart.
    """
    refusals = [verdict.value for verdict in Verdict if verdict is not Verdict.ALLOWED]
    assert _labels("commands", "answer") == [
        *("accepted", "usage", "listing", "history", "misread", "taken", "toofew", "onemoment"),
        *refusals,
    ]
    assert _labels("outcomes", "outcome") == [
        *("deleted", "gone", "refused", "unknown", "changed", "notsent"),
        *("created", "notcreated", "unclear"),
        "stillworks",
    ]


def _labels(name: str, label: str) -> list[str]:
    (family,) = (f for f in Metrics().registry.collect() if f.name == f"coupon_guard_{name}")
    return [sample.labels[label] for sample in family.samples]
