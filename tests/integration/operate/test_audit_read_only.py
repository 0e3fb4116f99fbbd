"""The audit of a copy that nobody may write to: for an auditor, or on a disk that is read-only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.adapters.store import SqlTrail, require_current
from bot.domain.errors import StoreUnavailable
from bot.domain.event import Event, EventKind
from bot.operate.audit.verify import verify
from tests.integration.databases import Bench, bench_on
from tests.integration.disks import make_read_only, small_disk
from tests.integration.run.test_cli import bot

_NOBODY = 65534


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """A database with some events; it was closed, so all of it is in its one file."""
    async with bench_on("sqlite", tmp_path) as bench:
        await _record(bench)
    return tmp_path / "coupons.db"


@contextmanager
def _copy(*files: Path) -> Iterator[Path]:
    """Yield a copy of files that can be read and not written to, in a folder like that."""
    with tempfile.TemporaryDirectory(prefix="coupon-guard-copy-") as name:
        folder = Path(name)
        for file in files:
            shutil.copy(file, folder)
            (folder / file.name).chmod(0o444)
        folder.chmod(0o555)
        yield folder / files[0].name
        folder.chmod(0o755)


@contextmanager
def _anybody() -> Iterator[None]:
    """Be someone to whom rights apply, as they don't to root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


async def _record(bench: Bench) -> None:
    async with bench.store.transaction() as tx:
        await tx.record(Event(kind=EventKind.COMMAND, at=bench.clock.now(), data={"text": "help"}))


async def _is_whole(file: Path) -> bool:
    url = f"sqlite:///{file}"
    await require_current(url)
    async with SqlTrail(url) as trail:
        verified = await verify(trail)
    return verified.fault is None and verified.sound.count > 0


def _names_beside(file: Path) -> list[str]:
    return [each.name for each in file.parent.iterdir()]


def _state(file: Path) -> tuple[int, int, bytes]:
    found = file.stat()
    return found.st_mode, found.st_mtime_ns, file.read_bytes()


async def test_a_copy_without_rights_to_write_is_read(database: Path) -> None:
    """Neither the file nor its folder has to be writable, and neither is changed."""
    with _copy(database) as copy:
        with _anybody():
            assert await _is_whole(copy)
        assert _names_beside(copy) == [copy.name]


async def test_a_read_only_disk_is_read(database: Path) -> None:
    """The commands themselves work on a disk that nobody can write to."""
    with small_disk(8) as folder:
        shutil.copy(database, folder / "coupons.db")
        make_read_only(folder)
        url = f"sqlite:///{folder / 'coupons.db'}"
        assert await _is_whole(folder / "coupons.db")
        done = bot(folder, "audit", "verify", DATABASE_URL=url)
        assert (done.returncode, done.stderr) == (0, "")


async def test_a_copy_whose_newest_part_can_not_be_read_says_so(tmp_path: Path) -> None:
    """What is not yet in the file is never left out without a word: the audit would look shorter."""
    async with bench_on("sqlite", tmp_path) as bench:
        await _record(bench)
        with (
            _copy(tmp_path / "coupons.db", tmp_path / "coupons.db-wal") as copy,
            _anybody(),
            pytest.raises(StoreUnavailable, match=r"coupons\.db-wal"),
        ):
            await _is_whole(copy)


async def test_reading_leaves_a_file_as_it_is(database: Path) -> None:
    """Reading changes nothing about a file, not even who may read it."""
    os.chmod(database, 0o644)  # noqa: PTH101 -- ruff takes Path.chmod for one that waits
    before = _state(database)
    assert await _is_whole(database)
    assert _state(database) == before


async def test_a_running_bots_audit_is_read(tmp_path: Path) -> None:
    """While the bot has the file open, what it has just committed is read as well."""
    async with bench_on("sqlite", tmp_path) as bench:
        await _record(bench)
        assert await _is_whole(tmp_path / "coupons.db")
