"""How much is measured. Everything is repeated in rounds that alternate between the variants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes. rounds: how often each variant is measured. *_seconds: how long one measurement takes.

    clicks: whole deletions on an idle bot, a round. playing: how many people delete at the same time. codes,
    per_minute: for the goal about the rate limit. histories: finished requests in the database. commands: of
    the two goals that ask for a hundred thousand.
    """

    rounds: int = 5
    rate: float = 50.0
    connections: int = 32
    open_seconds: float = 6.0
    closed_seconds: float = 3.0
    warm_up: int = 50
    clicks: int = 10
    flow_seconds: float = 5.0
    playing: int = 8
    codes: int = 20
    per_minute: int = 40
    histories: tuple[int, ...] = (0, 10_000, 1_000_000)
    commands: int = 100_000


FULL = Plan()
QUICK = Plan(
    rounds=1,
    open_seconds=1.0,
    closed_seconds=0.5,
    warm_up=5,
    clicks=2,
    flow_seconds=1.0,
    playing=2,
    codes=2,
    per_minute=1000,
    histories=(0, 1000),
    commands=500,
)
