"""Small checks that block rules are built from.

A check takes a value and where it is (a JSON pointer) and yields Slack's sentence for each thing wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


def problem(sentence: str, pointer: str) -> str:
    """Return a problem in the form that Slack gives it."""
    return f"{sentence} [json-pointer:{pointer}]"


def string(longest: int, shortest: int = 1) -> Check:
    """Accept a string within these lengths, in characters."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", pointer)
        elif len(value) > longest:
            yield problem(f"must be less than {longest + 1} characters", pointer)
        elif len(value) < shortest:
            yield problem(f"must be more than {shortest - 1} characters", pointer)

    return check


def boolean(value: Any, pointer: str) -> Iterator[str]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield problem("must be a boolean", pointer)


def number(least: int, most: int) -> Check:
    """Accept a whole number within these limits."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must be an integer", pointer)
        elif not least <= value <= most:
            yield problem(f"must be between {least} and {most}", pointer)

    return check


def anything(value: Any, pointer: str) -> Iterator[str]:
    """Accept whatever comes."""
    yield from ()


def one_of(*allowed: str) -> Check:
    """Accept one of these words."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of: {', '.join(allowed)}", pointer)

    return check


def items(check_item: Check, most: int, fewest: int = 1) -> Check:
    """Accept a list of so many items that all pass."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", pointer)
            return
        if len(value) > most:
            yield problem(f"no more than {most} items allowed", pointer)
        if len(value) < fewest:
            yield problem(f"no less than {fewest} items allowed", pointer)
        for index, item in enumerate(value):
            yield from check_item(item, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Accept an object with these fields, `type` besides, and no other."""
    known = {**required, **optional, "type": anything}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", pointer)
            return
        for name in required:
            if name not in value:
                yield problem(f"missing required field: {name}", pointer)
        for name, inner in value.items():
            if name not in known:
                yield problem(f"invalid additional property: {name}", pointer)
            else:
                yield from known[name](inner, f"{pointer}/{name}")

    return check


def typed(checks: Mapping[str, Check]) -> Check:
    """Accept an object whose `type` is one of these and that passes that type's check."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict):
            yield problem("must be an object", pointer)
        elif kind is None:
            yield problem("missing required field: type", pointer)
        elif not isinstance(kind, str) or kind not in checks:
            yield problem(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            yield from checks[kind](value, pointer)

    return check
