"""The program: `python -m bot`."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.lasting import lasting

if TYPE_CHECKING:
    from typer import Typer

# What writing fails with: no room, nobody who reads, a terminal that is gone.
_UNWRITABLE = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF)
_NOT_WRITTEN = 1


def main() -> None:
    """Run the command that the command line names."""
    # Libraries would write the keys of every connection there, the one to the collector of traces included.
    os.environ.pop("SSLKEYLOGFILE", None)
    _take_any_text()
    with lasting():
        # Imported while no garbage is collected meanwhile, which saves time.
        from bot.cli import app
    out, code = sys.stdout, _run(app)
    try:
        if sys.stdout is not out:
            # Typer's sign that nobody reads any more.
            sys.stdout = out
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        out.flush()
    except OSError as error:
        code = _not_written(error)
    sys.exit(code)


def _run(app: Typer) -> str | int | None:
    """Run the command, and return the exit code."""
    try:
        app(prog_name="python -m bot")
    except SystemExit as end:
        return end.code
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        return _not_written(error)
    return 0


def _take_any_text() -> None:
    """Let no character end a command that this terminal has none for, nor an output that is closed."""
    # Kept as long as the program runs.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _not_written(error: OSError) -> int:
    """Say in a line that what was printed got lost, and return the exit code."""
    # What is still held back would fail again when the program ends.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with contextlib.suppress(OSError):
        sys.stderr.write(f"Not everything could be printed: {error.strerror}.\n")
    return _NOT_WRITTEN


if __name__ == "__main__":
    main()
