"""The ids that requests and notices get."""

from __future__ import annotations

import secrets
from collections import Counter

import pytest

from bot.wiring import new_id


def test_every_letter_of_an_id_is_as_likely_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all random bytes, as many stand for one letter as for another one."""
    found: Counter[str] = Counter()
    for byte in range(256):
        monkeypatch.setattr(secrets, "token_bytes", lambda length, byte=byte: bytes([byte] * length))
        (letter,) = set(new_id().removeprefix("CG-"))
        found[letter] += 1
    assert (len(found), set(found.values())) == (32, {8})


def test_an_id_is_short_and_its_own() -> None:
    """Two ids differ, and each has ten letters."""
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(len(each) == 13 for each in made)
