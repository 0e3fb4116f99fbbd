"""What the bot's audit holds, as the events that were recorded: for the page, and for tests."""

from __future__ import annotations

import json

from bot.adapters.store import SqlTrail
from bot.domain.audit import Facts
from bot.domain.event import Event, EventKind
from bot.domain.people import Person
from bot.operate.audit.stored import time_of
from bot.services.ports.store import Trail


def read_only(database_url: str) -> SqlTrail:
    """Return the audit of a bot that runs on a SQLite file, which is opened to be read only."""
    return SqlTrail(database_url.replace("sqlite:///", "sqlite:///file:", 1) + "?mode=ro&uri=true")


async def recorded(trail: Trail) -> list[Event]:
    """Return all audit events in the order in which they were written. Raises StoreError."""
    return [_event(link.facts) async for page in trail.pages() for link in page.links]


def _event(facts: Facts) -> Event:
    at = time_of(facts)
    assert at is not None
    actor = None
    if facts.actor_id is not None:
        assert facts.actor_name is not None
        actor = Person(facts.actor_id, facts.actor_name)
    data = json.loads(facts.data)
    return Event(
        kind=EventKind(facts.kind), at=at, request=facts.request_id, code=facts.code, actor=actor, data=data
    )
