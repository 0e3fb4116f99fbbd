"""Every story, once for each place where a process can die or stand still: it ends truly, and is told."""

from __future__ import annotations

import pytest

from tests.chaos.beginnings import own_places
from tests.chaos.boundaries import COMMIT, DELETE, Boundaries, Place, Side
from tests.chaos.play import Plan, can_be_frozen
from tests.chaos.report import REPORT
from tests.chaos.runs import Databases, Run, perform
from tests.chaos.scenarios import SCENARIOS, Scenario

# Of the other stories `make test` tries each so manieth place.
_EACH = 30
_NEAR = 4
EVERY = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
SINGLE = SCENARIOS["single"]


@EVERY
def test_story_ends_as_it_should(scenario: Scenario, databases: Databases) -> None:
    """A story in which nothing else goes wrong breaks no rule, and ends as it should."""
    run = perform(scenario, databases.fresh())
    _is_well(run)
    assert all(scenario.words in ending.words for ending in run.judgement.endings[-1:]), run.judgement.endings


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["single", "unreadable", "no_channel", "no_thread"])
def test_short_story_survives_a_crash_anywhere(name: str, databases: Databases) -> None:
    """A process that dies around any commit or call breaks no rule, and leaves no outcome untold (I5)."""
    _crash_everywhere(SCENARIOS[name], databases, each=1)


@pytest.mark.timeout(300)
@EVERY
def test_story_survives_some_crashes(scenario: Scenario, databases: Databases) -> None:
    """Whatever the story, a process that dies breaks no rule and leaves no outcome untold (I5)."""
    _crash_everywhere(scenario, databases, each=_EACH)


@pytest.mark.timeout(300)
def test_single_story_survives_freezes_around_what_it_sends(databases: Databases) -> None:
    """A process that stands still until others have taken over changes nothing when it goes on (I3, I5)."""
    crossed = perform(SINGLE, databases.fresh()).started[0].crossed
    _freeze_everywhere(SINGLE, databases, around=crossed.index(DELETE) + 1)


@pytest.mark.timeout(300)
def test_single_story_survives_two_freezes_in_turn(databases: Databases) -> None:
    """A process that goes on while another one is at the same work does nothing to it (I3, I6)."""
    _freeze_two(SINGLE, databases, each=20)


@pytest.mark.parametrize(("databases", "each"), [("sqlite", 1), ("postgresql", 3)], indirect=["databases"])
@EVERY
@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_story_survives_a_crash_anywhere(scenario: Scenario, databases: Databases, each: int) -> None:
    """Whatever the story and the database, a process may die at any place of it (I5)."""
    _crash_everywhere(scenario, databases, each)


@EVERY
@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_story_survives_a_freeze_anywhere(scenario: Scenario, databases: Databases) -> None:
    """Whatever the story, a process may stand still at any place of it (I3, I5)."""
    _freeze_everywhere(scenario, databases)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_single_story_survives_a_freeze_anywhere(databases: Databases) -> None:
    """Whatever the database, a process may stand still at any place of the plainest story (I3, I5)."""
    _freeze_everywhere(SINGLE, databases)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("name", "each"), [("single", 2), ("lost_answer", 6), ("lost_deletion", 6), ("refused", 6)]
)
def test_story_survives_two_freezes_in_turn(name: str, each: int, databases: Databases) -> None:
    """A process that goes on while another one is at the same work does nothing to it (I3, I6)."""
    _freeze_two(SCENARIOS[name], databases, each)


def _crash_everywhere(scenario: Scenario, databases: Databases, each: int) -> None:
    usual = perform(scenario, databases.fresh())
    for number in range(1, scenario.replicas + 1):
        places = _deaths(usual.started[number - 1])
        # Which of them are a story's own is not worth finding out where few of them are tried.
        for place in places[::each] if each == _EACH else own_places(scenario, places, databases)[::each]:
            run = perform(scenario, databases.fresh(), Plan(crashes={number: place}))
            assert run.started[number - 1].dead, f"{run}: it never came to that place"
            _is_well(run)
            _came_there_alike(usual, run, number, place)


def _deaths(bounds: Boundaries) -> list[Place]:
    """Return the places where dying differs: before a call, all is as it was after what came before.

    Before a commit a transaction is open, of which nothing may be left.
    """
    places = bounds.places()
    return [p for p in places if p.side is Side.AFTER or bounds.crossed[p.number - 1] == COMMIT]


def _freeze_everywhere(scenario: Scenario, databases: Databases, around: int | None = None) -> None:
    """Freeze the first process at every place, or only around messages and close to the boundary `around`."""
    usual = perform(scenario, databases.fresh()).started[0]
    fenced = _fenced(usual)
    for place in own_places(scenario, usual.places(), databases):
        name = usual.crossed[place.number - 1]
        near = around is None or abs(place.number - around) <= _NEAR or name.startswith("slack.chat.")
        if near and place in fenced:
            run = perform(scenario, databases.fresh(), Plan(freezes=(place,)))
            assert run.journal.interrupted == 1, f"{run}: it never came to that place"
            _is_well(run)


def _fenced(bounds: Boundaries) -> list[Place]:
    """Return where a process may be frozen without harm.

    Not between its last look at the clock and the arrival of what it sends, whatever it does then.
    """
    return [
        place
        for place in bounds.places()
        if can_be_frozen(place, bounds.crossed[place.number - 1]) and place.number not in bounds.about_to_send
    ]


def _freeze_two(scenario: Scenario, databases: Databases, each: int) -> None:
    """Freeze the first process close to its DELETE, and the second one, at the same work, at any place."""
    usual = perform(scenario, databases.fresh()).started[0]
    around = usual.crossed.index(DELETE) + 1
    pairs = [
        (first, second)
        for first in _fenced(usual)
        if abs(first.number - around) <= _NEAR
        for second in _fenced(perform(scenario, databases.fresh(), Plan(freezes=(first,))).started[1])
    ]
    for pair in pairs[::each]:
        run = perform(scenario, databases.fresh(), Plan(freezes=pair))
        assert run.journal.interrupted, f"{run}: it never came to that place"
        _is_well(run)


def _is_well(run: Run) -> None:
    REPORT.count(run)
    assert not run.judgement.findings, f"{run}: {run.judgement.findings}"
    told = {(ending.code, ending.kind) for ending in run.judgement.endings}
    assert {code for code, _ in told} == run.scenario.ends.keys(), f"{run}: not all was told: {told}"
    assert all(kind in run.scenario.ends[code] for code, kind in told), f"{run}: told as {told}"


def _came_there_alike(usual: Run, run: Run, number: int, place: Place) -> None:
    """Make sure that a run is repeatable: up to the place it crossed the same boundaries as the usual one."""
    before = place.number
    assert usual.started[number - 1].crossed[:before] == run.started[number - 1].crossed[:before], str(run)
