"""What the control side takes: one model for each kind of order, strict about names and types."""

from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from sandbox.slack.deliver.delivery import Signature
from sandbox.slack.deliver.faults import FaultKind
from sandbox.slack.deliver.socket_mode import DisconnectReason
from sandbox.slack.world import PersonKind


class RefusedError(Exception):
    """The control side can't do what was asked; the sentence says why."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class Order(BaseModel):
    """A JSON object with no field that isn't known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SomeOrder = TypeVar("SomeOrder", bound=Order)


async def order_in(request: web.Request, model: type[SomeOrder]) -> SomeOrder:
    """Return the order in a request's body. Raises pydantic's ValidationError."""
    return model.model_validate_json(await request.read() or b"{}")


class CommandOrder(Order):
    """A person runs a slash command; a person's id as the channel means the direct messages with the bot."""

    user: str
    channel: str = "C0INCIDENT"
    command: str = "/coupon-delete"
    text: str = ""


class ClickOrder(Order):
    """A person uses a button, `times` at once; see `interactions.Click` for the overrides."""

    user: str
    channel: str
    ts: str
    action_id: str
    block_id: str | None = None
    value: str | None = None
    message: dict[str, Any] | None = None
    version: int | None = None
    times: int = Field(default=1, ge=1, le=100)


class HomeOrder(Order):
    """A person opens the app in Slack, at its Home or at another tab."""

    user: str
    tab: Literal["home", "messages", "about"] = "home"


class FileOrder(Order):
    """A person chooses a file for a form; what comes back is named in the form by its id.

    given: what the payload tells of it.
    """

    name: str
    content: str
    given: Literal["whole", "stub", "private"] = "whole"


class SubmitOrder(Order):
    """A person sends a modal that they see; `values` by block id and, inside, by action id."""

    user: str
    modal: str
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)


class CloseOrder(Order):
    """A person closes a modal without sending it."""

    user: str
    modal: str


class InteractionOrder(Order):
    """Any payload, signed well or wrongly: given whole, or made from a command, click or modal and changed.

    A modal may have been closed by then, as where Slack delivers it a second time.
    """

    payload: dict[str, Any] | None = None
    command: CommandOrder | None = None
    click: ClickOrder | None = None
    home: HomeOrder | None = None
    submit: SubmitOrder | None = None
    changes: dict[str, Any] = Field(default_factory=dict)
    team_id: str | None = None
    api_app_id: str | None = None
    signature: Signature = "good"


class FaultOrder(Order):
    """A fault for calls to come; see `faults.Fault`."""

    method: str
    kind: FaultKind
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    retry_after: int = 1
    seconds: float = 1.0
    status: int = 500
    error: str = "internal_error"


class PersonOrder(Order):
    """A new person, or a change of one that exists."""

    id: str
    name: str | None = None
    kind: PersonKind | None = None


class GroupOrder(Order):
    """A new user group, or a change of one: all `members`, or some to `add` and `remove`."""

    id: str
    handle: str | None = None
    members: list[str] | None = None
    add: list[str] = Field(default_factory=list)
    remove: list[str] = Field(default_factory=list)


class ChannelOrder(Order):
    """A new channel, or a change of one: all `members`, or some to `add` and `remove`."""

    id: str
    name: str | None = None
    kind: Literal["public", "private"] | None = None
    archived: bool | None = None
    restricted: bool | None = None
    members: list[str] | None = None
    add: list[str] = Field(default_factory=list)
    remove: list[str] = Field(default_factory=list)


class AppOrder(Order):
    """How Slack treats the bot's token: its scopes, and an error for every call (`auth_error`, or null)."""

    scopes: list[str] | None = None
    auth_error: str | None = None


class TransportOrder(Order):
    """Where interactions go: to an address by signed HTTP, or over Socket Mode."""

    events_url: str | None = None
    socket: bool = False


class SocketOrder(Order):
    """Trouble with Socket Mode; `reason` goes with `disconnect`, `seconds` with `refuse`."""

    action: Literal["disconnect", "drop", "refuse"]
    reason: DisconnectReason = "refresh_requested"
    seconds: float = 5.0


class ClockOrder(Order):
    """Move the world's clock by so many seconds from where it is."""

    shift_seconds: float
