"""Files and pasted lists as they come, and the codes that are asked for; each with one more of its kind."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import BadInput
from bot.domain.typed.cells import Codes, Column, Fault, Found, codes_in, gather, looks_like_codes
from bot.domain.typed.decode import decoded
from bot.domain.typed.headings import CHOSEN, Fit, fit
from bot.domain.typed.pasted import from_text
from bot.domain.typed.table import from_table
from bot.domain.typed.words import DASHES

A, B, C, D = "AAAA1111BBBB", "CCCC2222DDDD", "EEEE3333FFFF", "GGGG4444HHHH"


def _read(content: bytes | str) -> Codes:
    text = decoded(content) if isinstance(content, bytes) else content
    assert text is not None
    return gather(Found(), from_table(text))


def _asked(content: bytes | str) -> str:
    with pytest.raises(BadInput) as caught:
        _read(content)
    return str(caught.value)


_FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "blank-first-line": (b"\nid,code\n10000001,AAAA1111BBBB\n10000002,CCCC2222DDDD\n", (A, B)),
    "rows of nothing first": (b" , \r\n---,---\r\nid,code\r\n10000001,AAAA1111BBBB\r\n", (A,)),
    "a title first": (b"Coupons of May\n\nid;code\n10000001;AAAA1111BBBB\n", (A,)),
    "dates-first": (b"2026-10-01,AAAA1111BBBB\n2026-10-02,CCCC2222DDDD\n", (A, B)),
    "telephone numbers first": (b"010-1234-5678\tAAAA1111BBBB\n1588-1234\tCCCC2222DDDD\n", (A, B)),
    "excel-text-trick": (b'code\n"=""AAAA1111BBBB"""\n"=""CCCC2222DDDD"""\n', (A, B)),
    "excel-text-trick, as it is": (b'="AAAA1111BBBB",old\n="CCCC2222DDDD",new\n', (A, B)),
    "ids-first": (b"customer_id,promo_code\n55501001,AAAA1111BBBB\n55501002,CCCC2222DDDD\n", (A, B)),
    "ids first, in capitals": (b"CUSTOMERID,COUPONCODE\n55501001,AAAA1111BBBB\n", (A,)),
    "line-break-in-code-cell": (
        b'code,name\n"AAAA1111\nBBBB2222",two in one cell\nCCCC3333DDDD,plain\n',
        ("AAAA1111", "BBBB2222", "CCCC3333DDDD"),
    ),
    "several in a cell": (b"name;code\nold;AAAA1111BBBB, CCCC2222DDDD\nnew;EEEE3333FFFF\n", (A, B, C)),
    "line-separator-in-name": (
        "code,name\nAAAA1111BBBB,old\u2028SUMMER2026SALE\nCCCC2222DDDD,n\n".encode(),
        (A, B),
    ),
    "vertical tab in a name": (b"code,name\nAAAA1111BBBB,old\x0bSUMMER2026SALE\nCCCC2222DDDD,n\n", (A, B)),
    "one-word-heading": (b"PromoCode\nAAAA1111BBBB\nCCCC2222DDDD\n", (A, B)),
    "one word in capitals": (b"GUTSCHEINCODE\nAAAA1111BBBB\n", (A,)),
    "separator-line": (b"sep=;\r\nid;code\r\n77702001;AAAA1111BBBB\r\n77702002;CCCC2222DDDD\r\n", (A, B)),
    "separator-line, quoted": (b'\xef\xbb\xbf"sep=|"\nid|code\n77702001|AAAA1111BBBB\n', (A,)),
    "two-headings": (b"Number,Coupon Code\n20260001,AAAA1111BBBB\n20260002,CCCC2222DDDD\n", (A, B)),
    "a name like a heading": (b"AAAA1111BBBB,Coupon\nCCCC2222DDDD,Promo\n", (A, B)),
    "a blank line in between": (b"code\nAAAA1111BBBB\n\nCCCC2222DDDD\n", (A, B)),
    "two headings, the other way": ("쿠폰번호;번호\nAAAA1111BBBB;20260001\n".encode(), (A,)),
    "utf16-without-mark": ("code\r\nAAAA1111BBBB\r\n".encode("utf-16-le"), (A,)),
    "utf16, the other end first": ("code\r\nAAAA1111BBBB\r\n".encode("utf-16-be"), (A,)),
    "utf16 with its mark": ("쿠폰 코드\r\nAAAA1111BBBB\r\n".encode("utf-16"), (A,)),
    "the line ends of old": (b"code\rAAAA1111BBBB\rCCCC2222DDDD", (A, B)),
    "a table with pipes": (b"| code | name |\n|------|:----:|\n| AAAA1111BBBB | x |\n", (A,)),
    "one row": (b"AAAA1111BBBB, CCCC2222DDDD,EEEE3333FFFF", (A, B, C)),
    "a list of uneven lines": (b"AAAA1111BBBB,CCCC2222DDDD\nEEEE3333FFFF\n", (A, B, C)),
    "orders without a coupon": (b"order,coupon_code\n10000001,\n10000002,AAAA1111BBBB\n", (A,)),
    "small letters": (b"code,uses\nsummersale,1\nwintersale,2\n", ("summersale", "wintersale")),
    "groups": ("AAAA-1111-BBBB\nCCCC–2222–DDDD\n".encode(), (A, B)),
}


