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
from tests.chaos.play import Plan, Play
from tests.chaos.scenarios import Scenario
from tests.chaos.steady import prepared_engines, same_dice
from tests.chaos.stories import CODE, OTHER, UNKNOWN
from tests.chaos.town import Town
from tests.integration.databases import fresh_url
from tests.judge.judge import judge
from tests.judge.rules import Judgement

CODES = (CODE, CODE.lower(), OTHER, UNKNOWN)
NOTHING = Plan()


class Databases:
    """Gives out new, migrated databases, each a copy of the first, at one place. folder: for files."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self._template = fresh_url(kind, folder)
        self._admin = fresh_url(kind, folder) if kind == "postgresql" else ""
        asyncio.run(migrate(self._template))

    def fresh(self) -> str:
        """Return the URL of a new database, which takes the place of the one before."""
        return self._copied_file() if self._kind == "sqlite" else self._copied_database()

    def _copied_file(self) -> str:
        copy = self._folder / "run.db"
        for old in self._folder.glob("run.db*"):
            old.unlink()
        shutil.copy(self._template.removeprefix("sqlite:///"), copy)
        return f"sqlite:///{copy}"

    def _copied_database(self) -> str:
        template = psycopg.conninfo.conninfo_to_dict(self._template)["dbname"]
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {template}_run WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {template}_run TEMPLATE {template}".encode())
        return self._template.replace(str(template), f"{template}_run")


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
    with same_dice(), prepared_engines():
        return asyncio.run(_performed(scenario, url, plan, ground))


async def _performed(scenario: Scenario, url: str, plan: Plan, ground: Ground) -> Run:
    async with ground(url) as (town, way):
        town.stop_window = scenario.stop_window
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
        await town.audited()
        return Run(scenario, plan, town.journal, play.started, judge(town.journal, CODES))
