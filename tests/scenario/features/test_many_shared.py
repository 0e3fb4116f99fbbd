"""Many codes through two real processes, which share the rate."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.scenario.asking import PATIENCE_FOR_MANY, approved, ask_for_many, coupons, ended
from tests.scenario.playing import RIKA, Play
from tests.scenario.postgres import postgres
from tests.scenario.replicas import a_fleet

pytestmark = pytest.mark.timeout(900)


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
