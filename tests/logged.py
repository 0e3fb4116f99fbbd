"""Logging as it is in a new process, for the tests that look at what is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def fresh_logging() -> Iterator[None]:
    """Let no logger have a level of its own, as earlier tests may have left it; put all back afterwards."""
    root = logging.getLogger()
    named = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    levels = {logger: logger.level for logger in (root, *named)}
    handlers = root.handlers
    for logger in named:
        logger.setLevel(logging.NOTSET)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()
        root.handlers = handlers
        for logger, level in levels.items():
            logger.setLevel(level)
