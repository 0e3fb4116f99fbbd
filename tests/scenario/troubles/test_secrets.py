"""Secrets that were planted before are looked for everywhere afterwards (I8)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from bot.adapters.seal import new_key
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import metadata
from sandbox.slack_client import Message
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Stage
from tests.integration.run.test_cli import bot
from tests.judge.servers import judge
from tests.scenario.playing import AMIR, BEA, INCIDENT, PERSONAL, Play
from tests.scenario.stages import BOTH, a_stage
from tests.scenario.told import NO_CARD

pytestmark = pytest.mark.timeout(120)

KEY = new_key()
PLANTED = {
    **PERSONAL,
    "Vivoldi's key": API_KEY,
    "bot token": BOT_TOKEN,
    "app token": APP_TOKEN,
    "signing secret": SIGNING_SECRET,
    "snapshot key": KEY,
}


@pytest.fixture(params=[False, True], ids=["no key", "key"])
def has_key(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def stage(request: pytest.FixtureRequest, has_key: bool, tmp_path: Path) -> AsyncIterator[Stage]:
    key = KEY if has_key else ""
    async with a_stage(request.param, tmp_path, LOG_LEVEL="DEBUG", SNAPSHOT_KEYS=key) as opened:
        yield opened


async def test_no_planted_secret_gets_anywhere_and_the_key_brings_them_back(
    stage: Stage, has_key: bool
) -> None:
    """No key, token, personal or secret field is in a log, a card, an error, an export or the database; only
    with the key can what a deleted coupon held be had again, and without one it was not kept."""
    play = await Play.begin(stage)
    deleted = await a_deletion(play)
    changed, code = await much_else(play)
    await judge(stage, play.codes, play.since)
    await a_restoration(play, play.codes[0], has_key)
    for place, text in {**await seen(play), **printed(stage, changed)}.items():
        assert code in text or "coupon_guard_" in text, f"{place}: nothing was looked at"
        assert found_in(text) == [], place
    stored = await database(stage)
    assert code.encode() in stored
    assert found_in(stored.decode(errors="replace")) == []
    shown = bot(stage.folder, "snapshots", "show", deleted, **stage.bot.settings)
    assert [value in shown.stdout for value in PERSONAL.values()] == [has_key] * len(PERSONAL), shown.stderr
    assert shown.returncode == (0 if has_key else 2)


async def a_deletion(play: Play) -> str:
    """Let a coupon be deleted, and return the request's id."""
    card = await play.open_card()
    await play.deleted_story(card)
    return request_of(card)


async def a_restoration(play: Play, code: str, has_key: bool) -> None:
    """Have a deleted coupon created again where that can be, so that what was kept of it is opened."""
    after = await play.stage.slack.last_seq()
    answer = await play.stage.slack.command(AMIR, f"restore {code} by mistake", INCIDENT)
    if not has_key:
        assert "`SNAPSHOT_KEYS`" in answer.text
        return
    card = await play.next_card(f"Restore coupon {code}?", after=after)
    await play.approve_both(card, first=AMIR, final=BEA)
    assert (await play.outcome(card)).contains("*Created again.*")
    (coupon,) = [found for found in await play.stage.vivoldi.coupons() if found["cpnNo"] == code]
    assert {name: coupon[name] for name in PERSONAL} == PERSONAL


async def much_else(play: Play) -> tuple[str, str]:
    """Let coupons be lost, refused, changed and asked for in vain.

    Returns the request and the code of the one that was changed, and so not deleted.
    """
    vivoldi = play.stage.vivoldi
    for kind, call in (("drop_after", "delete"), ("code_nonzero", "delete"), ("not_json", "read")):
        await vivoldi.fault(kind, call)
        await a_deletion(play)
    card = await play.open_card()
    changed = play.codes[-1]
    await vivoldi.change(changed, disc=7)
    await play.deleted_story(card)
    await vivoldi.fault("status", "read", status=401)
    since = await play.stage.slack.last_seq()
    await play.ask(await play.coupon(), by=AMIR)
    await play.privately(AMIR, NO_CARD, since)
    await play.ask("nonsense")
    return request_of(card), changed


def request_of(card: Message) -> str:
    """Return the id of the request that a card's buttons carry."""
    button = card.button("approve")
    assert button is not None
    return str(button["value"])


async def seen(play: Play) -> dict[str, str]:
    """Return what people and the bot's keepers see: its log, everything in Slack, its pages."""
    told = {
        "the log": play.stage.bot.server.said(),
        "Slack": json.dumps([entry.data for entry in await play.stage.slack.log()], ensure_ascii=False),
    }
    if play.stage.bot.transport == "http":
        async with httpx.AsyncClient(base_url=play.stage.bot.url, trust_env=False) as http:
            told["/metrics"] = (await http.get("/metrics")).text
    return told


def printed(stage: Stage, request: str) -> dict[str, str]:
    """Return what the commands print that hold no key to a snapshot."""
    commands = (
        ("audit", "export"),
        ("audit", "export", "--format", "csv"),
        ("audit", "show", request),
    )
    return {
        " ".join(command): (done := bot(stage.folder, *command, **stage.bot.settings)).stdout + done.stderr
        for command in commands
    }


async def database(stage: Stage) -> bytes:
    """Return everything that is stored: the bytes of the files, or the text of each row."""
    url = stage.bot.settings["DATABASE_URL"]
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))
    opened = connect(url)
    try:
        async with opened.read() as connection:
            rows = [
                str(tuple(row))
                for table in metadata.tables.values()
                for row in await run(connection, select(table))
            ]
    finally:
        await opened.close()
    return "\n".join(rows).encode()


def found_in(text: str) -> list[str]:
    """Return the names of the planted secrets that a text holds."""
    return [name for name, value in PLANTED.items() if value in text]
