"""What is typed in place of a coupon code never becomes a part of a query, an address or another code.

What is a code at all is tested in `tests/unit/domain/test_command.py` and
`tests/scenario/troubles/test_bad_input.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from bot.adapters.store import SqlStore, migrate
from bot.cli import app
from bot.domain.event import Event, EventKind
from tests.integration.databases import SetClock
from tests.scenario.playing import fresh_code
from tests.security.rig import Rig, rig_on, working

in_one_loop = pytest.mark.asyncio(loop_scope="module")

CODES = [
    "ABCDEFGH'OR'1'='1",
    "ABCDEFGH'/**/OR/**/1=1--",
    "ABCDEFGH;DROP",
    "ABCDEFGH%",
    "ABCDEFG_H",
    "ABCDEFGH&cpnNo=OTHER",
    "ABCDEFGH?cpnNo=OTHER",
    "ABCDEFGH#x",
    "ABCDEFGH/../x",
    "../../../etc",
    "ABCDEFGH%00",
    "ABCDEFGH%26cpnNo%3DOTHERCODE",
    "ABCDEFGH+OTHERCODE",
    "ABCDEFGH\\x00",
    "１２３４５６７８",
    "٠١٢٣٤٥٦٧",
    "ABCDEFGİ1",
    "ABCDEFGı1",
    "ABCDEFGſ1",
    "ABCDEFG\u212a1",  # the Kelvin sign, whose lower case is a plain k
    "АBCDEFGH",  # begins with a Cyrillic letter
    "ABCDEFGH\u0301",
    "ABCD\u200bEFGH",
    "ABCDEFGH\u200bIJKL",
    "ABCDEFGH\u2060IJKL",
    "ABCDEFGH\x00IJKL",
    "\u202eHGFEDCBA\u202cIJ",
    "$(reboot)ABCD",
    "{{7*7}}ABCD",
    "=ABCDEFGH",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("rig")) as rig, working(rig):
        yield rig


@in_one_loop
@pytest.mark.parametrize("code", CODES, ids=ascii)
async def test_a_command_takes_no_such_code(rig: Rig, code: str) -> None:
    """Asked for, shown or listed, it is refused in words, and reaches neither Vivoldi nor a table."""
    before = rig.state()
    for text in (code, f"{code} leaked", f"{fresh_code()},{code}", f"show {code}"):
        answer = (await rig.deliver(rig.command(text))).json()["text"]
        assert re.search("is not a coupon code|can't be seen|name one code", answer), answer
        assert answer.isprintable()
    assert "No request is open" in (await rig.deliver(rig.command(f"list {code}"))).json()["text"]
    assert (rig.state(), await rig.vivoldi.calls()) == (before, [])


async def test_only_the_code_itself_goes_to_vivoldi(tmp_path: Path) -> None:
    """What follows a code is its reason, and an address names the code and nothing more."""
    async with rig_on(tmp_path) as rig, working(rig):
        code = fresh_code()
        await rig.open_card(code, reason="&cpnNo=OTHERCODE ?x=1 #y /../z\r\nX-Evil: 1")
        (call,) = await rig.vivoldi.calls()
        assert call.path == f"/api/coupon/v1/validate?cpnNo={code}"


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database whose audit has one event."""
    url = f"sqlite:///{tmp_path_factory.mktemp('audit') / 'guard.db'}"

    async def fill() -> None:
        await migrate(url)
        async with SqlStore(url, SetClock(), lambda _: None) as store, store.transaction() as tx:
            await tx.record(
                Event(kind=EventKind.COMMAND, at=SetClock().now(), request="CG-1", code="ABCDEFGH")
            )

    asyncio.run(fill())
    return url


@pytest.mark.parametrize("code", CODES, ids=ascii)
def test_the_audit_takes_no_such_code(audit: str, code: str) -> None:
    """The audit's commands find nothing by it, say so in one clean line, and change nothing."""
    for arguments in (["export", f"--code={code}"], ["show", "--", code]):
        done = _bot(audit, *arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.rstrip("\n").isprintable()
    done = _bot(audit, "export", f"--request={code}")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "The audit is whole: 1 event," in _bot(audit, "verify").stdout


def _bot(audit: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments], env={"DATABASE_URL": audit})
