"""How long a server asks to wait: the `Retry-After` header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 300.0  # seconds; what asks for more is asked again after this
_SECONDS = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def _now() -> datetime:
    return datetime.now(UTC)


def retry_after(headers: Mapping[str, str], clock: Callable[[], datetime] = _now) -> float | None:
    """Return the seconds that an answer asks to wait, within 0 to 300; None if it asks for nothing readable.

    headers: looked up without regard to case, as HTTP libraries give them. A date counts from the answer's
    own `Date`, so that a clock that is wrong on either side does no harm. clock: returns this machine's time,
    from which it counts if the answer tells none.
    """
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        wait = float(value)
    elif (then := _date(value)) is not None:
        wait = (then - (_date(headers.get("Date", "")) or clock())).total_seconds()
    else:
        return None
    return min(max(wait, 0.0), _LONGEST)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # Times of HTTP are in UTC, also in the old form that does not say so.
    return date if date.tzinfo else date.replace(tzinfo=UTC)
