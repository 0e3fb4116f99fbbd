"""What tests need of Debian's packages, got where that can be done: as root, where there is apt-get."""

from __future__ import annotations

import os
import shutil
import subprocess


def install(*packages: str) -> bool:
    """Install packages, and return whether they could be."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (("update",), ("install", "--yes", "--no-install-recommends", *packages))
    return all(
        subprocess.run((apt_get, "--quiet", *step), env=quiet, check=False).returncode == 0  # noqa: S603 -- fixed words
        for step in steps
    )
