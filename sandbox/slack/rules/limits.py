"""The kinds of limits that a rule can set: each takes a value, and says in Slack's manner what is wrong.

Lengths are counted in UTF-16 units: Slack does not say what it counts, and these are never fewer than its
characters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


def units(text: str) -> int:
    """Return how many UTF-16 units a text has: an emoji has two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_units(value: Any) -> int:
    """Return how many UTF-16 units of text all text objects in a value hold together."""
    if isinstance(value, list):
        return sum(map(text_units, value))
    if not isinstance(value, dict):
        return 0
    own = units(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(map(text_units, value.values()))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value may be. Every kind says in `wrong` what breaks it; nothing: it may."""

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield a sentence for each thing wrong."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Needed(Limit):
    """The field has to be there."""


@dataclass(frozen=True, slots=True)
class Only(Limit):
    """An object has these fields and no other; `type` besides."""

    names: frozenset[str]

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield each unknown field."""
        for name in value:
            if name not in self.names and name != "type":
                yield f"invalid additional property: {name}"


@dataclass(frozen=True, slots=True)
class Chars(Limit):
    """A string, or a text object's text, is so long at most, in UTF-16 units, and so long at least."""

    most: int
    least: int = 0

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield what is wrong with the length, or that it is no string."""
        text = value.get("text") if isinstance(value, dict) else value
        if not isinstance(text, str):
            yield "must be a string"
        elif units(text) > self.most:
            yield f"must be less than {self.most + 1} characters"
        elif units(text) < self.least:
            yield f"must be more than {self.least - 1} characters"


@dataclass(frozen=True, slots=True)
class TotalText(Limit):
    """All text objects inside hold so much text together, in UTF-16 units."""

    most: int

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is too much."""
        if text_units(value) > self.most:
            yield f"must hold less than {self.most + 1} characters of text"


@dataclass(frozen=True, slots=True)
class Count(Limit):
    """A list has so many items."""

    most: int
    fewest: int = 0

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield what is wrong with the number, or that it is no list."""
        if not isinstance(value, list):
            yield "must be an array"
        elif len(value) > self.most:
            yield f"no more than {self.most} items allowed"
        elif len(value) < self.fewest:
            yield f"no less than {self.fewest} items allowed"


@dataclass(frozen=True, slots=True)
class Flag(Limit):
    """True or false."""

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is neither."""
        if not isinstance(value, bool):
            yield "must be a boolean"


@dataclass(frozen=True, slots=True)
class Between(Limit):
    """A whole number within these bounds; in a form it is written out."""

    least: int
    most: int

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is none, or out of bounds."""
        if isinstance(value, bool) or not str(value).isdecimal():
            yield "must be an integer"
        elif not self.least <= int(value) <= self.most:
            yield f"must be between {self.least} and {self.most}"


@dataclass(frozen=True, slots=True)
class Word(Limit):
    """One of these words."""

    words: tuple[str, ...]

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is another."""
        if value not in self.words:
            yield f"must be one of: {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Kinds(Limit):
    """An object of one of these types, for which there are rules of its own."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holds(Limit):
    """An object that has no type and rules of its own, by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Either(Limit):
    """An object has one of these fields. both: or several of them."""

    names: tuple[str, ...]
    both: bool = False

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it has none, or too many."""
        given = [name for name in self.names if name in value]
        if not given or (len(given) > 1 and not self.both):
            yield f"must provide either {' or '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Chosen(Limit):
    """What is chosen at first is one of the options."""

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is none of them."""
        if "initial_option" in value and value["initial_option"] not in _objects(value.get("options")):
            yield "initial_option must match one of the options"


@dataclass(frozen=True, slots=True)
class Unique(Limit):
    """Each of these that has an id of this name has another one; they stand in a list, or in a block."""

    name: str

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield each id that is there more than once."""
        ids = [each.get(self.name) for each in _objects(value)]
        for repeated in sorted({str(each) for each in ids if each is not None and ids.count(each) > 1}):
            yield f'"{self.name}" {repeated} already exists'


@dataclass(frozen=True, slots=True)
class Sendable(Limit):
    """A view with a field to fill in has a button to send it."""

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it has none."""
        kinds = [each.get("type") for each in _objects(value.get("blocks"))]
        if "submit" not in value and "input" in kinds:
            yield "missing required field: submit"


# Limits of calls.


@dataclass(frozen=True, slots=True)
class Form(Limit):
    """Arguments are read from a form or a query alone; a JSON body is as good as none."""


@dataclass(frozen=True, slots=True)
class Scope(Limit):
    """The token has this scope. channel: for conversations of this kind alone."""

    name: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Id(Limit):
    """An id begins with one of these letters."""

    letters: str

    def wrong(self, value: Any) -> Iterator[str]:
        """Yield that it is of another kind."""
        if not isinstance(value, str) or not value.startswith(tuple(self.letters)):
            yield "is not the id of such a thing"


@dataclass(frozen=True, slots=True)
class Bytes(Limit):
    """Written as JSON, it has so many bytes at most."""

    most: int
