"""The final approval confirmed by typing, on a real database: what opens the dialog, and what decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SlackRefused, SlackUnavailable
from bot.domain.event import EventKind
from bot.domain.people import Person
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Pending
from bot.services.asked.click import Action, Click
from handlers.render.dialogs import confirmation
from tests.builders import AMIR, BEA, CARL, CHANNEL, CODE, OTHER_CODE, RIKA, TEAM, a_coupon
from tests.fakes import FakeDialogs
from tests.integration.wired import SETTINGS, Wired, wired_on

END = CODE[-4:]


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path, confirm_by_typing=True) as wired:
        yield wired


@pytest.fixture
def dialogs() -> FakeDialogs:
    return FakeDialogs()


async def tap(wired: Wired, dialogs: FakeDialogs, by: Person, request_id: str, **changes: Any) -> Verdict:
    """Tap the button for an approval on the card as it stands."""
    found = await wired.store.find(request_id)
    assert found is not None
    click: dict[str, Any] = {
        "action": Action.APPROVE,
        "user": by.id,
        "team": TEAM,
        "channel": CHANNEL,
        "request_id": request_id,
        "version": found.request.version,
        "message_ts": found.card_ts,
    }
    confirm = wired.services.confirm(wired.services.decide(TEAM, SETTINGS), dialogs, confirmation)
    return await confirm(Click(**{**click, **changes}), "trigger")


async def second_step(wired: Wired, dialogs: FakeDialogs, text: str = CODE) -> str:
    """Return a request that waits for step 2; step 1 needed no dialog."""
    request_id = await wired.ask(text)
    assert await tap(wired, dialogs, AMIR, request_id) is Verdict.ALLOWED
    assert dialogs.opened == []
    await wired.drain()
    return request_id


async def test_the_click_opens_the_dialog_and_stores_nothing(wired: Wired, dialogs: FakeDialogs) -> None:
    """A tap on the final button decides nothing: it opens the dialog for the one who tapped."""
    request_id = await second_step(wired, dialogs)
    before, events = await wired.request(request_id), len(await wired.events())
    assert await tap(wired, dialogs, BEA, request_id) is Verdict.NOT_TYPED
    assert (await wired.request(request_id), len(await wired.events())) == (before, events)
    ((trigger, view),) = dialogs.opened
    assert (trigger, view["callback_id"]) == ("trigger", "confirm-final")


async def test_what_is_typed_right_decides(wired: Wired, dialogs: FakeDialogs) -> None:
    """The last four characters of the code, sent from the dialog, are the final approval."""
    request_id = await second_step(wired, dialogs)
    assert await wired.click(Action.APPROVE, BEA, request_id, typed=END) is Verdict.ALLOWED
    assert isinstance(await wired.request(request_id), Approved)
    event = (await wired.events(EventKind.DECISION))[-1]
    assert (event.actor, event.data["typed"]) == (BEA, True)


async def test_what_is_typed_wrong_does_not(wired: Wired, dialogs: FakeDialogs) -> None:
    """Another text is refused and recorded; the dialog says so, so that no message follows."""
    request_id = await second_step(wired, dialogs)
    assert await wired.click(Action.APPROVE, BEA, request_id, typed="XXXX") is Verdict.WRONG_TEXT
    assert isinstance(await wired.request(request_id), Pending)
    event = (await wired.events())[-1]
    assert (event.kind, event.data["verdict"]) == (EventKind.DECISION_REFUSED, "wrong_text")
    await wired.drain()
    assert wired.messenger.told == []


async def test_of_several_coupons_their_number_is_typed(wired: Wired, dialogs: FakeDialogs) -> None:
    """The end of one of several codes is no confirmation; how many they are is."""
    wired.coupons.store(a_coupon(number=OTHER_CODE))
    request_id = await second_step(wired, dialogs, f"{CODE},{OTHER_CODE}")
    assert await wired.click(Action.APPROVE, BEA, request_id, typed=END) is Verdict.WRONG_TEXT
    assert await wired.click(Action.APPROVE, BEA, request_id, typed="2") is Verdict.ALLOWED


async def test_a_plain_click_is_refused_by_the_server(wired: Wired, dialogs: FakeDialogs) -> None:
    """Whatever card it comes from, a click without typing is never the final approval (fail closed)."""
    wired.policy = replace(wired.policy, confirm_by_typing=False)
    request_id = await second_step(wired, dialogs)
    wired.policy = replace(wired.policy, confirm_by_typing=True)
    assert await wired.click(Action.APPROVE, BEA, request_id) is Verdict.NOT_TYPED
    assert isinstance(await wired.request(request_id), Pending)
    await wired.drain()
    assert "click again" in wired.messenger.told[0].text


@pytest.mark.parametrize("error", [SlackUnavailable("no answer"), SlackRefused("expired_trigger_id")])
async def test_where_the_dialog_does_not_open_the_person_is_told(
    wired: Wired, dialogs: FakeDialogs, error: SlackUnavailable | SlackRefused
) -> None:
    """Who taps and gets no dialog is told to tap again; the tap is recorded as refused."""
    request_id = await second_step(wired, dialogs)
    dialogs.error = error
    assert await tap(wired, dialogs, BEA, request_id) is Verdict.NOT_TYPED
    await wired.drain()
    assert [(notice.person, "click again" in notice.text) for notice in wired.messenger.told] == [
        (BEA.id, True)
    ]
    assert (await wired.events(EventKind.DECISION_REFUSED))[-1].data["verdict"] == "not_typed"


@pytest.mark.parametrize(
    ("by", "verdict"),
    [
        (CARL, Verdict.NOT_A_FINAL_APPROVER),
        (RIKA, Verdict.IS_REQUESTER),
        (AMIR, Verdict.SAME_PERSON),
    ],
)
async def test_who_may_not_approve_gets_no_dialog_and_can_not_type(
    wired: Wired, dialogs: FakeDialogs, by: Person, verdict: Verdict
) -> None:
    """Everything is checked at the tap, and all of it again when the dialog is sent (I1)."""
    request_id = await second_step(wired, dialogs)
    assert await tap(wired, dialogs, by, request_id) is verdict
    assert await wired.click(Action.APPROVE, by, request_id, typed=END) is verdict
    assert dialogs.opened == []


async def test_a_stale_dialog_tells_so(wired: Wired, dialogs: FakeDialogs) -> None:
    """A dialog that was opened on an earlier version of the card decides nothing, and the person is told."""
    request_id = await wired.ask()
    version = (await wired.request(request_id)).version
    assert await tap(wired, dialogs, AMIR, request_id) is Verdict.ALLOWED
    stale = await wired.click(Action.APPROVE, BEA, request_id, typed=END, version=version)
    assert stale is Verdict.STALE_CARD
    await wired.drain()
    assert "has changed since" in wired.messenger.told[0].text


async def test_a_dialog_that_is_sent_twice_counts_once(wired: Wired, dialogs: FakeDialogs) -> None:
    """A second, equal dialog changes nothing, and the person is told how far the request is (I6)."""
    request_id = await second_step(wired, dialogs)
    version = (await wired.request(request_id)).version
    sent = {"typed": END, "version": version}
    assert await wired.click(Action.APPROVE, BEA, request_id, **sent) is Verdict.ALLOWED
    before = await wired.request(request_id)
    assert await wired.click(Action.APPROVE, BEA, request_id, **sent) is Verdict.ALREADY_ENDED
    assert await wired.request(request_id) == before


async def test_a_dialog_is_not_asked_for_where_it_is_off(tmp_path: Path, dialogs: FakeDialogs) -> None:
    """By default one tap on the final button is the approval, and no dialog opens."""
    async with wired_on(tmp_path) as wired:
        request_id = await second_step(wired, dialogs)
        assert await tap(wired, dialogs, BEA, request_id) is Verdict.ALLOWED
        assert dialogs.opened == []
