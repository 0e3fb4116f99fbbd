"""Debian's Chromium, for the browser tests and the screenshots, and how it is started here."""

from __future__ import annotations

import shutil
from pathlib import Path

# It runs as root in a container, and has no business outside of this computer.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_INSTALL = "Chromium is not installed. Install it with: apt-get install chromium"


class NoChromium(Exception):
    """Chromium is not installed; the text says how to install it."""


def executable() -> Path:
    """Return the path of Chromium. Raises NoChromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise NoChromium(HOW_TO_INSTALL)
    return Path(found)
