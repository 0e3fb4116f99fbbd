"""What docs/operations.md and docs/runbook.md tell people to run does run."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.store import migrate
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from sandbox.stage import ROOT
from tests.integration.databases import KINDS, fresh_url

OPERATIONS, RUNBOOK = (
    (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("operations.md", "runbook.md")
)


def blocks(page: str, language: str) -> list[str]:
    """Return a page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", KINDS)
async def test_queries_run_on_both_databases(kind: str, tmp_path: Path) -> None:
    """Every query of the runbook can be run on the tables as they are, and only reads."""
    url = fresh_url(kind, tmp_path)
    await migrate(url)
    database = connect(url)
    try:
        for query in blocks(RUNBOOK, "sql"):
            async with database.read() as connection:
                assert (await run(connection, text(query))).all() == []
    finally:
        await database.close()
    assert len(blocks(RUNBOOK, "sql")) == 4


def test_unit_stops_and_restarts_as_the_bot_ends() -> None:
    """The systemd unit leaves time to finish, and does not start again after a fault in the settings."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as the standard library documents it
    unit.read_string(blocks(OPERATIONS, "ini")[0])
    service = unit["Service"]
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["TimeoutStopSec"]) >= 60
    assert service["ExecStart"].endswith("-m bot socket")
