"""What a deleted coupon held is readable with one of the keys, and in no other way."""

from __future__ import annotations

import pytest

from bot.adapters.seal import Seal, new_key
from bot.domain.coupon import Sealed
from bot.domain.errors import SealError

OLD, NEW = new_key(), new_key()
# What no base64 text can hold by chance: neither "@" nor "." is in its alphabet.
NAME = "mina@shop.example"
HELD = f'{{"userEml": "{NAME}"}}'.encode()


def test_what_is_sealed_shows_nothing_and_opens_again() -> None:
    """Encrypted text holds nothing of what it hides, differs each time, and gives it back."""
    seal = Seal([OLD])
    first, second = seal.close(HELD), seal.close(HELD)
    assert NAME not in first
    assert first != second
    assert seal.open(first) == seal.open(second) == HELD


def test_every_key_opens_and_the_first_one_seals() -> None:
    """After a new key was put first, what the old one sealed still opens, and new things need the new one."""
    both = Seal([NEW, OLD])
    assert both.open(Seal([OLD]).close(HELD)) == HELD
    assert Seal([NEW]).open(both.close(HELD)) == HELD


def test_renewing_moves_to_the_first_key_once() -> None:
    """What an old key sealed can be had under the first one; what is under it already is left alone."""
    both = Seal([NEW, OLD])
    renewed = both.renewed(Seal([OLD]).close(HELD))
    assert renewed is not None
    assert Seal([NEW]).open(renewed) == HELD
    assert both.renewed(renewed) is None


def test_without_its_key_or_after_a_change_nothing_opens() -> None:
    """A key that is gone, and a sealed text that someone changed, are an error and never a wrong content."""
    sealed = Seal([OLD]).close(HELD)
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    changed = Sealed(sealed[:middle] + other + sealed[middle + 1 :])
    for seal, text in ((Seal([NEW]), sealed), (Seal([OLD]), changed), (Seal([OLD]), Sealed("nonsense"))):
        with pytest.raises(SealError):
            seal.open(text)
        with pytest.raises(SealError):
            seal.renewed(text)
