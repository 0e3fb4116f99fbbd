"""A PostgreSQL and a standby that streams from it: the first one crashes, and the other one takes over."""

from __future__ import annotations

import psycopg
import pytest

from sandbox.stage import stage
from tests.judge.servers import judge
from tests.scenario.outside.watching import becomes
from tests.scenario.playing import BEA, RIKA, Play
from tests.scenario.postgres import Postgres, on, postgres
from tests.scenario.told import CONFIRMED, SETTLED, SWITCHED

pytestmark = [pytest.mark.outside("a PostgreSQL pair with a failover"), pytest.mark.timeout(180)]

_NAME = "coupons"


async def test_the_bot_follows_to_the_server_that_took_over() -> None:
    """Nothing is sent twice or by guess, all is told, and the bot goes on by itself (I3, I5)."""
    async with postgres() as first:
        first.fresh_url(_NAME)
        async with (
            first.standby() as second,
            stage(
                database_url=on(_NAME, first, second),
                VIVOLDI_RATE_PER_MINUTE="10000",
                VIVOLDI_TIMEOUT_SECONDS="5",
            ) as opened,
        ):
            assert _followers(first) == [("streaming", "sync")], "the pair is a real one"
            play = await Play.begin(opened)
            sent, half = await play.coupon(), await play.coupon()
            approved = await play.approve_first(await play.open_card(sent))
            waiting = await play.approve_first(await play.open_card(half))
            # It runs, and nobody is told.
            await opened.vivoldi.fault("hang", "delete", code=sent, execute=True)
            await opened.slack.click(BEA, approved, "approve")
            await play.arrived("delete", sent)

            await first.stop("immediate")
            assert "PostgreSQL" in await becomes(opened, 503)
            refused = await play.ask(await play.coupon())
            assert refused.error or "try again" in refused.text.lower()

            await second.promote()
            await becomes(opened, 200)
            # The old one comes back, and stands first in the URL: it is read-only, and passed over.
            (first.server.pgdata / "standby.signal").touch()
            await first.start()

            # What was sent is read. Of the other, only the old server knows all that was stored.
            assert SETTLED in (await play.outcome(approved)).text
            assert len(await play.deletes(sent)) == 1
            await opened.slack.click(BEA, waiting, "approve")
            assert SWITCHED in (await play.outcome(waiting)).text
            assert await play.deletes(half) == []

            assert CONFIRMED in (await play.deleted_story(await play.open_card(by=RIKA))).text
            await becomes(opened, 200)
            await judge(opened, play.codes, play.since, switched=True)


def _followers(server: Postgres) -> list[tuple[str, str]]:
    with psycopg.connect(server.server.get_uri(), autocommit=True) as connection:
        return connection.execute("SELECT state, sync_state FROM pg_stat_replication").fetchall()
