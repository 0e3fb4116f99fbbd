"""A restoration around its creation: whatever dies, freezes or fails there, it is created once at most."""

from __future__ import annotations

import pytest

from sandbox.vivoldi.faults import Fault
from tests.chaos.boundaries import CREATE, Place
from tests.chaos.faults import VIVOLDI, named
from tests.chaos.play import Plan, can_be_frozen
from tests.chaos.report import REPORT
from tests.chaos.runs import Databases, Run, perform
from tests.chaos.scenarios import SCENARIOS

RESTORED = SCENARIOS["restored"]
_NEAR = 6


def _is_well(run: Run) -> None:
    REPORT.count(run)
    assert not run.judgement.findings, f"{run}: {run.judgement.findings}"
    kinds = [ending.kind for ending in run.judgement.endings]
    assert kinds[:1] == ["deleted"], f"{run}: {kinds}"
    assert len(kinds) > 1, f"{run}: {kinds}"


def _near_the_creation(databases: Databases) -> list[tuple[Place, str]]:
    usual = perform(RESTORED, databases.fresh()).started[0]
    around = usual.crossed.index(CREATE) + 1
    found = [(place, usual.crossed[place.number - 1]) for place in usual.places()]
    return [(place, name) for place, name in found if abs(place.number - around) <= _NEAR]


@pytest.mark.timeout(300)
def test_it_survives_a_crash_around_its_creation(databases: Databases) -> None:
    """A process that dies around the POST never makes it sent twice, and leaves nothing untold (I3, I5)."""
    for place, _ in _near_the_creation(databases):
        run = perform(RESTORED, databases.fresh(), Plan(crashes={1: place}))
        assert run.started[0].dead, f"{run}: it never came to that place"
        _is_well(run)


@pytest.mark.timeout(300)
def test_it_survives_a_freeze_around_its_creation(databases: Databases) -> None:
    """A process that stands still until others have taken over sends nothing when it goes on (I3, I5)."""
    for place, name in _near_the_creation(databases):
        if can_be_frozen(place, name):
            run = perform(RESTORED, databases.fresh(), Plan(freezes=(place,)))
            assert run.journal.interrupted == 1, f"{run}: it never came to that place"
            _is_well(run)


@pytest.mark.parametrize("kind", VIVOLDI, ids=named)
def test_no_answer_to_a_creation_leads_astray(kind: dict[str, object], databases: Databases) -> None:
    """Whatever comes back from the POST, nothing is sent by guess, and what is told is true (I3, I4)."""
    after = {"after": "create"} if kind["kind"] == "refuse" else {"call": "create"}
    _is_well(perform(RESTORED, databases.fresh(), Plan(vivoldi=(Fault.model_validate({**kind, **after}),))))
