"""How long a server asks to wait: the `Retry-After` header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_LONGEST = 300.0  # seconds; what asks for more is asked again after this
_SECONDS = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, within 0 to 300; None if it asks for nothing readable.

    headers: looked up without regard to case, as HTTP libraries give them. A date counts from the answer's
    own `Date`, so that a clock that is wrong on either side does no harm.
    """
    value = headers.get("Retry-After", "").strip()
    wait = float(value) if _SECONDS.fullmatch(value) else _until(value, headers.get("Date", ""))
    return None if wait is None else min(max(wait, 0.0), _LONGEST)


def _until(then: str, now: str) -> float | None:
    start, end = _date(now), _date(then)
    return (end - start).total_seconds() if start and end else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else None