@pytest.mark.parametrize("name", _FILES)
def test_files_are_read_rightly(name: str) -> None:
    """The codes of a file are those that its writer meant, and every one of them."""
    content, right = _FILES[name]
    found = _read(content)
    assert (found.codes, found.bad) == (right, ())
    text = decoded(content)
    assert text is not None
    assert gather(from_text(text)).codes == right, "the same, pasted"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"Number,Coupon Code\n20260001,{A}\n", Column(2, "Coupon Code")),
        (f"PromoCode\n{A}\n", Column(1, "PromoCode")),
        (f"2026-10-01,{A}\n", Column(2, None)),
    ],
)
def test_it_says_which_column_it_took(text: str, column: Column) -> None:
    """With the codes comes the column: by its heading, or as the only one that looks like codes."""
    assert _read(text).columns == (column,)
    assert gather(from_text(f"{A}\n{B}")).columns == ()


_MOST_EXACT = [f"Coupon Code,Voucher Code\n20260001,{A}\n20260002,{B}", f"Code,code\n{C},{A}\n{D},{B}"]
_WEAK = [f"Number,Kennziffer\n20260001,{A}\n20260002,{B}", f"Rabatt;Kennung\n20260001;{A}\n20260002;{B}"]
_UNKNOWN = [f"Auftrag,Kennung\n20260001,{A}\n20260002,{B}", f"a\tb\n20260001\t{A}\n20260002\t{B}"]
_WRONG = [f"code,Kennung\nKR,{A}\nDE,{B}", f"Coupon;Merkmal\nSommer;{A}\nWinter;{B}"]
_NO_HEADING = [f"20260001,{A}\n20260002,{B}", f"20260001\t{A}\n20260002\t{B}", f"{C},{A}\n{D},{B}"]


@pytest.mark.parametrize("text", [*_MOST_EXACT, *_WEAK, *_UNKNOWN, *_WRONG])
def test_of_several_columns_one_is_asked_for(text: str) -> None:
    """If headings don't settle it, both columns are named; what the answer says leads to the right codes."""
    answer = _asked(text)
    assert "column 1 (" in answer
    assert "column 2 (" in answer
    assert f"heading of the right one, in line 1, to `{CHOSEN}`" in answer
    head, *rows = text.split("\n")
    separator = next(each for each in ",;\t" if each in head)
    changed = "\n".join([f"{head.split(separator)[0]}{separator}{CHOSEN}", *rows])
    assert (_read(changed).codes, _read(changed).bad) == ((A, B), ())


