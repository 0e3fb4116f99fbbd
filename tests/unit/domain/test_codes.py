"""Many codes from what was pasted, or from a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import CouponCode, code_key
from bot.domain.errors import BadInput
from bot.domain.typed.cells import BadCode, Codes, Fault, Found, gather
from bot.domain.typed.pasted import from_text
from bot.domain.typed.table import from_table
from bot.domain.typed.words import is_code_like
from tests.strategies import CODES

_SEPARATORS = st.sampled_from([" ", ",", "\n", ", ", ";", " ,\r\n ", "\n\n"])
_LOOK_LIKE_CODES = CODES.filter(lambda code: is_code_like(code) and not code.isdigit() and not code.isalpha())


@given(codes=st.lists(_LOOK_LIKE_CODES, min_size=1, max_size=40, unique_by=code_key), data=st.data())
def test_any_mixture_separates_codes(codes: list[CouponCode], data: st.DataObject) -> None:
    """Whatever mixture of spaces, commas and lines is between them, the codes are found in their order."""
    text = "".join(code + data.draw(_SEPARATORS) for code in codes)
    found = gather(from_text(text))
    assert (found.codes, found.bad) == (tuple(codes), ())


@given(st.text(max_size=300))
def test_no_text_is_lost(text: str) -> None:
    """Each word of a text is a code, a duplicate, or listed as none of these; nothing is left out."""
    try:
        words = from_text(text)
    except BadInput:
        return
    found = gather(words)
    assert len(found.codes) + found.duplicates + len(found.bad) >= len(words.cells)


@given(st.text(max_size=300))
def test_any_file_is_taken_or_refused(text: str) -> None:
    """A file may hold anything: its rows are taken, or what is wrong is said."""
    try:
        found = gather(from_table("code\n" + text.replace("\0", "")))
    except BadInput:
        return
    assert all(1 <= bad.line <= len(text) + 2 for bad in found.bad)


def test_duplicates_are_dropped_and_bad_ones_are_named() -> None:
    """A code that stands there twice counts once; what is no code is named with its line."""
    text = "ABCD1234, ABCD-1234\n`EFGH5678` nope\n“IJKL9012”;abcd1234"
    assert gather(from_text(text)) == Codes(
        ("ABCD1234", "EFGH5678", "IJKL9012"),  # type: ignore[arg-type]  # codes are text
        1,
        (BadCode(2, "nope"), BadCode(3, "abcd1234", Fault.TWIN, as_well="ABCD1234")),
    )


@pytest.mark.parametrize(
    "text",
    [
        "ABCD1234\nEFGH5678\n",
        "\ufeffcode\r\nABCD1234\r\n\r\nEFGH5678",
        'name,Coupon Code,uses\n"cake, big",ABCD1234,1\nother,EFGH5678,0',
        "cpnNo;nm\nABCD1234;=1+1\nEFGH5678;x",
        "ABCD1234,campaign one\nEFGH5678,campaign two",
        '"code"\n"ABCD1234"\n"EFGH5678"',
        "Coupon code\nABCD1234\nEFGH5678",
    ],
)
def test_the_column_of_codes_is_found(text: str) -> None:
    """A file has its codes in the column with such a heading, or else in the one that looks like codes."""
    found = gather(from_table(text))
    assert (found.codes, found.bad) == (("ABCD1234", "EFGH5678"), ())


def test_a_row_that_ends_before_its_code_is_told() -> None:
    """A row is left out silently only where it is blank: a leaked code would stay, and nobody would know."""
    found = gather(Found(), from_table("name,code\nABCD1234\n\n ,\nother,EFGH5678"))
    assert found.codes == ("EFGH5678",)
    assert found.bad == (BadCode(2, "ABCD1234,", Fault.ROW, in_file=True),)


def test_a_code_that_looks_like_a_heading_is_not_lost() -> None:
    """If a file has no heading, its first code counts, whatever word it begins with."""
    found = gather(Found(), from_table("COUPON2025\nABCD1234"))
    assert found == Codes(("COUPON2025", "ABCD1234"))  # type: ignore[arg-type]


def test_a_cell_that_is_no_code_is_named() -> None:
    """What stands in the column of codes and is none is named with its line."""
    found = gather(Found(), from_table("code,name\nABCD1234,a\n=HYPERLINK(1),b"))
    assert found.bad == (BadCode(3, "=HYPERLINK(1)", in_file=True),)


def test_a_text_and_a_file_count_together() -> None:
    """A code that stands in both counts once."""
    assert gather(from_text("ABCD1234"), from_table("ABCD1234\nEFGH5678")).duplicates == 1


def test_a_line_is_one_of_the_text_or_of_the_file() -> None:
    """Each line with something bad is told apart by where it stands."""
    found = gather(from_text("nope ABCD1234"), from_table("code\nabcd1234\nno"))
    assert found.bad == (
        BadCode(1, "nope"),
        BadCode(2, "abcd1234", Fault.TWIN, "ABCD1234", in_file=True),
        BadCode(3, "no", in_file=True),
    )
