"""Preparing new connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def closed_on_failure(connection: Any) -> Iterator[None]:
    """Close a driver's connection that can't be prepared: it is not the pool's yet, so nobody else would."""
    with ExitStack() as failing:
        failing.callback(connection.close)
        yield
        failing.pop_all()
