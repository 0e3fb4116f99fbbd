"""A click that is refused again and again: recorded and told once a minute, and counted (I7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.event import EventKind
from bot.domain.people import Kind, Person
from bot.domain.policy import Verdict
from bot.services.asked.click import Action
from tests.builders import AMIR, BEA, CARL, CODE, RIKA, standing
from tests.integration.wired import Wired, wired_on

STRANGER = Person("U0STRANGER", "Strange")


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        wired.people.put(standing(STRANGER, kind=Kind.STRANGER))
        yield wired


async def _refusals(wired: Wired) -> list[tuple[str | None, object, object]]:
    events = await wired.events(EventKind.DECISION_REFUSED)
    return [(event.request, event.data["verdict"], event.data.get("repeats")) for event in events]


async def test_a_flood_is_one_event_one_answer_and_a_count(wired: Wired) -> None:
    """300 clicks of a stranger neither fill the audit nor cost 300 messages, and none of them is lost."""
    request_id = await wired.ask()
    for _ in range(300):
        assert await wired.click(Action.APPROVE, STRANGER, request_id) is Verdict.STRANGER
        wired.clock.advance(0.1)
    await wired.drain()
    assert await _refusals(wired) == [(request_id, "stranger", None)]
    assert len(wired.messenger.told) == 1
    wired.clock.advance(60)
    for _ in range(2):
        await wired.services.count_refusals()()
    assert await _refusals(wired) == [(request_id, "stranger", None), (request_id, "stranger", 299)]
    counted = (await wired.events(EventKind.DECISION_REFUSED))[-1]
    assert (counted.actor, counted.data["action"]) == (STRANGER, "approve")


async def test_after_a_minute_it_is_told_again(wired: Wired) -> None:
    """What is refused later is answered; a flood that goes on is told once a minute, and counted whole."""
    request_id = await wired.ask()
    for _ in range(4):
        await wired.click(Action.APPROVE, CARL, request_id)
        wired.clock.advance(30)
    await wired.drain()
    assert len(wired.messenger.told) == 2
    assert await _refusals(wired) == [(request_id, "not_an_approver", None)] * 2
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    assert (await _refusals(wired))[2:] == [(request_id, "not_an_approver", 2)]


async def test_refusals_that_differ_are_told_each(wired: Wired) -> None:
    """Another person, request or verdict is another refusal."""
    first = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, first)
    await wired.click(Action.APPROVE, AMIR, first)
    await wired.click(Action.CANCEL, AMIR, first)
    await wired.click(Action.CANCEL, BEA, first)
    await wired.click(Action.APPROVE, AMIR, "CG-NOWHERE")
    await wired.click(Action.APPROVE, AMIR, "CG-ANYWHERE")
    await wired.drain()
    assert await _refusals(wired) == [
        (first, "same_person", None),
        (first, "not_the_requester", None),
        (first, "not_the_requester", None),
        (None, "no_such_request", None),
    ]
    assert len(wired.messenger.told) == 4


async def test_clicks_at_once_are_one_refusal(wired: Wired) -> None:
    """Of two clicks at the same moment one is the first."""
    await asyncio.gather(*(wired.click(Action.APPROVE, CARL, "CG-NOWHERE") for _ in range(5)))
    assert await _refusals(wired) == [(None, "no_such_request", None)]


async def test_what_was_not_repeated_is_not_counted(wired: Wired) -> None:
    """A single refusal is one event for good, and nothing of it is left behind."""
    await wired.click(Action.APPROVE, CARL, await wired.ask())
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    assert len(await _refusals(wired)) == 1
    async with wired.store.transaction() as tx:
        wired.clock.advance(3600)
        assert await tx.repeated(wired.clock.now()) == ()


async def test_an_allowed_click_is_always_recorded(wired: Wired) -> None:
    """What has an effect is an event of its own, however often someone was refused before."""
    request_id = await wired.ask()
    await wired.click(Action.APPROVE, AMIR, request_id, version=1)
    assert await wired.click(Action.APPROVE, AMIR, request_id) is Verdict.ALLOWED
    assert len(await wired.events(EventKind.DECISION)) == 1


async def test_other_buttons_are_recorded_and_answered_once(wired: Wired) -> None:
    """Each button that was refused is in the audit; the same answer to all of them is told once a minute."""
    request_id = await wired.ask()
    for _ in range(3):
        for action in (Action.APPROVE, Action.REJECT, Action.FREEZE):
            assert await wired.click(action, STRANGER, request_id) is Verdict.STRANGER
    await wired.drain()
    actions = [event.data["action"] for event in await wired.events(EventKind.DECISION_REFUSED)]
    assert actions == ["approve", "reject", "freeze"]
    assert len(wired.messenger.told) == 1
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    counted = [event.data for event in await wired.events(EventKind.DECISION_REFUSED)][3:]
    assert sorted((str(data["action"]), data["repeats"]) for data in counted) == [
        ("approve", 2),
        ("freeze", 2),
        ("reject", 2),
    ]


async def test_a_second_change_of_the_card_is_told(wired: Wired) -> None:
    """A click on an old version is told each time that the card has changed since; mashing is not."""
    request_id = await wired.ask()
    old = (await wired.request(request_id)).version
    await wired.click(Action.FREEZE, RIKA, request_id)
    await wired.drain()
    for _ in range(3):
        assert await wired.click(Action.APPROVE, BEA, request_id, version=old) is Verdict.STALE_CARD
    shown = (await wired.request(request_id)).version
    await wired.click(Action.APPROVE, AMIR, request_id)
    for _ in range(3):
        assert await wired.click(Action.APPROVE, BEA, request_id, version=shown) is Verdict.STALE_CARD
    await wired.drain()
    assert [notice.person for notice in wired.messenger.told] == [BEA.id] * 2


async def test_what_has_changed_is_told_at_once(wired: Wired) -> None:
    """Who clicked while it ran, and clicks the same button after its end, is told how it ended."""
    request_id = await wired.approved()
    version = (await wired.request(request_id)).version
    for _ in range(2):
        await wired.click(Action.APPROVE, RIKA, request_id, version=version)
    await wired.run(5, step=1)
    for _ in range(2):
        await wired.click(Action.APPROVE, RIKA, request_id, version=version)
    await wired.drain()
    first, second = (notice.text for notice in wired.messenger.told)
    assert "the deletion runs" in first
    assert "finished" in second


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("list", EventKind.COMMAND_REFUSED, "stranger"),
        (CODE, EventKind.COMMAND_REFUSED, "stranger"),
        ("show", EventKind.COMMAND_REFUSED, "misread"),
        ("help", EventKind.COMMAND, "usage"),
    ],
)
async def test_a_flood_of_commands_is_counted(wired: Wired, text: str, kind: EventKind, answer: str) -> None:
    """Who types the same again and again is answered each time, and neither fills the audit nor is lost."""
    for _ in range(100):
        assert (await wired.command(text, STRANGER)).audit_name == answer
        wired.clock.advance(0.1)
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    first, counted = await wired.events()
    assert (first.kind, first.data["text"], first.data["answer"]) == (kind, text, answer)
    assert (counted.kind, counted.actor) == (kind, STRANGER)
    assert counted.data == {"answer": answer, "repeats": 99}


async def test_a_flood_of_different_commands_is_counted(wired: Wired) -> None:
    """Made-up texts are not as many events; a few that differ are recorded each."""
    for number in range(300):
        await wired.command(f"SUMMER{number:04}", STRANGER)
    recorded = len(await wired.events())
    assert 10 <= recorded <= 16
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    events = await wired.events()
    assert len(events) <= 32
    assert sum(int(str(event.data.get("repeats", 1))) for event in events) == 300


async def test_a_flood_of_many_people_is_counted_in_one_go(wired: Wired) -> None:
    """However many refusals are over, the next look records and removes all of them."""
    people = [Person(f"U0STRANGE{number:03}", "Strange") for number in range(130)]
    wired.people.put(*(standing(person, kind=Kind.STRANGER) for person in people))
    for person in people * 2:
        await wired.command("list", person)
    wired.clock.advance(60)
    await wired.services.count_refusals()()
    counted = [event for event in await wired.events() if event.data.get("repeats") == 1]
    assert {event.actor for event in counted} == set(people)
    async with wired.store.transaction() as tx:
        assert await tx.repeated(wired.clock.now()) == ()
