"""`make outside`: what the bot meets where people run it, tried on the real things; nothing is skipped.

The tests are those that are marked `outside`, with the thing of the world that they try.
"""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.debian import install

_NEEDED = {"pgbouncer": "pgbouncer", "ip": "iproute2"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("tests/integration/store", "tests/integration/run", "tests/scenario/outside")


def main() -> int:
    """Get what is needed, and try everything. Exits with a sentence if it can't, else with pytest's code."""
    if os.geteuid() != 0:
        sys.exit("make outside needs root, to mount a small disk and to take a network away: run it as root.")
    missing = [package for program, package in _NEEDED.items() if shutil.which(program, path=_PATH) is None]
    if missing and not install(*missing):
        sys.exit(f"make outside needs {' and '.join(missing)}, which could not be installed: install them.")
    insisting = ("-p", "tests.scenario.outside.insisting", "-m", "outside")
    return pytest.main(["-q", "-n", "2", "--dist", "loadfile", *insisting, *_FOLDERS])


if __name__ == "__main__":
    sys.exit(main())
