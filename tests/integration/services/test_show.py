"""`/coupon-delete show CODE`: what happened to a code before, privately, to those who may ask or approve."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.domain.event import EventKind
from bot.domain.people import Grants, Kind, Person
from bot.domain.policy import Verdict
from bot.services.asked.click import Action
from bot.services.asked.command import Denied, History, Misread
from handlers.listeners import commands
from handlers.render.answers import Answers
from handlers.render.dialogs import form, told
from tests.builders import AMIR, BEA, CARL, CHANNEL, CODE, DANA, OTHER_CODE, RIKA, TEAM, a_coupon, standing
from tests.fakes import FakeDialogs, FakeFiles
from tests.integration.bolt import SECRET, authorize, signed
from tests.integration.wired import Wired, wired_on

_WORKSPACE = "https://guard.slack.com"


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def _shown(wired: Wired, text: str = f"show {CODE}", by: Person = RIKA, channel: str = CHANNEL) -> str:
    return Answers(_WORKSPACE).text(await wired.command(text, by, channel))


async def _history(wired: Wired, code: str = CODE) -> History:
    answer = await wired.command(f"show {code}")
    assert isinstance(answer, History)
    return answer


async def test_the_newest_request_comes_first(wired: Wired) -> None:
    """Every request that a code was in is shown, in whatever case it was typed then, the newest first."""
    ids = []
    for typed in (CODE, f"{OTHER_CODE},{CODE.lower()}"):
        wired.clock.advance(60)
        ids.append(await wired.ask(typed))
        await wired.click(Action.REJECT, BEA, ids[-1])
    await wired.ask("THIRDCODE")
    found = await _history(wired)
    assert [each.request.origin.id for each in found.requests] == ids[::-1]
    assert not found.more


async def test_the_whole_story_is_shown(wired: Wired) -> None:
    """A line says who asked, when and why, who approved, and how it ended; times are Slack's."""
    request_id = await wired.ask(f"{CODE} <!channel> leaked")
    await wired.approve(request_id)
    await wired.run(5, step=1)
    text = await _shown(wired)
    at = "<!date^1748833200^{date_short_pretty} {time}|2025-06-02 03:00 UTC>"
    assert f"<{_WORKSPACE}/archives/{CHANNEL}/p1000100|{request_id}>, {at}: <@{RIKA.id}> asked" in text
    assert "“&lt;!channel&gt; leaked”" in text
    assert f"Step 1: <@{AMIR.id}>, {at}. Step 2: <@{BEA.id}>, {at}. *Deleted.*" in text
    assert "Ended <!date^" in text


@pytest.mark.parametrize("action", [None, Action.REJECT, Action.CANCEL])
async def test_every_state_is_shown(wired: Wired, action: Action | None) -> None:
    """Requests that are open, rejected or cancelled are part of the history as well."""
    request_id = await wired.ask()
    if action is not None:
        await wired.click(action, RIKA if action is Action.CANCEL else BEA, request_id)
    said = {
        None: "waits for step 1 of 2",
        Action.REJECT: f"<@{BEA.id}> rejected this request",
        Action.CANCEL: f"<@{RIKA.id}> cancelled this request",
    }
    assert said[action] in await _shown(wired)


async def test_a_code_that_was_never_asked_for(wired: Wired) -> None:
    """Where there is no history, that is said."""
    assert await _shown(wired) == f"No request was ever about `{CODE}`."


async def test_a_long_history_fits_into_a_message(wired: Wired) -> None:
    """However much happened, at most 3,000 characters are shown, and that there is more."""
    wired.coupons.store(a_coupon(name="&" * 100))
    for _ in range(13):
        request_id = await wired.ask(f"{CODE} {'&' * 500}")
        await wired.click(Action.CANCEL, RIKA, request_id)
        wired.clock.advance(1)
    found = await _history(wired)
    assert (len(found.requests), found.more) == (10, True)
    assert found.requests[0].request.origin.id == request_id
    text = await _shown(wired)
    assert 2000 < len(text) <= 3000
    assert "There are older ones" in text


async def test_a_look_is_recorded(wired: Wired) -> None:
    """Who looked at which code, and who was refused, is in the audit."""
    await _shown(wired)
    await _shown(wired, by=replace(CARL, id="U0NOBODY00"))
    looked, refused = await wired.events()
    assert (looked.kind, looked.actor, looked.data["text"]) == (EventKind.COMMAND, RIKA, f"show {CODE}")
    assert (refused.kind, refused.data["answer"]) == (EventKind.COMMAND_REFUSED, Verdict.UNKNOWN_PERSON)


@pytest.mark.parametrize("text", ["show", f"show {CODE},{OTHER_CODE}", f"show {CODE} please", "show no!"])
async def test_anything_but_one_code_is_refused(wired: Wired, text: str) -> None:
    """The answer to anything else says what to type."""
    assert isinstance(await wired.command(text), Misread)


_ASKERS = Grants(users=frozenset({CARL.id}))
_EVE = Person("U0EVE00000", "Eve")


@pytest.mark.parametrize(
    ("by", "channel", "verdict"),
    [
        (CARL, CHANNEL, None),
        (AMIR, CHANNEL, None),
        (DANA, "C0ELSEWHERE", None),
        (DANA, "D0DANA0000", None),
        (CARL, "C0ELSEWHERE", Verdict.CHANNEL_NOT_ALLOWED),
        (CARL, "D0CARL0000", Verdict.DIRECT_MESSAGE),
        (_EVE, CHANNEL, Verdict.NOT_A_REQUESTER),
        (BEA, CHANNEL, Verdict.GUEST),
    ],
)
async def test_only_who_may_ask_or_approve_may_look(
    tmp_path: Path, by: Person, channel: str, verdict: Verdict | None
) -> None:
    """Requesters may look where they may ask, approvers anywhere; others get the usual refusal."""
    async with wired_on(tmp_path, requesters=_ASKERS, channels=frozenset({CHANNEL})) as wired:
        wired.people.put(standing(BEA, "S0ONCALL00", kind=Kind.GUEST), standing(_EVE))
        await wired.ask(by=CARL)
        answer = await wired.command(f"show {CODE}", by, channel)
        assert isinstance(answer, History) if verdict is None else answer == Denied(verdict)


async def test_the_listener_answers_privately(wired: Wired) -> None:
    """Slack gets the history as an ephemeral answer, so only the person who asked sees it."""
    request_id = await wired.ask()
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    submit = wired.services.submit(TEAM)
    many = wired.services.form(submit, FakeDialogs(), FakeFiles(), form, lambda why: told(str(why)))
    commands.register(app, submit, many, Answers(_WORKSPACE))
    typed = {
        "command": "/coupon-delete",
        "text": f"show {CODE}",
        "team_id": TEAM,
        "user_id": RIKA.id,
        "channel_id": CHANNEL,
    }
    body = urlencode(typed)
    answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers={**signed(body)}))
    found = json.loads(answer.body)
    assert (answer.status, found["response_type"]) == (200, "ephemeral")
    assert request_id in found["text"]