@pytest.mark.parametrize("text", _NO_HEADING)
def test_of_several_columns_without_headings_one_is_asked_for(text: str) -> None:
    """The same without headings: what the answer says leads to the right codes."""
    answer = _asked(text)
    assert "column 1 (" in answer
    assert f"column 2 ({A})" in answer
    assert f"Put a line of headings above all others, and set that of the right one to `{CHOSEN}`" in answer
    separator = "\t" if "\t" in text else ","
    assert _read(f"id{separator}{CHOSEN}\n{text}").codes == (A, B)
    assert "put each on a line of its own" in answer
    assert len(_read(text.replace(separator, "\n")).codes) == 4


@pytest.mark.parametrize("first", ["Kennzeichen", "KENNZEICHEN", "Kuponkodja", "código único", "x"])
@pytest.mark.parametrize("read", [_read, lambda text: gather(from_text(text))])
def test_an_unknown_heading_is_asked_about(first: str, read: Callable[[str], Codes]) -> None:
    """What may be a heading is no code, and not left out; each advice leads to the right codes."""
    text = f"{first}\n{A}\n{B}\n"
    with pytest.raises(BadInput, match=f"“{first}”, in line 1, may be"):
        read(text)
    assert read(f"{CHOSEN}\n{A}\n{B}\n").codes == (A, B)
    if first.isupper():
        assert read(f"{CHOSEN}\n{text}").codes == (first, A, B)
    assert read(f"{A}\n{B}\n").codes == (A, B)


def test_an_unclosed_quote_is_refused_with_its_line() -> None:
    """No row vanishes in a cell; without the marks that the answers name, every code is there."""
    text = 'code,name\nAAAA1111BBBB,"19 inch\nCCCC2222DDDD,plain\nEEEE3333FFFF,"20 inch\nGGGG4444HHHH,plain\n'
    assert "the row that begins in line 2, a quotation mark is opened and not closed" in _asked(text)
    text = text.replace('"19', "19")
    assert "the row that begins in line 4, " in _asked(text)
    assert _read(text.replace('"20', "20")).codes == (A, B, C, D)


@pytest.mark.parametrize("end", ['20 inch"', '20 inch",x', '"'])
def test_a_quote_that_swallows_rows_is_refused(end: str) -> None:
    """A mark that is closed rows later has swallowed codes, though the csv module sees nothing wrong."""
    text = f'code,name\n{A},"19 inch\n{B},plain\n{C},{end}\n{D},x\n'
    assert "line 2" in _asked(text)


def test_a_code_above_the_headings_is_not_dropped() -> None:
    """Titles above the headings are left out, and codes there are named; the advice leads to all of them."""
    assert "Line 1 stands above the headings" in _asked(f"{A},{B}\nid,code\n20260001,{C}\n")
    assert _read(f"id,code\n{A},{B}\n20260001,{C}\n").codes == (B, C)


def test_a_nul_is_refused_with_its_line() -> None:
    """A character that no text has is named by its line, no matter how it was pasted or saved."""
    assert "Line 2 has a character that no text has" in _asked(f"code\n{A}\0\n")
    with pytest.raises(BadInput, match="Line 1"):
        from_text(f"x\0\n{A}")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"PK\x03\x04\xff\xfe", "쿠폰".encode("cp949")])
def test_what_is_no_text_is_no_text(content: bytes) -> None:
    """A workbook, or an encoding that says nothing of itself, is not guessed."""
    assert decoded(content) is None


def test_a_stray_nul_does_not_make_another_encoding() -> None:
    """UTF-8 with a NUL in it is refused for that, and not read as other letters."""
    assert decoded(b"code\nAAAA1111BBBB\n\x00\n") == "code\nAAAA1111BBBB\n\0\n"


