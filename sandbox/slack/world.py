"""What exists in the local Slack: people, groups, channels, messages and Homes, all in memory.

Only this module changes that state, and every change of a message is logged where it happens.
"""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from sandbox.slack.log import Kind, Log, LogEntry

Json = dict[str, Any]
# grid: of an Enterprise Grid organisation, and of this workspace among others. invited: has never signed in.
PersonKind = Literal[
    "member", "guest", "single_channel_guest", "deactivated", "bot", "stranger", "grid", "invited"
]

TEAM_ID = "T0GUARD000"
OTHER_TEAM_ID = "T0OTHER000"
ORGANISATION_ID = "E0ORG00000"
TEAM_DOMAIN = "guard"
APP_ID = "A0GUARD000"
BOT_USER_ID = "U0GUARDBOT"
BOT_ID = "B0GUARD000"
DEFAULT_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "files:read",
        "files:write",
        "users:read",
        "usergroups:read",
        "channels:read",
        "groups:read",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the workspace, or someone from another one who shares a channel (`stranger`)."""

    id: str
    name: str
    kind: PersonKind = "member"

    @property
    def team_id(self) -> str:
        """The team that Slack names with the person."""
        return {"stranger": OTHER_TEAM_ID, "grid": ORGANISATION_ID}.get(self.kind, TEAM_ID)


@dataclass(frozen=True, slots=True)
class Group:
    """A user group, mentioned as @handle."""

    id: str
    handle: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation; `restricted` refuses the bot's posts as a workspace preference would."""

    id: str
    name: str
    members: frozenset[str] = frozenset()
    kind: Literal["public", "private", "direct"] = "public"
    archived: bool = False
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One version of a message; `seq` is the log entry that wrote this version."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    ephemeral_to: str | None = None
    edited_ts: str | None = None
    deleted: bool = False
    seq: int = 0
    files: tuple[Json, ...] = ()

    def to_slack(self) -> Json:
        """Return the message as Slack's API and payloads show it."""
        shown: Json = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.user == BOT_USER_ID:
            shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.broadcast:
            shown["subtype"] = "thread_broadcast"
        if self.thread_ts:
            shown["thread_ts"] = self.thread_ts
        if self.blocks:
            shown["blocks"] = list(self.blocks)
        if self.files:
            shown["files"] = [{**file, "content": None} for file in self.files]
        if self.edited_ts:
            shown["edited"] = {"user": self.user, "ts": self.edited_ts}
        return shown

    def to_json(self) -> Json:
        """Return every field, as the control side and the log show it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HomeView:
    """What one person sees on the app's Home tab; `seq` is the log entry that published it."""

    user: str
    hash: str
    blocks: tuple[Json, ...]
    seq: int = 0

    def to_json(self) -> Json:
        """Return every field, as the control side and the log show it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a person's action lets the app open a modal with, once and for a short time."""

    user: str
    at: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Modal:
    """A modal as one person sees it; `errors` stand under its fields, by block id."""

    id: str
    user: str
    view: Json
    errors: Json = field(default_factory=dict)
    is_open: bool = True

    def to_json(self) -> Json:
        """Return every field, as the control side and the log show it."""
        return asdict(self)


