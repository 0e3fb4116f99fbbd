"""What people type after `/coupon-delete`: a word of the command, codes, and a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.coupon import CouponCode, code_key, not_a_code
from bot.domain.errors import BadInput
from bot.domain.rate import MANY
from bot.domain.request.request import Purpose
from bot.domain.typed.line import Line, parts_of, require_seen
from bot.domain.typed.words import bare, read_word

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
_WORDS: dict[str, Command] = {"help": Help(), "list": ListOpen()}
_SHOW = "show"
_PURPOSES = {"freeze": Purpose.FREEZE, "restore": Purpose.RESTORE}


_COMMAND = "/coupon-delete"


def parse_command(text: str, *, reason_required: bool, max_codes: int = 1000) -> Command:
    """Return what was asked for: the leading words that look like codes are codes, the rest is the reason.

    max_codes: how many the form takes. Raises BadInput with a sentence that says what to type instead.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    word, rest_text = bare(first).lower(), "".join(rest)
    if not any(letter.isprintable() and not letter.isspace() for letter in text):
        return Help()
    if (command := _WORDS.get(word)) is not None:
        return command
    if word == _SHOW:
        return ShowHistory(_code_to_show(rest_text))
    purpose = _PURPOSES.get(word)
    line = Line(
        _COMMAND if purpose is None else f"{_COMMAND} {purpose}", text if purpose is None else rest_text
    )
    codes, reason = line.read()
    return _ask(codes, reason, purpose or Purpose.DELETE, line.typed, reason_required, max_codes)


def _ask(
    codes: Sequence[CouponCode], reason: str, purpose: Purpose, typed: str, reason_required: bool, most: int
) -> Ask:
    unique = _unique(codes, typed)
    if len(unique) > MANY:
        raise BadInput(
            f"That is {len(unique)} codes; a command takes up to {MANY}. Type `{_COMMAND}` alone for the"
            f" form, which takes up to {most:,}, pasted or in a file."
        )
    if purpose is Purpose.RESTORE and len(unique) > 1:
        raise BadInput(f"Please restore one coupon at a time: `{typed} CODE reason`. Each gets its own card.")
    if reason_required and not reason:
        raise BadInput(
            f"Please say why, after the code: `{typed} {','.join(unique)} leaked on social media`."
        )
    if len(reason) > MAX_REASON:
        raise BadInput(
            f"The reason has {len(reason)} characters; please shorten it to {MAX_REASON} or fewer."
        )
    return Ask(unique, reason, purpose)


def _unique(codes: Sequence[CouponCode], typed: str) -> tuple[CouponCode, ...]:
    if not codes:
        raise BadInput(f"I found no coupon code. Type `{typed} CODE reason`, or `{_COMMAND} help`.")
    seen: dict[str, CouponCode] = {}
    for code in codes:
        earlier = seen.setdefault(code_key(code), code)
        if earlier != code:
            raise BadInput(
                f"{earlier} and {code} differ only in upper and lower case, and Vivoldi may take them for one"
                " coupon. Please ask for one of them, and for the other one afterwards."
            )
    return tuple(seen.values())


def _code_to_show(text: str) -> CouponCode:
    parts = parts_of(text)
    if len(parts) != 1 or len(text.split()) != 1:
        raise BadInput(f"Please name one code: `{_COMMAND} show CODE`.")
    require_seen(bare(parts[0]))
    word = read_word(parts[0])
    if word.doubt is not None:
        # It only looks: without its dashes it is the code that the bot would have had.
        return CouponCode(word.doubt.joined)
    if word.code is None:
        raise not_a_code(parts[0])
    return word.code
