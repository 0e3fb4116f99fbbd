"""What a look at one thing has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: fine, to be looked at by a person, or not working."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """What was found. said: what was observed. remedy: what to do about it; empty if there is nothing."""

    name: str
    level: Level
    said: str
    remedy: str = ""


def fine(name: str, said: str) -> Finding:
    """Return that something works."""
    return Finding(name, Level.OK, said)


def warning(name: str, said: str, remedy: str) -> Finding:
    """Return that a person should look at something."""
    return Finding(name, Level.WARNING, said, remedy)


def failure(name: str, said: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(name, Level.FAILURE, said, remedy)


def unlooked(name: str) -> Finding:
    """Return that something could not be looked at, since another finding stands in the way."""
    return warning(name, "Not looked at, since what it needs does not work.", "Mend that first.")


def overall(findings: Iterable[Finding]) -> Level:
    """Return the worst level of all."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAILURE, Level.WARNING) if level in levels), Level.OK)