@dataclass
class World:
    """All state of one local Slack. Times are epoch seconds by the world's clock, which can be shifted."""

    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[tuple[str, str], list[Message]] = field(default_factory=dict)
    homes: dict[str, HomeView] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    modals: dict[str, Modal] = field(default_factory=dict)
    files: dict[str, Json] = field(default_factory=dict)
    scopes: frozenset[str] = DEFAULT_SCOPES
    auth_error: str | None = None
    shift_seconds: float = 0.0
    log: Log = field(default_factory=Log)
    _last_ts: int = 0
    _next_number: int = 0

    def now(self) -> float:
        """Return the world's time in epoch seconds."""
        return time.time() + self.shift_seconds

    def record(self, kind: Kind, data: Json) -> LogEntry:
        """Write a fact into the log at the world's time."""
        return self.log.append(self.now(), kind, data)

    def reset_to(self, fresh: "World") -> None:
        """Take over the state of a fresh world; the log goes on, so that its numbers never repeat."""
        self.people, self.groups, self.channels = fresh.people, fresh.groups, fresh.channels
        self.messages, self.homes = fresh.messages, fresh.homes
        self.scopes, self.auth_error = fresh.scopes, fresh.auth_error
        self.triggers, self.modals, self.files = fresh.triggers, fresh.modals, fresh.files
        self.shift_seconds = fresh.shift_seconds
        self.record("world", {"change": "reset"})

    def number(self) -> int:
        """Return the next of this world's running numbers, for ids that must differ."""
        self._next_number += 1
        return self._next_number

    def new_ts(self) -> str:
        """Return a message timestamp that is later than all before it."""
        self._last_ts = max(int(self.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def direct_channel(self, user: str) -> Channel:
        """Return the direct-message channel between the bot and a person, opening it when needed."""
        channel_id = "D" + user[1:]
        if channel_id not in self.channels:
            members = frozenset({user, BOT_USER_ID})
            self.channels[channel_id] = Channel(channel_id, "directmessage", members, "direct")
        return self.channels[channel_id]

    def post(self, message: Message) -> Message:
        """Store a new message and return it with its log number."""
        kind: Kind = "ephemeral" if message.ephemeral_to else "posted"
        return self._store(kind, message)

    def edit(self, message: Message, text: str, blocks: tuple[Json, ...]) -> Message:
        """Give a message a new version and return it; like Slack, only one without blocks shows as edited."""
        edited_ts = None if blocks else self.new_ts()
        return self._store("updated", replace(message, text=text, blocks=blocks, edited_ts=edited_ts))

    def delete(self, message: Message) -> Message:
        """Mark a message as deleted and return that last version."""
        return self._store("deleted", replace(message, deleted=True))

    def publish(self, home: HomeView) -> HomeView:
        """Replace a person's Home and return it with its log number."""
        self.homes[home.user] = replace(home, seq=self.log.last_seq + 1)
        self.record("home", {"home": self.homes[home.user].to_json()})
        return self.homes[home.user]

    def _store(self, kind: Kind, message: Message) -> Message:
        stored = replace(message, seq=self.log.last_seq + 1)
        self.messages.setdefault((message.channel, message.ts), []).append(stored)
        self.record(kind, {"message": stored.to_json()})
        return stored

    def new_trigger(self, user: str) -> str:
        """Return a new trigger id for what a person has just done."""
        trigger_id = f"{self.number()}.0.{TEAM_ID.lower()}"
        self.triggers[trigger_id] = Trigger(user, self.now())
        return trigger_id

    def show_modal(self, modal: Modal) -> Modal:
        """Store how a modal is now, open or closed, and return it."""
        self.modals[modal.id] = modal
        self.record("modal", {"modal": modal.to_json()})
        return modal

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message as it stands, or None when it is unknown or deleted."""
        versions = self.messages.get((channel, ts))
        return None if versions is None or versions[-1].deleted else versions[-1]

    def message_at(self, channel: str, ts: str, seq: int) -> Message | None:
        """Return a message as it stood right after log entry `seq`, or None if it did not exist then."""
        versions = [version for version in self.messages.get((channel, ts), []) if version.seq <= seq]
        return versions[-1] if versions and not versions[-1].deleted else None

    def standing(self, channel: str | None = None) -> list[Message]:
        """Return the messages that everyone in the channel sees now, oldest first."""
        return [m for m in self._latest() if not m.ephemeral_to and channel in (None, m.channel)]

    def ephemerals(self, user: str | None = None) -> list[Message]:
        """Return the messages that only one person sees now, oldest first."""
        return [m for m in self._latest() if m.ephemeral_to and user in (None, m.ephemeral_to)]

    def _latest(self) -> list[Message]:
        return [versions[-1] for versions in self.messages.values() if not versions[-1].deleted]
