"""The coupon as Vivoldi keeps it, with the vendor's field names on the wire."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

Currency = Literal["KRW", "CAD", "JPY", "CNY", "EUR", "GBP", "IDR", "MUR", "RUB", "SGD", "USD"]

PERCENT: Literal[457] = 457
FIXED_AMOUNT: Literal[458] = 458


def _formatted_discount(facts: dict[str, Any]) -> str:
    return f"{facts.get('disc_currency')} {facts.get('disc')}"


class Coupon(BaseModel):
    """One incarnation of a coupon number.

    Fields are those that the vendor's `validate` answers (`cpnNo`, `nm`, ... on the wire). Any of them but
    the number may be null and is then left out of answers. Two fields never leave through the API: `uid`
    tells incarnations of one number apart, `personLimitReached` makes `validate` fail for that reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    uid: str = Field(exclude=True)
    person_limit_reached: bool = Field(default=False, exclude=True)
    cpn_no: str = Field(pattern=r"^[A-Za-z0-9]{8,16}$")
    domain: str | None = "vivoldi.example"
    nm: str | None = "Sample coupon"
    disc_type_idx: Literal[457, 458] | None = PERCENT
    disc: float | None = Field(default=10.0, gt=0)
    disc_currency: Currency | None = "USD"
    format_disc_currency: str | None = Field(default_factory=_formatted_discount)
    strt_ymd: date | None
    end_ymd: date | None
    use_limit: int | None = Field(default=1, ge=0, le=5)
    use_cnt: int | None = Field(default=0, ge=0)
    img_url: str | None = ""
    onsite_yn: Literal["Y", "N"] | None = "N"
    onsite_pwd: str | None = ""
    memo: str | None = ""
    url: str | None = ""
    user_id: str | None = ""
    user_nm: str | None = ""
    user_phnno: str | None = ""
    user_eml: str | None = ""
    user_etc1: str | None = ""
    user_etc2: str | None = ""
    reg_ymdt: str | None = Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")

    def facts(self) -> dict[str, Any]:
        """Return the `result` of a successful `validate`: wire names, null fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def whole(self) -> dict[str, Any]:
        """Return the facts and the two fields that the API never shows, for the control side."""
        return self.facts() | {"uid": self.uid, "personLimitReached": self.person_limit_reached}

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return the coupon with wire-named fields changed; raise `ValidationError` for a bad value."""
        merged = self.model_dump(mode="json", by_alias=True) | {
            "personLimitReached": self.person_limit_reached
        }
        if changes.keys() & {"disc", "discCurrency"}:
            # The vendor derives this text, so it has to follow the amount.
            del merged["formatDiscCurrency"]
        return self.model_validate(merged | dict(changes) | {"uid": self.uid, "cpnNo": self.cpn_no})


WIRE_NAMES = frozenset(to_camel(name) for name in Coupon.model_fields) - {"uid", "personLimitReached"}


def sentence(error: ValidationError) -> str:
    """Return what is wrong with some input, as one sentence for a person."""
    faults = (f"{'.'.join(map(str, fault['loc'])) or 'input'}: {fault['msg']}" for fault in error.errors())
    return "; ".join(faults) + "."
