"""What people type after `/coupon-delete`.

It is read kindly, and nothing is guessed: if a word could be a code or a part of the reason, nothing is
opened, and the answer has both readings to copy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.coupon import CouponCode, code_key, not_a_code
from bot.domain.errors import BadInput
from bot.domain.rate import MANY
from bot.domain.request.request import Purpose
from bot.domain.typed.nearly import advice, meant
from bot.domain.typed.words import BETWEEN, Word, bare, is_code_like, is_plain, read_word

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
_AND = {"and", "&"}
# "1." and "2)" in front of the codes of a list.
_ORDINAL = re.compile(r"\(?\d{1,3}[.)]")
# Letters and a number, as tickets are named: PROJ-1234, INC0012345.
_TICKET = re.compile(
    r"[A-Za-z]+-\d+|(?:INC|CHG|PRB|REQ|RITM|TASK|CASE|TICKET|TKT|ISSUE|BUG)\d+", re.IGNORECASE
)
_LABEL = re.compile(r"^reason\s*:\s*", re.IGNORECASE)
_LONGEST_READING = 1000


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
    line = _Line(
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
    parts = _parts(text)
    if len(parts) != 1 or len(text.split()) != 1:
        raise BadInput(f"Please name one code: `{_COMMAND} show CODE`.")
    _require_seen(bare(parts[0]))
    word = read_word(parts[0])
    if word.doubt is not None:
        # It only looks: without its dashes it is the code that the bot would have had.
        return CouponCode(word.doubt.joined)
    if word.code is None:
        raise not_a_code(parts[0])
    return word.code


@dataclass
class _Line:
    """What was typed behind the command: codes first, then the reason. typed: what was typed before it."""

    typed: str
    text: str
    codes: list[CouponCode] = field(default_factory=list)
    shapes: set[str] = field(default_factory=set)

    def read(self) -> tuple[list[CouponCode], str]:
        """Return the codes and the reason. Raises BadInput, with a question if it is not certain."""
        for chunk in re.finditer(r"\S+", self.text):
            parts = _parts(chunk.group())
            behind = self.text[chunk.end() :]
            if not parts or (self._joins(chunk.group()) and _begins_with_code(behind)):
                continue
            if self.codes and not _begins_with_code(chunk.group()):
                return self.codes, _reason(self.text[chunk.start() :])
            for at, part in enumerate(parts):
                rest = self._take(read_word(part), _Behind(parts[at + 1 :], behind, is_listed=len(parts) > 1))
                if rest:
                    return self.codes, _reason(f"{rest}{behind}")
        return self.codes, ""

    def _joins(self, chunk: str) -> bool:
        return bool(_ORDINAL.fullmatch(chunk)) or (bool(self.codes) and chunk.lower() in _AND)

    def _take(self, word: Word, behind: _Behind) -> str:
        """Add a word's code, and return what a dash in it set apart. Raises BadInput if it is not certain."""
        text = bare(word.typed)
        _require_seen(text)
        if meant(word.typed) is not None:
            raise BadInput(advice(word.typed, _shown(behind.all), _code_in(behind.all) or "CODE"))
        if (doubt := word.doubt) is not None:
            apart = self._typed(*doubt.codes, behind=behind, reason=doubt.words)
            raise self._question(f"Is “{text}” one code?", self._typed(doubt.joined, behind=behind), apart)
        if word.code is None or (word.rest and behind.parts):
            raise self._no_code(word, behind)
        if not self.codes and not behind.is_listed:
            self._require_first(text, word.code, behind.text)
        elif self.codes and self._could_be_reason(text, is_listed=behind.is_listed):
            # What does not look like a code is one for certain only in front of those that do.
            both = self._typed(word.code, behind=behind, is_first=not is_code_like(word.code))
            raise self._question(
                f"Is “{text}” a code, or the reason?", both, self._typed(behind=behind, reason=text)
            )
        self.codes.append(word.code)
        self.shapes.add(_shape(text))
        return word.rest

    def _require_first(self, text: str, code: CouponCode, behind: str) -> None:
        """Make sure that a first word is a code though it does not look like one. Raises BadInput."""
        if not is_code_like(code) and (later := _code_in(behind)) is not None:
            others = _without(behind, later)
            asked = f"“{text}” comes before a code. Is it one, too?"
            raise self._question(asked, f"{code},{later} {others}", f"{later} {text} {others}")

    def _no_code(self, word: Word, behind: _Behind) -> BadInput:
        """Return what to answer to a word that is none, with the codes first, if there are any."""
        said, text = str(not_a_code(word.typed)), bare(word.typed)
        if self.codes:
            reading = self._typed(behind=behind, reason=text)
        elif (later := _code_in(behind.all)) is not None:
            reading = f"{later} {text} {_without(behind.all, later)}"
        else:
            return BadInput(said)
        return BadInput(f"{said} The codes come first: `{self.typed} {_shown(reading)}`")

    def _could_be_reason(self, text: str, *, is_listed: bool) -> bool:
        """Tell whether a word behind a code may belong to the reason. is_listed: commas join it to codes."""
        if is_listed:
            return not is_code_like(text) and is_plain(text) and any(map(is_code_like, self.codes))
        if text.isalpha():
            return True
        is_number = text.isdigit() and not all(map(str.isdigit, self.codes))
        return _shape(text) not in self.shapes and (is_number or bool(_TICKET.fullmatch(text)))

    def _typed(self, *more: str, behind: _Behind, reason: str = "", is_first: bool = False) -> str:
        """Return how all of it is typed without doubt: the codes, and what stands behind them."""
        codes = [*more, *self.codes] if is_first else [*self.codes, *more]
        label = f" reason: {reason}" if reason else ""
        return f"{','.join([*codes, *behind.parts])}{label} {behind.text}"

    def _question(self, asked: str, first: str, second: str) -> BadInput:
        if max(len(first), len(second)) > _LONGEST_READING:
            return BadInput(f"{asked} Nothing was opened. Type `{_COMMAND}` alone for the form.")
        return BadInput(
            f"{asked} Nothing was opened. Copy what you mean: `{self.typed} {_shown(first)}` or"
            f" `{self.typed} {_shown(second)}`"
        )


