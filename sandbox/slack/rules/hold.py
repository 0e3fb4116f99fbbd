"""Holds values and calls against the table."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.slack.rules.limits import Bytes, Form, Holds, Kinds, Needed, Scope
from sandbox.slack.rules.table import RULES, Rule

Index = Mapping[str, Sequence[Rule]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is broken. sentence: what is wrong, in Slack's manner; pointer: where."""

    rule: Rule
    sentence: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.sentence} [json-pointer:{self.pointer}]"


def indexed(rules: Collection[Rule]) -> Index:
    """Return rules by what they are of."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.of, []).append(rule)
    return found


INDEX = indexed(RULES)


def broken(of: str, value: Mapping[str, Any], pointer: str = "", index: Index = INDEX) -> Iterator[Broken]:
    """Yield each rule that an element breaks, with those of what it holds."""
    for rule in index.get(of, ()):
        if isinstance(rule.limit, Needed):
            if rule.at not in value:
                yield Broken(rule, f"missing required field: {rule.at}", pointer)
            continue
        for part, where in _parts(value, rule.at, pointer):
            yield from _breaks(rule, part, where, index)


def _parts(value: Mapping[str, Any], at: str, pointer: str) -> Iterator[tuple[Any, str]]:
    name = at.removesuffix("[]")
    if not at:
        yield value, pointer
    elif name not in value:
        return
    elif at == name:
        yield value[name], f"{pointer}/{name}"
    elif isinstance(value[name], list):
        yield from ((each, f"{pointer}/{name}/{number}") for number, each in enumerate(value[name]))


def _breaks(rule: Rule, part: Any, pointer: str, index: Index) -> Iterator[Broken]:
    if not isinstance(rule.limit, Kinds | Holds):
        yield from (Broken(rule, sentence, pointer) for sentence in rule.limit.wrong(part))
    elif not isinstance(part, dict):
        yield Broken(rule, "must be an object", pointer)
    elif isinstance(rule.limit, Holds):
        yield from broken(rule.limit.name, part, pointer, index)
    elif part.get("type") is None:
        yield Broken(rule, "missing required field: type", pointer)
    elif part["type"] not in rule.limit.types:
        yield Broken(rule, f"unsupported type: {part['type']}", f"{pointer}/type")
    else:
        yield from broken(part["type"], part, pointer, index)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the Web API as it arrived. is_json: its arguments came as a JSON body."""

    method: str
    args: Mapping[str, Any]
    scopes: Collection[str]
    is_json: bool = False


def refusal(call: Call, index: Index = INDEX) -> Rule | None:
    """Return the rule that a call breaks, scopes first; None: it keeps them all. No view is looked into."""
    return next(_refusals(call, index), None)


def _refusals(call: Call, index: Index) -> Iterator[Rule]:
    rules = sorted(index.get(call.method, ()), key=lambda rule: not isinstance(rule.limit, Scope))
    for rule in rules:
        match rule.limit:
            case Scope(name, ""):
                is_broken = name not in call.scopes
            case Scope():
                is_broken = False
            case Form():
                is_broken = call.is_json
            case Needed():
                is_broken = call.args.get(rule.at) in (None, "")
            case Bytes(most):
                is_broken = _size(call.args.get(rule.at)) > most
            case limit:
                given = call.args.get(rule.at)
                is_broken = given not in (None, "") and any(True for _ in limit.wrong(given))
        if is_broken:
            yield rule


def _size(value: Any) -> int:
    return len((value if isinstance(value, str) else json.dumps(value)).encode())


def scope_for(method: str, channel: str, index: Index = INDEX) -> Rule | None:
    """Return the rule about the scope that a method needs for a kind of conversation."""
    for rule in index.get(method, ()):
        if isinstance(rule.limit, Scope) and rule.limit.channel == channel:
            return rule
    return None
