"""Words that are close to a command: they are never a code, and the answer names what was probably meant."""

from __future__ import annotations

from difflib import get_close_matches

from bot.domain.typed.words import bare

_UNFREEZE = "unfreeze"
# What each word would do, by the word of the command that does it; "" is the deletion itself.
_MEANT = {
    "help": "help",
    "list": "list",
    "lists": "list",
    "listing": "list",
    "show": "show",
    "shows": "show",
    "history": "show",
    "status": "show",
    "freeze": "freeze",
    "freezes": "freeze",
    "freezing": "freeze",
    "frozen": "freeze",
    "restore": "restore",
    "restores": "restore",
    "restored": "restore",
    "restoring": "restore",
    "recreate": "restore",
    "recover": "restore",
    "undelete": "restore",
    "undeleted": "restore",
    "undeletes": "restore",
    "delete": "",
    "deletes": "",
    "deleted": "",
    "deleting": "",
    "deletion": "",
    "remove": "",
    "unfreeze": _UNFREEZE,
    "unfreezes": _UNFREEZE,
    "unfreezing": _UNFREEZE,
    "unfrozen": _UNFREEZE,
    "defrost": _UNFREEZE,
}
# How alike a word has to be, from 0 to 1: one letter of six is wrong, or two have changed places. A word that
# is long enough for a code has to be closer.
_ALIKE, _ALIKE_IF_LONG = 0.82, 0.87
_SHORTEST_CODE = 8


def meant(word: str) -> str | None:
    """Return the word of a command that was probably meant; "": a deletion; None: it is close to none."""
    text = bare(word).lower()
    if not text.isascii() or not text.isalpha():
        return None
    alike = _ALIKE if len(text) < _SHORTEST_CODE else _ALIKE_IF_LONG
    found = get_close_matches(text, _MEANT, n=1, cutoff=alike)
    return _MEANT[found[0]] if found else None


def advice(word: str, rest: str, code: str) -> str:
    """Return what to type in place of a word that is close to a command.

    rest: what was typed behind it. code: the code that is meant, or `CODE`.
    """
    command = meant(word)
    said = f"“{bare(word)}” is not a coupon code."
    if command == _UNFREEZE:
        return (
            f"{said} To unfreeze a coupon, press *Unfreeze* on its card; `/coupon-delete show {code}` links"
            " to it."
        )
    typed = " ".join(filter(None, ["/coupon-delete", command, rest or ("" if command in _ALONE else "CODE")]))
    return f"{said} Did you mean `{typed}`?"


_ALONE = ("help", "list")
