"""What a column of codes is called in the files that shops and Vivoldi export, and how well it says so.

The list is never complete: a heading that is not in it is asked about, and never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum

# What a code is of, and what makes it a code, in English, Korean, Japanese, Chinese, German, French, Spanish,
# Italian, Portuguese, Dutch, the Scandinavian languages, Polish, Turkish and Russian.
_COUPON = (
    "coupons? vouchers? cpn gutscheine? cupon(?:es)? cupo(?:m|ns) buon[oi] bons? waardebon(?:nen)?"
    " kupong?(?:er|y)? 쿠폰 クーポン 优惠券 優惠券 优惠卷 купон(?:ы|а|ов)? vivoldicoupons?"
)
_OFFER = (
    "promo promos promotions? promotional discounts? gift giftcards? rabatte? rabat rabatow[ya] aktions?"
    " aktion angebots? descuentos? promocional promocion promocao oferta remises? reductions?"
    " promotionnel offre sconto sconti promozion[ei] promozionale descontos? kortings? korting"
    " acties? actie rabatt tilbuds? kampanj kampagne kampanje indirim promosyon redemption redeem unique"
    " 할인 프로모션 프로모 割引 プロモ"
    " プロモーション キャンペーン 优惠 優惠 折扣 兑换 兌換 промо скидка"
)
_CODE = "codes? kode[rn]? kody? kods? kodu codigos? codic[ei] 코드 コード 码 碼 代码 代碼 код(?:ы)?"
_NUMBER = (
    "numbers? nums? nos? nrs? nummern? nummers? numeros? numer[oi] nombor numara 번호 넘버 番号 番號"
    " 编号 編號 号码 號碼 номер"
)
_OF = "(?:de|du|des|del|della|dello|di|do|da|of|der|s|van|의|の|的)?"


class Fit(IntEnum):
    """How well a heading says that codes of coupons stand below it."""

    NONE = 0
    NUMBER = 1  # any number, or some offer
    CODE = 2  # a code, or a coupon
    COUPON_CODE = 3  # the code of a coupon
    CHOSEN = 4  # what a question asks people to write above the right column


def fit(heading: str) -> Fit:
    """Return how well a heading fits; NONE: it is none that is known."""
    name = _squashed(heading[:_LONGEST])
    return next((fit for fit, pattern in _PATTERNS if pattern.fullmatch(name)), Fit.NONE)


def _squashed(text: str) -> str:
    """Return letters and digits alone, in small letters, without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("°", "o"))
    return unicodedata.normalize("NFKC", "".join(letter for letter in apart if letter.isalnum()))


def _any(words: str) -> str:
    """Return a pattern for any of the words, which are patterns themselves, as `_squashed` leaves them."""
    plain = "".join(each if each.isascii() else _squashed(each) for each in words)
    return f"(?:{'|'.join(plain.split())})"


CHOSEN = "codes to delete"
_LONGEST = 60
_OFFERED, _NAMED = _any(f"{_COUPON} {_OFFER}"), _any(f"{_CODE} {_NUMBER}")
_CODES, _COUPONS = _any(_CODE), _any(_COUPON)
_PATTERNS = tuple(
    (fit, re.compile(pattern))
    for fit, pattern in (
        (Fit.CHOSEN, _squashed(CHOSEN)),
        (Fit.COUPON_CODE, f"{_OFFERED}{{1,3}}{_OF}{_CODES}|{_CODES}{_OF}{_OFFERED}{{1,3}}"),
        (Fit.COUPON_CODE, f"{_COUPONS}{_OF}{_NAMED}|{_NAMED}{_OF}{_COUPONS}"),
        (Fit.CODE, f"{_CODES}|{_COUPONS}"),
        (Fit.NUMBER, f"{_any(_NUMBER)}|{_any(_OFFER)}"),
    )
)
