"""A SQLite file is for the user that the bot runs as: it holds who asked for what, and why."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

_OWNER_ALONE = 0o600
_OTHERS = stat.S_IRWXO
# What SQLite keeps beside the file; it makes them with the file's own mode.
_BESIDE = ("", "-wal", "-shm", "-journal")


def make_private(file: Path) -> None:
    """Make a file for its owner alone, if it is not there yet; take it from everyone else, if it is.

    What a group may do stays: someone has set it, for a backup maybe. Someone who does not own the file, or
    can't make it, changes nothing; SQLite then says what is wrong.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ALONE))
    except FileExistsError:
        closed = [path for path in _files(file) if open_to_others(path) and _close(path)]
        if closed:
            _log.warning("database.closed_to_others", files=[path.name for path in closed])
    except OSError:
        return


def readable_by_others(file: Path) -> list[Path]:
    """Return which of a database's files every user of the machine can read or write."""
    return [path for path in _files(file) if open_to_others(path)]


def open_to_others(file: Path) -> bool:
    """Tell whether every user of the machine can read or write a file."""
    return file.exists() and bool(file.stat().st_mode & _OTHERS)


def _files(file: Path) -> list[Path]:
    return [file.with_name(file.name + end) for end in _BESIDE]


def _close(file: Path) -> bool:
    try:
        file.chmod(stat.S_IMODE(file.stat().st_mode) & ~_OTHERS)
    except OSError:
        return False
    return True
