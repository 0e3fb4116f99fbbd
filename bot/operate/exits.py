"""How a command of the command line ends that can't do its work: plain sentences, and an exit code."""

from __future__ import annotations

import contextlib
from typing import NoReturn

import typer

from bot.domain.errors import StoreError, StoreTooNew
from bot.text import plain

# The exit codes: something outside can't be used; something that was given can't be used.
OUTSIDE, GIVEN = 1, 2
_LONGEST = 2000


def store_sentence(error: StoreError) -> str:
    """Return what is wrong with the database, and what to do."""
    if isinstance(error, StoreTooNew):
        return f"{error} Start the newer version of Coupon Guard, or use another database (DATABASE_URL)."
    return f"{error} Look at DATABASE_URL, and at whether the database is there and lets the bot in."


def fail(code: int, *lines: str) -> NoReturn:
    """End the command with an exit code and these lines on standard error.

    They may quote what was given, which then can't move the terminal's cursor.
    """
    # If nothing can be said any more, the exit code says it.
    with contextlib.suppress(OSError):
        typer.echo("\n".join(plain(line, _LONGEST) or "" for line in lines), err=True)
    raise typer.Exit(code)
