"""Dialogs that were sent: actor and words come from Slack, the rest is what the bot wrote into the dialog."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasPath, Field, Json, ValidationInfo, field_validator

from bot.services.asked.click import Action, Click
from bot.services.asked.command import SlashCommand
from bot.services.asked.form import Filled, Ground
from bot.services.asked.show_all import Look
from handlers.ids import CODES, FILE, GROUND, INCIDENT, PAGE, TYPED, WORDS, page_block
from handlers.payloads.parts import Id, Interaction, NoEvent, Part, UrlOrEmpty, at, known
from handlers.render.dialogs import ground_of

_MAX_TYPED = 3000
_Page = Annotated[int, Field(ge=1, le=100)]


def _typeable(words: str) -> str:
    # `max_length` would also refuse half of a character, which is all that may be left of a text cut off.
    if len(words) > _MAX_TYPED:
        raise ValueError
    return words


class _Words(Part):
    # Slack sends null for nothing.
    value: Annotated[str, AfterValidator(_typeable)] | None = None

    def shown(self) -> str:
        """Return the text with one space for whatever can't be shown, or is a space."""
        printed = "".join(letter if letter.isprintable() else " " for letter in self.value or "")
        return " ".join(printed.split())


class _Dialog(Interaction, NoEvent):
    type: Literal["view_submission"]
    view_type: Literal["modal"] = at("view", "type")
    # Bolt takes it for the workspace.
    installed: str | None = at("view", "app_installed_team_id", default=None)
    # A list of addresses for answers comes with every dialog: empty, since this bot's ask for none.
    response_urls: Annotated[list[Any], Field(max_length=0)] | None = None
    actions: None = None
    callback_id: None = None
    channel: None = None
    container: None = None
    function_data: None = None
    message: None = None
    previous_message: None = None
    workflow_step: None = None


def _element(name: str, *rest: str) -> Any:
    """Return the place of what was filled in under a name, which is that of its block as well."""
    return at("view", "state", "values", name, name, *rest)


class _About(Part):
    channel: Id


class _Confirmed(_About):
    request: Id
    version: Annotated[int, Field(ge=0, le=999_999_999)]
    card: Id | None = None


class ConfirmDialog(_Dialog):
    """The dialog in which the final approval is confirmed."""

    about: Json[_Confirmed] = at("view", "private_metadata")
    typed: _Words = _element(TYPED)

    def click(self) -> Click:
        """Return the final approval, as if the card's button were clicked."""
        return Click(
            action=Action.APPROVE,
            user=self.user,
            team=self.workspace,
            channel=self.about.channel,
            request_id=self.about.request,
            version=self.about.version,
            message_ts=self.about.card,
            typed=self.typed.value or "",
        )


class _File(Part):
    id: Id
    url_private_download: UrlOrEmpty | None = None
    url_private: UrlOrEmpty | None = None


class _Files(Part):
    files: Annotated[list[_File], Field(max_length=1)] | None = None

    def address(self) -> str | None:
        """Return the address of the added file, or its id if it came without one; None: there is no file."""
        for file in self.files or ():
            return file.url_private_download or file.url_private or file.id
        return None


class FormDialog(_Dialog):
    """The form for many codes."""

    about: Json[_About] = at("view", "private_metadata")
    codes: _Words = _element(CODES)
    file: _Files = _element(FILE)
    ground: Annotated[Ground, known(ground_of)] = _element(GROUND, "selected_option", "value")
    words: _Words = _element(WORDS)
    incident: _Words = _element(INCIDENT)

    def filled(self) -> Filled:
        """Return what was filled in."""
        asked = SlashCommand(user=self.user, team=self.workspace, channel=self.about.channel, text="")
        return Filled(
            command=asked,
            pasted=self.codes.value or "",
            file=self.file.address(),
            ground=self.ground,
            words=self.words.shown(),
            incident=self.incident.shown(),
        )


class _Listed(_About):
    request: Id
    page: _Page


class PageDialog(_Dialog):
    """The list of every coupon of a request, in which another page was chosen."""

    about: Json[_Listed] = at("view", "private_metadata")
    chosen: Json[_Page] = at("view", "state", "values")

    @field_validator("chosen", mode="before")
    @classmethod
    def _in_its_block(cls, values: Any, read: ValidationInfo) -> Any:
        """Return what was chosen in the block that is named after the page that the dialog shows."""
        if (about := read.data.get("about")) is None:
            return None
        chosen = AliasPath(page_block(about.page), PAGE, "selected_option", "value")
        return chosen.search_dict_for_path(values)

    def look(self) -> Look:
        """Return who wants to see which page of the coupons of which request."""
        return Look(
            user=self.user,
            team=self.workspace,
            channel=self.about.channel,
            request_id=self.about.request,
            page=self.chosen,
        )
