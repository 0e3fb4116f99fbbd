"""A coupon as Vivoldi shows it, and how two looks at it compare.

Facts that the vendor's API gives are listed in the vendor's `validate` call. Personal and secret fields
(whom it was issued to, the on-site password) never get into a value of this module, unless sealed: of
the person, only "issued to someone" is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import NewType

from bot.domain.errors import BadInput

CouponCode = NewType("CouponCode", str)
Sealed = NewType("Sealed", str)  # encrypted: everything that Vivoldi gave, to be kept once it is deleted

_CODE = re.compile(r"[A-Za-z0-9]{8,16}", re.ASCII)
# Bump it when the meaning of a digest changes: approvals given under an older meaning then no longer count.
_DIGEST_VERSION = 1


def parse_code(text: str) -> CouponCode:
    """Return the coupon code that a person typed, without `-` and backticks.

    The case is kept, since whether it matters to Vivoldi is not documented.
    Raises BadInput with a sentence that says what a code looks like.
    """
    code = text.replace("-", "").replace("`", "")
    if not _CODE.fullmatch(code):
        raise not_a_code(text)
    return CouponCode(code)


def not_a_code(text: str) -> BadInput:
    """Return what to answer to a text that is no coupon code: what a code looks like."""
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    return BadInput(
        f"“{shown}” is not a coupon code. A code has 8 to 16 letters and digits, "
        "for example ZJLF0399WQBEQZJM; hyphens may be left in."
    )


def code_key(code: str) -> str:
    """Return the key under which codes count as the same.

    Whether Vivoldi tells upper from lower case is not documented, so two spellings are never open at once.
    """
    return code.upper()


class DiscountKind(StrEnum):
    """How the discount counts (`discTypeIdx` 457, 458, or one that is not documented)."""

    PERCENT = "percent"
    AMOUNT = "amount"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """The facts of a coupon that people are shown. A fact that Vivoldi left out is None.

    Dates and times stay as Vivoldi wrote them: their time zone is not documented.
    """

    number: str
    name: str | None = None
    discount_kind: DiscountKind | None = None
    discount: str | None = None
    currency: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    use_limit: int | None = None
    use_count: int | None = None
    created_at: str | None = None
    domain: str | None = None
    issued_to_person: bool = False

    def valid_on(self, day: date) -> bool:
        """Tell whether `day` lies in the validity period; a missing or unreadable end counts as open."""
        start, end = _as_date(self.starts_on), _as_date(self.ends_on)
        return (start is None or start <= day) and (end is None or day <= end)


def _as_date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Shown:
    """Vivoldi showed the coupon.

    sealed: its whole answer, if there is a key to seal it with. It is no part of what people are shown.
    """

    coupon: Coupon
    sealed: Sealed | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class NotShown:
    """Vivoldi answered that the coupon is not valid: unknown, expired, not started, or used up.

    The API does not tell these apart; message is Vivoldi's own text.
    """

    message: str


Reading = Shown | NotShown


@dataclass(frozen=True)
class Difference:
    """One fact that differs between two looks at a coupon; None: the fact was not given."""

    fact: str
    before: str | None
    after: str | None


class Sameness(StrEnum):
    """How a coupon that was read later relates to the one that was shown."""

    SAME = "same"
    EDITED = "edited"  # the same coupon, with other facts
    OTHER = "other"  # another coupon, created later under the same number
    UNCLEAR = "unclear"  # no creation time says which of the two it is


def facts(coupon: Coupon) -> dict[str, str | None]:
    """Return the facts that approvals are bound to, as text by name.

    All but the use count, which goes up while people are deciding.
    """
    raw = asdict(coupon)
    del raw["use_count"]
    return {name: None if value is None else str(value) for name, value in raw.items()}


def differences(before: Coupon, after: Coupon) -> tuple[Difference, ...]:
    """Return every fact that differs, in the order in which people are shown them."""
    old, new = facts(before), facts(after)
    return tuple(Difference(name, old[name], new[name]) for name in old if old[name] != new[name])


def sameness(before: Coupon, after: Coupon) -> Sameness:
    """Tell whether `after` is the coupon that was shown as `before`.

    The creation time is all that tells one coupon from another that was created later under the same number:
    if Vivoldi leaves it out, the same facts prove nothing.
    """
    if not (before.created_at and after.created_at):
        return Sameness.UNCLEAR
    if before.created_at != after.created_at:
        return Sameness.OTHER
    return Sameness.EDITED if differences(before, after) else Sameness.SAME


def digest(code: CouponCode, reading: Reading) -> str:
    """Return the SHA-256 (hex) of exactly what was shown under a code, the use count left out."""
    shown = facts(reading.coupon) if isinstance(reading, Shown) else None
    content = {"version": _DIGEST_VERSION, "code": code, "shown": shown}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def combined_digest(digests: Iterable[str]) -> str:
    """Return one SHA-256 (hex) over the digests of several coupons, in their order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


class Warning(StrEnum):
    """What an approver should think about before a coupon is deleted."""

    RUNNING = "running"  # valid today, so perhaps in a running campaign
    USED = "used"
    UNLIMITED = "unlimited"
    ISSUED = "issued"  # issued to a person, who will get an error
    NOT_SHOWN = "not_shown"


def warnings(reading: Reading, today: date) -> tuple[Warning, ...]:
    """Return the warnings for a coupon. today: the day in Vivoldi's time zone."""
    if isinstance(reading, NotShown):
        return (Warning.NOT_SHOWN,)
    coupon = reading.coupon
    found = (
        (Warning.RUNNING, coupon.valid_on(today)),
        (Warning.USED, bool(coupon.use_count)),
        (Warning.UNLIMITED, coupon.use_limit == 0),
        (Warning.ISSUED, coupon.issued_to_person),
    )
    return tuple(warning for warning, applies in found if applies)
