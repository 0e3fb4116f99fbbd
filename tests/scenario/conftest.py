"""A stage for each module, and a play on it for each test, at whose end the judge looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from sandbox.stage import Stage
from tests.judge.servers import judge
from tests.outside import objections_to_log
from tests.scenario.playing import Play
from tests.scenario.stages import USUAL, Ground, a_stage


@pytest.fixture(scope="module")
def ground() -> Ground:
    """What the module plays on; a module that plays on several has a fixture of its own."""
    return USUAL


@pytest.fixture(scope="module")
def settings() -> Mapping[str, str]:
    """The bot's settings beside those of the stage; a module that needs others has a fixture of its own."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_stage(
    ground: Ground, settings: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The stage that the tests of a module share, each with codes of its own."""
    async with a_stage(ground, tmp_path_factory.mktemp("stage"), **settings) as opened:
        yield opened
        taken = [(entry.kind, entry.data) for entry in await opened.slack.log()]
        assert objections_to_log(taken) == [], "the local Slack took what slack_sdk's models object to"


@pytest_asyncio.fixture(loop_scope="module")
async def play(shared_stage: Stage) -> AsyncIterator[Play]:
    """A play on the shared stage. At its end the judge looks at what happened to its codes."""
    played = await Play.begin(shared_stage)
    yield played
    await judge(shared_stage, played.codes, played.since)
