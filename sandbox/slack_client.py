"""A typed client of the local Slack's control side: what tests and demos do as people, and what they ask."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.slack.control.seen import (
    Answer,
    ClickAnswer,
    CommandAnswer,
    Delivered,
    HomeView,
    Json,
    LogEntry,
    Message,
    Modal,
    SentModal,
    answer_from,
    home_from,
    message_from,
)

__all__ = [
    "Answer",
    "ClickAnswer",
    "CommandAnswer",
    "ControlError",
    "Delivered",
    "HomeView",
    "LogEntry",
    "Message",
    "Modal",
    "SentModal",
    "SlackControl",
]

INCIDENT = "C0INCIDENT"
BOT = "U0GUARDBOT"
COMMAND_TIMEOUT_SECONDS = 30.0


class ControlError(Exception):
    """The control side refused: `status` 409 for a button that isn't there, 404 for a message, else 400."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class SlackControl:
    """Controls one local Slack, as an async context manager.

    Every method raises ControlError when the order is refused.
    """

    def __init__(self, control_url: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=control_url,
            timeout=COMMAND_TIMEOUT_SECONDS,
            trust_env=False,
            # A call that is cancelled while it closes several idle connections leaves some of them open.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def _call(self, verb: str, path: str, body: Json | None = None, **query: str | int | None) -> Json:
        params = {name: value for name, value in query.items() if value is not None}
        response = await self._http.request(verb, path, json=body, params=params)
        answer: Json = response.json()
        if response.is_error:
            raise ControlError(response.status_code, str(answer["error"]))
        return answer

    # What people do

    async def command(
        self, user: str, text: str, channel: str = INCIDENT, command: str = "/coupon-delete"
    ) -> CommandAnswer:
        """Run a slash command and wait for what the person gets to see."""
        body = {"user": user, "text": text, "channel": channel, "command": command}
        return answer_from(await self._call("POST", "/command", body))

    async def click(self, user: str, message: Message, action_id: str, /, **overrides: Any) -> ClickAnswer:
        """Click a button once.

        Overrides, to show something else than what stands: `block_id`, `value`, `message` (whole) and
        `version` (a log sequence number).
        """
        return (await self.clicks(user, message, action_id, 1, **overrides))[0]

    async def clicks(
        self, user: str, message: Message, action_id: str, /, times: int, **overrides: Any
    ) -> list[ClickAnswer]:
        """Click a button so many times at once."""
        body = {"user": user, "channel": message.channel, "ts": message.ts, "action_id": action_id}
        data = await self._call("POST", "/click", {**body, "times": times, **overrides})
        return [answer_from(answer) for answer in data["answers"]]

    async def open_home(self, user: str, tab: str = "home") -> Delivered:
        """Open the app in Slack, and wait for the bot to take the event."""
        return Delivered(**await self._call("POST", "/home", {"user": user, "tab": tab}))

    async def interaction(self, **order: Any) -> Delivered:
        """Send any payload: `payload`, `command`, `click` or `home`, with `changes`, `signature` and more.

        See `sandbox.slack.deliver.orders.InteractionOrder`.
        """
        return Delivered(**await self._call("POST", "/interaction", order))

    async def send_modal(self, modal: Modal, /, *, user: str | None = None, **values: str) -> SentModal:
        """Fill in the fields of a modal by their block ids, and send it. user: who, if not who sees it."""
        fields = modal.fields()
        given = {block: {fields[block]: value} for block, value in values.items()}
        body = {"user": user or modal.user, "modal": modal.id, "values": given}
        sent = await self._call("POST", "/modal/send", body)
        return SentModal(sent["status"], sent["error"], Modal(**sent["modal"]))

    async def file(self, name: str, content: str, given: str = "whole") -> str:
        """Choose a file for a form, and return its id, which is the value of the form's field.

        given: what the bot is told of it: the whole, a stub, or an address that is not for downloads.
        """
        order = {"name": name, "content": content, "given": given}
        return str((await self._call("POST", "/files", order))["file"]["id"])

    async def close_modal(self, modal: Modal) -> None:
        """Close a modal without sending it."""
        await self._call("POST", "/modal/close", {"user": modal.user, "modal": modal.id})

    # What is there to see

    async def modals(self, user: str | None = None) -> list[Modal]:
        """Return the open modals, of one person or of all."""
        return [Modal(**modal) for modal in (await self._call("GET", "/modals", user=user))["modals"]]

    async def messages(self, channel: str) -> list[Message]:
        """Return what stands in a channel now, broadcast replies included, oldest first."""
        return [message_from(m) for m in (await self._call("GET", "/messages", channel=channel))["messages"]]

    async def cards(self, channel: str = INCIDENT) -> list[Message]:
        """Return the bot's messages in a channel that have blocks and are no replies."""
        return [m for m in await self.messages(channel) if m.blocks and m.user == BOT and not m.thread_ts]

    async def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the replies in a message's thread."""
        data = await self._call("GET", "/messages", channel=channel, thread_ts=ts)
        return [message_from(m) for m in data["messages"]]

    async def message(self, channel: str, ts: str) -> Message:
        """Return one message as it stands, also a deleted one."""
        return message_from((await self._call("GET", "/message", channel=channel, ts=ts))["message"])

    async def history(self, channel: str, ts: str) -> list[Message]:
        """Return every version of a message, oldest first."""
        data = await self._call("GET", "/message", channel=channel, ts=ts)
        return [message_from(version) for version in data["history"]]

    async def ephemerals(self, user: str | None = None) -> list[Message]:
        """Return what only this person sees, or all private messages."""
        return [message_from(m) for m in (await self._call("GET", "/ephemeral", user=user))["messages"]]

    async def home(self, user: str) -> HomeView | None:
        """Return what a person sees on the Home tab now; None: nothing was ever published for them."""
        shown = (await self._call("GET", "/home", user=user))["home"]
        return None if shown is None else home_from(shown)

    async def log(self, kind: str | None = None, after: int = 0) -> list[LogEntry]:
        """Return the log entries after a sequence number, of one kind if given."""
        data = await self._call("GET", "/log", kind=kind, after=after)
        return [LogEntry(**entry) for entry in data["entries"]]

    async def api_calls(self, method: str | None = None) -> list[Json]:
        """Return the bot's Web API calls: method, args, ok, error, status, fault."""
        calls = [entry.data for entry in await self.log("api_call")]
        return [call for call in calls if method in (None, call["method"])]

    async def last_seq(self) -> int:
        """Return the sequence number of the newest log entry."""
        return int((await self.health())["last_seq"])

    async def health(self) -> Json:
        """Return whether it runs, where it delivers to, and how many sockets are open."""
        return await self._call("GET", "/health")

    # What changes

    async def fault(self, method: str, kind: str, times: int = 1, **args: Any) -> None:
        """Order a fault for calls to come; see `sandbox.slack.deliver.faults.Fault`."""
        await self._call("POST", "/faults", {"method": method, "kind": kind, "times": times, **args})

    async def faults(self) -> list[Json]:
        """Return the faults still to come."""
        return list((await self._call("GET", "/faults"))["faults"])

    async def clear_faults(self) -> None:
        """Take back all faults."""
        await self._call("DELETE", "/faults")

    async def person(self, user: str, **changes: str) -> None:
        """Add or change a person: `name`, `kind` (member, guest, deactivated, bot, stranger, ...)."""
        await self._call("POST", "/people", {"id": user, **changes})

    async def group(self, group: str, **changes: Any) -> None:
        """Add or change a user group: `handle`, `members`, `add`, `remove`."""
        await self._call("POST", "/groups", {"id": group, **changes})

    async def channel(self, channel: str, **changes: Any) -> None:
        """Add or change a channel: `name`, `kind`, `archived`, `restricted`, `members`, `add`, `remove`."""
        await self._call("POST", "/channels", {"id": channel, **changes})

    async def app(self, **changes: Any) -> None:
        """Change the bot's token: `scopes`, `auth_error` (None for a good token)."""
        await self._call("POST", "/app", changes)

    async def directory(self) -> Json:
        """Return all people, groups and channels."""
        return await self._call("GET", "/directory")

    async def deliver_to(self, events_url: str | None) -> None:
        """Send interactions to this address by signed HTTP, or over Socket Mode for None."""
        order: Json = {"socket": True} if events_url is None else {"events_url": events_url}
        await self._call("POST", "/transport", order)

    async def sockets(self, action: str, **args: Any) -> None:
        """Make trouble for Socket Mode: `disconnect` (reason), `drop`, `refuse` (seconds)."""
        await self._call("POST", "/sockets", {"action": action, **args})

    async def shift_clock(self, seconds: float) -> None:
        """Move the world's clock."""
        await self._call("POST", "/clock", {"shift_seconds": seconds})

    async def reset(self) -> None:
        """Start over with the standard people and channels; the log goes on."""
        await self._call("POST", "/reset")

    # Waiting

    async def stream(self, after: int = 0) -> AsyncGenerator[LogEntry]:
        """Yield the log entries after a sequence number, and each new one as it happens."""
        async with self._http.stream("GET", "/stream", params={"after": after}, timeout=None) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    yield LogEntry(**json.loads(line.removeprefix("data: ")))

    async def wait_for(
        self, predicate: Callable[[LogEntry], bool], timeout: float = 5.0, after: int = 0
    ) -> LogEntry:
        """Return the first log entry after `after` that fits, waiting up to `timeout` seconds.

        Raises TimeoutError.
        """
        async with asyncio.timeout(timeout):
            async with aclosing(self.stream(after)) as stream:
                async for entry in stream:
                    if predicate(entry):
                        return entry
        raise ControlError(503, "The local Slack went away.")

    async def wait_message(
        self, channel: str, containing: str, timeout: float = 5.0, after: int = 0
    ) -> Message:
        """Return the first message of a channel or of its threads that says this now, waiting for it to come.

        Only messages written after log entry `after` count. Raises TimeoutError.
        """
        return await self._wait_standing(
            lambda m: m.channel == channel and m.ephemeral_to is None, containing, timeout, after
        )

    async def wait_ephemeral(
        self, user: str, containing: str, timeout: float = 5.0, after: int = 0
    ) -> Message:
        """Return the first private message to this person that says this, waiting. Raises TimeoutError."""
        return await self._wait_standing(lambda m: m.ephemeral_to == user, containing, timeout, after)

    async def wait_home(self, user: str, containing: str, timeout: float = 5.0, after: int = 0) -> HomeView:
        """Return the first Home of a person, published after a log entry, that says this.

        Raises TimeoutError.
        """

        def says(entry: LogEntry) -> bool:
            if entry.kind != "home" or entry.data["home"]["user"] != user:
                return False
            return home_from(entry.data["home"]).contains(containing)

        return home_from((await self.wait_for(says, timeout, after)).data["home"])

    async def wait_modal(self, user: str, timeout: float = 5.0, after: int = 0) -> Modal:
        """Return the next modal that a person sees after log entry `after`, waiting. Raises TimeoutError."""

        def shown(entry: LogEntry) -> bool:
            return entry.kind == "modal" and entry.data["modal"]["user"] == user

        return Modal(**(await self.wait_for(shown, timeout, after)).data["modal"])

    async def _wait_standing(
        self, fits: Callable[[Message], bool], containing: str, timeout: float, after: int
    ) -> Message:
        deadline = asyncio.get_running_loop().time() + timeout

        def written(entry: LogEntry) -> bool:
            if entry.kind not in ("posted", "updated", "ephemeral"):
                return False
            message = message_from(entry.data["message"])
            return fits(message) and message.contains(containing)

        while True:
            left = deadline - asyncio.get_running_loop().time()
            entry = await self.wait_for(written, left, after)
            written_then = message_from(entry.data["message"])
            now = await self._standing(written_then)
            if now is not None and now.contains(containing):
                return now
            after = entry.seq

    async def _standing(self, message: Message) -> Message | None:
        try:
            now = await self.message(message.channel, message.ts)
        except ControlError as error:
            if error.status != 404:
                raise
            return None
        return None if now.deleted else now
