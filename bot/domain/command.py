"""What can be typed after `/coupon-delete`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.bulk import MANY
from bot.domain.coupon import CouponCode, code_key, parse_code
from bot.domain.errors import BadInput
from bot.domain.request import Purpose

MAX_REASON = 500


@dataclass(frozen=True)
class Help:
    """Show how the command is used."""


@dataclass(frozen=True)
class ListOpen:
    """Show the open requests."""


@dataclass(frozen=True)
class Ask:
    """Ask for a deletion, for a freeze alone, or to create a deleted coupon again. reason may be empty."""

    codes: tuple[CouponCode, ...]
    reason: str
    purpose: Purpose = Purpose.DELETE


@dataclass(frozen=True)
class ShowHistory:
    """Show what happened to a code before."""

    code: CouponCode


Command = Help | ListOpen | ShowHistory | Ask

# Every sub-word has fewer than 8 letters, so none of them can be a coupon code.
_WORDS: dict[str, Command] = {"": Help(), "help": Help(), "list": ListOpen()}
_SHOW = "show"
_PURPOSES = {"freeze": Purpose.FREEZE, "restore": Purpose.RESTORE}


def parse_command(text: str, *, reason_required: bool) -> Command:
    """Return what was asked for. The first word holds the codes, the rest is the reason.

    Raises BadInput with a sentence that says what to type instead.
    """
    first, reason = _split(text)
    word = _WORDS.get(first.lower())
    if word is not None:
        return word
    if first.lower() == _SHOW:
        return ShowHistory(_code_to_show(reason))
    if (purpose := _PURPOSES.get(first.lower())) is not None:
        return _ask(*_split(reason), purpose, reason_required=reason_required)
    return _ask(first, reason, Purpose.DELETE, reason_required=reason_required)


def _ask(first: str, reason: str, purpose: Purpose, *, reason_required: bool) -> Ask:
    typed = "/coupon-delete" if purpose is Purpose.DELETE else f"/coupon-delete {purpose}"
    if reason and (first.endswith(",") or reason.startswith(",")):
        raise BadInput(f"Please separate the codes by commas without spaces: `{typed} CODE,CODE reason`.")
    codes = _codes(first, typed)
    if purpose is Purpose.RESTORE and len(codes) > 1:
        raise BadInput(f"Please restore one coupon at a time: `{typed} CODE reason`. Each gets its own card.")
    if reason_required and not reason:
        raise BadInput(f"Please say why, after the code: `{typed} {','.join(codes)} leaked on social media`.")
    if len(reason) > MAX_REASON:
        raise BadInput(
            f"The reason has {len(reason)} characters; please shorten it to {MAX_REASON} or fewer."
        )
    return Ask(codes, reason, purpose)


def _split(text: str) -> tuple[str, str]:
    """Return the first word and the rest, with one space for whatever can't be shown, or is a space.

    Raises BadInput where the first word has something unseen inside: what follows may belong to the code.
    """
    unseen = "".join(letter for letter in text if letter.isspace() or not letter.isprintable())
    first, *more = text.strip(unseen).split(maxsplit=1) or [""]
    word = first.strip(unseen)
    if not word.isprintable():
        raise BadInput(
            "There is a character in the code that can't be seen. Please type the code instead of pasting it."
        )
    shown = "".join(letter if letter.isprintable() else " " for letter in "".join(more))
    return word, " ".join(shown.split())


def _code_to_show(text: str) -> CouponCode:
    if not text or " " in text or "," in text:
        raise BadInput("Please name one code: `/coupon-delete show CODE`.")
    return parse_code(text)


def _codes(word: str, typed: str) -> tuple[CouponCode, ...]:
    codes = tuple(parse_code(part) for part in word.split(",") if part)
    if not codes:
        raise BadInput(f"I found no coupon code. Type `{typed} CODE reason`, or `/coupon-delete help`.")
    if len(codes) > MANY:
        raise BadInput(f"That is {len(codes)} codes; one request takes up to {MANY}. Please split it.")
    seen: dict[str, CouponCode] = {}
    for code in codes:
        earlier = seen.setdefault(code_key(code), code)
        if earlier != code:
            raise BadInput(
                f"{earlier} and {code} differ only in upper and lower case, and Vivoldi may take them for one"
                " coupon. Please ask for one of them, and for the other one afterwards."
            )
    return tuple(seen.values())
