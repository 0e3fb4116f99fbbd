"""Many codes through the real process: killed on the way, and a small request in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.judge.servers import judge
from tests.scenario.asking import (
    approved,
    ask_for_many,
    coupons,
    ended,
    happened,
    judge_many,
)
from tests.scenario.playing import RIKA, Play
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
        await play.deleted_story(await play.open_card(by=RIKA))
        assert len(await stage.vivoldi.deletions()) < 60
        await judge(stage, play.codes, play.since)
        await ended(stage, card)
        assert len(await stage.vivoldi.deletions()) == 61
