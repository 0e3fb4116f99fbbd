"""What payloads have in common: how they are read or refused, ids, people, and what is not in them.

Bolt looks at a payload as whatever it may be, and trips over parts of other types. So a payload of one kind
brings no parts of another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_PRINTABLE = r"^[ -~]*$"
# One of Slack's ids, or one that this bot gave to a button.
Id = Annotated[str, Field(min_length=1, max_length=255, pattern=_PRINTABLE)]
# What Slack may send as an empty text if there is none.
IdOrEmpty = Annotated[str, Field(max_length=255, pattern=_PRINTABLE)]
UrlOrEmpty = Annotated[str, Field(max_length=2000, pattern=_PRINTABLE)]


def at(first: str, *rest: str | int, **options: Any) -> Any:
    """Return the place of a field that is not at the top of a payload."""
    return Field(validation_alias=AliasPath(first, *rest), **options)


def known(read: Callable[[str], object | None]) -> BeforeValidator:
    """Return how a text is read that this bot wrote. read: returns None for any other."""
    return BeforeValidator(lambda text: read(text) if isinstance(text, str) else None)


def workspace(team: str) -> str | None:
    """Return the id of a workspace; None for that of an organisation, which begins with another letter."""
    return None if team.startswith("E") else team


class BadPayload(Exception):
    """A payload misses what every payload of its kind has; it can't be Slack's.

    It says which field is wrong and how, and quotes nothing of the payload.
    """


class Part(BaseModel):
    """A part of a payload. Fields that Slack adds are ignored."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        # Built by the first payload of its kind, in 1 to 3 ms, and not by every start.
        defer_build=True,
        hide_input_in_errors=True,
    )


class Payload(Part):
    """A payload of one kind."""

    @classmethod
    def read(cls, body: object) -> Self:
        """Return the payload. Raises BadPayload."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            fault = _fault(error)
        # Raised outside of the `except` block: pydantic's error holds the payload, with names and addresses.
        raise BadPayload(fault)


def _fault(error: ValidationError) -> str:
    """Return the first field that is wrong, and pydantic's name for why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'payload'}: {first['type']}"


class NoDialog(Payload):
    """A payload without the parts of dialogs and workflow steps."""

    function_data: None = None
    response_urls: None = None
    view: None = None
    workflow_step: None = None


class NoEvent(Payload):
    """A payload without the parts of events."""

    authorizations: None = None
    event: None = None


class _Team(Part):
    id: Id


class Interaction(Payload):
    """What someone pressed or sent."""

    user: Id = at("user", "id")
    team: _Team | None = None
    trigger_id: IdOrEmpty | None = None

    @property
    def workspace(self) -> str | None:
        """The workspace that it comes from; None: Slack names none, or an organisation.

        The workspace of the person (`user.team_id`) says nothing: in an organisation it is one of several.
        """
        return None if self.team is None else workspace(self.team.id)
