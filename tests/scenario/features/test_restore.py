"""A restoration, through the real process: deleted by mistake, and there again as it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.adapters.seal import new_key
from sandbox.slack_client import Message
from sandbox.stage import Stage
from sandbox.vivoldi_client import Call
from tests.scenario.playing import AMIR, BEA, DANA, INCIDENT, PATIENCE, PERSONAL, Play
from tests.scenario.stages import BOTH, a_stage
from tests.scenario.told import ACCEPTED

pytestmark = pytest.mark.timeout(180)

KEY = new_key()
CREATED = "*Created again.* Vivoldi said so, and it validates, with the approved facts."
SETTLED = "*Created again, settled by reading.*"
# What Vivoldi gives a new coupon by itself.
_OWN = ("uid", "regYmdt", "domain")


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(request.param, tmp_path, LOG_LEVEL="DEBUG", SNAPSHOT_KEYS=KEY) as opened:
        yield opened


async def deleted(play: Play, **fields: Any) -> tuple[str, dict[str, object]]:
    """Have a coupon deleted; return its code and what it was."""
    code = await play.coupon(**fields)
    before = await facts(play, code)
    card = await play.open_card(code)
    assert (await play.deleted_story(card)).contains("*Deleted.*")
    return code, before


async def facts(play: Play, code: str) -> dict[str, object]:
    """Return everything that Vivoldi has of a coupon but for what is its own."""
    (found,) = [coupon for coupon in await play.stage.vivoldi.coupons() if coupon["cpnNo"] == code]
    return {name: value for name, value in found.items() if name not in _OWN}


async def asked(play: Play, code: str) -> Message:
    """Ask to restore a code, and return the card that comes up."""
    after = await play.stage.slack.last_seq()
    answer = await play.stage.slack.command(DANA, f"restore {code} deleted by mistake", INCIDENT)
    assert ACCEPTED in answer.text, answer
    return await play.next_card(f"Restore coupon {code}?", after=after)


async def refused(play: Play, code: str, words: str) -> None:
    """Ask to restore a code in vain, and make sure that the requester is told why, and nothing is sent."""
    after = await play.stage.slack.last_seq()
    await play.stage.slack.command(DANA, f"restore {code} deleted by mistake", INCIDENT)
    await play.privately(DANA, words, after)
    assert await creations(play, code) == []


async def creations(play: Play, code: str) -> list[Call]:
    """Return the calls that were to create a coupon."""
    return await play.stage.vivoldi.calls("create", code)


async def nothing_personal_got_out(play: Play) -> None:
    """Look for the planted fields in everything that people see, and in the bot's log (I8)."""
    seen = json.dumps([entry.data for entry in await play.stage.slack.log()], ensure_ascii=False)
    for place in (seen, play.stage.bot.server.said()):
        assert [name for name, value in PERSONAL.items() if value in place] == []


async def test_deleted_and_restored(stage: Stage) -> None:
    """Two approvals bring the coupon back as it was, personal fields too, and nobody got to see those."""
    play = await Play.begin(stage)
    code, before = await deleted(play, useLimit=3)
    card = await asked(play, code)
    await stage.slack.click(DANA, card, "approve")
    await play.privately(DANA, "not one of the approvers", card.seq)
    await play.approve_both(card)
    assert (await play.outcome(card)).contains(CREATED)
    assert await facts(play, code) == before
    (sent,) = await creations(play, code)
    reads = [call.seq for call in await stage.vivoldi.calls("read", code)]
    assert reads[-2] < sent.seq < reads[-1]
    await refused(play, "NEVERDELETED", "Nothing is kept of a deleted coupon")
    await nothing_personal_got_out(play)


@pytest.mark.parametrize("kind", ["drop_after", "html_502_after"])
async def test_its_answer_is_lost(stage: Stage, kind: str) -> None:
    """A creation that took effect without a clear answer is told as settled by reading, and sent once."""
    play = await Play.begin(stage)
    code, before = await deleted(play)
    card = await asked(play, code)
    await stage.vivoldi.fault(kind, "create")
    await play.approve_both(card)
    assert (await play.outcome(card)).contains(SETTLED)
    assert await facts(play, code) == before
    assert len(await creations(play, code)) == 1


async def test_it_is_lost_before_it_takes_effect(stage: Stage) -> None:
    """A creation that got lost is looked for during a minute, and then left to people: never sent again."""
    play = await Play.begin(stage)
    code, _ = await deleted(play)
    card = await asked(play, code)
    await stage.vivoldi.fault("drop_before", "create")
    await play.approve_both(card)
    outcome = await play.outcome(card, PATIENCE + 75)
    assert outcome.contains("*Unknown.* No clear answer to the creation came")
    assert outcome.contains("It may still arrive, so it is not sent again by itself.")
    assert len(await creations(play, code)) == 1
    assert code not in [coupon["cpnNo"] for coupon in await stage.vivoldi.coupons()]


async def test_killed_while_it_is_on_its_way(stage: Stage) -> None:
    """A bot that is killed during the creation finds out by a read what came of it, and says so."""
    play = await Play.begin(stage)
    code, before = await deleted(play)
    card = await asked(play, code)
    await stage.vivoldi.fault("latency", call="create", code=code, seconds=2)
    await play.approve_both(card)
    await play.arrived("create", code)
    await stage.bot.kill()
    await stage.bot.start()
    assert (await play.outcome(card, PATIENCE + 30)).contains(SETTLED)
    assert await facts(play, code) == before
    assert len(await creations(play, code)) == 1


async def test_the_code_is_taken_meanwhile(stage: Stage) -> None:
    """A coupon that someone created meanwhile is not touched; one that is there is told at once."""
    play = await Play.begin(stage)
    code, _ = await deleted(play)
    card = await asked(play, code)
    second = await play.approve_first(card, AMIR)
    await stage.vivoldi.create(code, nm="Somebody else's")
    await stage.slack.click(BEA, second, "approve")
    assert (await play.outcome(card)).contains("*Not created: the code validates again.*")
    assert (await facts(play, code))["nm"] == "Somebody else's"
    await refused(play, code, "validates in Vivoldi")


async def test_vivoldi_refuses(stage: Stage) -> None:
    """A coupon that is there although no read shows it is refused by Vivoldi, and told in its words."""
    play = await Play.begin(stage)
    code, _ = await deleted(play)
    await stage.vivoldi.create(code, strtYmd="2020-01-01", endYmd="2020-12-31")
    card = await asked(play, code)
    await play.approve_both(card)
    outcome = await play.outcome(card)
    assert outcome.contains("*Not created: Vivoldi refused.*")
    assert outcome.contains("The coupon number is already in use.")
