"""Many codes through the real process: killed on the way, shared by two, and a small request in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sandbox.slack_client import LogEntry, Message
from sandbox.stage import Stage
from sandbox.vivoldi_client import Entry
from tests.scenario.asking import ask_for_many
from tests.scenario.judge import judge
from tests.scenario.playing import DANA, INCIDENT, RIKA, Play, message_of
from tests.scenario.postgres import postgres
from tests.scenario.replicas import a_fleet
from tests.scenario.stages import USUAL, a_stage

pytestmark = pytest.mark.timeout(900)

_PATIENCE = 400.0
_QUICK = 100_000


async def _coupons(stage: Stage, count: int) -> list[str]:
    codes = [f"MANY{number:06d}" for number in range(count)]
    for begin in range(0, count, 20):
        await asyncio.gather(*(stage.vivoldi.create(code) for code in codes[begin : begin + 20]))
    return codes


async def _approved(stage: Stage, play: Play, codes: Sequence[str]) -> Message:
    """Give both approvals of the request for these codes, and return its card."""
    after = await stage.slack.last_seq()
    card = await play.next_card(f"{len(codes):,} coupons", after=after, patience=_PATIENCE)
    await play.approve_both(card)
    return card


async def _end(stage: Stage, card: Message) -> str:
    """Return what the file in the card's thread tells, once the outcome is there as well."""

    def is_outcome(entry: LogEntry) -> bool:
        if entry.kind != "posted":
            return False
        message = message_of(entry)
        return message.thread_ts == card.ts and message.contains("asked to delete")

    await stage.slack.wait_for(is_outcome, _PATIENCE, card.seq)
    replies = await stage.slack.replies(INCIDENT, card.ts)
    return str(next(reply.files[0]["content"] for reply in replies if reply.files))


async def _happened(stage: Stage, kind: str, times: int) -> None:
    """Wait until something has happened in Vivoldi that often: a call, or a true change."""
    seen = 0

    def is_last(entry: Entry) -> bool:
        nonlocal seen
        seen += entry.kind == kind
        return seen >= times

    await stage.vivoldi.wait_for(is_last, _PATIENCE)


async def _judge(stage: Stage, codes: Sequence[str], told: str) -> None:
    """Each coupon was truly deleted, once; no DELETE followed another without a read; all of it is told."""
    deleted = Counter(event.code for event in await stage.vivoldi.deletions())
    assert deleted == dict.fromkeys(codes, 1)
    kinds: dict[str, list[str]] = {code: [] for code in codes}
    for call in await stage.vivoldi.calls():
        if call.code in kinds:
            kinds[call.code].append(call.kind)
    for code, calls in kinds.items():
        assert "delete delete" not in " ".join(calls), code
        assert calls[0] == "read", code
        assert calls[calls.index("delete") - 1] == "read", code
    lines = told.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == list(codes)
    assert {line.split(",")[1] for line in lines} <= {"deleted", "deleted (settled by reading)"}


async def test_a_thousand_codes_and_three_kills(tmp_path: Path) -> None:
    """1,000 codes, the bot killed while it reads and twice while it deletes: every outcome is right."""
    async with a_stage(USUAL, tmp_path, VIVOLDI_RATE_PER_MINUTE=str(_QUICK)) as stage:
        play = await Play.begin(stage)
        codes = await _coupons(stage, 1000)
        await ask_for_many(stage, codes, _QUICK)

        await _happened(stage, "read", 200)
        await stage.bot.kill()
        await stage.bot.restart()
        card = await _approved(stage, play, codes)
        for least in (150, 500):
            await _happened(stage, "deleted", least)
            await stage.bot.kill()
            await stage.bot.restart()
        await _judge(stage, codes, await _end(stage, card))
        # What was being read when the bot was killed is read again, and nothing else.
        assert len(await stage.vivoldi.calls("read")) < 1000 * 3 + 3 * 2 * 20


async def test_a_single_coupon_in_between(tmp_path: Path) -> None:
    """While many codes are deleted, someone else's coupon is deleted in a moment, and both are told."""
    async with a_stage(USUAL, tmp_path, VIVOLDI_RATE_PER_MINUTE="1200") as stage:
        play = await Play.begin(stage)
        codes = await _coupons(stage, 60)
        await ask_for_many(stage, codes, 1200)
        card = await _approved(stage, play, codes)
        began = asyncio.get_running_loop().time()
        await play.deleted_story(await play.open_card(by=RIKA))
        assert asyncio.get_running_loop().time() - began < 10
        assert len(await stage.vivoldi.deletions()) < 60
        await judge(stage, play.codes, play.since)
        await _end(stage, card)
        assert len(await stage.vivoldi.deletions()) == 61


async def test_two_replicas_share_the_rate() -> None:
    """Two bots that delete many codes, and twenty besides, never make more calls than the plan has."""
    async with postgres() as server, a_fleet("http", 2, server, VIVOLDI_RATE_PER_MINUTE="120") as fleet:
        stage = fleet.stage
        play = await Play.begin(stage)
        codes = await _coupons(stage, 30)
        await ask_for_many(stage, codes, 120)
        card = await _approved(stage, play, codes)
        small = [await play.coupon() for _ in range(20)]
        await play.approve_both(await play.open_card(*small, by=RIKA, patience=_PATIENCE))
        await _end(stage, card)
        calls = await stage.vivoldi.calls()
        assert len({fleet.sender(call).name for call in calls if call.kind == "delete"}) == 2
        times = sorted(datetime.fromisoformat(call.at) for call in calls)
        for first in times:
            assert sum(timedelta() <= time - first < timedelta(minutes=1) for time in times) <= 120


async def test_a_form_with_a_file(tmp_path: Path) -> None:
    """The command alone opens a form; a file with many codes goes from there to the card, and to its end."""
    async with a_stage(USUAL, tmp_path, VIVOLDI_RATE_PER_MINUTE=str(_QUICK)) as stage:
        play = await Play.begin(stage)
        codes = await _coupons(stage, 30)
        await stage.slack.command(DANA, "")
        modal = await stage.slack.wait_modal(DANA)
        file = await stage.slack.file("codes.csv", "code\n" + "\n".join(codes))
        wrong = await stage.slack.send_modal(modal, codes="nope", file=file, ground="leaked")
        assert "line 1: nope" in wrong.modal.errors["codes"]
        after = await stage.slack.last_seq()
        sent = await stage.slack.send_modal(wrong.modal, file=file, ground="leaked", words="on X")
        assert sent.error is None
        assert "Asked for 30 coupons" in str(sent.modal.view["blocks"])
        card = await play.next_card("30 coupons", after=after, patience=_PATIENCE)
        assert card.contains("leaked or misused: on X")
        await play.approve_both(card)
        await _judge(stage, codes, await _end(stage, card))
