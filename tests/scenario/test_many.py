"""Many codes through the real process: killed on the way, shared by two, and a small request in between."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.scenario.asking import (
    PATIENCE_FOR_MANY,
    approved,
    ask_for_many,
    coupons,
    ended,
    happened,
    judge_many,
)
from tests.scenario.judge import judge
from tests.scenario.playing import RIKA, Play
from tests.scenario.postgres import postgres
from tests.scenario.replicas import a_fleet
from tests.scenario.stages import USUAL, a_stage

pytestmark = pytest.mark.timeout(900)

_QUICK = 100_000


async def test_a_thousand_codes_and_three_kills(tmp_path: Path) -> None:
    """1,000 codes, the bot killed while it reads and twice while it deletes: every outcome is right."""
    async with a_stage(USUAL, tmp_path, VIVOLDI_RATE_PER_MINUTE=str(_QUICK)) as stage:
        play = await Play.begin(stage)
        codes = await coupons(stage, 1000)
        await ask_for_many(stage, codes, _QUICK)

        await happened(stage, "read", 200)
        await stage.bot.kill()
        await stage.bot.restart()
        card = await approved(stage, play, codes)
        for least in (150, 500):
            await happened(stage, "deleted", least)
            await stage.bot.kill()
            await stage.bot.restart()
        await judge_many(stage, codes, await ended(stage, card))
        # What was being read when the bot was killed is read again, and nothing else.
        assert len(await stage.vivoldi.calls("read")) < 1000 * 3 + 3 * 2 * 20


async def test_a_single_coupon_in_between(tmp_path: Path) -> None:
    """While many codes are deleted, someone else's coupon is deleted in a moment, and both are told."""
    async with a_stage(USUAL, tmp_path, VIVOLDI_RATE_PER_MINUTE="1200") as stage:
        play = await Play.begin(stage)
        codes = await coupons(stage, 60)
        await ask_for_many(stage, codes, 1200)
        card = await approved(stage, play, codes)
        began = asyncio.get_running_loop().time()
        await play.deleted_story(await play.open_card(by=RIKA))
        assert asyncio.get_running_loop().time() - began < 10
        assert len(await stage.vivoldi.deletions()) < 60
        await judge(stage, play.codes, play.since)
        await ended(stage, card)
        assert len(await stage.vivoldi.deletions()) == 61


async def test_two_replicas_share_the_rate() -> None:
    """Two bots that delete many codes, and twenty besides, never make more calls than the plan has."""
    async with postgres() as server, a_fleet("http", 2, server, VIVOLDI_RATE_PER_MINUTE="120") as fleet:
        stage = fleet.stage
        play = await Play.begin(stage)
        codes = await coupons(stage, 30)
        await ask_for_many(stage, codes, 120)
        card = await approved(stage, play, codes)
        small = [await play.coupon() for _ in range(20)]
        await play.approve_both(await play.open_card(*small, by=RIKA, patience=PATIENCE_FOR_MANY))
        await ended(stage, card)
        calls = await stage.vivoldi.calls()
        assert len({fleet.sender(call).name for call in calls if call.kind == "delete"}) == 2
        times = sorted(datetime.fromisoformat(call.at) for call in calls)
        for first in times:
            assert sum(timedelta() <= time - first < timedelta(minutes=1) for time in times) <= 120
