"""What is imported stays as long as the program runs, so looking for garbage in it is work for nothing.

It would take a tenth of a start, and 60 ms of the event loop each time that everything is looked at.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Collect no garbage during imports, and never look at what they made again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
