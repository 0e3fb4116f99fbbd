"""Remove every guard in turn and see whether the tests notice: `python -m tests.guards [NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.guards import report
from tests.guards.every import GUARDS
from tests.guards.guard import Guard, GuardMoved
from tests.guards.trial import ROOT, Trial, copy_program, run_tests, try_without

_AT_ONCE = 2
_BASELINE_SECONDS = 900


class NotGreen(Exception):
    """The tests fail already with every guard in its place, so that nothing can be learned from them."""


def main() -> int:
    """Try the named guards, or all of them, and print the table. Returns 0 if all are proven."""
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("name", nargs="*", help="a guard to be removed; without any, all are")
    names = parser.parse_args().name
    if unknown := set(names) - {guard.name for guard in GUARDS}:
        parser.error(f"there is no guard called {', '.join(sorted(unknown))}")
    chosen = [guard for guard in GUARDS if not names or guard.name in names]
    try:
        trials = asyncio.run(_all(chosen))
    except (GuardMoved, NotGreen) as error:
        report.say(str(error))
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        report.say("\nEnded before every guard was tried.")
        return 1
    report.say(report.summary(trials))
    if not names:
        report.write(trials, ROOT / ".chaos" / "guards.json")
    return 0 if report.all_red(trials) else 1


async def _all(guards: Sequence[Guard]) -> list[Trial]:
    # Told to end, it still ends its tests and removes its copies.
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with tempfile.TemporaryDirectory(prefix="coupon-guard-guards-") as temporary:
        first = copy_program(Path(temporary) / "0")
        for guard in guards:
            guard.removed_from((first / guard.file).read_text(encoding="utf-8"))
        tests = sorted({test for guard in guards for test in guard.tests})
        baseline = await run_tests(first, tests, _BASELINE_SECONDS, "-n", str(_AT_ONCE), "--dist=loadfile")
        if baseline.code != 0:
            words = report.last_words(baseline.output)
            raise NotGreen(f"{words}\nWith every guard in its place, the tests have to be green.")
        copies = [first] + [copy_program(Path(temporary) / str(n), first) for n in range(1, _AT_ONCE)]
        report.say(report.heading())
        return await _tried(guards, copies)


async def _tried(guards: Sequence[Guard], copies: Sequence[Path]) -> list[Trial]:
    """Try the guards, each in whichever copy is free, and print the trials in the order of the guards."""
    free: asyncio.Queue[Path] = asyncio.Queue()
    for copy in copies:
        free.put_nowait(copy)

    async def one(guard: Guard) -> Trial:
        copy = await free.get()
        try:
            return await try_without(guard, copy)
        finally:
            free.put_nowait(copy)

    trials = []
    async with asyncio.TaskGroup() as group:
        for task in [group.create_task(one(guard)) for guard in guards]:
            trials.append(await task)
            report.say(report.line(trials[-1]))
    return trials


if __name__ == "__main__":
    sys.exit(main())
