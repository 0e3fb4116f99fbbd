"""A bot whose own clock is wrong: `python -m tests.chaos.real.skewed serve`, by SKEW_SECONDS."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from bot import bootstrap
from bot.__main__ import main

_SKEW = timedelta(seconds=float(os.environ.pop("SKEW_SECONDS", "0")))


def _now(_clock: object) -> datetime:
    return datetime.now(UTC) + _SKEW


if __name__ == "__main__":
    setattr(bootstrap.SystemClock, "now", _now)  # noqa: B010  the type checker knows it as final
    main()