_LISTS = {
    "bullets": f"• {A}\n- {B}\n* {C}\n– {D}",
    "numbers": f"1. {A}\n2) {B}\n(3) {C}\n#4: {D}",
    "boxes": f"[ ] {A}\n[x] {B}\n☐ {C}\n☑ {D}",
    "pipes": f"{A}|{B} | {C}|{D}",
    "quotes": f"“{A}”\n«{B}»\n'{C}',\n`{D}`.",
    "quotes that are not closed": f'"{A}\n{B}\n‘{C}, {D}',
    "zero-width": f"\ufeff{A}\u200b\n\u200b{B}\u2060 {C}\u00a0{D}",
    "tabs": f"{A}\t{B}\t{C}\t{D}",
    "Excel's trick": f'="{A}"\n="{B}"\t="{C}"\n="{D}"',
    "a label": f"Codes: {A}, {B} and {C} & {D}",
    "two a line": f"{A}, {B}\n{C}, {D}",
    "any mixture": f"{A} ,{B};\r\n\r\n {C} / {D}",
    "with reasons": f"{A}, leaked\n{B}, leaked\n{C}, \n{D}, old",
}


@pytest.mark.parametrize("name", _LISTS)
def test_lists_are_read_as_people_paste_them(name: str) -> None:
    """Bullets, numbers, quotes and separators of every kind go, and every code stays."""
    found = gather(from_text(_LISTS[name]))
    assert found.codes == (A, B, C, D)
    assert [bad.text for bad in found.bad] in ([], ["/"])


@pytest.mark.parametrize("text", [f"77702001 {A}\n77702002 {B}", f"id code\n77702001 {A}\n77702002 {B}"])
@pytest.mark.parametrize("read", [_read, lambda text: gather(from_text(text))])
def test_numbers_in_front_of_codes_are_asked_about(text: str, read: Callable[[str], Codes]) -> None:
    """Numbers that stand before each code, with a space only between them, are not asked for."""
    for each in (text, f"{CHOSEN}\n{text}", text.replace("id code", CHOSEN)):
        with pytest.raises(BadInput, match=r"77702001|id code"):
            read(each)
    assert read(f"{A}\n{B}").codes == (A, B)
    assert read(f"{CHOSEN}\n77702001\n{A}\n77702002\n{B}").codes == ("77702001", A, "77702002", B)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        (f"code\n{A}\nduplicate\n", [(3, "duplicate", Fault.UNLIKE)]),
        (f"code\n{A}\n1234-5678-9012\n", [(3, "1234-5678-9012", Fault.UNLIKE)]),
        (f"code,n\n{A},1\n2026-10-01,2\n", [(3, "2026-10-01", Fault.UNLIKE)]),
        (f"code\n{A}\n{B}—leaked\n", [(3, f"{B}—leaked", Fault.NO_CODE)]),
        (f"code\n{A}\nAAAA 1111 BBBB\n", [(3, "AAAA 1111 BBBB", Fault.NO_CODE)]),
        (f"code\n{A}\n1.23457E+11\n", [(3, "1.23457E+11", Fault.NO_CODE)]),
        (f"code\n{A}\n{B},{C}\n", [(3, f"{B},{C},", Fault.ROW)]),
        (f"name,code\nold,{A}\nbig, new,{B}\n", [(3, f"big,new,{B},", Fault.ROW)]),
        (f"code\n{A}\n{A.lower()}\n", [(3, A.lower(), Fault.TWIN)]),
    ],
)
def test_what_is_no_code_is_named(text: str, bad: list[tuple[int, str, Fault]]) -> None:
    """Nothing is glued, dropped or tidied into a code: its line is named; without it, all is right."""
    found = _read(text)
    assert [(each.line, each.text, each.fault) for each in found.bad] == bad
    lines = text.splitlines()
    del lines[bad[0][0] - 1]
    assert (_read("\n".join(lines)).codes, _read("\n".join(lines)).bad) == ((A,), ())


