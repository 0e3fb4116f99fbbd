"""Someone stops what runs, at every place of a story; then all is judged as ever."""

from __future__ import annotations

import pytest

from tests.chaos.play import Plan
from tests.chaos.report import REPORT
from tests.chaos.runs import Databases, perform
from tests.chaos.scenarios import DELETED, NOT_DELETED, SCENARIOS, UNCLEAR

# Those in which something is sent, once or again, with and without an answer.
_SENT = ("single", "several", "rate_limited", "lost_deletion")
_EACH = 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", _SENT)
def test_a_stop_anywhere_has_one_outcome(name: str, databases: Databases) -> None:
    """Whenever someone stops, nothing that was not on its way is sent, and what is told is what happened."""
    endings = _stop_everywhere(name, databases, _EACH)
    # Early enough it is stopped, and late enough it ends as it would have.
    assert any("stopped by" in words for words in endings)
    assert any("stopped by" not in words for words in endings)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("databases", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_stop_anywhere_breaks_no_rule(name: str, databases: Databases) -> None:
    """Whatever the story and the database, a stop at any place of it breaks no rule."""
    _stop_everywhere(name, databases, each=1)


def _stop_everywhere(name: str, databases: Databases, each: int) -> set[str]:
    scenario, endings = SCENARIOS[name], set[str]()
    for place in perform(scenario, databases.fresh()).started[0].places()[::each]:
        run = perform(scenario, databases.fresh(), Plan(stop=place))
        REPORT.count(run)
        assert not run.judgement.findings, f"{run}: {run.judgement.findings}"
        told = {(ending.code, ending.kind) for ending in run.judgement.endings}
        assert {code for code, _ in told} == scenario.ends.keys(), f"{run}: not all was told: {told}"
        assert {kind for _, kind in told} <= {DELETED, NOT_DELETED, UNCLEAR}
        endings |= {ending.words for ending in run.judgement.endings}
    return endings
