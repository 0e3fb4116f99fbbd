"""`python -m bot check`: what it tells about Vivoldi, the database and the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.store import migrate
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.operate.check import Level, read_settings
from bot.operate.check.clock import look_at_clock
from tests.integration.checked import NOWHERE, Rig, check_rig
from tests.integration.databases import KINDS, fresh_url

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with check_rig(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"VIVOLDI_API_KEY": "another-key"}, "look at the setting VIVOLDI_API_KEY"),
        ({"VIVOLDI_USER_AGENT": "python-requests/2"}, "VIVOLDI_USER_AGENT"),
        ({"VIVOLDI_API_URL": NOWHERE}, f"{NOWHERE}: Vivoldi could not be reached"),
    ],
)
async def test_vivoldi_that_refuses_or_is_not_there(rig: Rig, settings: dict[str, str], said: str) -> None:
    """A key, User-Agent or address that does not work is told with the setting to look at."""
    finding = await rig.one("vivoldi", **settings)
    assert finding.level is FAILURE
    assert said in finding.said
    assert finding.remedy


@pytest.mark.parametrize("kind", ["html_502", "too_many", "not_json"])
async def test_vivoldi_that_is_out_of_order(rig: Rig, kind: str) -> None:
    """An answer that says nothing about the key is no proof that it is taken."""
    await rig.vivoldi.fault(kind, "read")
    assert (await rig.one("vivoldi")).level is FAILURE


async def test_vivoldi_is_quoted(rig: Rig) -> None:
    """Vivoldi's own words are told, since how it answers a wrong key is not documented."""
    await rig.vivoldi.fault("code_nonzero", "read", message="The API key has expired.")
    assert "“The API key has expired.”" in (await rig.one("vivoldi")).said


@pytest.mark.parametrize(("kind", "title"), [*zip(KINDS, ["SQLite 3.", "PostgreSQL "], strict=True)])
async def test_database(rig: Rig, kind: str, title: str, tmp_path: Path) -> None:
    """The database's version is told, and whether its tables are older or newer than the program."""
    folder = tmp_path / "databases"
    folder.mkdir()
    url = fresh_url(kind, folder)
    if kind == "sqlite":
        (folder / "coupons.db").touch()
    before = await rig.one("database", DATABASE_URL=url)
    assert (before.level, "with no tables so far" in before.said) == (WARNING, True)
    await migrate(url)
    current = await rig.one("database", DATABASE_URL=url)
    # The tests' server forgets on purpose what a power cut would take, since that is quicker.
    assert (current.level, "fsync is off" in current.said) == (
        (OK, False) if kind == "sqlite" else (WARNING, True)
    )
    assert current.said.startswith(title)
    assert "up to date" in current.said
    await _execute(url, "UPDATE alembic_version SET version_num = '9999'")
    newer = await rig.one("database", DATABASE_URL=url)
    assert newer.level is FAILURE
    assert "newer version of the program" in newer.said


async def _execute(url: str, statement: str) -> None:
    database = connect(url)
    try:
        async with database.write() as connection:
            await run(connection, text(statement))
    finally:
        await database.close()


async def test_sqlite_file_that_can_not_be_used(rig: Rig, tmp_path: Path) -> None:
    """A missing file is a warning; a missing folder, or a file that is no database, a failure."""
    missing = await rig.one("database")
    assert (missing.level, "the first start makes it" in missing.said) == (OK, True)
    no_folder = await rig.one("database", DATABASE_URL=f"sqlite:///{tmp_path}/none/guard.db")
    assert (no_folder.level, "its folder" in no_folder.said) == (FAILURE, True)
    (tmp_path / "guard.db").write_text("this is no database, and long enough to be read as one " * 30)
    damaged = await rig.one("database")
    assert (damaged.level, "no database" in damaged.said) == (FAILURE, True)


@dataclass(frozen=True)
class OffClock:
    """A clock that is off by so much."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (0, OK, "the same as Slack's"),
        (45, OK, "ahead of Slack's"),
        (90, WARNING, "ahead of Vivoldi's"),
        (-90, WARNING, "behind Slack's"),
    ],
)
async def test_clock(rig: Rig, seconds: int, level: Level, said: str) -> None:
    """A clock that is off by more than a minute is a warning, which says in which direction."""
    rig.use()
    finding = await look_at_clock(read_settings(), OffClock(timedelta(seconds=seconds)))
    assert finding.level is level
    assert said in finding.said


async def test_clock_without_servers(rig: Rig) -> None:
    """Where nobody tells the time, that is said, and not that the clock is right."""
    rig.use(SLACK_API_URL=NOWHERE, VIVOLDI_API_URL=NOWHERE)
    finding = await look_at_clock(read_settings(), OffClock(timedelta(0)))
    assert finding.level is WARNING
    assert "told no time" in finding.said
