"""The form for many codes, through the real process: filled in, shown page by page, stopped, and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.slack_client import Message, Modal
from sandbox.stage import Stage
from tests.scenario.asking import approved, coupons, ended, judge_many
from tests.scenario.playing import AMIR, BEA, DANA, GUEST, INCIDENT, ROBOT, Play
from tests.scenario.stages import BOTH, a_stage

pytestmark = pytest.mark.timeout(180)

# So that 60 codes take about 24 s: long enough to see progress, and to stop it, on a busy machine as well.
_RATE = "600"


@pytest_asyncio.fixture(params=BOTH, ids=str)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(request.param, tmp_path, VIVOLDI_RATE_PER_MINUTE=_RATE) as opened:
        yield opened


async def _form(stage: Stage) -> Modal:
    """Type the command alone, and return the form that opens."""
    after = await stage.slack.last_seq()
    answer = await stage.slack.command(DANA, "")
    assert (answer.error, answer.response) == (None, None)
    return await stage.slack.wait_modal(DANA, after=after)


def _said(modal: Modal) -> str:
    return str(modal.view["blocks"])


async def test_codes_that_are_pasted(stage: Stage) -> None:
    """Any mixture of codes goes from the form to a card that sums up, to pages, and to a stop with a file."""
    play = await Play.begin(stage)
    codes = await coupons(stage, 60)
    modal = await _form(stage)
    pasted = "\n".join([" ".join(codes[:20]), ", ".join(codes[20:40]), *codes[40:], codes[0]])
    given = {"ground": "over", "words": "spring campaign", "incident": "https://inc.example/7"}
    after = await stage.slack.last_seq()
    sent = await stage.slack.send_modal(modal, codes=pasted, **given)
    assert (sent.error, sent.modal.errors) == (None, {})
    assert "Asked for 60 coupons" in _said(sent.modal)
    assert "1 repeated code was left out." in _said(sent.modal)
    assert f"<#{INCIDENT}>" in _said(sent.modal)

    card = await play.next_card("60 coupons", after=after)
    for words in (
        "60 shown by Vivoldi, 0 not shown",
        "60 valid today",
        "*The first 10 of 60:*",
        "campaign over: spring campaign (https://inc.example/7)",
        "Deleting them takes about",
    ):
        assert card.contains(words), words
    assert [code for code in codes if card.contains(code)] == codes[:10]
    await _is_paged(stage, card, codes)

    await play.approve_both(card)
    running = await play.reads(card, "█")
    assert running.contains("of 60 done*"), running.text
    assert running.contains("still wait; that takes about"), running.text
    await stage.slack.click(DANA, running, "stop", version=running.seq)
    lines = [line.split(",") for line in (await ended(stage, card)).splitlines()[1:]]
    assert [line[0] for line in lines] == codes
    gone = {event.code for event in await stage.vivoldi.deletions()}
    assert 0 < len(gone) < 60
    assert {code for code, outcome, *_ in lines if outcome.startswith("deleted")} == gone
    assert {outcome for code, outcome, *_ in lines if code not in gone} == {"not deleted (stopped)"}
    assert "stopped by @Dana before it was sent" in lines[-1][2]


async def _is_paged(stage: Stage, card: Message, codes: list[str]) -> None:
    """Show All opens fifty coupons, and then, without a choice, the others, for who may look."""
    after = card.seq
    await stage.slack.click(AMIR, card, "show-all")
    first = await stage.slack.wait_modal(AMIR, after=after)
    assert [code for code in codes if f"`{code}`" in _said(first)] == codes[:50]
    second = (await stage.slack.send_modal(first)).modal
    assert [code for code in codes if f"`{code}`" in _said(second)] == codes[50:]
    back = (await stage.slack.send_modal(second, **{"page-2": "1"})).modal
    assert back.view["blocks"][:-1] != second.view["blocks"][:-1]
    await stage.slack.close_modal(back)
    await stage.slack.click(GUEST, card, "show-all")
    refused = await stage.slack.wait_modal(GUEST, after=after)
    assert "Guests can't do this." in _said(refused)
    assert codes[0] not in _said(refused)


async def test_a_file_of_codes(stage: Stage) -> None:
    """A file with a heading and further columns is read, and every code in it is deleted, once."""
    play = await Play.begin(stage)
    codes = await coupons(stage, 25)
    modal = await _form(stage)
    rows = [f'{code},"cake, big",5' for code in codes]
    file = await stage.slack.file("leaked.csv", "\r\n".join(["Coupon code,name,uses", *rows, rows[0]]))
    after = await stage.slack.last_seq()
    sent = await stage.slack.send_modal(modal, file=file, ground="leaked")
    assert "Asked for 25 coupons" in _said(sent.modal)
    assert "1 repeated code was left out." in _said(sent.modal)
    card = await approved(stage, play, codes, after)
    await judge_many(stage, codes, await ended(stage, card))


async def test_what_is_wrong_is_said_in_the_form(stage: Stage) -> None:
    """Whatever is wrong, the form stays as it was filled in, and says at its fields what to mend."""
    play = await Play.begin(stage)
    taken, free = await play.coupon(), await play.coupon()
    card = await play.open_card(taken)
    request = str(card.button("reject")["value"])  # type: ignore[index]  # a card that waits has it
    modal = await _form(stage)
    file = await stage.slack.file("codes.csv", f"code\n{free}\nno way\n")
    sheet = await stage.slack.file("codes.xlsx", "PK")
    bad = "Not a code of 8 to 16 letters and digits: line"
    tried: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {"codes": "There is no code."}),
        ({"codes": f"{free},\nnope {free}"}, {"codes": f"{bad} 2: nope."}),
        ({"codes": f"{free} {taken}"}, {"codes": f"Already in an open request: {taken} ({request})."}),
        ({"codes": free, "file": file}, {"file": f"{bad} 3: no way."}),
        ({"codes": free, "words": "x" * 300, "incident": f"https://{'x' * 200}"}, {"words": "500 are"}),
    ]
    for values, wrong in tried:
        sent = await stage.slack.send_modal(modal, ground="test", **values)
        assert (sent.status, sent.error, sent.modal.view) == (200, None, modal.view)
        assert sent.modal.errors.keys() == wrong.keys()
        assert all(words in sent.modal.errors[field] for field, words in wrong.items())
    for values in ({"codes": free}, {"ground": "test", "file": sheet}, {"ground": "test", "incident": "7"}):
        sent = await stage.slack.send_modal(modal, **values)
        assert sent.status is None
    assert [each.ts for each in await stage.slack.cards()] == [card.ts]
    await stage.slack.send_modal(modal, codes=free, ground="test")
    assert (await play.next_card(free, after=card.seq)).contains("duplicate or test")


async def test_a_file_that_is_not_handed_over(stage: Stage) -> None:
    """Without the scope for files, the form says so at its file, and codes can be pasted instead."""
    await coupons(stage, 1)
    modal = await _form(stage)
    file = await stage.slack.file("codes.csv", "MANY000000")
    scopes = ("commands", "chat:write", "files:write", "users:read", "usergroups:read")
    await stage.slack.app(scopes=list(scopes))
    sent = await stage.slack.send_modal(modal, file=file, ground="leaked")
    assert "missing_scope" in sent.modal.errors["file"]
    assert "Paste the codes instead." in sent.modal.errors["file"]
    sent = await stage.slack.send_modal(modal, codes="MANY000000", ground="leaked")
    assert "Asked for `MANY000000`" in _said(sent.modal)


async def test_who_may_not_ask_gets_no_form(stage: Stage) -> None:
    """Who may not ask is told so, by the command and by the button on the help; so is whom Slack fails."""
    answer = await stage.slack.command(GUEST, "")
    assert "Guests can't do this." in answer.text
    for who, says in ((GUEST, "Guests can't do this."), (ROBOT, "Bots can't do this"), (BEA, "Codes")):
        after = await stage.slack.last_seq()
        await _press(stage, who)
        assert says in _said(await stage.slack.wait_modal(who, after=after))
    await stage.slack.fault("views.open", "latency", seconds=2)
    await _press(stage, BEA)
    await stage.slack.wait_ephemeral(BEA, "please click again", after=after)
    await stage.slack.fault("views.open", "latency", seconds=2)
    assert "up to 1,000 codes" in (await stage.slack.command(BEA, "")).text


async def _press(stage: Stage, who: str) -> None:
    """Ask for help, and press its button."""
    shown = (await stage.slack.command(who, "help")).response
    assert shown is not None
    await stage.slack.click(who, shown, "many-codes", version=shown.seq)
