"""What the people of a scenario do: they ask, look at the card, click, and read what is told."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.control.seen import message_from
from sandbox.slack_client import Answer, LogEntry, Message, Modal
from sandbox.stage import Stage
from sandbox.vivoldi_client import Call, Entry
from tests.scenario.told import ACCEPTED

# The seeded workspace: the first three are on call and so approve, the next two are plain members.
RIKA, AMIR, BEA = "U0RIKA0000", "U0AMIR0000", "U0BEA00000"
CARL, DANA = "U0CARL0000", "U0DANA0000"
GUEST, GONE, ROBOT, STRANGER = "U0GUEST000", "U0GONE0000", "U0ROBOT000", "W0STRANGER"
ONCALL = "S0ONCALL00"
INCIDENT, OPS, NO_BOT, ARCHIVED = "C0INCIDENT", "C0OPS00000", "C0NOBOT000", "C0ARCHIVED"

# Every coupon carries these, so that the judge can see whether one of them ever gets out (I8).
PERSONAL = {
    "userId": "mina-7351",
    "userNm": "Mina Hidden",
    "userPhnno": "+00 555 7351",
    "userEml": "mina@hidden.example",
    "userEtc1": "hidden-one-7351",
    "userEtc2": "hidden-two-7351",
    "onsitePwd": "pw-7351-hidden",
    "memo": "memo-7351-hidden",
}

# Long enough for a busy machine; nothing ever waits that long when all is well.
PATIENCE = 25.0


def fresh_code() -> str:
    """Return a coupon code that no other test uses."""
    return f"T{uuid.uuid4().hex[:11]}".upper()


@dataclass
class Play:
    """One scenario on a stage. codes: every code that was asked for; since: Slack's log before that."""

    stage: Stage
    since: int = 0
    codes: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, stage: Stage) -> Play:
        """Return a new play on a stage that may have seen others."""
        return cls(stage, await stage.slack.last_seq())

    async def coupon(self, code: str | None = None, **fields: Any) -> str:
        """Create a coupon that validates today unless the fields (Vivoldi's names) say otherwise."""
        created = await self.stage.vivoldi.create(code or fresh_code(), **{**PERSONAL, **fields})
        return str(created["cpnNo"])

    async def ask(
        self, *codes: str, by: str = DANA, reason: str = "leaked", channel: str = INCIDENT
    ) -> Answer:
        """Type the command, and return what the person is answered."""
        self.codes += [code for code in codes if code not in self.codes]
        return await self.stage.slack.command(by, f"{','.join(codes)} {reason}", channel)

    async def open_card(
        self, *codes: str, by: str = DANA, reason: str = "leaked", patience: float = PATIENCE
    ) -> Message:
        """Ask for a deletion, of a new coupon where no code is given, and return the card that comes up."""
        asked = codes or (await self.coupon(),)
        after = await self.stage.slack.last_seq()
        answer = await self.ask(*asked, by=by, reason=reason)
        assert ACCEPTED in answer.text, answer
        return await self.next_card(*asked, after=after, patience=patience)

    async def next_card(self, *codes: str, after: int, patience: float = PATIENCE) -> Message:
        """Return the first card about these codes that is posted after a log entry."""

        def posted(entry: LogEntry) -> bool:
            return entry.kind == "posted" and is_card(entry) and all(map(message_of(entry).contains, codes))

        return message_of(await self.stage.slack.wait_for(posted, patience, after))

    async def reads(self, card: Message, words: str, patience: float = PATIENCE) -> Message:
        """Return the card as soon as it says something, now or later."""

        def says(entry: LogEntry) -> bool:
            if entry.kind not in ("posted", "updated"):
                return False
            message = message_of(entry)
            return message.ts == card.ts and message.contains(words)

        return message_of(await self.stage.slack.wait_for(says, patience, card.seq - 1))

    async def is_known(self, card: Message) -> None:
        """Wait until the bot knows where its card stands, which people see a moment before."""
        link = f"/archives/{card.channel}/p{card.ts.replace('.', '')}|"

        async def is_listed() -> bool:
            return link in (await self.stage.slack.command(CARL, "list")).text

        await until(is_listed)

    async def approve_first(self, card: Message, who: str = AMIR) -> Message:
        """Give step 1, and return the card that asks for step 2."""
        await self.stage.slack.click(who, card, "approve")
        return await self.reads(card, "Step 2 of 2")

    async def approve_both(self, card: Message, first: str = AMIR, final: str = BEA) -> None:
        """Give both approvals."""
        second = await self.approve_first(card, first)
        await self.stage.slack.click(final, second, "approve")

    async def dialog(self, card: Message, who: str = BEA) -> Modal:
        """Tap the final button, and return the dialog that opens for it."""
        after = await self.stage.slack.last_seq()
        await self.stage.slack.click(who, card, "approve")
        return await self.stage.slack.wait_modal(who, PATIENCE, after)

    async def outcome(self, card: Message, patience: float = PATIENCE) -> Message:
        """Return the reply in the card's thread that says how it ended."""

        def told(entry: LogEntry) -> bool:
            return entry.kind == "posted" and message_of(entry).thread_ts == card.ts

        return message_of(await self.stage.slack.wait_for(told, patience, card.seq))

    async def deleted_story(self, card: Message, patience: float = PATIENCE) -> Message:
        """Give both approvals, and return the outcome."""
        await self.approve_both(card)
        return await self.outcome(card, patience)

    async def privately(
        self, who: str, words: str, after: int, channel: str | None = None, patience: float = PATIENCE
    ) -> Message:
        """Return the private message to a person that says something, and is newer than a log entry."""

        def told(entry: LogEntry) -> bool:
            if entry.kind not in ("ephemeral", "posted"):
                return False
            message = message_of(entry)
            private = message.ephemeral_to == who or message.channel == f"D{who[1:]}"
            return private and message.contains(words) and channel in (None, message.channel)

        return message_of(await self.stage.slack.wait_for(told, patience, after))

    async def deletes(self, code: str) -> list[Call]:
        """Return the DELETE calls for a code."""
        return await self.stage.vivoldi.calls("delete", code)

    async def arrived(self, kind: str, code: str, number: int = 1) -> None:
        """Wait until the call of a kind about a code, the first or a later one, has reached Vivoldi."""
        seen: set[int] = set()

        def fits(entry: Entry) -> bool:
            if isinstance(entry, Call) and (entry.kind, entry.code) == (kind, code):
                seen.add(entry.seq)
            return len(seen) >= number

        await self.stage.vivoldi.wait_for(fits, PATIENCE)


def is_card(entry: LogEntry) -> bool:
    """Return whether a log entry is about a card: a message to everyone, in no thread, with blocks."""
    message = entry.data.get("message", {})
    return bool(message.get("blocks")) and not message["thread_ts"] and not message["ephemeral_to"]


def message_of(entry: LogEntry) -> Message:
    """Return the message that a log entry is about."""
    return message_from(entry.data["message"])


async def until(holds: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait for something that can only be asked for, since nothing announces it."""
    async with asyncio.timeout(patience):
        while not await holds():  # noqa: ASYNC110  # it happens in another process
            await asyncio.sleep(0.01)


async def taken(stage: Stage, method: str) -> None:
    """Wait until a fault of Slack has got hold of its call."""

    async def none_left() -> bool:
        return all(fault["method"] != method for fault in await stage.slack.faults())

    await until(none_left)
