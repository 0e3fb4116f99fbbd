"""What a sealed snapshot holds for creating its coupon again: what may be shown, and the body of the call.

The body has what the vendor's page on `create` names and a read had given. It says that images can't be
uploaded, and a read tells neither group nor template. The domain is left to Vivoldi: it depends on the plan.
Personal and secret fields go from here to Vivoldi and nowhere else (I8).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from bot.adapters.vivoldi.wire import PERSONAL, is_given, parse_coupon, parse_json
from bot.domain.coupon import Coupon, CouponCode, DiscountKind
from bot.domain.item.restore import Held, Unusable

_GIVEN_BACK = (
    *("nm", "discTypeIdx", "disc", "discCurrency", "strtYmd", "endYmd", "useLimit"),
    *("onsiteYn", "onsitePwd", "memo", "url"),
    *PERSONAL,
)


def held_in(code: CouponCode, content: bytes) -> Held | Unusable:
    """Return what may be shown of the content of a snapshot that is said to be of `code`."""
    result = _result(content)
    coupon = parse_coupon(code, result)
    if coupon is None or coupon.number.replace("-", "") != code:
        return Unusable.NOT_ITS_OWN
    return Held(coupon, is_given(result.get("imgUrl"))) if _is_complete(coupon) else Unusable.INCOMPLETE


def body_of(code: CouponCode, content: bytes) -> Mapping[str, object]:
    """Return the body of the call that creates the coupon of a snapshot again; `held_in` has looked at it."""
    result = _result(content)
    given = {name: _sendable(result[name]) for name in _GIVEN_BACK if is_given(result.get(name))}
    # Not given is not the same as zero, which means without limit.
    return given | {"cpnNo": code, "useLimit": _sendable(result.get("useLimit"))}


def _result(content: bytes) -> Mapping[str, object]:
    try:
        answer = parse_json(content)
    except ValueError:
        return {}
    result = answer.get("result") if isinstance(answer, dict) else None
    return result if isinstance(result, dict) else {}


def _sendable(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _is_complete(coupon: Coupon) -> bool:
    """Tell whether nothing is left out for which Vivoldi would choose something of its own."""
    known = (coupon.name, coupon.discount, coupon.use_limit)
    if None in known or not (_is_date(coupon.starts_on) and _is_date(coupon.ends_on)):
        return False
    if coupon.discount_kind is DiscountKind.AMOUNT:
        return coupon.currency is not None
    return coupon.discount_kind is DiscountKind.PERCENT


def _is_date(text: str | None) -> bool:
    try:
        return text is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
