"""`python -m bot snapshots`, as the process that people start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.adapters.seal import Seal, new_key
from bot.domain.event import EventKind
from tests.builders import CODE, OTHER_CODE, a_coupon
from tests.fakes import HOLDER
from tests.integration.run.test_cli import bot
from tests.integration.wired import Wired, url_in, wired_on

OLD, NEW = new_key(), new_key()


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        wired.coupons.seal = Seal([OLD]).close
        yield wired


async def two_deleted(wired: Wired) -> str:
    """Delete two coupons, one with a name that a terminal would obey, and return the request's id."""
    wired.coupons.store(a_coupon(number=OTHER_CODE, name="Red \x9b31m\u202e cake — 케이크"))
    request_id = await wired.approved(f"{CODE},{OTHER_CODE} leaked")
    await wired.run(5, step=1)
    return request_id


def snapshots(wired: Wired, *arguments: str, keys: str) -> tuple[int, str, str]:
    """Run a command and return its exit code, what it printed, and its complaints."""
    done = bot(wired.folder, "snapshots", *arguments, DATABASE_URL=url_in(wired.folder), SNAPSHOT_KEYS=keys)
    return done.returncode, done.stdout, done.stderr


def test_a_new_key_can_be_used_at_once(tmp_path: Path) -> None:
    """`new-key` prints a key and nothing else, without any setting."""
    done = bot(tmp_path, "snapshots", "new-key")
    assert (done.returncode, done.stderr) == (0, "")
    assert Fernet(done.stdout.strip())


async def test_show_prints_what_was_deleted_and_the_audit_notes_it(wired: Wired) -> None:
    """Anyone who has the key reads everything that a coupon held, and the audit says who did; no character is
    obeyed by the terminal."""
    request_id = await two_deleted(wired)
    code, printed, complaints = snapshots(wired, "show", request_id, keys=f"{NEW},{OLD}")
    assert (code, complaints) == (0, "")
    assert printed.count(HOLDER) == 2
    assert printed.index(CODE) < printed.index(OTHER_CODE)
    assert "Red \\u009b31m\\u202e cake — 케이크" in printed
    opened = await wired.events(EventKind.SNAPSHOT_OPENED)
    assert [(event.request, event.code) for event in opened] == [(request_id, CODE), (request_id, OTHER_CODE)]
    assert all(event.data["operator"] for event in opened)
    assert HOLDER not in repr(await wired.events())


async def test_show_says_why_there_is_nothing(wired: Wired) -> None:
    """An unknown request, a missing key and a wrong one each are told in a sentence, and note nothing."""
    request_id = await two_deleted(wired)
    for arguments, keys, exit_code, words in (
        (("show", "CG-UNKNOWN"), OLD, 2, "Nothing is kept of the coupons of CG-UNKNOWN."),
        (("show", request_id), "", 2, "SNAPSHOT_KEYS is not set"),
        (("show", request_id), NEW, 1, f"What {CODE} held can't be read."),
        (("show", request_id), "hidden", 2, "SNAPSHOT_KEYS holds something else than a key"),
    ):
        code, printed, complaints = snapshots(wired, *arguments, keys=keys)
        assert (code, printed) == (exit_code, "")
        assert words in complaints
        assert "hidden" not in complaints
    assert await wired.events(EventKind.SNAPSHOT_OPENED) == []


async def test_an_old_key_can_go_after_reencrypting(wired: Wired) -> None:
    """After `reencrypt` the first key alone opens everything; run again, it changes nothing."""
    request_id = await two_deleted(wired)
    code, printed, _ = snapshots(wired, "reencrypt", keys=f"{NEW},{OLD}")
    assert (code, printed.splitlines()[0]) == (
        0,
        "2 snapshots encrypted with the first key now; 0 already were.",
    )
    assert snapshots(wired, "show", request_id, keys=NEW)[0] == 0
    assert snapshots(wired, "show", request_id, keys=OLD)[0] == 1
    _, printed, _ = snapshots(wired, "reencrypt", keys=NEW)
    assert printed.startswith("0 snapshots encrypted with the first key now; 2 already were.")
    (event,) = await wired.events(EventKind.SNAPSHOTS_REENCRYPTED)
    assert event.data["snapshots"] == 2


async def test_reencrypting_keeps_nothing_for_longer(wired: Wired) -> None:
    """What is encrypted anew is as old as before, so it goes when RETENTION_DAYS say so (I8)."""

    async def kept_at() -> list[datetime]:
        async with wired.store.transaction() as tx:
            return [snapshot.kept_at for snapshot in await tx.snapshots.after(None, 10)]

    await two_deleted(wired)
    before = await kept_at()
    code, printed, _ = snapshots(wired, "reencrypt", keys=f"{NEW},{OLD}")
    assert (code, printed.startswith("2 snapshots encrypted")) == (0, True)
    assert (len(before), await kept_at()) == (2, before)


async def test_what_no_key_opens_is_named_and_left_alone(wired: Wired) -> None:
    """`reencrypt` without the old key fails, says for which coupons, and loses nothing."""
    request_id = await two_deleted(wired)
    code, printed, complaints = snapshots(wired, "reencrypt", keys=NEW)
    assert code == 1
    assert printed.startswith("0 snapshots encrypted")
    assert f"{CODE} of {request_id}, {OTHER_CODE} of {request_id}" in complaints
    assert "can be taken out" not in printed
    assert snapshots(wired, "show", request_id, keys=OLD)[0] == 0
