"""Every fault of the two local servers at every call of every story, and faults together with crashes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.chaos.beginnings import crossed, shared
from tests.chaos.boundaries import Place, Side
from tests.chaos.faults import SLACK, VIVOLDI, at_slack, at_vivoldi, named
from tests.chaos.play import Plan
from tests.chaos.report import REPORT, SEED
from tests.chaos.runs import Databases, Run, perform
from tests.chaos.scenarios import SCENARIOS, Scenario

EVERY = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
SINGLE = SCENARIOS["single"]
# The DELETE of the single story comes after two reads.
_DELETE = 2


@pytest.mark.parametrize("kind", VIVOLDI, ids=named)
def test_no_answer_to_delete_leads_astray(kind: dict[str, object], databases: Databases) -> None:
    """Whatever comes back from a DELETE, nothing is sent by guess, and what is told is true (I3, I4)."""
    _is_true(perform(SINGLE, databases.fresh(), Plan(vivoldi=(at_vivoldi(kind, _DELETE),))))


@EVERY
@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_any_fault_of_vivoldi_at_any_call(scenario: Scenario, databases: Databases) -> None:
    """Whatever comes back from any call to Vivoldi, no rule is broken (I1 to I5)."""
    for skip in _calls(scenario, databases, "vivoldi."):
        for kind in VIVOLDI:
            plan = Plan(vivoldi=(at_vivoldi(kind, skip),))
            _is_true(perform(scenario, databases.fresh(), plan))


@EVERY
@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_any_fault_of_slack_at_any_call(scenario: Scenario, databases: Databases) -> None:
    """Whatever comes back from any call to Slack, no rule is broken (I1, I4, I5)."""
    for skip in _calls(scenario, databases, "slack."):
        for kind in SLACK:
            _is_true(perform(scenario, databases.fresh(), Plan(slack=(at_slack(kind, skip),))))


def _plans() -> st.SearchStrategy[Plan]:
    times, skips = st.integers(1, 4), st.integers(0, 25)
    place = st.builds(Place, st.integers(1, 90), st.sampled_from(Side))
    return st.builds(
        Plan,
        crashes=st.dictionaries(st.integers(1, 3), place, max_size=3),
        vivoldi=st.lists(st.builds(at_vivoldi, st.sampled_from(VIVOLDI), skips, times), max_size=2).map(
            tuple
        ),
        slack=st.lists(st.builds(at_slack, st.sampled_from(SLACK), skips, times), max_size=2).map(tuple),
    )


_DRAWN = {"scenario": st.sampled_from(list(SCENARIOS.values())), "plan": _plans()}
_UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.mark.timeout(300)
@seed(SEED)
@settings(max_examples=15, deadline=None, database=None, suppress_health_check=_UNHURRIED)
@given(**_DRAWN)
def test_some_faults_and_crashes_together(scenario: Scenario, plan: Plan, databases: Databases) -> None:
    """Faults, and processes that die while others' deaths are made good, break no rule (I1 to I6)."""
    _is_true(perform(scenario, databases.fresh(), plan))


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@seed(SEED + 1)
@settings(max_examples=1000, deadline=None, database=None, suppress_health_check=_UNHURRIED)
@given(**_DRAWN)
def test_many_faults_and_crashes_together(scenario: Scenario, plan: Plan, databases: Databases) -> None:
    """Faults, and processes that die while others' deaths are made good, break no rule (I1 to I6)."""
    _is_true(perform(scenario, databases.fresh(), plan))


def _calls(scenario: Scenario, databases: Databases, to: str) -> range:
    """Return the numbers of those calls of a story to a server that are its own."""
    usual = perform(scenario, databases.fresh())
    all_calls = [name for bounds in usual.started for name in bounds.crossed if name.startswith(to)]
    begins = crossed(scenario.name, databases)[: shared(scenario, databases)]
    return range(sum(name.startswith(to) for name in begins), len(all_calls))


def _is_true(run: Run) -> None:
    REPORT.count(run)
    assert not run.judgement.findings, f"{run}: {run.judgement.findings}"
