"""What Vivoldi's answer to a change proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

# ---------------------------------------------------------------- what an answer to DELETE proves


@dataclass(frozen=True)
class Executed:
    """Success with code 0: the deletion was executed."""

    audit_name: ClassVar[str] = "Executed"


@dataclass(frozen=True)
class RefusedAnswer:
    """Vivoldi refused: not deleted. message: why, in a sentence that quotes Vivoldi if it said anything."""

    audit_name: ClassVar[str] = "RefusedAnswer"

    message: str


@dataclass(frozen=True)
class NotExecuted:
    """Proven not executed (429, or never sent): the same deletion may be sent again later.

    retry_after: seconds that Vivoldi asked to wait, if it did.
    """

    audit_name: ClassVar[str] = "NotExecuted"

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Unproven:
    """The answer proves nothing: the deletion may or may not have been executed."""

    audit_name: ClassVar[str] = "Unproven"

    reason: str


DeleteAnswer = Executed | RefusedAnswer | NotExecuted | Unproven
