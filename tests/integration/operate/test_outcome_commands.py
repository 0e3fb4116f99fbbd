"""`python -m bot outcomes`: what waits to be told, and how that ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.domain.errors import SlackRefused
from bot.domain.event import EventKind, Notice
from bot.settings import Settings
from tests.builders import CHANNEL, NOW, RIKA
from tests.integration.wired import Wired, url_in, wired_on


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def outcomes(wired: Wired, *arguments: str) -> tuple[int, str]:
    """Run a command with DATABASE_URL alone; return its exit code and what it said."""
    given = {name.upper(): None for name in Settings.model_fields} | {"DATABASE_URL": url_in(wired.folder)}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["outcomes", *arguments], env=given)
    return done.exit_code, done.output


async def an_untold(wired: Wired) -> str:
    request_id = await wired.approved()
    for way in ("update", "reply", "post", "tell"):
        wired.messenger.errors[way] = [SlackRefused("token_expired")] * 9999
    await wired.run(600, step=20)
    return request_id


async def test_what_waits_is_listed_and_can_be_given_up(wired: Wired) -> None:
    """The list says what waits since when and why; given up is audited as that, and never as told."""
    request_id = await an_untold(wired)
    code, said = await outcomes(wired, "list")
    assert code == 0
    for words in (request_id, RIKA.id, "Slack says token_expired", "2025-06-02 03:00:20 UTC"):
        assert words in said
    assert (await outcomes(wired, "give-up", request_id))[0] == 0
    assert "Every outcome was told, or given up." in (await outcomes(wired, "list"))[1]
    (event,) = await wired.events(EventKind.OUTCOME_GIVEN_UP)
    assert (event.request, bool(event.data["operator"])) == (request_id, True)
    wired.messenger.errors.clear()
    await wired.run(4000, step=100)
    assert wired.messenger.of("reply") == []
    assert await wired.events(EventKind.OUTCOME_TOLD) == []
    code, said = await outcomes(wired, "give-up", request_id)
    assert (code, "given up already" in said) == (2, True)


async def test_only_an_outcome_that_waits_can_be_given_up(wired: Wired) -> None:
    """An open request, one that was told, and an unknown id are left as they are."""
    request_id = await wired.approved()
    code, said = await outcomes(wired, "give-up", request_id)
    assert (code, "has not ended" in said) == (2, True)
    await wired.run(10)
    code, said = await outcomes(wired, "give-up", request_id)
    assert (code, "was told already" in said) == (2, True)
    assert await outcomes(wired, "give-up", "CG-NOSUCHONE2") == (2, "There is no request CG-NOSUCHONE2.\n")
    assert await wired.events(EventKind.OUTCOME_GIVEN_UP) == []


async def test_an_outcome_that_an_older_version_left_can_be_given_up(wired: Wired) -> None:
    """Older versions told outcomes by notices: those wait as long, are listed, and can be given up."""
    wired.messenger.errors["tell"] = [SlackRefused("token_expired")] * 9999
    async with wired.store.transaction() as tx:
        old = Notice(
            id="CG-OLD2345678", at=NOW, person=RIKA.id, channel=CHANNEL, text="It ended.", outcome=True
        )
        await tx.notify(old)
    await wired.run(4000, step=100)
    assert "CG-OLD2345678" in (await outcomes(wired, "list"))[1]
    assert (await outcomes(wired, "give-up", "CG-OLD2345678"))[0] == 0
    assert "CG-OLD2345678" not in (await outcomes(wired, "list"))[1]
