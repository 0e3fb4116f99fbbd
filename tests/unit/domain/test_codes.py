"""Many codes from what was pasted, or from a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import BadCode, Codes, from_table, from_text, gather
from bot.domain.coupon import CouponCode, code_key
from tests.strategies import CODES

_SEPARATORS = st.sampled_from([" ", ",", "\n", ", ", "\t", ";", " ,\r\n ", "\n\n"])


@given(codes=st.lists(CODES, min_size=1, max_size=40, unique_by=code_key), data=st.data())
def test_any_mixture_separates_codes(codes: list[CouponCode], data: st.DataObject) -> None:
    """Whatever mixture of spaces, commas and lines is between them, the codes are found in their order."""
    text = "".join(code + data.draw(_SEPARATORS) for code in codes)
    assert gather(from_text(text)) == Codes(tuple(codes))


@given(st.text(max_size=300))
def test_no_text_is_lost(text: str) -> None:
    """Each word of a text is a code, a duplicate, or listed as none of these; nothing is left out."""
    words = list(from_text(text))
    found = gather(words)
    assert len(found.codes) + found.duplicates + len(found.bad) == len(words)


@given(st.text(max_size=300))
def test_any_file_is_taken_or_refused(text: str) -> None:
    """A file may hold anything: its rows are taken, or what is wrong is said."""
    found = gather(from_table("code\n" + text.replace("\0", "")))
    assert all(1 <= bad.line <= len(text) + 2 for bad in found.bad)


def test_duplicates_are_dropped_and_bad_ones_are_named() -> None:
    """A code that stands there twice counts once; what is no code is named with its line."""
    text = "ABCD1234, ABCD-1234\n`EFGH5678` nope\n“IJKL9012”;abcd1234"
    assert gather(from_text(text)) == Codes(
        ("ABCD1234", "EFGH5678", "IJKL9012"),  # type: ignore[arg-type]  # codes are text
        1,
        (BadCode(2, "nope"), BadCode(3, "abcd1234", as_well="ABCD1234")),
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
    """A file has its codes in the column with such a heading, or else in the first one."""
    assert gather(from_table(text)) == Codes(("ABCD1234", "EFGH5678"))  # type: ignore[arg-type]


def test_a_row_that_ends_before_its_code_is_told() -> None:
    """A row is left out silently only where it is blank: a leaked code would stay, and nobody would know."""
    found = gather((), from_table("name,code\nABCD1234\n\n ,\nother,EFGH5678"))
    assert found == Codes(("EFGH5678",), bad=(BadCode(2, "ABCD1234,", in_file=True),))  # type: ignore[arg-type]


def test_a_code_that_looks_like_a_heading_is_not_lost() -> None:
    """Where a file has no heading, its first code counts, whatever word it begins with."""
    assert gather(from_table("COUPON2025\nABCD1234")) == Codes(("COUPON2025", "ABCD1234"))  # type: ignore[arg-type]


def test_a_cell_that_is_no_code_is_named() -> None:
    """What stands in the column of codes and is none is named with its line."""
    assert gather(from_table("code,name\nABCD1234,a\n=HYPERLINK(1),b")).bad == (BadCode(3, "=HYPERLINK(1)"),)


def test_a_text_and_a_file_count_together() -> None:
    """A code that stands in both counts once."""
    assert gather(from_text("ABCD1234"), from_table("ABCD1234\nEFGH5678")).duplicates == 1


def test_a_line_is_one_of_the_text_or_of_the_file() -> None:
    """Each line with something bad is told apart by where it stands."""
    found = gather(from_text("nope ABCD1234"), from_table("code\nabcd1234\nno"))
    assert found.bad == (
        BadCode(1, "nope"),
        BadCode(2, "abcd1234", as_well="ABCD1234", in_file=True),
        BadCode(3, "no", in_file=True),
    )
