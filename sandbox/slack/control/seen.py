"""What a client of the control side gets to see."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands. `seq` is the log entry that wrote it, `rendered` what a person reads.

    `ephemeral_to` is the one person who sees it, None for everybody; `edits` counts its changes so far.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    ephemeral_to: str | None = None
    edits: int = 0
    seq: int = 0
    rendered: str = ""
    deleted: bool = False
    files: tuple[Json, ...] = ()

    def button(self, action_id: str) -> Json | None:
        """Return the button with this action id, or None."""
        return next((button for button in self.buttons() if button.get("action_id") == action_id), None)

    def buttons(self) -> list[Json]:
        """Return all buttons of the message: in rows, and beside paragraphs."""
        rows = [block.get("elements") or [block.get("accessory")] for block in self.blocks]
        return [element for row in rows for element in row if element and element["type"] == "button"]

    def contains(self, words: str) -> bool:
        """Return whether the words are in the message's text or in a text of its blocks."""
        return words in self.text or any(words in text for text in _texts(list(self.blocks)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an interaction came to: HTTP status, the message it made, if any, and the error a person saw."""

    status: int | None
    response: Message | None
    error: str | None
    elapsed_ms: float

    @property
    def text(self) -> str:
        """The text of the message that the interaction made, empty if there was none."""
        return self.response.text if self.response else ""


CommandAnswer = Answer
ClickAnswer = Answer


@dataclass(frozen=True, slots=True)
class Modal:
    """A modal as a person sees it: its view, and the errors under its fields, by block id."""

    id: str
    user: str
    view: Json
    errors: Json
    is_open: bool

    def fields(self) -> dict[str, str]:
        """Return the action id of each field by its block id."""
        inputs = [block for block in self.view["blocks"] if block["type"] == "input"]
        return {block["block_id"]: block["element"]["action_id"] for block in inputs}


@dataclass(frozen=True, slots=True)
class SentModal:
    """What came of sending a modal. `status` is None where Slack itself found a field not filled in."""

    status: int | None
    error: str | None
    modal: Modal


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came back for a raw interaction."""

    status: int | None
    body: Json | None
    error: str | None
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One fact of the local Slack: posted, updated, deleted, ephemeral, api_call, interaction and so on."""

    seq: int
    time: float
    kind: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HomeView:
    """What one person sees on the Home tab. `seq` is the log entry that published it."""

    user: str
    blocks: tuple[Json, ...]
    hash: str
    seq: int = 0
    rendered: str = ""

    def contains(self, words: str) -> bool:
        """Return whether the words are in a text of its blocks."""
        return any(words in text for text in _texts(list(self.blocks)))


def _texts(value: Any) -> list[str]:
    """Return the text of every text object in a value."""
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + _texts(list(value.values()))
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def message_from(data: Json) -> Message:
    """Return the message that the control side describes."""
    known = {name: data[name] for name in Message.__dataclass_fields__ if name in data}
    return Message(**{**known, "blocks": tuple(data["blocks"])})


def home_from(data: Json) -> HomeView:
    """Return the Home that the control side describes."""
    return HomeView(**{**data, "blocks": tuple(data["blocks"])})


def answer_from(data: Json) -> Answer:
    """Return the answer that the control side describes."""
    made = data["response"]
    return Answer(**{**data, "response": None if made is None else message_from(made)})
