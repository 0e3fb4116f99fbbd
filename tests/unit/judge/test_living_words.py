"""The judge listens for what the bot says today: a word that it never says would judge nothing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.gallery_words import messages
from tests.judge import headings, sentences

_ROOT = Path(__file__).parents[3]
_SEARCHES = ("search", "match", "findall", "finditer", "compile")


def _patterns(module: object) -> Iterator[str]:
    """Return every pattern, and every text as a pattern, by which a module understands what people read.

    Of a row of a table that is the first text; in headings, where it is a pair of them, both.
    """
    tree = ast.parse(Path(str(getattr(module, "__file__", None))).read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[first, *_]):
                if name in _SEARCHES:
                    yield from _text(first)
            case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Constant(value=str(text))]):
                yield re.escape(text)
            case ast.Compare(left=ast.Constant(value=str(text)), ops=[ast.In() | ast.NotIn()]):
                yield re.escape(text)
            case ast.ClassDef(body=body):
                for member in body:
                    if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant):
                        yield re.escape(str(member.value.value))
            case ast.Assign(value=ast.Tuple(elts=rows)) | ast.AnnAssign(value=ast.Tuple(elts=rows)):
                for row in rows:
                    yield from _of_row(row, is_plain=isinstance(row, ast.Constant))


def _of_row(row: ast.expr, *, is_plain: bool) -> Iterator[str]:
    match row:
        case ast.Constant(value=str(text)):
            yield re.escape(text) if is_plain else text
        case ast.Tuple(elts=[ast.Attribute(), ast.Constant(value=str(words))]):
            yield words
        case ast.Tuple(elts=[ast.Constant(value=str(first)), *others]):
            yield first
            if first.endswith(": "):
                yield from (str(each.value) for each in others if isinstance(each, ast.Constant))


def _text(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else ".+" for part in parts)


def _ways(pattern: str) -> Iterator[str]:
    """Return a pattern for each way to choose between its alternatives, with all that is optional."""
    for begin, end in [(0, len(pattern)), *_groups(pattern)]:
        inner = pattern[begin:end]
        branches = _split(inner)
        if len(branches) > 1:
            for branch in branches:
                yield from _ways(f"{pattern[:begin]}{branch}{pattern[end:]}")
            return
    yield re.sub(r"(?<!\\)\)\?", ")", pattern)


def _groups(pattern: str) -> list[tuple[int, int]]:
    """Return where the inside of each group begins and ends, the outer ones first."""
    opened, found = [], []
    for at, char in _plain(pattern):
        if char == "(":
            opened.append(at + 1)
        elif char == ")":
            found.append((opened.pop(), at))
    return sorted(found)


def _split(inner: str) -> list[str]:
    depth, cuts = 0, [-1]
    for at, char in _plain(inner):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            cuts.append(at)
    cuts.append(len(inner))
    parts = [inner[a + 1 : b] for a, b in pairwise(cuts)]
    if len(parts) > 1 and (mark := re.match(r"\?(:|<?[=!])", parts[0])):
        return [parts[0], *(mark[0] + part for part in parts[1:])]
    return parts


def _plain(pattern: str) -> Iterator[tuple[int, str]]:
    """Return the characters that are neither escaped nor in a set."""
    escaped = in_set = False
    for at, char in enumerate(pattern):
        if escaped or char == "\\":
            escaped = not escaped
        elif in_set or char == "[":
            in_set = char != "]"
        else:
            yield at, char


def _said() -> Iterator[str]:
    """Return what people are shown: all messages of the gallery, and every text in the product's sources."""
    for group in messages().values():
        for message in group.values():
            yield message.text
            yield json.dumps(message.blocks, ensure_ascii=False)
    for folder in ("bot", "handlers"):
        for file in sorted((_ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Constant(value=str(text)):
                        yield text
                    case ast.JoinedStr(values=parts):
                        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts)


_SAID = tuple(_said())
_LISTENED_FOR = sorted(
    {way for module in (sentences, headings) for p in _patterns(module) for way in _ways(p)}
)


@pytest.mark.parametrize("pattern", _LISTENED_FOR)
def test_the_bot_says_what_the_judge_listens_for(pattern: str) -> None:
    """Each alternative of each pattern is in what the product can say: a dead word judges nothing (I4)."""
    assert any(re.search(pattern, text, re.M | re.I) for text in _SAID)


def test_a_dead_word_is_noticed() -> None:
    """Alternatives are looked for one by one, also those in groups, and what is optional is looked for."""
    assert [*_ways(r"a (b|c(d)? \(e|f\))|(?:g|h)")] == [
        r"a (b)",
        r"a (c(d) \(e)",
        r"a (f\))",
        r"(?:g)",
        r"(?:h)",
    ]
    assert len(_LISTENED_FOR) > 150
