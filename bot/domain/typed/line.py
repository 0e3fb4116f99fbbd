"""What was typed behind a command: the codes, and then the reason.

Leading words that look like codes are codes. If one may belong to the reason, or a word before them may be a
code, nothing is read, and the question has both readings to copy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.coupon import CouponCode, not_a_code
from bot.domain.errors import BadInput
from bot.domain.typed.nearly import advice, meant
from bot.domain.typed.words import BETWEEN, Word, bare, is_code_like, is_plain, read_word

_AND = {"and", "&"}
# "1." and "2)" in front of the codes of a list.
_ORDINAL = re.compile(r"\(?\d{1,3}[.)]")
# Letters and a number, as tickets are named: PROJ-1234, INC0012345.
_TICKET = re.compile(
    r"[A-Za-z]+-\d+|(?:INC|CHG|PRB|REQ|RITM|TASK|CASE|TICKET|TKT|ISSUE|BUG)\d+", re.IGNORECASE
)
_LABEL = re.compile(r"^reason\s*:\s*", re.IGNORECASE)
# Behind a line break, a comma or "and", a list may go on.
_GOES_ON = re.compile(r"(?:[\n\r,;，；、]|\band\b|&)\s*(\S+)", re.IGNORECASE)
_LONGEST_READING = 1000


@dataclass
class Line:
    """What was typed behind the command: codes first, then the reason. typed: what was typed before it."""

    typed: str
    text: str
    codes: list[CouponCode] = field(default_factory=list)
    shapes: set[str] = field(default_factory=set)

    def read(self) -> tuple[list[CouponCode], str]:
        """Return the codes and the reason. Raises BadInput, with a question if it is not certain."""
        for chunk in re.finditer(r"\S+", self.text):
            parts = parts_of(chunk.group())
            behind = self.text[chunk.end() :]
            if not parts or (self._joins(chunk.group()) and _begins_with_code(behind)):
                continue
            if self.codes and not _begins_with_code(chunk.group()):
                return self.codes, self._reason(self.text[chunk.start() :])
            for at, part in enumerate(parts):
                rest = self._take(read_word(part), _Behind(parts[at + 1 :], behind, is_listed=len(parts) > 1))
                if rest:
                    return self.codes, self._reason(f"{rest}{behind}")
        return self.codes, ""

    def _reason(self, text: str) -> str:
        """Return the reason. Raises BadInput if it goes on with a code, as a list with reasons does."""
        for found in _GOES_ON.finditer(text) if not _LABEL.match(text) else ():
            parts = parts_of(found[1])
            word = read_word(parts[0]) if parts else None
            if word and word.code and _is_certain(word) and _has_both(bare(word.typed)):
                both = f"{','.join([*self.codes, word.code])} {_without(text, word.code)}"
                asked = f"“{bare(word.typed)}” comes behind the reason. Is it a code, too?"
                raise self._question(asked, both, f"{','.join(self.codes)} reason: {text}")
        return _LABEL.sub("", _shown(text))

    def _joins(self, chunk: str) -> bool:
        return bool(_ORDINAL.fullmatch(chunk)) or (bool(self.codes) and chunk.lower() in _AND)

    def _take(self, word: Word, behind: _Behind) -> str:
        """Add a word's code, and return what a dash in it set apart. Raises BadInput if it is not certain."""
        text = bare(word.typed)
        require_seen(text)
        if meant(word.typed) is not None:
            raise BadInput(advice(word.typed, _copied(behind.all), _code_in(behind.all) or "CODE"))
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
        return BadInput(f"{said} The codes come first: `{self.typed} {_copied(reading)}`")

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
            return BadInput(f"{asked} Nothing was opened. Type `/coupon-delete` alone for the form.")
        return BadInput(
            f"{asked} Nothing was opened. Copy what you mean: `{self.typed} {_copied(first)}` or"
            f" `{self.typed} {_copied(second)}`"
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


def parts_of(chunk: str) -> list[str]:
    """Return what is separated by commas or semicolons, without what holds no letter or digit."""
    return [part for part in BETWEEN.split(chunk) if bare(part)]


def _is_certain(word: Word) -> bool:
    return word.code is not None and is_code_like(word.code) and meant(word.typed) is None


def _begins_with_code(text: str) -> bool:
    """Tell whether the first word of a text, or what commas join to it, looks like a code."""
    words = [read_word(part) for part in parts_of((text.split(maxsplit=1) or [""])[0])]
    return any(_is_certain(word) or word.doubt is not None for word in words)


def _code_in(text: str) -> CouponCode | None:
    """Return the first code in a text that looks like one."""
    words = (read_word(part) for chunk in text.split() for part in parts_of(chunk))
    return next((word.code for word in words if _is_certain(word)), None)


def _without(text: str, code: CouponCode) -> str:
    """Return a text without the word that is a code, to be put in front of it."""
    kept = text.split()
    for place, chunk in enumerate(kept):
        if _code_in(chunk) == code:
            others = [part for part in parts_of(chunk) if read_word(part).code != code]
            return " ".join([*kept[:place], *others, *kept[place + 1 :]])
    return text


def _shape(text: str) -> str:
    """Return how a code is written: what is a letter, what a digit, and where."""
    return re.sub(r"[0-9]", "0", re.sub(r"[A-Za-z]", "A", text))


def _has_both(text: str) -> bool:
    """Tell whether there are letters and digits in a word, and not as in the name of a ticket."""
    is_mixed = any(map(str.isalpha, text)) and any(map(str.isdigit, text))
    return is_mixed and not _TICKET.fullmatch(text)


def _shown(text: str) -> str:
    """Return a text fit to be stored and read: one space for whatever can't be shown, or is a space."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())


def _copied(text: str) -> str:
    """Return what is to be copied, fit to stand as code in a sentence."""
    return _shown(text).replace("`", "'")


def require_seen(text: str) -> None:
    """Make sure that a code holds nothing that can't be seen: it may be two codes. Raises BadInput."""
    if not text.isprintable():
        raise BadInput(
            "There is a character in the code that can't be seen. Please type the code instead of pasting it."
        )
