"""`python -m bot audit`, as the process that people start."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.seal import Seal, new_key
from bot.adapters.store import SqlTrail
from bot.domain.errors import SlackRefused
from bot.domain.item.answer import Executed, Unproven
from bot.operate.audit.story import story
from bot.services.asked.click import Action
from bot.services.ports.store import Chosen
from tests.builders import AMIR, CARL, CODE, RIKA, a_coupon
from tests.integration.operate.test_audit import execute
from tests.integration.run.test_cli import bot
from tests.integration.wired import Wired, url_in, wired_on


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


async def _a_deletion(wired: Wired) -> str:
    request_id = await wired.ask(f"{CODE} leaked on social media, \x1b[31mas everyone can see by now")
    await wired.click(Action.APPROVE, CARL, request_id)
    await wired.approve(request_id)
    await wired.run(5, step=1)
    return request_id


async def test_verify_says_how_far_the_chain_goes(wired: Wired) -> None:
    """An untouched audit ends with exit code 0, its count and its last hash; no other setting is needed."""
    await _a_deletion(wired)
    events = len(await wired.events())
    done = bot(wired.folder, "audit", "verify", DATABASE_URL=url_in(wired.folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"The audit is whole: {events} events" in done.stdout
    last = bot(wired.folder, "audit", "export", DATABASE_URL=url_in(wired.folder)).stdout.splitlines()[-1]
    assert f"Last hash: {json.loads(last)['hash']}" in done.stdout


async def test_verify_names_the_event_that_does_not_fit(wired: Wired) -> None:
    """A tampered audit ends with exit code 1, and with which event it is, of which request, and when."""
    request_id = await _a_deletion(wired)
    await execute(url_in(wired.folder), "UPDATE events SET actor_name = 'Nobody' WHERE kind = 'decision'")
    done = bot(wired.folder, "audit", "verify", DATABASE_URL=url_in(wired.folder))
    assert (done.returncode, done.stderr) == (1, "")
    assert "event 6 was changed" in done.stdout
    assert f"decision, 2025-06-02 03:00:00 UTC, request {request_id}" in done.stdout


async def test_show_tells_a_request_as_a_story(wired: Wired) -> None:
    """A request is told in lines of 80 columns: who did what, by which rules, and what Vivoldi answered."""
    request_id = await _a_deletion(wired)
    done = bot(wired.folder, "audit", "show", request_id, DATABASE_URL=url_in(wired.folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    told = " ".join(done.stdout.split())
    for said in (
        f"Request {request_id} 2025-06-02 (UTC) 03:00:00 {RIKA.name} ({RIKA.id}) asked to delete {CODE}",
        "leaked on social media",
        f"{CARL.name} ({CARL.id}) clicked Approve, and was refused: not an approver.",
        f"{AMIR.name} ({AMIR.id}) gave approval 1 of 2. Coupons as shown: digest",
        "Rules: step 1 by S0ONCALL00; step 2 by S0ONCALL00, U0DANA0000; the requester may give step 1.",
        f"The bot sends DELETE for {CODE}, attempt 1.",
        f"Vivoldi answered that {CODE} is deleted.",
        f"Outcome for {CODE}: deleted. source: answer;",
        "confirmation: gone",
        "The outcome was told in the channel.",
    ):
        assert said in told


async def test_show_tells_a_restoration_as_a_story(tmp_path: Path) -> None:
    """A coupon that came back is told from the opening of what was kept to what a read then showed."""
    async with wired_on(tmp_path, restore=True) as wired:
        seal = Seal([new_key()])
        wired.coupons.seal, wired.coupons.unseal = seal.close, seal.open
        source = await _a_deletion(wired)
        wired.coupons.creates[CODE] = [(Unproven("the connection broke"), True)]
        request_id = await wired.approved(f"restore {CODE} by mistake")
        await wired.run(5, step=1)
    done = bot(tmp_path, "audit", "show", request_id, DATABASE_URL=url_in(tmp_path))
    told = " ".join(done.stdout.split())
    for said in (
        f"{RIKA.name} ({RIKA.id}) asked to restore {CODE}",
        f"What {CODE} held when {source} deleted it was opened, to be shown.",
        f"The bot sends the creation of {CODE}, attempt 1. Coupons as shown: digest",
        f"No clear answer about the creation of {CODE}: the connection broke",
        f"Outcome for {CODE}: created. answered: False;",
    ):
        assert said in told


async def test_show_says_what_had_changed(wired: Wired) -> None:
    """Of a coupon that was not deleted because it had changed, the audit tells what differed, and how."""
    request_id = await wired.approved()
    wired.coupons.store(a_coupon(discount="7"))
    await wired.run(5, step=1)
    done = bot(wired.folder, "audit", "show", request_id, DATABASE_URL=url_in(wired.folder))
    assert "discount: it was 60, and is 7\n" in done.stdout


async def _story(wired: Wired, request_id: str) -> str:
    """Return the story of a request on one line."""
    async with SqlTrail(url_in(wired.folder)) as trail:
        pages = [page async for page in trail.pages(Chosen(request=request_id))]
    return " ".join(story(request_id, [link for page in pages for link in page.links]).split())


async def test_show_does_not_say_that_nothing_was_sent(tmp_path: Path) -> None:
    """Of a request that ran out after a date was sent, the story does not deny its own lines (C4)."""
    async with wired_on(tmp_path, freeze=True) as wired:
        request_id = await wired.ask()
        await wired.click(Action.FREEZE, AMIR, request_id)
        await wired.drain()
        wired.clock.advance(2000)
        await wired.drain()
        told = await _story(wired, request_id)
    assert f"To freeze {CODE}, the bot sends the expiry date" in told
    assert "The time to decide ran out." in told
    assert "nothing was" not in told


async def test_show_does_not_say_who_was_not_in_the_channel(wired: Wired) -> None:
    """If Slack did not say whether the requester is there, the story does not say so either (C3)."""
    wired.messenger.errors["members"] = [SlackRefused("missing_scope")] * 9
    told = await _story(wired, await _a_deletion(wired))
    assert "in the channel, and privately to the requester, who may not be in it." in told


async def test_show_does_not_call_deleted_what_still_works(wired: Wired) -> None:
    """A coupon that is still shown after Vivoldi answered "deleted" is told as one that still works (I4)."""
    wired.coupons.deletes[CODE] = [(Executed(), False)]
    request_id = await wired.approved()
    await wired.run(5, step=1)
    done = bot(wired.folder, "audit", "show", request_id, DATABASE_URL=url_in(wired.folder))
    told = " ".join(done.stdout.split())
    assert f"Outcome for {CODE}: still works, although Vivoldi answered that it was deleted." in told
    assert f"Outcome for {CODE}: deleted" not in told


async def test_export_takes_its_filters(wired: Wired) -> None:
    """Times, a code and a request narrow an export; what can't be used is told, with exit code 2."""
    request_id = await _a_deletion(wired)
    url = url_in(wired.folder)

    def lines(*options: str) -> int:
        done = bot(wired.folder, "audit", "export", *options, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        return len(done.stdout.splitlines())

    everything = len(await wired.events())
    assert lines("--request", request_id, "--code", CODE.lower(), "--since", "2025-06-02") == everything
    assert lines("--until", "2025-06-02T03:00:00", "--format", "csv") == 1
    for wrong in (("--since", "yesterday"), ("--code", "short")):
        assert bot(wired.folder, "audit", "export", *wrong, DATABASE_URL=url).returncode == 2


async def test_an_unknown_request_is_a_sentence(wired: Wired) -> None:
    """A request that the audit does not know is told in one line, with exit code 2."""
    done = bot(wired.folder, "audit", "show", "CG-NONE", DATABASE_URL=url_in(wired.folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The audit has no request CG-NONE.\n"


def test_looking_makes_no_database(tmp_path: Path) -> None:
    """A SQLite file that is not there is told in one line, with exit code 1, and is not made."""
    done = bot(tmp_path, "audit", "verify", DATABASE_URL="sqlite:///guard.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no SQLite file guard.db. Look at DATABASE_URL")
    assert not (tmp_path / "guard.db").exists()


def test_an_unusable_address_is_a_sentence(tmp_path: Path) -> None:
    """A DATABASE_URL that can't be used is told alone, with exit code 2, whatever else is missing."""
    done = bot(tmp_path, "audit", "verify", DATABASE_URL="mysql://guard")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("DATABASE_URL ")
    assert done.stderr.count("\n") == 1
