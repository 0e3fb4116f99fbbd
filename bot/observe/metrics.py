"""The metrics, for Prometheus. Labels come from short fixed lists: never a code, a person or a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import product
from math import nan
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from bot import __version__
from bot.domain.event import Event, EventKind
from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Gone,
    NotSent,
    Refused,
    Unknown,
)
from bot.domain.item.restore import Created, NotCreated, Unclear
from bot.domain.policy import Verdict
from bot.domain.request.request import FailureReason
from bot.services.asked.click import Action
from bot.services.asked.command import Accepted, Answer, Denied

LANES = ("requests", "items", "notices", "homes")
# What a request without a right signature was refused by: its headers alone, or the signature itself.
REFUSERS = ("headers", "signature")

_OUTCOMES: tuple[type[AnyState], ...] = (
    *(Deleted, Gone, Refused, Unknown, Changed, NotSent),
    *(Created, NotCreated, Unclear),
)
# Vivoldi answered that it was deleted, and the read afterwards shows it: nobody should count that as done.
_STILL_WORKS = "stillworks"
_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WAIT_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Every metric, in a registry of its own. It observes commits: call it with the events of each."""

    def __init__(self) -> None:
        # Prometheus knows when a series began; without this, each one has a second line that says so.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
        self.registry = registry = CollectorRegistry()
        self._count()
        self._measure()
        self._look()
        self._vivoldi = _calls("vivoldi", "Seconds that a call to Vivoldi took.", registry)
        self._slack = _calls("slack", "Seconds that a call to Slack took.", registry)
        Info("coupon_guard_build", "The version that runs.", registry=registry).info({"version": __version__})
        ProcessCollector(registry=registry)

    def _count(self) -> None:
        def counter(name: str, help: str, *known: tuple[str, Iterable[str]]) -> Counter:
            labels = [label for label, _ in known]
            made = Counter(f"coupon_guard_{name}", help, labels, registry=self.registry)
            for values in product(*(values for _, values in known)) if known else ():
                # A count that is there as 0 from the start is seen to rise when it becomes 1.
                made.labels(*values)
            return made

        refusals = [verdict for verdict in Verdict if verdict is not Verdict.ALLOWED]
        answers = [*(kind.audit_name for kind in get_args(Answer) if kind is not Denied), *refusals]
        outcomes = [*(kind.audit_name for kind in _OUTCOMES), _STILL_WORKS]
        self._commands = counter("commands", "Commands, by how they were answered.", ("answer", answers))
        self._decisions = counter(
            "decisions", "Clicks, by action and verdict.", ("action", Action), ("verdict", Verdict)
        )
        self._failed = counter(
            "requests_failed", "Requests that could not be shown.", ("reason", FailureReason)
        )
        self._outcomes = counter("outcomes", "Coupons that were approved, by outcome.", ("outcome", outcomes))
        self._takeovers = counter(
            "lease_takeovers", "Work taken over from a worker whose lease ran out.", ("lane", LANES)
        )
        self._unsigned = counter(
            "signatures_refused",
            "Requests that were not rightly signed, by what was wrong.",
            ("by", REFUSERS),
        )
        self._malformed = counter(
            "messages_malformed", "Messages that Slack did not take for what is in them, the bot's own fault."
        )

    def _measure(self) -> None:
        def histogram(name: str, help: str) -> Histogram:
            return Histogram(
                f"coupon_guard_{name}_seconds", help, buckets=_WAIT_SECONDS, registry=self.registry
            )

        self._to_card = histogram("command_to_card", "Seconds from a command to its card.")
        self._to_delete = histogram(
            "approval_to_delete", "Seconds from the final approval to a coupon's first DELETE."
        )
        self._to_outcome = histogram(
            "approval_to_outcome", "Seconds from the final approval until the outcome was told."
        )

    def _look(self) -> None:
        self._last_unknown = Gauge(
            "coupon_guard_last_unknown_outcome_timestamp_seconds",
            "When an outcome was last left unknown; 0: not since the start.",
            registry=self.registry,
        )
        self._oldest_due = Gauge(
            "coupon_guard_oldest_due_seconds",
            "For how long the oldest due work of a lane has been due; read from the database.",
            ("lane",),
            registry=self.registry,
        )
        self._untold = Gauge(
            "coupon_guard_untold_outcomes",
            "Outcomes that wait to be told for more than five minutes; read from the database.",
            registry=self.registry,
        )
        self._database = Gauge(
            "coupon_guard_database_up",
            "Whether the database answered when these metrics were asked for.",
            registry=self.registry,
        )

    def __call__(self, events: Sequence[Event]) -> None:
        """Count and measure what was committed."""
        for event in events:
            self._see(event)

    def called_vivoldi(self, call: str, result: str, seconds: float) -> None:
        """Measure a call to Vivoldi."""
        self._vivoldi.labels(call, result).observe(seconds)

    def called_slack(self, call: str, result: str, seconds: float) -> None:
        """Measure a call to Slack."""
        self._slack.labels(call, result).observe(seconds)
        if result == "malformed":
            self._malformed.inc()

    def taken_over(self, lane: str) -> None:
        """Count work that was taken over from someone whose lease ran out."""
        self._takeovers.labels(lane).inc()

    def signature_refused(self, by: str) -> None:
        """Count a request to the bot that was not rightly signed. by: one of `REFUSERS`."""
        self._unsigned.labels(by).inc()

    def queue(self, overdue: Mapping[str, timedelta] | None) -> None:
        """Note for how long work has been due, by lane. None: the database does not answer."""
        self._database.set(overdue is not None)
        # An age that nobody could look up must not stay at its last value.
        self._oldest_due.clear()
        for lane, age in (overdue or {}).items():
            self._oldest_due.labels(lane).set(age.total_seconds())

    def untold(self, count: int | None) -> None:
        """Note how many outcomes wait to be told for long. None: the database does not answer."""
        self._untold.set(nan if count is None else count)

    def _see(self, event: Event) -> None:
        said = event.data
        match event.kind:
            case EventKind.COMMAND | EventKind.COMMAND_REFUSED:
                commands = self._commands.labels(str(said.get("answer", Accepted.audit_name)))
                commands.inc(_number(said.get("repeats", 1)))
            case EventKind.DECISION | EventKind.DECISION_REFUSED:
                clicks = self._decisions.labels(str(said["action"]), str(said.get("verdict", "allowed")))
                clicks.inc(_number(said.get("repeats", 1)))
            case EventKind.REQUEST_FAILED:
                self._failed.labels(str(said["reason"])).inc()
            case EventKind.CARD_POSTED:
                self._to_card.observe(_seconds(event, "seconds_since_command"))
            case EventKind.DELETE_SENDING if said["attempt"] == 1:
                self._to_delete.observe(_seconds(event, "seconds_since_approval"))
            case EventKind.ITEM_OUTCOME:
                still_works = said.get("confirmation") == Confirmation.STILL_SHOWN
                self._ended(event, _STILL_WORKS if still_works else str(said["outcome"]))
            case EventKind.OUTCOME_TOLD if "seconds_since_approval" in said:
                self._to_outcome.observe(_seconds(event, "seconds_since_approval"))
            case _:
                pass

    def _ended(self, event: Event, outcome: str) -> None:
        self._outcomes.labels(outcome).inc()
        if outcome in (Unknown.audit_name, Unclear.audit_name):
            self._last_unknown.set(event.at.timestamp())


def _calls(system: str, help: str, registry: CollectorRegistry) -> Histogram:
    name = f"coupon_guard_{system}_call_seconds"
    return Histogram(name, help, ("call", "result"), buckets=_CALL_SECONDS, registry=registry)


def _seconds(event: Event, name: str) -> float:
    return _number(event.data[name])


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value
