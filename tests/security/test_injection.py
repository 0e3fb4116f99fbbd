"""What people and Vivoldi wrote, planted wherever it can be, on every surface where it comes out again.

Single rules are in `tests/unit/handlers/test_words.py`, `tests/unit/handlers/test_card.py` and
`tests/integration/operate/test_audit_export.py`.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.adapters.store import SqlTrail
from bot.operate.audit.export import COLUMNS, as_csv, as_jsonl
from bot.operate.audit.story import story
from sandbox.slack.world import Message, World
from sandbox.slack_client import LogEntry
from tests.scenario.playing import AMIR, BEA, CARL, DANA, PATIENCE, fresh_code
from tests.security.rig import Rig, rig_on, working

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Whatever of this acts instead of being shown does what only a stranger to the request could have wanted.
PLANTED = {
    "mentions and links": (
        "<!channel> <!everyone> <@U0CARL0000> <!subteam^S0EMPTY000> <#C0OPS00000> <https://evil.example|Approve>"
        " &lt;!here&gt; &amp;lt;!here&amp;gt; &#60;!here&#62; \\u003c!here> %3C!here%3E"
    ),
    "letters and lines": (
        "a\u202eb\u2066c\u200bd\ufefff\u00adg\u2028h\u2029i\x00j\x07k\x1b[2J\x1b[31ml\x9b31mm\x7f n\nFAKELINE"
        " x\r\nFAKELINE\vFAKELINE\fFAKELINE\x85FAKELINE\ty"
    ),
    "formulas, SQL and marks": (
        '=HYPERLINK("https://evil.example","x") +1 -1 @SUM(1) |cmd \'; DROP TABLE requests; -- \\\' x\');'
        " `x` ``` *bold* _it_ ~gone~ > quote :warning: {0} {x} %s %(x)s ${x}"
    ),
    "long": "&<>" * 60 + " " + "é" * 3000,
}
_INVOLVED = "|".join((DANA, AMIR, BEA))
_OWN = re.compile(
    rf"<@({_INVOLVED})>|<!subteam\^S0ONCALL00>|<!date\^\d+\^{{date_short_pretty}} {{time}}\|[-\d: UTC]+>"
    rf"|<https://guard\.slack\.com/archives/C0INCIDENT/p\d+\|[-A-Z0-9 ,]+>"
)
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    def name_people(world: World) -> None:
        for who, planted in zip((DANA, AMIR, BEA, CARL), PLANTED.values(), strict=True):
            world.people[who] = replace(world.people[who], name=planted)

    async with rig_on(tmp_path_factory.mktemp("rig"), name_people) as rig, working(rig):
        yield rig


def _texts(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every text of blocks, with the object that it is in."""
    if isinstance(value, dict):
        for part in value.values():
            if isinstance(part, str):
                yield part, value
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _is_harmless(text: str) -> None:
    """Check that Slack acts on nothing in a text but on what the bot itself wrote."""
    for found in re.findall(r"<[^>]*>?", text):
        assert _OWN.fullmatch(found), f"{found} in {text}"
    assert ">" not in _OWN.sub("", text)
    _is_printable(text)


def _is_printable(text: str) -> None:
    unfit = [char for char in text if char != "\n" and unicodedata.category(char) in _UNFIT]
    assert not unfit, f"{unfit} in {text!r}"
    assert not re.search(r"^FAKELINE", text, re.MULTILINE)


def _check_message(text: str, blocks: object) -> None:
    _is_harmless(text)
    for part, around in _texts(blocks):
        if around.get("type") == "plain_text":
            assert around["emoji"] is False or part == "plain_text"
            _is_printable(part)
        else:
            _is_harmless(part)
            assert around.get("type") != "mrkdwn" or around["verbatim"] is True


def _sent(rig: Rig, since: int) -> list[Message]:
    """Return all that the bot put into Slack after an entry of its log."""
    return [
        Message(**entry.data["message"])
        for entry in rig.slack.world.log.after(since)
        if entry.kind in ("posted", "updated", "ephemeral")
    ]


async def _outcome(rig: Rig, card: Message) -> None:
    """Give step 2, and wait for the reply that tells the outcome."""
    await rig.deliver(rig.click(card, by=BEA))

    def told(entry: LogEntry) -> bool:
        return entry.kind == "posted" and entry.data["message"]["thread_ts"] == card.ts

    await rig.control.wait_for(told, PATIENCE, card.seq)


async def _story(rig: Rig, planted: str) -> str:
    """Play three requests with a text planted in everything that others write, and return their code."""
    code, reason = fresh_code(), planted[:400]
    card = await rig.open_card(code, reason=reason, nm=planted, domain=planted, memo=planted)
    await rig.deliver(rig.click(card, by=CARL))
    await rig.privately(CARL, "You are not one of the approvers", card.seq)
    await rig.vivoldi.fault("code_nonzero", call="delete", message=planted, code=code)
    await _outcome(rig, await rig.second_step(card))
    second = await rig.second_step(await rig.ask_again(code, reason))
    await rig.vivoldi.change(code, nm=f"new {planted}")
    await _outcome(rig, second)
    await rig.vivoldi.fault("code_nonzero", call="read", message=planted, code=code)
    await _outcome(rig, await rig.second_step(await rig.ask_again(code, reason)))
    return code


@pytest.mark.parametrize("name", PLANTED)
async def test_what_others_wrote_is_shown_and_never_acts(rig: Rig, name: str) -> None:
    """On no card, outcome or private answer does a planted text mention, link or turn other text round."""
    planted, since = PLANTED[name], rig.slack.world.log.last_seq
    code = await _story(rig, planted)
    sent = _sent(rig, since)
    for message in sent:
        _check_message(message.text, message.blocks)
    for typed in (
        f"show {code}",
        "list",
        planted,
        f"{code},{planted}",
        f"{code} {planted}",
        f"show {planted}",
    ):
        _is_harmless((await rig.deliver(rig.command(typed))).json()["text"])
    everything = "".join(message.text for message in sent)
    assert everything.count("Not deleted") >= 3, "refused, changed and gone"
    assert any(word in everything for word in html.escape(planted, quote=False).split()), "it is shown"
    await _is_safe_in_the_audit(rig, code)


async def _is_safe_in_the_audit(rig: Rig, code: str) -> None:
    """Check that in the story, JSON Lines and CSV nothing moves a terminal, begins a line or is a formula."""
    mine = [row[0] for row in rig.state()["items"] if row[2] == code]
    assert len(mine) >= 3
    async with SqlTrail(f"sqlite:///{rig.database}") as trail, aclosing(trail.pages()) as pages:
        links = [link async for page in pages for link in page.links]
    for request in mine:
        told = story(request, [link for link in links if link.facts.request_id == request])
        _is_printable(told)
        assert max(map(len, told.splitlines())) <= 80
    lines = as_jsonl(links).decode("ascii").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [link.id for link in links]
    assert not [line for line in lines if not line.isprintable()]
    rows = list(csv.reader(io.StringIO(as_csv(links).decode(), newline="")))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not [
        cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    ]
    assert not [cell for row in rows for cell in row if not cell.isprintable()]
