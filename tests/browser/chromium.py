"""Gets Debian's Chromium for the browser tests where that can be done, and says what to do where it can't.

`python -m tests.browser.chromium`; it does nothing when Chromium is there already.
"""

from __future__ import annotations

import sys

from sandbox.page.chromium import NoChromium, executable
from tests.debian import install


def main() -> None:
    """Make sure that Chromium is there. Exits with a sentence and status 1 where it is not."""
    try:
        executable()
    except NoChromium as missing:
        if not install("chromium"):
            sys.exit(f"Chromium could not be installed by itself. {missing}")


if __name__ == "__main__":
    main()