@dataclass(frozen=True)
class _Behind:
    """What stands behind a word: parts that commas join to it, and a text. is_listed: it is joined to any."""

    parts: Sequence[str]
    text: str
    is_listed: bool

    @property
    def all(self) -> str:
        return f"{','.join(self.parts)} {self.text}"


def _parts(chunk: str) -> list[str]:
    """Return what is separated by commas or semicolons, without what holds no letter or digit."""
    return [part for part in BETWEEN.split(chunk) if bare(part)]


def _is_certain(word: Word) -> bool:
    return word.code is not None and is_code_like(word.code) and meant(word.typed) is None


def _begins_with_code(text: str) -> bool:
    """Tell whether the first word of a text, or what commas join to it, looks like a code."""
    words = [read_word(part) for part in _parts((text.split(maxsplit=1) or [""])[0])]
    return any(_is_certain(word) or word.doubt is not None for word in words)


def _code_in(text: str) -> CouponCode | None:
    """Return the first code in a text that looks like one."""
    words = (read_word(part) for chunk in text.split() for part in _parts(chunk))
    return next((word.code for word in words if _is_certain(word)), None)


def _without(text: str, code: CouponCode) -> str:
    """Return a text without the word that is a code, to be put in front of it."""
    kept = text.split()
    for place, chunk in enumerate(kept):
        if _code_in(chunk) == code:
            others = [part for part in _parts(chunk) if read_word(part).code != code]
            return " ".join([*kept[:place], *others, *kept[place + 1 :]])
    return text


def _shape(text: str) -> str:
    """Return how a code is written: what is a letter, what a digit, and where."""
    return re.sub(r"[0-9]", "0", re.sub(r"[A-Za-z]", "A", text))


def _reason(text: str) -> str:
    """Return the reason, fit to be stored and read: one space for whatever can't be shown, or is a space."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return _LABEL.sub("", " ".join(shown.split()))


def _shown(text: str) -> str:
    """Return what is to be copied, fit to stand as code in a sentence."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split()).replace("`", "'")


def _require_seen(text: str) -> None:
    """Make sure that a code holds nothing that can't be seen: it may be two codes. Raises BadInput."""
    if not text.isprintable():
        raise BadInput(
            "There is a character in the code that can't be seen. Please type the code instead of pasting it."
        )
