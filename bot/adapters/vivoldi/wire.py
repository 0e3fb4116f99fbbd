"""What comes over the wire: the coupon of an answer.

Field names are the vendor's. Every field but `cpnNo` may be missing or of another type than documented; it
then counts as not given. Personal fields are only counted, and the on-site password is not looked at.
"""

from __future__ import annotations

import json
from decimal import Decimal

from bot.domain.coupon import Coupon, CouponCode, DiscountKind, code_key
from bot.text import plain

_KINDS = {457: DiscountKind.PERCENT, 458: DiscountKind.AMOUNT}
PERSONAL = ("userId", "userNm", "userPhnno", "userEml", "userEtc1", "userEtc2")
_NAME, _WORD, _DIGITS = 200, 40, 30  # the most characters that are kept


def parse_json(body: bytes) -> object:
    """Return what a JSON body holds, its fractions as Decimal. Raises ValueError for anything else."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("nested too deeply, or a number beyond all bounds") from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def parse_coupon(code: CouponCode, result: object) -> Coupon | None:
    """Return the coupon that an answer about `code` holds.

    None if it is not an object, or if its number is not that code but for case and hyphens.
    """
    if not isinstance(result, dict):
        return None
    number = result.get("cpnNo")
    if (
        not isinstance(number, str)
        or not number.isascii()
        or code_key(number.replace("-", "")) != code_key(code)
    ):
        return None
    return Coupon(
        number=number,
        name=plain(result.get("nm"), _NAME),
        discount_kind=_kind(result.get("discTypeIdx")),
        discount=_amount(result.get("disc")),
        currency=plain(result.get("discCurrency"), _WORD),
        starts_on=plain(result.get("strtYmd"), _WORD),
        ends_on=plain(result.get("endYmd"), _WORD),
        use_limit=_count(result.get("useLimit")),
        use_count=_count(result.get("useCnt")),
        created_at=plain(result.get("regYmdt"), _WORD),
        domain=plain(result.get("domain"), _NAME),
        issued_to_person=any(is_given(result.get(field)) for field in PERSONAL),
    )


def _number(value: object) -> Decimal | None:
    """Return an exact number; None for other types, and for numbers too long to be shown."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if abs(number.adjusted()) < _DIGITS and len(number.as_tuple().digits) <= _DIGITS else None


def _kind(value: object) -> DiscountKind | None:
    number = _count(value)
    return None if number is None else _KINDS.get(number, DiscountKind.OTHER)


def _amount(value: object) -> str | None:
    """Return a number without needless zeros. `normalize()` would round it to 28 digits."""
    number = _number(value)
    if number is None:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def is_given(value: object) -> bool:
    """Tell whether a field holds anything."""
    return bool(value.strip() if isinstance(value, str) else value)
