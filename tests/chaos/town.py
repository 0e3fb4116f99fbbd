"""A town: the local Slack, the local Vivoldi, a clock, a journal, and a database for the bots in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select, text

from bot.adapters.slack import web_session
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import events, items, notices, requests
from bot.domain.people import Grants
from bot.domain.policy import Policy
from bot.services.ports.outside import Coupons
from bot.settings import Settings
from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.slack.deliver.faults import FaultBook
from sandbox.slack.deliver.payloads import action as used_element
from sandbox.slack.deliver.payloads import block_actions, find_element, slash_command
from sandbox.slack.seed import seeded_world
from sandbox.slack.world import Message
from sandbox.slack.world import World as SlackWorld
from sandbox.vivoldi.faults import Fault, Faults
from sandbox.vivoldi.world import World as VivoldiWorld
from tests.chaos.boundaries import Boundaries
from tests.chaos.instance import Instance
from tests.chaos.journal import START, Clock, Journal, JournalledSlackLog, JournalledVivoldiLog
from tests.chaos.outside import Agenda, DirectSlack, DirectVivoldi
from tests.judge.record import Terms

RIKA, AMIR, BEA = "U0RIKA0000", "U0AMIR0000", "U0BEA00000"
CARL, DANA = "U0CARL0000", "U0DANA0000"
GUEST, STRANGER = "U0GUEST000", "W0STRANGER"
ONCALL, INCIDENT = "S0ONCALL00", "C0INCIDENT"
EVERYONE = (RIKA, AMIR, BEA, CARL, DANA, GUEST, STRANGER)

APPROVE_WITHIN, EXECUTE_WITHIN = timedelta(minutes=30), timedelta(minutes=10)
_SETTINGS = Settings.model_construct(vivoldi_timezone=UTC)
_ONCALL_APPROVES = Policy(
    approvers=Grants(groups=frozenset({ONCALL})),
    final_approvers=Grants(groups=frozenset({ONCALL})),
    approve_within=APPROVE_WITHIN,
    execute_within=EXECUTE_WITHIN,
    restore=True,
)
_TERMS = Terms(
    first=frozenset({ONCALL}),
    final=frozenset({ONCALL}),
    approve_within=APPROVE_WITHIN,
    execute_within=EXECUTE_WITHIN,
    # A click goes by a memory that is renewed each minute, two minutes old where one renewal failed.
    memory=timedelta(minutes=2, seconds=10),
    # Counted from the question until the DELETE arrives, which in a town is when it is written.
    asked_afresh=timedelta(seconds=5),
    groups_afresh=timedelta(seconds=10),
    arrives_within=timedelta(),
    # What was read is written within 3 s.
    read_afresh=timedelta(seconds=3),
    on_the_way=timedelta(seconds=3),
    told_within=timedelta(seconds=60),
)


class Town:
    """Everything outside of the bot's processes, and what people can do there.

    url: the migrated database that its bots share. The worlds may be those of servers that listen. Set
    `stop_window` before any bot starts.
    """

    def __init__(
        self, url: str, slack: SlackWorld | None = None, vivoldi: VivoldiWorld | None = None
    ) -> None:
        self.url = url
        self.clock = Clock()
        self.journal = Journal(_TERMS, clock=self.clock)
        self.slack = slack or seeded_world()
        self.vivoldi = vivoldi or VivoldiWorld()
        self.slack.log = JournalledSlackLog(self.journal)
        self.vivoldi.log = JournalledVivoldiLog(self.journal)
        self.slack_faults = FaultBook()
        self.vivoldi_faults = Faults()
        self.agenda = Agenda(self.clock)
        self.stop_window = timedelta()
        self._started = 0
        self._looking = connect(url)
        self.set_time(START)

    async def close(self) -> None:
        """Close the town's own connection to the database."""
        await self._looking.close()

    # ------------------------------------------------------------ time

    def set_time(self, now: datetime) -> None:
        """Set every clock."""
        self.clock.time = now
        self.follow()

    def advance(self, seconds: float) -> None:
        """Move every clock on, while no bot does anything."""
        self.journal.idle.append((self.clock.now(), seconds))
        self.set_time(self.clock.now() + timedelta(seconds=seconds))

    def follow(self) -> None:
        """Set the clocks of the two worlds by the town's, which a waiting process may have moved."""
        self.slack.shift_seconds = self.clock.now().timestamp() - datetime.now(UTC).timestamp()
        self.vivoldi.set_now(self.clock.now())
        self.agenda.catch_up()

    async def next_due(self) -> datetime | None:
        """Return when any work in the database can be taken next; None: there is none."""
        found = []
        async with self._looking.read() as connection:
            for table in (requests, items, notices):
                due = select(table.c.due_at, table.c.lease_until).where(table.c.due_at.is_not(None))
                found += [max(filter(None, row)) for row in (await run(connection, due)).all()]
        return min(found, default=None)

    async def tamper(self, before: str, after: str) -> None:
        """Replace a piece of what is stored of the coupons that were shown, if any were."""
        forging = text("UPDATE items SET snapshot = replace(snapshot, :before, :after)")
        async with self._looking.write() as connection:
            changed = await run(connection, forging.bindparams(before=before, after=after))
        self.journal.forged = bool(changed.rowcount)

    async def audited(self) -> None:
        """Put the audit beside what was seen."""
        chosen = select(events.c.kind, events.c.request_id, events.c.code, events.c.at).order_by(events.c.id)
        async with self._looking.read() as connection:
            rows = (await run(connection, chosen)).all()
        self.journal.audit = [
            {"kind": row.kind, "request": row.request_id, "code": row.code, "at": row.at.isoformat()}
            for row in rows
        ]

    # ------------------------------------------------------------ processes

    def instance(self, boundaries: Boundaries) -> Instance:
        """Return a new process of the bot, not yet running."""
        self._started += 1
        self.journal.terms = replace(_TERMS, stop_window=self.stop_window)
        policy = replace(_ONCALL_APPROVES, stop_window=self.stop_window)
        return Instance(f"coupon-guard/{self._started}", self.url, _SETTINGS, policy, self.clock, boundaries)

    @asynccontextmanager
    async def connect(
        self, instance: Instance
    ) -> AsyncIterator[tuple[Coupons, AsyncWebClient, aiohttp.ClientSession]]:
        """Connect a process with the two worlds directly, without HTTP."""
        bounds = instance.boundaries
        slack = DirectSlack(self.slack, self.slack_faults, bounds, instance.wait)
        vivoldi = DirectVivoldi(
            self.vivoldi, self.vivoldi_faults, self.agenda, bounds, instance.wait, instance.name
        )
        async with web_session() as session:
            yield vivoldi, slack, session

    async def vivoldi_fault(self, fault: Fault) -> None:
        """Arm a fault for calls to Vivoldi."""
        self.vivoldi_faults.arm(fault)

    async def slack_fault(self, fault: SlackFault) -> None:
        """Arm a fault for calls to Slack. The book counts it down, so it gets one of its own."""
        self.slack_faults.pending.append(replace(fault))

    # ------------------------------------------------------------ people

    def interaction(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Log that a person does something, and return the entry's data, to be completed with the answer."""
        data = {"payload": payload, "signature": "good", "status": None, "body": None, "error": None}
        return self.slack.record("interaction", data).data

    def command_payload(self, user: str, text: str, channel: str = INCIDENT) -> dict[str, Any]:
        """Return the payload of a command."""
        person, place = self.slack.people[user], self.slack.channels[channel]
        return dict(slash_command(self.slack, person, place, "/coupon-delete", text, ""))

    def click_payload(self, user: str, message: Message, action: str) -> dict[str, Any]:
        """Return the payload of a click on a version of a message. It must have that button.

        Only Stop may come from any card: it counts from old versions too, so it is tried at any moment.
        """
        shown = message.to_slack()
        found = find_element(shown, action, None) or (_stop_on(message) if action == "stop" else None)
        assert found is not None, f"there is no button {action}"
        used = used_element(self.slack, found[0], found[1], None)
        return block_actions(self.slack, self.slack.people[user], message, shown, used, "")

    def newest_card(self, *codes: str) -> Message:
        """Return the card about these codes that went up last, as it stands."""
        return self._cards(codes)[-1]

    def has_card(self, *codes: str) -> bool:
        """Return whether a card about these codes is up; without any, whether any card is."""
        return bool(self._cards(codes))

    def _cards(self, codes: tuple[str, ...]) -> list[Message]:
        standing = [m for m in self.slack.standing() if _stop_on(m) and not m.thread_ts]
        return [message for message in standing if all(code in message.text for code in codes)]

    def live_cards(self, *codes: str) -> list[Message]:
        """Return the cards about these codes that can be approved now, oldest first."""
        return self.cards_with("approve", *codes)

    def cards_with(self, action: str, *codes: str) -> list[Message]:
        """Return the messages about these codes that stand now and have a button, oldest first."""
        return [
            message
            for message in self.slack.standing()
            if find_element(message.to_slack(), action, None) and all(code in message.text for code in codes)
        ]

    def join(self, user: str) -> None:
        """Put a person on call."""
        self._members(tuple({*self.slack.groups[ONCALL].members, user}))

    def leave(self, user: str) -> None:
        """Take a person off call."""
        self._members(tuple(member for member in self.slack.groups[ONCALL].members if member != user))

    def _members(self, members: tuple[str, ...]) -> None:
        group = replace(self.slack.groups[ONCALL], members=members)
        self.slack.groups[ONCALL] = group
        self.slack.record("world", {"change": "group", "group": {"id": group.id, "members": list(members)}})

    # ------------------------------------------------------------ coupons

    def coupon(self, code: str, **fields: Any) -> str:
        """Create a coupon, by default one that validates, and return its code."""
        return self.vivoldi.create({"cpnNo": code, **fields}).cpn_no

    def remade(self, code: str) -> None:
        """Delete a coupon and create another one under its number, as someone in the dashboard does."""
        self.vivoldi.delete(code)
        self.coupon(code)


def _stop_on(message: Message) -> tuple[str, dict[str, Any]] | None:
    """Return the button for Stop as a card about a request had it, or will have it."""
    named = re.search(r"Request (CG-[A-Z0-9]+)", str(message.blocks[-1:]))
    text = {"type": "plain_text", "text": "Stop", "emoji": False}
    button = {"type": "button", "action_id": "stop", "text": text}
    return ("decide-v1", {**button, "value": named[1]}) if named else None
