"""The sandbox as people start it, and a real Chromium with tabs in which nothing may go wrong unseen."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sandbox.page.chromium import ARGUMENTS, NoChromium, executable

_ROOT = Path(__file__).parents[2]
_STOPPED_WITHIN_SECONDS = 20

expect.set_options(timeout=10_000)


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its process and its page's address."""

    process: subprocess.Popen[str]
    address: str

    def interrupt(self) -> int:
        """Stop it as Ctrl-C does, and return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_STOPPED_WITHIN_SECONDS)


@contextmanager
def running_sandbox(*settings: str) -> Iterator[Sandbox]:
    """Start the sandbox with settings of the bot (NAME=VALUE), and stop it at the end."""
    options = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "sandbox.page", "--port", "0", *options]
    output = subprocess.PIPE
    with subprocess.Popen(command, cwd=_ROOT, stdout=output, text=True) as process:  # noqa: S603 -- fixed words
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://localhost:\d+", said)
            assert found is not None, f"the sandbox did not start: {said}"
            yield Sandbox(process, found[0])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(_STOPPED_WITHIN_SECONDS)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Give the sandbox that the tests of a module share; each of them has coupons of its own."""
    with running_sandbox() as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; where there is none, the tests fail and say how to install it."""
    try:
        path = executable()
    except NoChromium as missing:
        pytest.fail(str(missing))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@dataclass(frozen=True)
class Tabs:
    """Opens tabs of one browser window, and keeps what their consoles complain about."""

    context: BrowserContext
    address: str
    complaints: list[str]

    def open(self, person: str, channel: str = "C0INCIDENT") -> Page:
        """Open the page as a person, ready to be used."""
        page = self.context.new_page()
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self._heard("error", str(error)))
        page.goto(f"{self.address}/?as={person}&in={channel}")
        expect(page.locator("#messages > li").first).to_be_visible()
        return page

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


OpenTabs = Callable[..., Tabs]


@pytest.fixture
def tabs_of(browser: Browser) -> Iterator[OpenTabs]:
    """Give a function that opens a window on a sandbox; at the end no console may hold an error."""
    opened: list[Tabs] = []

    def window(at: Sandbox, width: int = 1440, scheme: str = "light") -> Tabs:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
        )
        opened.append(Tabs(context, at.address, []))
        return opened[-1]

    yield window
    for tabs in opened:
        tabs.context.close()
        assert tabs.complaints == []
