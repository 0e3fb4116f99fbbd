"""One run: a scenario in a fresh town on a fresh database, a plan of what goes wrong, and the judgement."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bot.adapters.store import migrate
from tests.chaos.boundaries import Boundaries
from tests.chaos.instance import Way
from tests.chaos.journal import Journal
from tests.chaos.judge import Judgement, judge
from tests.chaos.play import Plan, Play
from tests.chaos.scenarios import CODE, OTHER, UNKNOWN, Scenario
from tests.chaos.steady import same_dice
from tests.chaos.town import Town
from tests.integration.databases import fresh_url

CODES = (CODE, OTHER, UNKNOWN)
NOTHING = Plan()


class Databases:
    """Gives out one new, migrated database after the other, each a copy of the first. folder: for files."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._template = fresh_url(kind, folder)
        self._admin = fresh_url(kind, folder) if kind == "postgresql" else ""
        self._count = 0
        asyncio.run(migrate(self._template))

    def fresh(self) -> str:
        """Return the URL of a new database; the one before is no longer needed, and goes away."""
        self._count += 1
        return self._copied_file() if self._kind == "sqlite" else self._copied_database()

    def _copied_file(self) -> str:
        for old in self._folder.glob("run-*"):
            old.unlink()
        copy = self._folder / f"run-{self._count}.db"
        shutil.copy(self._template.removeprefix("sqlite:///"), copy)
        return f"sqlite:///{copy}"

    def _copied_database(self) -> str:
        template = psycopg.conninfo.conninfo_to_dict(self._template)["dbname"]
        old, new = f"{template}_{self._count - 1}", f"{template}_{self._count}"
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {new} TEMPLATE {template}".encode())
        return self._template.replace(str(template), new)


@dataclass(frozen=True)
class Run:
    """What came of one run. started: the boundaries of every process, in the order in which they started."""

    scenario: Scenario
    plan: Plan
    journal: Journal
    started: list[Boundaries]
    judgement: Judgement

    def __str__(self) -> str:
        return f"{self.scenario.name}: {self.plan}"


Ground = Callable[[str], AbstractAsyncContextManager[tuple[Town, Way]]]


@asynccontextmanager
async def directly(url: str) -> AsyncIterator[tuple[Town, Way]]:
    """Open a town whose bots reach Slack and Vivoldi without HTTP."""
    town = Town(url)
    try:
        yield town, town
    finally:
        await town.close()


def perform(scenario: Scenario, url: str, plan: Plan = NOTHING, ground: Ground = directly) -> Run:
    """Perform a scenario with a plan, let everything come to its end, and judge it."""
    with same_dice():
        return asyncio.run(_performed(scenario, url, plan, ground))


async def _performed(scenario: Scenario, url: str, plan: Plan, ground: Ground) -> Run:
    async with ground(url) as (town, way):
        play = Play(town, way, plan, scenario.replicas)
        try:
            await play.begin()
            await scenario.tell(play)
            await play.settle(soon=None)
            # Whatever a server still has to do, it does.
            town.advance(20)
            await play.settle(soon=None)
        finally:
            await play.end()
        return Run(scenario, plan, town.journal, play.started, judge(town.journal, CODES))
