"""What is stored of an event, for people and programs to read, whatever someone may have made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.audit import Facts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(facts: Facts) -> datetime | None:
    """Return when an event happened; None: what is stored is no time."""
    try:
        return _EPOCH + timedelta(microseconds=facts.at)
    except (OverflowError, TypeError):
        return None


def clock_time(facts: Facts) -> str:
    """Return when an event happened, to the second and in UTC, or what is stored instead."""
    time = time_of(facts)
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else str(facts.at)


def data_of(facts: Facts) -> Mapping[str, Any] | None:
    """Return the values of an event by name; None: what is stored is no JSON object."""
    try:
        data = json.loads(facts.data)
    except (TypeError, ValueError):
        return None
    return data if isinstance(data, dict) else None
