"""What people typed after the command, and what was asked for; each with one more of its kind."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import Ask, parse_command
from bot.domain.coupon import CouponCode
from bot.domain.errors import BadInput
from bot.domain.rate import MANY
from bot.domain.request.request import Purpose
from bot.domain.typed.words import DASHES, is_code_like, read_word
from tests.strategies import CODES

ONE, TWO, SHORT = CouponCode("AAAA1111BBBB"), CouponCode("CCCC2222DDDD"), CouponCode("AAAA1111")
_COPIED = re.compile(r"`/coupon-delete ([^`]*)`")


def _asked(text: str) -> Ask:
    parsed = parse_command(text, reason_required=False)
    assert isinstance(parsed, Ask), parsed
    return parsed


def _answered(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        parse_command(text, reason_required=False)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "codes", "reason"),
    [
        ("”AAAA1111BBBB” leaked", (ONE,), "leaked"),
        ("“AAAA1111BBBB” leaked", (ONE,), "leaked"),
        ('"AAAA1111BBBB" leaked', (ONE,), "leaked"),
        ("«AAAA1111BBBB», „CCCC2222DDDD“ leaked", (ONE, TWO), "leaked"),
        ("「AAAA1111BBBB」 leaked", (ONE,), "leaked"),
        ("*AAAA1111BBBB* (leaked)", (ONE,), "(leaked)"),
        ("_AAAA1111BBBB_ <leaked>", (ONE,), "<leaked>"),
        ("[AAAA1111BBBB] leaked", (ONE,), "leaked"),
        ("AAAA–1111–BBBB leaked", (ONE,), "leaked"),
        ("AAAA—1111—BBBB leaked", (ONE,), "leaked"),
        ("AAAA‑1111−BBBB leaked", (ONE,), "leaked"),
        ("`AbTF-2F1C0AB3` leaked", (CouponCode("AbTF2F1C0AB3"),), "leaked"),
        ("AAAA1111BBBB. leaked", (ONE,), "leaked"),
        ("AAAA1111BBBB: leaked", (ONE,), "leaked"),
        ("AAAA1111BBBB, CCCC2222DDDD leaked", (ONE, TWO), "leaked"),
        ("AAAA1111BBBB; CCCC2222DDDD; leaked", (ONE, TWO), "leaked"),
        ("AAAA1111BBBB and CCCC2222DDDD leaked", (ONE, TWO), "leaked"),
        ("AAAA1111BBBB\nCCCC2222DDDD\nleaked and used", (ONE, TWO), "leaked and used"),
        ("- AAAA1111BBBB\n- CCCC2222DDDD", (ONE, TWO), ""),
        ("1. AAAA1111BBBB\n2. CCCC2222DDDD", (ONE, TWO), ""),
        ("AAAA1111BBBB CCCC2222DDDD", (ONE, TWO), ""),
        ("AAAA1111BBBB, leaked", (ONE,), "leaked"),
        ("AAAA1111BBBB - leaked", (ONE,), "leaked"),
        ("AAAA1111BBBB and leaked", (ONE,), "and leaked"),
        ("AAAA1111—leaked", (SHORT,), "leaked"),
        ("AAAA1111-leaked today", (SHORT,), "leaked today"),
        ("AAAA–1111—유출됨", (SHORT,), "유출됨"),
        ("AAAA1111BBBB duplicate", (ONE,), "duplicate"),
        ("AAAA1111BBBB reason: DUPLICATE", (ONE,), "DUPLICATE"),
        ("AAAA1111BBBB since 2026-10-01", (ONE,), "since 2026-10-01"),
        ("AAAA1111BBBB 2026-10-01", (ONE,), "2026-10-01"),
        ("AAAA1111BBBB R&D and <5", (ONE,), "R&D and <5"),
        ("AAAA1111BBBB replaced by CCCC2222DDDD", (ONE,), f"replaced by {TWO}"),
        ("AAAA1111BBBB see INC0010023, INC0010024", (ONE,), "see INC0010023, INC0010024"),
        ("summersale leaked", (CouponCode("summersale"),), "leaked"),
        ("summersale,wintersale x", (CouponCode("summersale"), CouponCode("wintersale")), "x"),
    ],
)
def test_it_is_read_kindly(text: str, codes: tuple[CouponCode, ...], reason: str) -> None:
    """What people put around a code and between codes is dropped; the rest is the reason, word by word."""
    assert _asked(text) == Ask(codes, reason)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("campaign AAAA1111BBBB is over", [(("campaign", ONE), "is over"), ((ONE,), "campaign is over")]),
        ("springer for AAAA1111BBBB", [(("springer", ONE), "for"), ((ONE,), "springer for")]),
        ("AAAA1111BBBB DUPLICATE", [((ONE, "DUPLICATE"), ""), ((ONE,), "DUPLICATE")]),
        ("AAAA1111BBBB CAMPAIGN IS OVER", [((ONE, "CAMPAIGN"), "IS OVER"), ((ONE,), "CAMPAIGN IS OVER")]),
        ("AAAA1111BBBB, DUPLICATE of it", [((ONE, "DUPLICATE"), "of it"), ((ONE,), "DUPLICATE of it")]),
        ("AAAA1111BBBB 20261001", [((ONE, "20261001"), ""), ((ONE,), "20261001")]),
        ("AAAA1111BBBB INC0010023", [((ONE, "INC0010023"), ""), ((ONE,), "INC0010023")]),
        ("AAAA1111BBBB PROJ-12345 x", [((ONE, "PROJ12345"), "x"), ((ONE,), "PROJ-12345 x")]),
        ("AAAA1111BBBB,duplicate x", [(("duplicate", ONE), "x"), ((ONE,), "duplicate x")]),
        (
            "AAAA1111BBBB,duplicate,CCCC2222DDDD x",
            [(("duplicate", ONE, TWO), "x"), ((ONE, TWO), "duplicate x")],
        ),
        ("AAAA1111-LEAKED today", [(("AAAA1111LEAKED",), "today"), ((SHORT,), "LEAKED today")]),
        ("AAAA1111-BBBB2222", [(("AAAA1111BBBB2222",), ""), ((SHORT, "BBBB2222"), "")]),
        (
            "AAAA1111BBBB leaked\nCCCC2222DDDD used",
            [((ONE, TWO), "leaked used"), ((ONE,), f"leaked {TWO} used")],
        ),
        ("AAAA1111BBBB old, CCCC2222DDDD", [((ONE, TWO), "old,"), ((ONE,), f"old, {TWO}")]),
        ("AAAA1111—old and CCCC2222DDDD", [((SHORT, TWO), "old and"), ((SHORT,), f"old and {TWO}")]),
        ("CCCC2222DDDD AAAA1111-2026", [((TWO, "AAAA11112026"), ""), ((TWO, SHORT), "2026")]),
    ],
)
@pytest.mark.parametrize("before", ["", "freeze "])
def test_what_is_not_certain_is_asked(
    before: str, text: str, readings: list[tuple[tuple[CouponCode, ...], str]]
) -> None:
    """Nothing is opened, and the answer has both readings: each, copied, is read as it says."""
    answer = _answered(before + text)
    assert "Nothing was opened." in answer
    purpose = Purpose.FREEZE if before else Purpose.DELETE
    assert [_asked(each) for each in _COPIED.findall(answer)] == [
        Ask(codes, reason, purpose) for codes, reason in readings
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unfreeze AAAA1111BBBB", "press *Unfreeze* on its card; `/coupon-delete show AAAA1111BBBB`"),
        ("Unfreezing AAAA1111BBBB", "press *Unfreeze* on its card"),
        ("unfreeze", "press *Unfreeze* on its card; `/coupon-delete show CODE`"),
        ("freez AAAA1111BBBB", "Did you mean `/coupon-delete freeze AAAA1111BBBB`?"),
        ("frezee AAAA1111BBBB leaked", "Did you mean `/coupon-delete freeze AAAA1111BBBB leaked`?"),
        ("FREEZING AAAA1111BBBB", "Did you mean `/coupon-delete freeze AAAA1111BBBB`?"),
        ("freez", "Did you mean `/coupon-delete freeze CODE`?"),
        ("undelete AAAA1111BBBB", "Did you mean `/coupon-delete restore AAAA1111BBBB`?"),
        ("UNDELETE", "Did you mean `/coupon-delete restore CODE`?"),
        ("restroe AAAA1111BBBB", "Did you mean `/coupon-delete restore AAAA1111BBBB`?"),
        ("delete AAAA1111BBBB leaked", "Did you mean `/coupon-delete AAAA1111BBBB leaked`?"),
        ("deleting,AAAA1111BBBB", "Did you mean `/coupon-delete AAAA1111BBBB`?"),
        ("listing", "Did you mean `/coupon-delete list`?"),
        ("freeze unfreeze", "is not a coupon code"),
    ],
)
def test_a_word_close_to_a_command_is_never_a_code(text: str, said: str) -> None:
    """The answer names the command that was probably meant, with what was typed behind it."""
    assert said in _answered(text)


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("please delete AAAA1111BBBB", Ask((ONE,), "please delete")),
        ("coupon: AAAA1111BBBB leaked", Ask((ONE,), "coupon leaked")),
        ("2026-10-01 AAAA1111BBBB", Ask((ONE,), "2026-10-01")),
        ("AAAA1111BBBB,leaked", Ask((ONE,), "leaked")),
        ("AAAA1111BBBB,leaked,CCCC2222DDDD x", Ask((ONE, TWO), "leaked x")),
    ],
)
def test_codes_that_do_not_come_first(text: str, copied: Ask) -> None:
    """What is no code in front of codes, or between them, is answered with the codes in front."""
    (reading,) = _COPIED.findall(_answered(text))
    assert _asked(reading) == copied


@pytest.mark.parametrize(
    "text",
    [
        "010-1234-5678",
        "2026-10-01",
        "1588-1234",
        "AAAA1111BBBB/CCCC2222DDDD",
        "code-AAAA1111",
        "AAAA 1111 BBBB",
        "AAAA\u202e1111BBBB",
        "AAAA1111\u200bBBBB2222",
        "\u202eAAAA1111",
    ],
)
def test_no_code_is_made_of_anything_else(text: str) -> None:
    """A date, a telephone number, groups apart and what can't be seen are no code."""
    assert "is not a coupon code" in (said := _answered(text)) or "can't be seen" in said


