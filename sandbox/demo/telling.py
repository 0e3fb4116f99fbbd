"""Tells the story on a terminal. A line gets its mark only after the claim in it was checked."""

from __future__ import annotations

import textwrap
from typing import TextIO

# What messages are rendered at, too.
WIDTH = 80

_INDENT = " " * 6
_OK = "  ok  "
_FAILED = "  NO  "

_BOLD, _GREEN, _RED = "1", "32", "31"


class Broken(Exception):
    """A check did not hold; the text is the claim, and what was seen instead."""


class Telling:
    """Prints at 80 columns and counts acts and checks. colours: beside the marks, never instead of them."""

    def __init__(self, out: TextIO, *, colours: bool) -> None:
        self.acts = 0
        self.checks = 0
        self._part = "Before act 1"
        self._out = out
        self._colours = colours

    def act(self, title: str) -> None:
        """Begin a new act."""
        self.acts += 1
        self.heading(f"Act {self.acts}. {title}")

    def heading(self, title: str) -> None:
        """Print a heading of something that is no act."""
        self._part = title
        self._print("")
        self._print(self._coloured(title, _BOLD))
        self._print("-" * len(title))

    def say(self, sentence: str) -> None:
        """Print what happens next; it carries no mark, since it claims nothing about the bot."""
        self._print(_wrapped(sentence, _INDENT, _INDENT))

    def check(self, claim: str, holds: bool, seen: object = "") -> None:
        """Print a claim with its mark. Raises Broken with what was seen where it does not hold."""
        self._check(claim, "", holds, seen)

    def quote(self, rendered: str, *fragments: str) -> None:
        """Quote of a rendered message the line around each fragment. Raises Broken where there is none.

        A `…` in a fragment stands for anything, such as a time of day.
        """
        lines = whole_lines(rendered)
        for fragment in fragments:
            found = next((line for line in lines if _fits(fragment, line)), None)
            self._check(found or fragment, "| ", found is not None, rendered)

    def finish(self, seconds: float) -> None:
        """Print the totals, and what to read next."""
        self._print("")
        self._print(
            self._coloured(
                f"Everything held: {self.acts} acts, {self.checks} checks, {seconds:.0f} seconds.", _BOLD
            )
        )
        self._print("Read next: README.md. `make test` runs everything else that has to hold.")

    def fail(self, sentence: str, said: str) -> None:
        """Print why the story ended early. said: what the bot wrote to its log, of which the end is shown."""
        self._print("")
        self._print(_wrapped(f"{self._part}: this did not hold. {sentence}", "", ""))
        if last := said.splitlines()[-10:]:
            self._print("\n".join(["", "The bot's log ends with:", *last]))

    def _check(self, claim: str, quoted: str, holds: bool, seen: object) -> None:
        mark, colour = (_OK, _GREEN) if holds else (_FAILED, _RED)
        told = _wrapped(claim, mark + quoted, _INDENT + quoted)
        self._print(self._coloured(mark, colour) + told.removeprefix(mark))
        if not holds:
            raise Broken(f"{claim}\nSeen instead: {seen}" if seen != "" else claim)
        self.checks += 1

    def _coloured(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colours else text

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _fits(fragment: str, line: str) -> bool:
    at = 0
    for part in fragment.split("…"):
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def whole_lines(rendered: str) -> list[str]:
    """Return the lines of a rendered message as they were before they were wrapped to 80 columns."""
    lines: list[str] = []
    room = WIDTH
    for raw in rendered.splitlines():
        first, _, _ = raw.strip().partition(" ")
        # A word that had room on the line before would stand there, had it been part of that line.
        if lines and first and room < WIDTH and len(first) >= room:
            lines[-1] += f" {raw.strip()}"
        else:
            lines.append(raw)
        room = WIDTH - len(raw)
    return lines


def _wrapped(text: str, first: str, later: str) -> str:
    """Wrap each paragraph of a text; `first` starts the first line, `later` every other."""
    wrapped: list[str] = []
    for paragraph in text.splitlines():
        start = later if wrapped else first
        wrapped += textwrap.wrap(
            paragraph, WIDTH, initial_indent=start, subsequent_indent=later, break_on_hyphens=False
        )
    return "\n".join(wrapped)
