"""Requests that Slack signed, but that are not this bot's: another workspace, another app, another kind.

The same of a bot in a process of its own, over both transports: `tests/scenario/troubles/test_refusals.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.slack.world import Message
from tests.scenario.playing import AMIR, BEA, DANA, RIKA, STRANGER, fresh_code
from tests.security.rig import Payload, Rig, form_of, rig_on, signed, working

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_APP, OTHER_TEAM = "A0OTHER000", "T0OTHER000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("rig")) as rig, working(rig):
        yield rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def card(rig: Rig) -> Message:
    """A card that waits for step 1, which Amir may give."""
    return await rig.open_card(fresh_code())


async def _has_no_effect(rig: Rig, payload: Payload, *statuses: int) -> str:
    """Deliver a payload, rightly signed, and return the answer once it is sure that nothing has changed."""
    before = rig.state()
    answer = await rig.deliver(payload)
    assert answer.status_code in statuses, answer.text
    assert rig.state() == before
    return answer.text


@pytest.mark.parametrize("app_id", [OTHER_APP, "", None, 5, ["A0GUARD000"], {"id": "A0GUARD000"}, ...])
async def test_a_click_for_another_app_has_no_effect(rig: Rig, card: Message, app_id: object) -> None:
    """What names another app than the bot's own, or none, is refused before any listener (I1)."""
    payload = rig.click(card)
    if app_id is ...:
        del payload["api_app_id"]
    else:
        payload["api_app_id"] = app_id
    await _has_no_effect(rig, payload, 403)


@pytest.mark.parametrize("app_id", [OTHER_APP, "", "A0GUARD000 ", "a0guard000"])
async def test_a_command_for_another_app_has_no_effect(rig: Rig, app_id: str) -> None:
    """A command for another app opens nothing (I1)."""
    await _has_no_effect(rig, rig.command(f"{fresh_code()} leaked") | {"api_app_id": app_id}, 403)


@pytest.mark.parametrize("team", [OTHER_TEAM, "t0guard000", "T0GUARD000 "])
async def test_a_command_from_another_workspace_has_no_effect(rig: Rig, team: str) -> None:
    """A command from another workspace opens nothing, no matter who it says typed it (I1)."""
    payload = rig.command(f"{fresh_code()} leaked", by=RIKA) | {"team_id": team}
    assert "Only members of the workspace" in await _has_no_effect(rig, payload, 200)


@pytest.mark.parametrize(
    "team", [{"id": OTHER_TEAM}, {"id": ""}, {"id": None}, {}, OTHER_TEAM, 5, [], False, ""]
)
async def test_a_click_from_another_workspace_has_no_effect(rig: Rig, card: Message, team: object) -> None:
    """A click from another workspace, or from what is none, approves nothing, no matter who made it (I1)."""
    await _has_no_effect(rig, rig.click(card) | {"team": team}, 200, 400)


async def test_a_click_of_an_organisation_counts_by_its_person(rig: Rig, card: Message) -> None:
    """Where the app is installed for an organisation, Slack sends no team: the person's own one decides."""
    await _has_no_effect(rig, rig.click(card, by=STRANGER) | {"team": None}, 200)
    before, mine = rig.state(), await rig.open_card(fresh_code())
    await rig.deliver(rig.click(mine) | {"team": None})
    assert rig.state() != before


async def test_an_organisation_is_no_workspace(rig: Rig) -> None:
    """Where Slack names the organisation alone, who someone is decides: a stranger stays one (I1)."""
    payload = rig.command(f"{fresh_code()} leaked", by=STRANGER) | {"team_id": "E0SWEETS00"}
    assert "Only members of the workspace" in await _has_no_effect(rig, payload, 200)
    before = rig.state()
    await rig.deliver(rig.command(f"{fresh_code()} leaked", by=RIKA) | {"team_id": "E0SWEETS00"})
    assert rig.state() != before


