"""The file of a SQLite database is closed to every other user of the machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.store import migrate
from bot.adapters.store.engine.engine import connect
from bot.operate.check.database import _open_file
from bot.operate.check.finding import Level, fine


@pytest.fixture(autouse=True)
def _open_handed() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def _used(file: Path) -> dict[str, int]:
    """Write to the database, and return the modes of its files meanwhile."""
    database = connect(f"sqlite:///{file}")
    try:
        async with database.write(), database.read():
            return _modes(file.parent)
    finally:
        await database.close()


async def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The file, and what SQLite keeps beside it, can be read by nobody else."""
    file = tmp_path / "coupons.db"
    await migrate(f"sqlite:///{file}")
    assert await _used(file) == {"coupons.db": 0o600, "coupons.db-wal": 0o600, "coupons.db-shm": 0o600}


async def test_an_old_file_is_closed_to_others(tmp_path: Path) -> None:
    """A file of before that everyone can read is closed to them; what its group may do stays."""
    file = tmp_path / "coupons.db"
    await migrate(f"sqlite:///{file}")
    file.chmod(0o644)
    assert set((await _used(file)).values()) == {0o640}


async def test_a_file_that_can_not_be_made_is_said_by_sqlite(tmp_path: Path) -> None:
    """Where there is no folder for it, the error is the database's own."""
    with pytest.raises(Exception, match="can't be opened"):
        await migrate(f"sqlite:///{tmp_path / 'nowhere' / 'coupons.db'}")


def test_check_names_a_file_that_stays_open(tmp_path: Path) -> None:
    """A file of someone else's, which the bot can't close, is what `check` warns of."""
    file = tmp_path / "coupons.db"
    file.write_bytes(b"")
    looked = fine("database", "SQLite")
    url = f"sqlite:///{file}"
    for mode, level in ((0o640, Level.OK), (0o644, Level.WARNING), (0o602, Level.WARNING)):
        file.chmod(mode)
        assert _open_file(url, looked).level is level
    assert "coupons.db" in _open_file(url, looked).said
    assert _open_file("postgresql://db/guard", looked) == looked
