"""Where a story becomes one of its own: what it begins with as an earlier one does is tried there."""

from __future__ import annotations

from functools import cache
from itertools import takewhile

from tests.chaos.boundaries import Place
from tests.chaos.runs import Databases, perform
from tests.chaos.scenarios import SCENARIOS, Scenario

# So many boundaries before it parts from the earlier ones are its own as well.
_NEAR = 8


@cache
def crossed(name: str, databases: Databases) -> tuple[str, ...]:
    """Return the boundaries that a story's first process crosses where nothing goes wrong."""
    return tuple(perform(SCENARIOS[name], databases.fresh()).started[0].crossed)


def shared(scenario: Scenario, databases: Databases) -> int:
    """Return how many boundaries a story begins with that are an earlier story's, too."""
    earlier = takewhile(lambda name: name != scenario.name, SCENARIOS)
    own = crossed(scenario.name, databases)
    longest = max((_alike(own, crossed(name, databases)) for name in earlier), default=0)
    return max(longest - _NEAR, 0)


def own_places(scenario: Scenario, places: list[Place], databases: Databases) -> list[Place]:
    """Return the places of a story's process that lie in what is its own."""
    since = shared(scenario, databases)
    return [place for place in places if place.number > since]


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