@pytest.mark.parametrize(
    "heading",
    [
        "Coupon Code", "couponcode", "COUPON_CODE", "cpnNo", "Promo-Code", "Voucher codes", "Discount code",
        "Gift card code", "쿠폰 번호", "쿠폰코드", "할인코드", "クーポンコード", "クーポン番号", "割引コード",
        "优惠码", "优惠券代码", "折扣码", "優惠碼", "Gutscheincode", "Gutschein-Nr.", "Rabattcode",
        "Code promo", "Code de réduction", "N° de coupon", "Código de cupón", "Código promocional",
        "Codice sconto", "Codice promozionale", "Kortingscode", "Actiecode", "Código de desconto",
        "Cupom código", "Rabattkod", "Kupongkode", "Kod rabatowy", "Kupon kodu", "Промокод", "Код купона",
    ],
)  # fmt: skip
def test_headings_of_many_languages(heading: str) -> None:
    """The headings of Vivoldi's and shops' exports are known, with spaces, dots and accents or without."""
    assert fit(heading) is Fit.COUPON_CODE
    assert _read(f"id;{heading};x\n20260001;{A};SUMMER2026\n").codes == (A,)


@pytest.mark.parametrize(
    "heading", ["Coupon name", "쿠폰명", "customer_id", "SUMMER2026", A, "order", "x" * 999]
)
def test_other_headings_are_not_taken_for_one(heading: str) -> None:
    """What does not say that codes stand below it is none of these."""
    assert fit(heading) is Fit.NONE


_CELLS = st.text(st.sampled_from("AB12ab -–—,;.\"“'=()\n\u2028é"), max_size=20)
_TABLES = st.lists(st.lists(_CELLS | st.sampled_from([A, B, C, "code", "20260001"]), max_size=3), max_size=5)


def _written(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


@given(_TABLES)
def test_no_code_is_invented(rows: list[list[str]]) -> None:
    """Every code that is read stands in one cell, dashes aside."""
    for source in (from_table, from_text):
        try:
            found = gather(source(_written(rows)))
        except BadInput:
            continue
        cells = [re.sub(f"[{re.escape(DASHES)}]", "", cell) for row in rows for cell in row]
        assert all(any(code in cell for cell in cells) for code in found.codes)


@given(st.lists(st.tuples(st.integers(1, 99), _CELLS | st.sampled_from([A, B, C])), max_size=6))
def test_no_cell_is_dropped(rows: list[tuple[int, str]]) -> None:
    """Every cell of the column that looks like a code is one, or is named as wrong.

    If what separates columns elsewhere stands in the cells, the person may be asked instead.
    """
    text = _written([["no", "coupon code"], *([str(number), cell] for number, cell in rows)])
    try:
        found = _read(text)
    except BadInput:
        assert any(mark in cell for _, cell in rows for mark in ";\t|")
        return
    said = " ".join([*found.codes, *(bad.text for bad in found.bad)])
    for _, cell in rows:
        if looks_like_codes(cell):
            assert all(code in said for code in codes_in(cell))


@given(st.text(max_size=300))
def test_whatever_is_sent_is_read_or_asked_about(text: str) -> None:
    """No file and no text make the reader fail in any other way than with a sentence for the person."""
    for source in (from_table, from_text):
        said = "nothing to ask"
        try:
            gather(source(text))
        except BadInput as question:
            said = str(question)
        assert 10 < len(said) < 700


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        "a-" * 50_000,
        f"code{',' * 50_000}\n{f'{A},' * 3000}",
        "promo" * 20_000,
        '"' * 100_000,
        f'"a\n,{A}\n' * 5000,
    ],
    ids=["dashes", "columns", "a heading", "quotes", "open quotes"],
)
def test_no_file_takes_long(text: str) -> None:
    """What is as large as a file may be is read in a moment, whatever is in it: others wait meanwhile."""
    for source in (from_table, from_text):
        with suppress(BadInput):
            gather(source(text))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_none(content: bytes) -> None:
    """No file makes the decoder fail."""
    assert isinstance(decoded(content), str | None)
