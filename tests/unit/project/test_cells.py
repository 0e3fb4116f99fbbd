"""A cell of a CSV file is never a formula, whatever a program splits the file at."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import cell

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_PARTS = st.lists(
    st.sampled_from([*_FORMULA, ";", "\t", ",", '"', "'", "\n", "\r\n", " ", "a", "1"]), max_size=12
)


def _cells(text: str, delimiter: str) -> list[str]:
    return [each for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for each in row]


def _written(cells: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([cell(each) for each in cells])
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(cells=st.lists(_PARTS.map("".join), min_size=1, max_size=3))
def test_no_reader_finds_a_formula(delimiter: str, cells: list[str]) -> None:
    """Commas, semicolons and tabs, quotes and line breaks within a cell: no part of it is carried out."""
    for each in _cells(_written(cells), delimiter):
        assert not each.strip(' "\t\r\n').startswith(_FORMULA), (each, _written(cells))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ('"=1+1', "'\"=1+1"),
        ("leaked;=cmd|' /C calc'!A0", "leaked;'=cmd|' /C calc'!A0"),
        ("a;\t@b", "a;'\t'@b"),
        ("10 - 20; fine", "10 - 20; fine"),
        ("a,=b", "a,=b"),
        ("plain", "plain"),
    ],
)
def test_what_is_written(text: str, shown: str) -> None:
    """An apostrophe before what would be one; everything else stays as it is, since commas are quoted."""
    assert cell(text) == shown
