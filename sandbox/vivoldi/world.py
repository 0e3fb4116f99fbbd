"""The coupons, the world clock, and the vendor's rules for every call."""

import secrets
import string
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.vivoldi.coupon import WIRE_NAMES, Coupon
from sandbox.vivoldi.log import EventKind, Log

# What the update call may touch; the rest belongs to the vendor or is the number itself.
UPDATABLE = WIRE_NAMES - {"cpnNo", "domain", "formatDiscCurrency", "useCnt", "regYmdt"}

# The vendor's page on the call names these as required.
_REQUIRED = ("nm", "discTypeIdx", "disc")
_NUMBER_LETTERS = string.ascii_uppercase + string.digits


class RefusedError(Exception):
    """The vendor's rules say no; the text is the `message` of the answer."""


class UnknownCouponError(RefusedError):
    """The coupon does not exist."""

    def __init__(self) -> None:
        """Use the vendor-like message."""
        super().__init__("The coupon does not exist.")


class World:
    """All state that a call can see or change.

    `unknown_delete_succeeds` decides what the vendor leaves undocumented: whether deleting a number that does
    not exist answers success. A `call` parameter is the `seq` of the API call, None for the control side.
    """

    def __init__(self, *, unknown_delete_succeeds: bool = False) -> None:
        """Start without coupons, at the real time."""
        self.log = Log()
        self._unknown_delete_succeeds = unknown_delete_succeeds
        self._coupons: dict[str, Coupon] = {}
        self._last_created: dict[str, datetime] = {}
        self._shift = timedelta()

    def now(self) -> datetime:
        """Return the world clock's time in UTC; it runs on from wherever it was set."""
        return datetime.now(UTC) + self._shift

    def set_now(self, now: datetime) -> None:
        """Set the world clock; a time without a zone is taken as UTC."""
        aware = now if now.tzinfo else now.replace(tzinfo=UTC)
        self._shift = aware - datetime.now(UTC)

    def shift(self, seconds: float) -> None:
        """Move the world clock forwards, or backwards for a negative number."""
        self._shift += timedelta(seconds=seconds)

    def coupons(self) -> list[Coupon]:
        """Return every coupon that exists, oldest first."""
        return list(self._coupons.values())

    def coupon(self, code: str) -> Coupon:
        """Return a coupon, or raise `UnknownCouponError`."""
        try:
            return self._coupons[code]
        except KeyError:
            raise UnknownCouponError from None

    def validate(self, code: str) -> Coupon:
        """Return the coupon if it can be used now, else raise `RefusedError` with one of four reasons."""
        coupon = self.coupon(code)
        today = self.now().date()
        if coupon.strt_ymd and today < coupon.strt_ymd:
            raise RefusedError(f"The coupon can be used from {coupon.strt_ymd}.")
        if coupon.end_ymd and today > coupon.end_ymd:
            raise RefusedError(f"The coupon expired on {coupon.end_ymd}.")
        if coupon.use_limit and (coupon.use_cnt or 0) >= coupon.use_limit:
            raise RefusedError("The coupon has already been used.")
        if coupon.person_limit_reached:
            raise RefusedError("The number of uses per person has been exceeded.")
        return coupon

    def create(self, fields: Mapping[str, Any], call: int | None = None) -> Coupon:
        """Make a coupon from wire-named fields, with defaults that validate today, and return it.

        Raises `RefusedError` if the number exists and `ValidationError` for an unknown field or a bad value.
        An API call is refused as well where something that is required is missing, or the end has passed.
        """
        code = str(fields.get("cpnNo") or "".join(secrets.choice(_NUMBER_LETTERS) for _ in range(16)))
        if code in self._coupons:
            raise RefusedError("The coupon number is already in use.")
        now = self.now()
        if code in self._last_created:
            # Creation times have whole seconds; one made again within the same second must still differ.
            now = max(now, self._last_created[code] + timedelta(seconds=1))
        defaults = {
            "strtYmd": now.date() - timedelta(days=1),
            "endYmd": now.date() + timedelta(days=30),
            "regYmdt": now.strftime("%Y-%m-%d %H:%M:%S"),
        }
        coupon = Coupon.model_validate({**defaults, **fields, "cpnNo": code, "uid": uuid4().hex})
        if call is not None:
            _check_new(fields, coupon, now.date())
        self._last_created[code] = now
        self._keep("created", coupon, call)
        return coupon

    def update(self, code: str, fields: Mapping[str, Any], call: int | None = None) -> Coupon:
        """Change the updatable fields by the vendor's rules; others are ignored. Raises like `create`."""
        coupon = self.coupon(code)
        changes = {name: value for name, value in fields.items() if name in UPDATABLE}
        if coupon.use_cnt and changes.keys() - {"memo"}:
            raise RefusedError("Only the memo of a redeemed coupon can be changed.")
        changed = coupon.changed(changes)
        latest = date(self.now().year + 1, 12, 31)
        if "endYmd" in changes and changed.end_ymd and changed.end_ymd > latest:
            raise RefusedError(f"The end date can be at most {latest}.")
        self._keep("updated", changed, call)
        return changed

    def change(self, code: str, fields: Mapping[str, Any]) -> Coupon:
        """Change any field from the control side, without the vendor's rules. Raises like `create`."""
        changed = self.coupon(code).changed(fields)
        self._keep("updated", changed, None)
        return changed

    def redeem(self, code: str, onsite_pwd: str | None = None, call: int | None = None) -> Coupon:
        """Use a coupon once; raise `RefusedError` if it can't be used or an API call lacks its password."""
        coupon = self.validate(code)
        if call is not None and coupon.onsite_yn == "Y" and onsite_pwd != coupon.onsite_pwd:
            raise RefusedError("The on-site password is wrong.")
        redeemed = coupon.changed({"useCnt": (coupon.use_cnt or 0) + 1})
        self._keep("redeemed", redeemed, call)
        return redeemed

    def delete(self, code: str, call: int | None = None) -> None:
        """Delete a coupon for good; raise `UnknownCouponError` unless the world was told to succeed."""
        if code not in self._coupons and call is not None and self._unknown_delete_succeeds:
            return
        coupon = self.coupon(code)
        del self._coupons[code]
        self.log.add_event("deleted", code=code, uid=coupon.uid, facts=coupon.facts(), call=call)

    def _keep(self, kind: EventKind, coupon: Coupon, call: int | None) -> None:
        self._coupons[coupon.cpn_no] = coupon
        self.log.add_event(kind, code=coupon.cpn_no, uid=coupon.uid, facts=coupon.facts(), call=call)


def _check_new(fields: Mapping[str, Any], coupon: Coupon, today: date) -> None:
    """Raise `RefusedError` where the vendor, or any server in its place, would not create a coupon."""
    if missing := [name for name in _REQUIRED if fields.get(name) in (None, "")]:
        raise RefusedError(f"{missing[0]} is required.")
    if coupon.end_ymd and coupon.end_ymd < today:
        raise RefusedError("The end date has passed.")
    if coupon.strt_ymd and coupon.end_ymd and coupon.end_ymd < coupon.strt_ymd:
        raise RefusedError("The end date is before the start date.")
