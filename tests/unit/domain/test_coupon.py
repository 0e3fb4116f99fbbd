"""Coupons: codes, facts, how two looks compare, digests and warnings."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.coupon import (
    Coupon,
    CouponCode,
    Difference,
    DiscountKind,
    NotShown,
    Reading,
    Sameness,
    Shown,
    Warning,
    code_key,
    combined_digest,
    differences,
    digest,
    facts,
    parse_code,
    sameness,
    warnings,
)
from bot.domain.errors import BadInput
from tests.builders import CODE, NOW, OTHER_CODE, UNSEEN, a_coupon
from tests.strategies import CODES, coupons, readings

TODAY = NOW.date()
# One other value for each fact.
OTHER_FACTS: dict[str, Any] = {
    "number": "ZJLF-0399-WQBE-QZJM",
    "name": "Another",
    "discount_kind": DiscountKind.AMOUNT,
    "discount": "61",
    "currency": "KRW",
    "starts_on": "2025-01-02",
    "ends_on": "2026-12-31",
    "use_limit": 2,
    "created_at": "2025-06-01 00:00:00",
    "domain": "viv.example",
    "issued_to_person": True,
}

# ---------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ZJLF0399WQBEQZJM", "ZJLF0399WQBEQZJM"),
        ("ZJLF-0399-WQBE-QZJM", "ZJLF0399WQBEQZJM"),
        ("`ZJLF0399`", "ZJLF0399"),
        ("-a-b-c-d-1-2-3-4-", "abcd1234"),
        ("AbCdEfGh", "AbCdEfGh"),
    ],
)
def test_a_code_is_taken_as_it_was_typed(typed: str, code: str) -> None:
    """Hyphens and backticks are dropped; the case is kept, since nobody knows whether it matters."""
    assert parse_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ABC1234",
        "A" * 17,
        "ABCD 1234",
        "ABCD_1234",
        "ÄBCD1234",
        "ABCD1234\n",
        "ＡＢＣＤ１２３４",
        "１２３４５６７８",
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    """A code has 8 to 16 letters and digits of ASCII; the refusal shows what was typed and what to type."""
    with pytest.raises(BadInput, match="8 to 16 letters and digits") as caught:
        parse_code(typed)
    assert typed in str(caught.value)


@given(text=st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_refused(text: str) -> None:
    """What is sent to Vivoldi is 8 to 16 letters and digits, and nothing that was not typed."""
    try:
        code = parse_code(text)
    except BadInput:
        return
    assert 8 <= len(code) <= 16
    assert code.isascii()
    assert code.isalnum()
    assert code == "".join(char for char in text if char not in "-`")


@given(code=CODES)
def test_every_code_may_be_typed(code: CouponCode) -> None:
    """Every code is taken as it is, also in groups; its two spellings count as the same code."""
    assert parse_code(code) == parse_code("-".join(code)) == parse_code(f"`{code}`") == code
    assert code_key(code.lower()) == code_key(code.upper())


# ---------------------------------------------------------------- facts and digests


def test_every_fact_but_the_use_count_counts() -> None:
    """Approvals are bound to each fact of a coupon but the use count, which goes up meanwhile."""
    assert {field.name for field in fields(Coupon)} - {"use_count"} == set(facts(a_coupon()))
    assert OTHER_FACTS.keys() == facts(a_coupon()).keys()


@pytest.mark.parametrize("name", OTHER_FACTS)
def test_a_fact_that_changes_changes_the_digest(name: str) -> None:
    """Each fact that people are shown is in the digest, and its change is named."""
    before, after = a_coupon(), replace(a_coupon(), **{name: OTHER_FACTS[name]})
    assert digest(CODE, Shown(before)) != digest(CODE, Shown(after))
    (found,) = differences(before, after)
    assert found == Difference(name, facts(before)[name], facts(after)[name])


@given(before=readings(), after=readings())
def test_the_digest_changes_exactly_when_a_shown_fact_does(before: Reading, after: Reading) -> None:
    """Two readings have one digest if, and only if, they show the same facts (I1)."""
    match before, after:
        case Shown(old), Shown(new):
            same = not differences(old, new)
        case _:
            same = isinstance(before, NotShown) and isinstance(after, NotShown)
    assert (digest(CODE, before) == digest(CODE, after)) == same


@given(coupon=coupons(), uses=st.none() | st.integers(0, 9))
def test_the_use_count_changes_nothing(coupon: Coupon, uses: int | None) -> None:
    """A coupon that was used meanwhile is the same coupon."""
    used = replace(coupon, use_count=uses)
    assert digest(CODE, Shown(used)) == digest(CODE, Shown(coupon))
    assert sameness(coupon, used) is sameness(coupon, coupon)


def test_a_digest_is_for_one_code_in_one_place() -> None:
    """What was shown under one code, or in one order, is not what was shown under another."""
    assert digest(CODE, UNSEEN) != digest(OTHER_CODE, UNSEEN)
    assert combined_digest(["a", "b"]) != combined_digest(["b", "a"])
    assert combined_digest(["a"]) != combined_digest(["a", "a"])


def test_a_digest_means_the_same_in_every_version() -> None:
    """Stored approvals stay valid: a digest that comes out otherwise needs another `_DIGEST_VERSION`."""
    assert digest(CODE, UNSEEN) == "d42d376ce257d10ef72b2500c04e50d31db2923bb5b8134230aa41e96e216481"
    assert (
        digest(CODE, Shown(a_coupon())) == "413a3e8c9c90d24e70c19b0caf1e9832ab3ef21c575c17376a723f877572ff78"
    )


# ---------------------------------------------------------------- one coupon, or another


@pytest.mark.parametrize(
    ("before", "after", "relation"),
    [
        (a_coupon(), a_coupon(), Sameness.SAME),
        (a_coupon(), a_coupon(name="x"), Sameness.EDITED),
        (a_coupon(), a_coupon(created_at="2025-06-01 00:00:00"), Sameness.OTHER),
        (a_coupon(), a_coupon(created_at="2025-06-01 00:00:00", name="x"), Sameness.OTHER),
        (a_coupon(created_at=None), a_coupon(created_at=None), Sameness.UNCLEAR),
        (a_coupon(created_at=None), a_coupon(created_at=None, name="x"), Sameness.UNCLEAR),
        (a_coupon(created_at=None), a_coupon(), Sameness.UNCLEAR),
        (a_coupon(), a_coupon(created_at=None), Sameness.UNCLEAR),
        (a_coupon(), a_coupon(created_at=""), Sameness.UNCLEAR),
    ],
)
def test_the_creation_time_tells_coupons_apart(before: Coupon, after: Coupon, relation: Sameness) -> None:
    """Only creation times prove that it is another coupon, or the same; without them nothing is proven."""
    assert sameness(before, after) is relation


# ---------------------------------------------------------------- validity and warnings


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "valid"),
    [
        ("2025-06-02", "2025-06-02", True),
        ("2025-06-03", "2025-12-31", False),
        ("2025-01-01", "2025-06-01", False),
        (None, None, True),
        ("soon", "2025-06-01", False),
        ("", "never", True),
    ],
)
def test_a_coupon_is_valid_from_its_first_to_its_last_day(
    starts_on: str | None, ends_on: str | None, valid: bool
) -> None:
    """Both ends are included, and an end that is missing or unreadable counts as open."""
    assert a_coupon(starts_on=starts_on, ends_on=ends_on).valid_on(date(2025, 6, 2)) is valid


_CALM = a_coupon(ends_on="2025-01-31")


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        (Shown(_CALM), ()),
        (Shown(a_coupon()), (Warning.RUNNING,)),
        (Shown(replace(_CALM, use_count=1)), (Warning.USED,)),
        (Shown(replace(_CALM, use_count=None)), ()),
        (Shown(replace(_CALM, use_limit=0)), (Warning.UNLIMITED,)),
        (Shown(replace(_CALM, use_limit=None)), ()),
        (Shown(replace(_CALM, issued_to_person=True)), (Warning.ISSUED,)),
        (UNSEEN, (Warning.NOT_SHOWN,)),
        (Shown(a_coupon(use_count=2, use_limit=0, issued_to_person=True)), tuple(Warning)[:4]),
    ],
)
def test_approvers_are_warned(reading: Reading, found: tuple[Warning, ...]) -> None:
    """Each thing to think about before a deletion is a warning, and there is none without a reason."""
    assert warnings(reading, TODAY) == found
