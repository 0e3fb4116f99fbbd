"""Gets Debian's Chromium for the browser tests where that can be done, and says what to do where it can't.

`python -m tests.browser.chromium`; it does nothing when Chromium is there already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from sandbox.page.chromium import NoChromium, executable


def main() -> None:
    """Make sure that Chromium is there. Exits with a sentence and status 1 where it is not."""
    try:
        executable()
    except NoChromium as missing:
        _install(str(missing))


def _install(how: str) -> None:
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        sys.exit(how)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (("update",), ("install", "--yes", "--no-install-recommends", "chromium")):
        done = subprocess.run((apt_get, "--quiet", *step), env=quiet, check=False)  # noqa: S603 -- fixed words
        if done.returncode:
            sys.exit(f"Chromium could not be installed by itself. {how}")


if __name__ == "__main__":
    main()
