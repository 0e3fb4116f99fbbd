"""Remove one guard in a copy of the program, and see whether its tests go red."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.guards.guard import Guard

ROOT = Path(__file__).parents[2]
_TRIAL_SECONDS = 120
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".chaos", ".*_cache", "__pycache__", ".hypothesis", ".env", ".coverage*", "*.db*"
)
# A test that was skipped has looked at nothing, and one beside it may have passed for another reason.
_SKIPPED = re.compile(r"\b\d+ skipped\b")
_FAILED = re.compile(r"^FAILED (?P<test>.+?)(?: - (?P<reason>.*))?$", re.MULTILINE)
# A program that can't even run, or a test that hangs, says nothing about the guard.
_NO_PROOF = re.compile(r"(Name|Import|ModuleNotFound|Syntax|Indentation|UnboundLocal)Error\b|Failed: Timeout")


class Verdict(StrEnum):
    """How a trial ended. Only RED shows that the tests hold the guard."""

    RED = "red"
    GREEN = "STILL GREEN"
    BROKEN = "NO PROOF"  # the tests failed in a way that says nothing about the guard, or did not run
    TIMED_OUT = "TIMED OUT"


@dataclass(frozen=True)
class Ran:
    """A run of tests. code: pytest's exit code; None: it took too long and was ended."""

    code: int | None
    output: str


@dataclass(frozen=True)
class Trial:
    """What came of removing a guard. seen_by: the test that failed. output: pytest's own words."""

    guard: Guard
    verdict: Verdict
    seen_by: str | None
    seconds: float
    output: str


def copy_program(to: Path, origin: Path = ROOT) -> Path:
    """Copy the program and its tests, without what is built or kept beside them. Returns the new folder.

    A copy of a copy takes its compiled files along, which saves every trial their making.
    """
    shutil.copytree(origin, to, ignore=_NOT_COPIED if origin == ROOT else None)
    return to


async def run_tests(folder: Path, tests: Sequence[str], seconds: float, *options: str) -> Ran:
    """Run tests in a copy, for at most so many seconds; whatever is still running then is ended."""
    command = (sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "--tb=short")
    temporary = f"--basetemp={folder}.tmp"
    process = await asyncio.create_subprocess_exec(
        *(*command, temporary, *options, *tests),
        cwd=folder,
        # pytest cuts its summary to the width of the terminal.
        env={**os.environ, "COLUMNS": "400"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        return Ran(None, f"ended after {seconds:.0f} s")
    finally:
        if process.returncode is None:
            # Its own children are in its session, and end with it.
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Ran(process.returncode, output.decode(errors="replace"))


async def try_without(guard: Guard, folder: Path) -> Trial:
    """Remove a guard in a copy, run its tests there, and put it back. Raises GuardMoved."""
    file, begun = folder / guard.file, time.monotonic()
    source, known = file.read_text(encoding="utf-8"), file.stat()
    file.write_text(guard.removed_from(source), encoding="utf-8")
    try:
        ran = await run_tests(folder, guard.tests, _TRIAL_SECONDS, "-x", "--hypothesis-seed=0")
    finally:
        file.write_text(source, encoding="utf-8")
        # With its old time of change, so that the compiled file from before fits again.
        os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
    verdict, seen_by = judge(ran)
    return Trial(guard, verdict, seen_by, time.monotonic() - begun, ran.output)


def judge(ran: Ran) -> tuple[Verdict, str | None]:
    """Return what a run without a guard shows, and the first test that noticed."""
    if ran.code is None:
        return Verdict.TIMED_OUT, None
    if ran.code == 0:
        return (Verdict.BROKEN if _SKIPPED.search(ran.output) else Verdict.GREEN), None
    failed = [found for found in _FAILED.finditer(ran.output) if not _NO_PROOF.search(found["reason"] or "")]
    if ran.code != 1 or not failed:
        return Verdict.BROKEN, None
    return Verdict.RED, failed[0]["test"]
