"""Encrypts what only a key's holder may read: what a deleted coupon held, personal and secret fields too."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.domain.coupon import Sealed
from bot.domain.errors import SealError


class Seal:
    """Authenticated encryption (Fernet) under a list of keys: the first one seals, every one opens.

    keys: url-safe base64 of 32 bytes each, at least one. Raises ValueError for what is no such key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in keys]
        self._first = fernets[0]
        self._all = MultiFernet(fernets)

    def close(self, content: bytes) -> Sealed:
        """Return the content, sealed with the first key."""
        return Sealed(self._first.encrypt(content).decode())

    def open(self, sealed: Sealed) -> bytes:
        """Return the content. Raises SealError if no key fits, or if the sealed text was changed."""
        try:
            return self._all.decrypt(sealed)
        except InvalidToken:
            raise SealError("None of the keys in SNAPSHOT_KEYS opens it.") from None

    def renewed(self, sealed: Sealed) -> Sealed | None:
        """Return it sealed with the first key, or None if it is already. Raises SealError as `open`."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.close(self.open(sealed))
        return None


def new_key() -> str:
    """Return a new key."""
    return Fernet.generate_key().decode()