def test_more_codes_than_a_command_takes_name_the_form() -> None:
    """Many codes are sent to the form, with how many it takes; a repeated one counts once."""
    codes = [f"COUPON{number:04d}" for number in range(26)]
    answer = _answered(" ".join([*codes, codes[0]]))
    assert answer.startswith("That is 26 codes; a command takes up to 20.")
    assert "`/coupon-delete` alone for the form, which takes up to 1,000" in answer
    assert _asked(" ".join(codes[:MANY] * 2)).codes == tuple(codes[:MANY])
    with pytest.raises(BadInput, match="takes up to 300,"):
        parse_command(" ".join(codes), reason_required=False, max_codes=300)


def test_a_long_question_has_no_readings_that_are_cut() -> None:
    """If both readings are too long to copy, the form is named, and no reading that lacks a code."""
    answer = _answered(f"{' '.join(f'COUPON{number:010d}' for number in range(99))} DUPLICATE")
    assert "Type `/coupon-delete` alone for the form." in answer
    assert _COPIED.findall(answer) == []


@given(text=st.text(st.sampled_from("AB12ab -–—,;.\"“'`\n:и\u200b"), max_size=60))
def test_no_code_is_invented(text: str) -> None:
    """Every code that is asked for stands in the text, dashes aside, inside of one word."""
    try:
        parsed = parse_command(text, reason_required=False)
    except BadInput:
        return
    if isinstance(parsed, Ask):
        words = re.sub(f"[{re.escape(DASHES)}]", "", text).split()
        assert all(any(code in word for word in words) for code in parsed.codes)


@given(
    codes=st.lists(CODES.filter(is_code_like), min_size=1, max_size=5, unique_by=str.upper), data=st.data()
)
def test_no_leading_code_is_dropped(codes: list[CouponCode], data: st.DataObject) -> None:
    """However codes are separated, every one is asked for, or a question has all of them in a reading."""
    separators = st.sampled_from([" ", ",", ", ", "; ", "\n", " and ", " , "])
    text = codes[0] + "".join(data.draw(separators) + code for code in codes[1:])
    try:
        found = [parse_command(text, reason_required=False)]
    except BadInput as question:
        found = [_asked(each) for each in _COPIED.findall(str(question))]
    assert any(isinstance(each, Ask) and set(each.codes) == set(codes) for each in found), found


@given(code=CODES.filter(is_code_like), dash=st.sampled_from(DASHES), word=st.sampled_from(["leaked", "old"]))
def test_a_dash_never_joins_a_code_and_a_word(code: CouponCode, dash: str, word: str) -> None:
    """A word behind a dash, in small letters that the code has none of, is never a part of the code."""
    read = read_word(f"{code}{dash}{word}")
    assert read.code in (code, None)
    assert read.code == code or code.upper() != code or read.doubt is not None
