"""Names that look like a setting and are none, and lines of `.env` that nothing reads.

Such a setting does not count, and says nothing about it: with `FINAL_APROVERS` the rule stays the weaker one.
The environment belongs to every program, so a name there is only told; `.env` is the bot's own, so what is
nearly one of its rules there is a fault.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Binding, parse_stream

# A name that begins so is meant for this bot, whatever follows.
_OURS = "VIVOLDI_"
# In shorter names two letters make another word: HOST and PORT have many neighbours.
_SHORT, _LONG = 6, 9
_SHOWN = 40
_NAME = re.compile(r"\s*(?:export\s+)?([A-Za-z][A-Za-z0-9_.-]*)", re.ASCII)


@dataclass(frozen=True)
class Stray:
    """Something that does not count. said: a sentence about it, without a value.

    rule: whether it is nearly a rule about who may do what. own: whether it stands in `.env`.
    """

    said: str
    rule: bool
    own: bool


def strays(
    settings: Iterable[str], rules: Iterable[str], environment: Mapping[str, str], file: Path
) -> list[Stray]:
    """Return what looks like a setting and is none.

    settings, rules: the names of all settings, and of those that are rules, in capitals. file: `.env`, which
    need not be there. Raises OSError and UnicodeDecodeError for one that can't be read.
    """
    known = frozenset(settings)
    named = _Named(known, frozenset(rules))
    found = [stray for name in environment if (stray := named.in_environment(name)) is not None]
    lines = _lines(file)
    found += [named.unreadable(line) for line in lines if line.error or _is_bare(line)]
    keys = [line.key for line in lines if line.key is not None and not _is_bare(line)]
    found += [named.in_file(key) for key in keys if key.upper() not in known]
    for where, names in (("the environment", list(environment)), (".env", keys)):
        counted = Counter(name.upper() for name in names)
        for name in sorted(name for name, count in counted.items() if count > 1 and name in known):
            said = f"{name} stands in {where} {counted[name]} times, of which only one counts."
            found.append(Stray(said, named.is_rule(name), where == ".env"))
    return found


def _lines(file: Path) -> list[Binding]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig") as text:
        return list(parse_stream(text))


def _is_bare(line: Binding) -> bool:
    """Tell whether a line has something, but no value: `NAME`, or `NAME:VALUE`."""
    return line.key is not None and line.value is None


@dataclass(frozen=True)
class _Named:
    """What may have been meant by a name."""

    known: frozenset[str]
    rules: frozenset[str]

    def is_rule(self, name: str | None) -> bool:
        return name in self.rules

    def in_environment(self, name: str) -> Stray | None:
        if name.upper() in self.known:
            return None
        close = self._close(name)
        held = self._held(name)
        # Others have names of more words for the same things, such as one for certificates; not for rules.
        meant = close or (held if self.is_rule(held) else None)
        if meant is None and not name.upper().startswith(_OURS):
            return None
        return Stray(_sentence(name, "the environment", meant), self.is_rule(close), own=False)

    def in_file(self, name: str) -> Stray:
        meant = self._close(name) or self._held(name)
        return Stray(_sentence(name, ".env", meant), self.is_rule(meant), own=True)

    def unreadable(self, line: Binding) -> Stray:
        """Return a line that can't be read. All of it may be a secret, so no more than a name is quoted."""
        name = _NAME.match(line.original.string)
        meant = self._close(name[1]) or self._held(name[1]) if name else None
        about = f" ({meant}?)" if meant else ""
        said = f"Line {_first(line)} of .env{about} can't be read, so it does not count: write NAME=VALUE."
        return Stray(said, self.is_rule(meant), own=True)

    def _close(self, name: str) -> str | None:
        """Return the setting that a name differs from in a letter or two."""
        near = {each: _distance(_bare(name), _bare(each)) for each in self.known}
        fitting = [each for each, distance in near.items() if distance <= _tolerated(each)]
        return min(fitting, key=lambda each: (near[each], each), default=None)

    def _held(self, name: str) -> str | None:
        """Return the setting whose words a name has among others, or in another order."""
        words = _words(name)
        holding = [each for each in self.known if len(_bare(each)) >= _LONG and _words(each) <= words]
        return max(holding, key=lambda each: (len(each), each), default=None)


def _first(line: Binding) -> int:
    blank = len(line.original.string) - len(line.original.string.lstrip("\n"))
    return line.original.line + blank


def _sentence(name: str, where: str, meant: str | None) -> str:
    # Of a name with a value glued to it, no more than the name.
    found = _NAME.match(name[:_SHOWN])
    shown = found[1] if found else "Something"
    asked = f" Did you mean {meant}?" if meant else ""
    return f"{shown} in {where} is no setting, so it does not count.{asked}"


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.upper()))


def _words(name: str) -> frozenset[str]:
    return frozenset("".join(char if char.isalnum() else " " for char in name.upper()).split())


def _tolerated(name: str) -> int:
    """Return how many letters may be wrong for a name to be taken for this one."""
    length = len(_bare(name))
    return 0 if length < _SHORT else 1 if length < _LONG else 2


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be put in, taken out, changed or swapped with the next one."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
