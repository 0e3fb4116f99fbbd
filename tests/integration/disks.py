"""Small disks for tests: a file system in memory, which only root can make."""

from __future__ import annotations

import contextlib
import errno
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
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
        if done.returncode:
            pytest.skip("only root can make a small disk")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Use up the room of a disk, and return the file that does."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    return file


def make_read_only(folder: Path) -> None:
    """Let a small disk be read and not written to, as a system does after errors of the disk."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def is_read_only(folder: Path) -> bool:
    """Tell whether nothing can be made in a folder, also by root."""
    try:
        (folder / "probe").touch()
    except OSError as error:
        return error.errno in (errno.EROFS, errno.EACCES)
    (folder / "probe").unlink()
    return False
