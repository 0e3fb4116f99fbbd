"""The bot on a disk that gets full, and gets room again."""

from __future__ import annotations

import pytest

from sandbox.stage import stage
from tests.integration.disks import fill, small_disk
from tests.judge.servers import judge
from tests.scenario.outside.watching import becomes
from tests.scenario.playing import BEA, Play
from tests.scenario.told import CONFIRMED

pytestmark = pytest.mark.outside("a full disk")


async def test_a_full_disk_is_said_and_ridden_out() -> None:
    """It is not ready and says why, loses nothing that it has taken, and goes on when there is room (I5)."""
    with small_disk(8) as folder:
        url = f"sqlite:///{folder / 'coupons.db'}"
        async with stage(database_url=url, VIVOLDI_RATE_PER_MINUTE="10000") as opened:
            play = await Play.begin(opened)
            waiting = await play.approve_first(await play.open_card())
            filler = fill(folder)
            assert "disk is full" in await becomes(opened, 503)
            code = await play.coupon()
            refused = await play.ask(code)
            assert refused.error or "try again" in refused.text.lower()

            filler.unlink()
            await becomes(opened, 200)
            assert CONFIRMED in (await play.deleted_story(await play.open_card(code))).text
            await opened.slack.click(BEA, waiting, "approve")
            assert CONFIRMED in (await play.outcome(waiting)).text
            await judge(opened, play.codes, play.since)
