"""What can be typed after the command, and what is answered to the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import (
    MAX_REASON,
    Ask,
    Command,
    Help,
    ListOpen,
    ShowHistory,
    parse_command,
)
from bot.domain.coupon import CouponCode, code_key
from bot.domain.errors import BadInput
from bot.domain.rate import MANY
from bot.domain.typed.nearly import meant
from bot.domain.typed.words import is_code_like
from tests.builders import CODE, OTHER_CODE
from tests.strategies import CODES


def _parsed(text: str, *, reason_required: bool = False) -> Command:
    return parse_command(text, reason_required=reason_required)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        ("   ", Help()),
        ("help", Help()),
        ("HELP me", Help()),
        ("list", ListOpen()),
        (" List ", ListOpen()),
        (f"show {CODE}", ShowHistory(CODE)),
        (f" SHOW  `{CODE[:4]}-{CODE[4:]}` ", ShowHistory(CODE)),
        (CODE, Ask((CODE,), "")),
        (f"  {CODE}  ", Ask((CODE,), "")),
        (f"{CODE} leaked on  social\tmedia ", Ask((CODE,), "leaked on social media")),
        (f"`ZJLF-0399-WQBE-QZJM`,{OTHER_CODE} why", Ask((CODE, OTHER_CODE), "why")),
        (f"{CODE},{CODE} why", Ask((CODE,), "why")),
        (f"{CODE} {OTHER_CODE}", Ask((CODE, OTHER_CODE), "")),
    ],
)
def test_the_first_word_holds_the_codes_and_the_rest_is_the_reason(text: str, command: Command) -> None:
    """Codes come first, then the reason; a code that is named twice is asked for once."""
    assert _parsed(text) == command


@pytest.mark.parametrize("gap", ["\n", "\t", "\u00a0", " \n "])
def test_any_space_ends_the_codes(gap: str) -> None:
    """A pasted line break, tab or no-break space separates the code from the reason as a space does."""
    assert _parsed(f"{CODE}{gap}leaked") == Ask((CODE,), "leaked")


@pytest.mark.parametrize("text", [f"{CODE}, {OTHER_CODE} why", f"{CODE} ,{OTHER_CODE} why"])
def test_a_space_between_codes_is_no_reason(text: str) -> None:
    """A code that was meant to be deleted is never taken for a part of the reason."""
    assert _parsed(text) == Ask((CODE, OTHER_CODE), "why")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",", "no coupon code"),
        ("show", "show CODE"),
        (f"show {CODE},{OTHER_CODE}", "name one code"),
        (f"show {CODE} now", "name one code"),
        ("show FREE", "8 to 16 letters and digits"),
        ("FREE", "8 to 16 letters and digits"),
        (f"{CODE},short", "“short” is not a coupon code"),
        (f"{CODE},{CODE.lower()}", "differ only in upper and lower case"),
        (f"{CODE} {'x' * (MAX_REASON + 1)}", "501 characters"),
        (",".join(f"COUPON{number:04d}" for number in range(MANY + 1)), "21 codes"),
    ],
)
def test_anything_wrong_says_what_to_type_instead(text: str, said: str) -> None:
    """What can't be used is answered with the fault and the way out."""
    with pytest.raises(BadInput, match=said):
        _parsed(text)


def test_a_reason_may_be_required() -> None:
    """Where the settings require a reason, a command without one is answered with an example."""
    with pytest.raises(BadInput, match=f"/coupon-delete {CODE} "):
        _parsed(CODE, reason_required=True)
    assert _parsed(f"{CODE} leaked", reason_required=True) == Ask((CODE,), "leaked")
    assert _parsed("help", reason_required=True) == Help()


def test_the_limits_are_included() -> None:
    """Twenty codes and 500 characters of reason are allowed."""
    codes = tuple(CouponCode(f"COUPON{number:04d}") for number in range(MANY))
    assert _parsed(f"{','.join(codes)} {'x' * MAX_REASON}") == Ask(codes, "x" * MAX_REASON)


@pytest.mark.parametrize("bad", ["\x00", "\u202e", "\u200b"])
def test_a_reason_is_fit_to_be_stored_and_read(bad: str) -> None:
    """A reason holds nothing that breaks a database or turns round what people read."""
    parsed = _parsed(f"{CODE} leaked{bad} today")
    assert isinstance(parsed, Ask)
    assert bad not in parsed.reason


@given(
    codes=st.lists(
        CODES.filter(lambda code: meant(code) is None), max_size=MANY, min_size=1, unique_by=code_key
    ),
    reason=st.text("ab c", max_size=99),
)
def test_what_is_typed_is_what_is_asked_for(codes: list[CouponCode], reason: str) -> None:
    """Every code is asked for as it was typed, in its order, and none that was not typed."""
    codes.sort(key=is_code_like)  # what looks like a code is behind what may be a word
    assert _parsed(f"{','.join(codes)} {reason}") == Ask(tuple(codes), " ".join(reason.split()))


@given(text=st.text(max_size=200))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    """No text makes the parser fail in any other way than with a sentence for the person."""
    said, command = "", None
    try:
        command = _parsed(text)
    except BadInput as error:
        said = str(error)
    assert isinstance(command, Help | ListOpen | ShowHistory | Ask) or 10 < len(said) < 900
