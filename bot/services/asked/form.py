"""The form for many codes: opened for someone, filled in, and carried out, or said what is wrong in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import ClassVar

from bot.domain.command import MAX_REASON, Ask
from bot.domain.coupon import CouponCode
from bot.domain.errors import BadInput, SlackRefused, SlackUnavailable
from bot.domain.typed.cells import BadCode, Codes, Column, gather
from bot.domain.typed.decode import decoded
from bot.domain.typed.pasted import from_text
from bot.domain.typed.table import from_table
from bot.services.asked.command import Accepted, Answer, SlashCommand, Submit, Taken
from bot.services.ports.outside import Dialogs, Files
from bot.services.ports.store import Holder, Store

FormView = Callable[[str], Mapping[str, object]]
RefusalView = Callable[[Answer], Mapping[str, object]]

# Slack waits 3 s for the answer to a form, and the request has to be stored after the file was fetched.
_FETCH_WITHIN_SECONDS = 1.5


class Ground(StrEnum):
    """Why coupons are deleted."""

    LEAKED = "leaked or misused"
    MISTAKE = "issued by mistake"
    OVER = "campaign over"
    TEST = "duplicate or test"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What someone sent. command: by whom, and where.

    file: where Slack keeps it, or its id if it came without an address; None: there is none.
    """

    command: SlashCommand
    pasted: str
    file: str | None
    ground: Ground
    words: str
    incident: str


class FileFault(Enum):
    """Why there are no codes to be had from a file."""

    LATE = auto()  # Slack did not hand it over in time
    REFUSED = auto()  # Slack does not hand it over
    NO_TEXT = auto()  # it is no text in UTF-8 or UTF-16


@dataclass(frozen=True)
class NoFile:
    """The file can't be used. detail: Slack's name for why."""

    audit_name: ClassVar[str] = "nofile"

    fault: FileFault
    detail: str = ""


@dataclass(frozen=True)
class Unclear:
    """Which codes are meant can't be told for certain. question: what to ask, and what to change."""

    audit_name: ClassVar[str] = "unclear"

    question: str
    in_file: bool


@dataclass(frozen=True)
class NoCodes:
    """There is no code in what was sent."""

    audit_name: ClassVar[str] = "nocodes"


@dataclass(frozen=True)
class WrongCodes:
    """Some codes can't be asked for. bad: what is none. taken: those in open requests, with their ids.

    None in place of an id: a request of which this person may not be told.
    """

    audit_name: ClassVar[str] = "wrongcodes"

    bad: tuple[BadCode, ...]
    taken: Mapping[CouponCode, str | None]


@dataclass(frozen=True)
class TooLong:
    """The reason has too many characters."""

    audit_name: ClassVar[str] = "toolong"

    characters: int


Wrong = NoFile | Unclear | NoCodes | WrongCodes | TooLong


@dataclass(frozen=True)
class Opened:
    """The request is stored. duplicates: how many codes were there more than once. columns: those read."""

    accepted: Accepted
    duplicates: int
    columns: tuple[Column, ...] = ()


class Form:
    """Opens the form, and carries out what is sent. Nothing is stored if anything in it is wrong.

    view: returns the form for a channel. refusal: returns a dialog that says why someone gets none.
    """

    def __init__(
        self,
        submit: Submit,
        store: Store,
        dialogs: Dialogs,
        files: Files,
        view: FormView,
        refusal: RefusalView,
    ) -> None:
        self._submit = submit
        self._store = store
        self._dialogs = dialogs
        self._files = files
        self._view = view
        self._refusal = refusal

    async def open(self, command: SlashCommand, trigger: str) -> Answer | None:
        """Open the form for someone. Returns why they may not ask here; None: it is open.

        Raises SlackError if Slack does not open it.
        """
        refused = await self._submit.refused(command)
        if refused is None:
            await self._submit.note(command, "form")
            await self._dialogs.open(trigger, self._view(command.channel))
        return refused

    async def press(self, command: SlashCommand, trigger: str) -> Answer | None:
        """Do the same for a click, which can't be answered: why someone may not ask is in a dialog.

        Raises SlackError if Slack opens neither.
        """
        refused = await self.open(command, trigger)
        if refused is not None:
            await self._dialogs.open(trigger, self._refusal(refused))
        return refused

    async def __call__(self, filled: Filled) -> Opened | Wrong | Answer:
        """Carry out what was sent. Raises StoreUnavailable if nothing was stored."""
        reason = _reason(filled)
        command = replace(filled.command, text=f"(form) {reason}")
        if (refused := await self._submit.refused(command)) is not None:
            # First of all, since what is wrong with the codes tells which of them are in open requests.
            return refused
        found = await self._found(command, filled, reason)
        if isinstance(found, Wrong):
            taken: Collection[CouponCode] = found.taken if isinstance(found, WrongCodes) else ()
            await self._submit.note(command, found.audit_name, taken)
            return found
        match await self._submit.ask(command, Ask(found.codes, reason)):
            case Accepted() as accepted:
                return Opened(accepted, found.duplicates, found.columns)
            case Taken(code, holder, told) if holder is not None:
                return WrongCodes((), {CouponCode(code): holder.request.origin.id if told else None})
            case answer:
                return answer

    async def _found(self, command: SlashCommand, filled: Filled, reason: str) -> Codes | Wrong:
        """Return the codes that were sent, or what is wrong in the form."""
        if len(reason) > MAX_REASON:
            return TooLong(len(reason))
        content = await self._fetched(filled.file) if filled.file else ""
        if isinstance(content, NoFile):
            return content
        found = _read(filled.pasted, content)
        if isinstance(found, Unclear):
            return found
        taken = await self._store.taken(found.codes)
        if found.bad or taken:
            return WrongCodes(found.bad, await self._told(command, taken))
        return found if found.codes else NoCodes()

    async def _told(
        self, command: SlashCommand, taken: Mapping[CouponCode, Holder]
    ) -> Mapping[CouponCode, str | None]:
        """Return what someone may be told of the requests that codes are in."""
        if not taken:
            return {}
        sight = await self._submit.sight(command, {holder.channel for holder in taken.values()})
        return {
            code: holder.request_id if sight.covers(holder.channel, holder.requester) else None
            for code, holder in taken.items()
        }

    async def _fetched(self, file: str) -> str | NoFile:
        """Return what is in a file, or why there is nothing to be had of it."""
        try:
            async with asyncio.timeout(_FETCH_WITHIN_SECONDS):
                content = await self._files.fetch(file)
        except (TimeoutError, SlackUnavailable):
            return NoFile(FileFault.LATE)
        except SlackRefused as error:
            return NoFile(FileFault.REFUSED, error.name)
        text = decoded(content)
        return NoFile(FileFault.NO_TEXT) if text is None else text


def _read(pasted: str, content: str) -> Codes | Unclear:
    """Return the codes of what was pasted and of a file, or what has to be asked first."""
    try:
        listed = from_text(pasted)
    except BadInput as question:
        return Unclear(str(question), in_file=False)
    try:
        table = from_table(content)
    except BadInput as question:
        return Unclear(str(question), in_file=True)
    return gather(listed, table)


def _reason(filled: Filled) -> str:
    words = " ".join(filled.words.split())
    told = [filled.ground.value if not words else f"{filled.ground.value}: {words}"]
    return " ".join([*told, f"({filled.incident})"] if filled.incident else told)
