"""Small disks for tests: a file system in memory, which only root can make."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Yield the folder of a disk with so much room; skip the test if this user can't make one."""
    with tempfile.TemporaryDirectory(prefix="coupon-guard-disk-") as folder:
        options = f"size={megabytes}m,mode=777"
        if not _done("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder):
            pytest.skip("only root can make a small disk")
        try:
            yield Path(folder)
        finally:
            assert _done("umount", "-l", folder)


def fill(folder: Path) -> Path:
    """Use up the room of a disk, and return the file that does."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    return file


def make_read_only(folder: Path) -> None:
    """Let a small disk be read and not written to, as a system does after errors of the disk."""
    assert _done("mount", "-o", "remount,ro", str(folder))


def _done(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0  # noqa: S603 -- fixed words
