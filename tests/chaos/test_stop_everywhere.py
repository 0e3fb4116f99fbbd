"""Someone stops what runs, at every place of a story; then all is judged as ever."""

from __future__ import annotations

import pytest

from tests.chaos.beginnings import own_places
from tests.chaos.boundaries import Side
from tests.chaos.play import Plan
from tests.chaos.report import REPORT
from tests.chaos.runs import Databases, perform
from tests.chaos.scenarios import DELETED, NOT_CREATED, NOT_DELETED, SCENARIOS, UNCLEAR
from tests.chaos.stories import CODE

# Those in which something is sent, once or again, with and without an answer.
_SENT = ("single", "several", "rate_limited", "lost_deletion")
_EACH = 2
_STOPPED = {DELETED, NOT_DELETED, UNCLEAR, NOT_CREATED}


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
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_stop_anywhere_breaks_no_rule(name: str, databases: Databases) -> None:
    """Whatever the story, a stop at any place of it breaks no rule."""
    _stop_everywhere(name, databases, each=1)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", _SENT)
def test_a_stop_anywhere_breaks_no_rule_on_postgresql(name: str, databases: Databases) -> None:
    """Whatever the database, a stop at any place of a story that sends something breaks no rule."""
    _stop_everywhere(name, databases, each=1)


def _stop_everywhere(name: str, databases: Databases, each: int) -> set[str]:
    scenario, endings = SCENARIOS[name], set[str]()
    # Before a call it is the same as after what came before.
    places = [p for p in perform(scenario, databases.fresh()).started[0].places() if p.side is Side.AFTER]
    # Which of them are a story's own is not worth finding out where few of them are tried.
    for place in places[::each] if each > 1 else own_places(scenario, places, databases):
        run = perform(scenario, databases.fresh(), Plan(stop=place))
        REPORT.count(run)
        assert not run.judgement.findings, f"{run}: {run.judgement.findings}"
        told = {(ending.code, ending.kind) for ending in run.judgement.endings}
        assert {code for code, _ in told} == scenario.ends.keys(), f"{run}: not all was told: {told}"
        assert {kind for _, kind in told} <= _STOPPED | scenario.ends.get(CODE, frozenset())
        endings |= {ending.words for ending in run.judgement.endings}
    return endings