async def test_a_home_opened_in_an_organisation_is_for_its_authorization(rig: Rig) -> None:
    """An event that names the organisation is for the workspace of its authorization, or for none."""
    event = rig.home(DANA) | {"team_id": "E0SWEETS00"}
    (given,) = event["authorizations"]
    await _has_no_effect(rig, event | {"authorizations": [given | {"team_id": OTHER_TEAM}]}, 200)
    assert DANA not in [person for person, _ in rig.homes()]
    await _has_no_effect(rig, event, 200)
    assert DANA in [person for person, _ in rig.homes()]


@pytest.mark.parametrize(
    "kind",
    [
        "event_callback", "url_verification", "view_submission", "view_closed", "shortcut", "message_action",
        "block_suggestion", "dialog_submission", "interactive_message", "workflow_step_edit", "", None,
    ],
)  # fmt: skip
async def test_another_kind_of_payload_has_no_effect(rig: Rig, card: Message, kind: object) -> None:
    """Only a click on a button of a card decides, even if another payload carries the same actions (I1)."""
    payload = rig.click(card) | {"type": kind, "callback_id": "approve", "challenge": "x"}
    await _has_no_effect(rig, payload, 200, 400, 404)


async def test_another_kind_of_event_has_no_effect(rig: Rig) -> None:
    """Of all events only an opened Home is heard, and it stores whose it is, and nothing else."""
    for event in ({"type": "message"}, {"type": None}, {"user": None}, {"user": {"id": AMIR}}, {"tab": None}):
        payload = rig.home()
        payload["event"] = payload["event"] | event
        await _has_no_effect(rig, payload, 400)
    for changes in ({"event": None}, {"event": "x"}, {"team_id": None}, {"command": "/coupon-delete"}):
        await _has_no_effect(rig, rig.home() | changes, 400)
    assert AMIR not in [person for person, _ in rig.homes()]
    await _has_no_effect(rig, rig.home(AMIR), 200)
    assert AMIR in [person for person, _ in rig.homes()]


async def test_a_home_of_another_app_or_workspace_has_no_effect(rig: Rig) -> None:
    """An event for another app, or of another workspace, publishes nothing."""
    await _has_no_effect(rig, rig.home(BEA) | {"api_app_id": OTHER_APP}, 403)
    await _has_no_effect(rig, rig.home(BEA) | {"team_id": OTHER_TEAM}, 200)
    await _has_no_effect(rig, rig.home(BEA, "messages"), 200)
    assert BEA not in [person for person, _ in rig.homes()]


async def test_slack_is_told_that_events_may_come_here(rig: Rig) -> None:
    """Slack asks whether the bot is at the address that events go to; only a signed question is answered."""
    question = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}
    answer = await rig.deliver(question)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1aB"})
    body = json.dumps(question).encode()
    forged = signed(body, secret="not-the-secret", content_type="application/json")
    assert (await rig.send(body, forged)).status_code == 401
    await _has_no_effect(rig, question | {"challenge": None}, 400)


async def test_a_button_of_another_message_has_no_effect(rig: Rig) -> None:
    """A button that is no card's, or names another card's request at another version, decides nothing."""
    card, other = await rig.open_card(fresh_code()), await rig.open_card(fresh_code())
    await rig.second_step(other, by=AMIR)
    for changes in (
        {"block_id": "decide-v99"},
        {"block_id": "other"},
        {"action_id": "delete"},
        {"value": "CG-NOSUCHONE2"},
        {"value": rig.click(rig.card_as_it_stands(other.ts), by=AMIR)["actions"][0]["value"]},
    ):
        payload = rig.click(card)
        payload["actions"] = [payload["actions"][0] | changes]
        await _has_no_effect(rig, payload, 200, 400, 404)


async def test_a_payload_in_another_place_has_no_effect(rig: Rig) -> None:
    """Slack's payloads count only at the address that is given to Slack, and only by POST."""
    body = form_of(rig.command(f"{fresh_code()} leaked"))
    before = rig.state()
    for method, path in (
        ("POST", "/"),
        ("POST", "/slack/events/"),
        ("POST", "/metrics"),
        ("GET", "/slack/events"),
    ):
        answer = await rig.http.request(method, path, content=body, headers=signed(body))
        assert answer.status_code in (307, 404, 405)
    assert rig.state() == before
