"""The bot as it is started behind PgBouncer, as Debian ships it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.stage import stage
from tests.integration.databases import fresh_url
from tests.integration.pooler import PGBOUNCER, pgbouncer
from tests.judge.servers import judge
from tests.scenario.playing import Play, until
from tests.scenario.told import CONFIRMED

pytestmark = [
    pytest.mark.outside("PgBouncer"),
    pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed"),
]


async def test_in_session_mode_it_works(tmp_path: Path) -> None:
    """From command to outcome, with a connection of the pooler for each of the bot's."""
    async with (
        pgbouncer(fresh_url("postgresql", tmp_path), "session") as url,
        stage(database_url=url, VIVOLDI_RATE_PER_MINUTE="10000") as opened,
    ):
        play = await Play.begin(opened)
        assert CONFIRMED in (await play.deleted_story(await play.open_card())).text
        await judge(opened, play.codes, play.since)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_in_other_modes_it_does_not_start(mode: str, tmp_path: Path) -> None:
    """It ends with one sentence, which says what to set."""
    async with (
        pgbouncer(fresh_url("postgresql", tmp_path), mode) as url,  # type: ignore[arg-type]
        stage(database_url=url, start_bot=False) as opened,
    ):
        server = opened.bot.server
        await server.start()

        async def has_ended() -> bool:
            return server.exit_code is not None

        await until(has_ended)
        assert server.exit_code == 1
        assert re.search(r"pool_mode (= session|\(?to session|to session)", server.said()), server.said()
        assert "Traceback" not in server.said()
