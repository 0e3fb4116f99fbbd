"""What goes into a creation from a sealed snapshot: what a read had given, and nothing that it had not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.adapters.vivoldi.creation import body_of, held_in
from bot.domain.coupon import CouponCode, DiscountKind
from bot.domain.item.restore import Held, Unusable

CODE = CouponCode("ZJLF0399WQBEQZJM")
FACTS: dict[str, Any] = {
    "cpnNo": "ZJLF-0399-WQBE-QZJM",
    "nm": "Cake",
    "discTypeIdx": 458,
    "disc": 12.5,
    "discCurrency": "EUR",
    "strtYmd": "2025-01-01",
    "endYmd": "2025-12-31",
    "useLimit": 0,
}
SECRETS = {
    "onsiteYn": "Y",
    "onsitePwd": "0417",
    "memo": "inside",
    "url": "https://shop.example",
    "userId": "u1",
    "userNm": "Mina",
    "userPhnno": "+1 123",
    "userEml": "m@shop.example",
    "userEtc1": "x",
}
VIVOLDIS_OWN = {
    "useCnt": 3,
    "regYmdt": "2024-11-17 17:29:25",
    "domain": "https://vvd.bz",
    "imgUrl": "https://i.example",
    "formatDiscCurrency": "€12.50",
    "grpIdx": 7,
    "userEtc2": "",
    "unknown": 1,
}


def content(**changes: Any) -> bytes:
    """Return an answer with the facts, changed; None: left out."""
    result = {name: value for name, value in {**FACTS, **changes}.items() if value is not None}
    return json.dumps({"code": 0, "message": "", "result": result}).encode()


def test_the_body_has_what_a_read_had_given() -> None:
    """Facts, personal and secret fields go back; what is Vivoldi's own, or unknown, does not."""
    body = body_of(CODE, content(**SECRETS, **VIVOLDIS_OWN))
    assert body == {**FACTS, **SECRETS, "cpnNo": CODE}


@pytest.mark.parametrize(("written", "sent"), [(60.0, 60), (60, 60), (0.5, 0.5), (1e3, 1000)])
def test_the_discount_is_sent_as_a_number(written: float, sent: float) -> None:
    """A whole discount is a whole number, however Vivoldi had written it."""
    body = json.loads(json.dumps(body_of(CODE, content(disc=written))))
    assert (body["disc"], type(body["disc"])) == (sent, type(sent))


def test_what_may_be_shown_is_facts_alone() -> None:
    """Of the personal fields only "issued to someone" comes out, of the image only that there was one."""
    held = held_in(CODE, content(**SECRETS, **VIVOLDIS_OWN))
    assert isinstance(held, Held)
    assert (held.coupon.name, held.coupon.discount_kind, held.image) == ("Cake", DiscountKind.AMOUNT, True)
    assert held.coupon.issued_to_person
    assert not any(str(secret) in repr(held) for secret in SECRETS.values() if len(str(secret)) > 1)
    plain = held_in(CODE, content())
    assert isinstance(plain, Held)
    assert (plain.image, plain.coupon.issued_to_person) == (False, False)


@pytest.mark.parametrize("other", ["AAAA1111BBBB2222", "zjlf0399wqbeqzjm", None])
def test_what_belongs_to_another_coupon_is_not_used(other: str | None) -> None:
    """A snapshot that someone moved to another item, or that is of another spelling, creates nothing."""
    assert held_in(CODE, content(cpnNo=other)) is Unusable.NOT_ITS_OWN


@pytest.mark.parametrize("odd", [b"", b"[]", b"{}", b'{"code":0,"result":null}', b"\xff"])
def test_what_is_no_answer_is_not_used(odd: bytes) -> None:
    """Whatever is inside a seal, it is looked at before anything is made of it."""
    assert held_in(CODE, odd) is Unusable.NOT_ITS_OWN


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("nm", "discTypeIdx", "disc", "strtYmd", "endYmd", "useLimit")),
        {"discCurrency": None},
        {"discTypeIdx": 459},
        {"endYmd": "soon"},
        {"strtYmd": "2025-02-30"},
        {"nm": " "},
    ],
)
def test_what_vivoldi_would_choose_is_not_left_to_it(changes: dict[str, Any]) -> None:
    """Where a read had not given what a coupon is made of, nothing is created instead of guessed."""
    assert held_in(CODE, content(**changes)) is Unusable.INCOMPLETE


def test_a_percentage_needs_no_currency() -> None:
    """Only an amount is of a currency."""
    assert isinstance(held_in(CODE, content(discTypeIdx=457, discCurrency=None)), Held)
