"""The seconds that have passed, whatever happens to the machine's clock.

Setting that clock changes nothing here, and the count goes on while the process, or the machine, sleeps.
"""

from __future__ import annotations

import time

# On Linux the plain monotonic clock stands still while the machine sleeps; elsewhere it goes on.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Return the seconds since some moment in the past, such as the machine's start."""
    return time.clock_gettime(_CLOCK)
