"""The metrics: what is counted and measured, and that nothing but short fixed lists gets into a label."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.adapters.calls import Calls
from bot.domain.event import Event, EventKind
from bot.domain.item.deletion import Confirmation, Deleted, Source
from bot.domain.policy import Verdict
from bot.domain.request.request import FailureReason
from bot.observe.metrics import Metrics
from bot.services.asked.click import Action
from bot.services.facts import outcome_of
from tests.builders import AMIR, CODE, NOW


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return the value of one series, None where there is none."""
    return metrics.registry.get_sample_value(f"coupon_guard_{name}", labels)


def see(metrics: Metrics, kind: EventKind, **data: object) -> None:
    metrics([Event(kind=kind, at=NOW, request="CG-1", code=CODE, actor=AMIR, data=data)])


# ---------------------------------------------------------------- what is committed


@pytest.mark.parametrize(
    ("kind", "data", "name", "labels"),
    [
        (EventKind.COMMAND, {"codes": [CODE]}, "commands", {"answer": "accepted"}),
        (EventKind.COMMAND, {"answer": "usage"}, "commands", {"answer": "usage"}),
        (EventKind.COMMAND_REFUSED, {"answer": "taken"}, "commands", {"answer": "taken"}),
        (EventKind.COMMAND_REFUSED, {"answer": Verdict.GUEST}, "commands", {"answer": "guest"}),
        (
            EventKind.DECISION,
            {"action": Action.APPROVE, "step": 1},
            "decisions",
            {"action": "approve", "verdict": "allowed"},
        ),
        (
            EventKind.DECISION_REFUSED,
            {"action": Action.REJECT, "verdict": Verdict.NOT_AN_APPROVER},
            "decisions",
            {"action": "reject", "verdict": "not_an_approver"},
        ),
        (
            EventKind.REQUEST_FAILED,
            {"reason": FailureReason.NO_CARD},
            "requests_failed",
            {"reason": "no_card"},
        ),
        (EventKind.ITEM_OUTCOME, {"outcome": "notsent"}, "outcomes", {"outcome": "notsent"}),
    ],
)
def test_what_is_committed_is_counted(
    kind: EventKind, data: Mapping[str, object], name: str, labels: Mapping[str, str]
) -> None:
    """Each count is there as 0 from the start, and rises by one with each event."""
    metrics = Metrics()
    assert value(metrics, f"{name}_total", **labels) == 0
    see(metrics, kind, **data)
    see(metrics, kind, **data)
    assert value(metrics, f"{name}_total", **labels) == 2


@pytest.mark.parametrize(
    ("confirmation", "counted"),
    [
        (None, "deleted"),
        *((each, "deleted") for each in Confirmation if each is not Confirmation.STILL_SHOWN),
        (Confirmation.STILL_SHOWN, "stillworks"),
    ],
)
def test_a_coupon_that_still_works_is_not_counted_as_deleted(
    confirmation: Confirmation | None, counted: str
) -> None:
    """What the read afterwards still shows is counted by itself; the audit goes on calling it deleted."""
    metrics = Metrics()
    outcome = outcome_of(Deleted(Source.ANSWER, NOW, confirmation))
    assert outcome["outcome"] == "deleted"
    see(metrics, EventKind.ITEM_OUTCOME, **outcome)
    for name in ("deleted", "stillworks"):
        assert value(metrics, "outcomes_total", outcome=name) == (name == counted)


@pytest.mark.parametrize(
    ("kind", "data", "name"),
    [
        (EventKind.CARD_POSTED, {"seconds_since_command": 1.5}, "command_to_card"),
        (EventKind.DELETE_SENDING, {"attempt": 1, "seconds_since_approval": 1.5}, "approval_to_delete"),
        (EventKind.OUTCOME_TOLD, {"where": "thread", "seconds_since_approval": 1.5}, "approval_to_outcome"),
    ],
)
def test_how_long_people_wait_is_measured(kind: EventKind, data: Mapping[str, object], name: str) -> None:
    """The three waits that people feel are measured from the times that the events carry."""
    metrics = Metrics()
    see(metrics, kind, **data)
    assert value(metrics, f"{name}_seconds_sum") == 1.5
    assert value(metrics, f"{name}_seconds_bucket", le="2.0") == 1
    assert value(metrics, f"{name}_seconds_bucket", le="1.0") == 0


def test_what_is_no_wait_is_not_measured() -> None:
    """A DELETE that is sent again, and an outcome that nobody approved, are no waits."""
    metrics = Metrics()
    see(metrics, EventKind.DELETE_SENDING, attempt=2, seconds_since_approval=300.0)
    see(metrics, EventKind.OUTCOME_TOLD, where="thread")
    assert value(metrics, "approval_to_delete_seconds_count") == 0
    assert value(metrics, "approval_to_outcome_seconds_count") == 0


def test_an_unknown_outcome_leaves_its_time() -> None:
    """When an outcome was left unknown can be seen even where the process started just before."""
    metrics = Metrics()
    see(metrics, EventKind.ITEM_OUTCOME, outcome="deleted")
    assert value(metrics, "last_unknown_outcome_timestamp_seconds") == 0
    see(metrics, EventKind.ITEM_OUTCOME, outcome="unknown")
    assert value(metrics, "last_unknown_outcome_timestamp_seconds") == NOW.timestamp()


def test_ages_that_can_not_be_looked_up_are_not_shown() -> None:
    """Where the database does not answer, no old age of the queue stands in for the real one."""
    metrics = Metrics()
    metrics.queue({"items": timedelta(seconds=3)})
    assert (value(metrics, "oldest_due_seconds", lane="items"), value(metrics, "database_up")) == (3, 1)
    metrics.queue(None)
    assert (value(metrics, "oldest_due_seconds", lane="items"), value(metrics, "database_up")) == (None, 0)


def test_nothing_about_anyone_is_in_a_label() -> None:
    """No code, no person and nothing that someone typed gets into the metrics (I8)."""
    metrics = Metrics()
    for kind in EventKind:
        see(
            metrics,
            kind,
            text=f"{CODE} hush-reason",
            channel="C0HUSH",
            action="approve",
            reason="no_card",
            outcome="deleted",
            attempt=1,
            seconds_since_command=1.0,
            seconds_since_approval=1.0,
        )
    labels = {
        label
        for family in metrics.registry.collect()
        for sample in family.samples
        for label in sample.labels.values()
    }
    assert not labels & {CODE, "CG-1", AMIR.id, AMIR.name, "C0HUSH"}
    assert not any("hush" in label for label in labels)


def test_every_metric_says_what_it_is() -> None:
    """Each metric has a help text."""
    families = list(Metrics().registry.collect())
    assert len(families) > 14
    assert [family.name for family in families if not family.documentation] == []


# ---------------------------------------------------------------- calls


class Ticks:
    """A timer that is two seconds later at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def count(metrics: Metrics, system: str, call: str, result: str) -> float | None:
    return value(metrics, f"{system}_call_seconds_count", call=call, result=result)


async def test_a_call_that_breaks_is_counted_too() -> None:
    """What no port names is counted as an error, and raised as it is."""
    metrics = Metrics()

    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Calls(metrics.called_slack).measured("refresh", broken())
    assert count(metrics, "slack", "refresh", "error") == 1
