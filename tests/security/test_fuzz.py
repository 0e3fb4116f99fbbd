"""Whole HTTP requests, drawn at random from valid ones that are spoilt, against the whole bot.

`FUZZ_EXAMPLES=20000` tries that many; how many and what came of them is in `.chaos/fuzz.json` afterwards.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
import structlog.testing
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from bot.adapters.store import SqlTrail
from bot.operate.audit.verify import verify
from sandbox.slack.world import Message
from tests.scenario.playing import AMIR, BEA, DANA, RIKA
from tests.security.fuzz_report import FUZZ, SEED
from tests.security.mutations import Spoilt, requests
from tests.security.oracle import Effect, Waiting, allowed, effect, is_within
from tests.security.rig import EVENTS, Payload, Rig, form_of, rig_on, signed, working

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "500"))
_TABLES = ("decisions", "items", "notices", "homes", "requests")


class Errors(logging.Handler):
    """Keeps what libraries log as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.found.append(self.format(record))


@dataclass(repr=False)
class Target:
    """A bot with three cards: one waits for step 1, one for step 2, and one can be stopped.

    The final approval is to be typed. Its worker is stopped. All else goes on beside the test, such as asking
    the database for its time.

    bases: valid payloads, by what they are. cards: who may do what. saved: a copy of the database.
    """

    portal: BlockingPortal
    rig: Rig
    http: httpx.AsyncClient
    bases: Mapping[str, Payload]
    cards: Mapping[str, Waiting]
    saved: Path
    errors: Errors

    def send(self, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> tuple[int, Effect | None]:
        """Send a request, and return how it was answered and what it changed, which is then undone.

        Raises AssertionError for an error in the log, and whatever the application does not catch.
        """
        before = self.rig.state()
        with structlog.testing.capture_logs() as logged:
            answer = self.portal.call(partial(self.http.post, EVENTS, content=body, headers=list(headers)))
        after = self.rig.state()
        assert not [entry for entry in logged if entry["log_level"] in ("error", "critical")]
        assert not self.errors.found
        if after != before:
            self._undo()
        return answer.status_code, effect(before, after)

    def _undo(self) -> None:
        with closing(sqlite3.connect(self.rig.database, isolation_level=None)) as database:
            database.execute("ATTACH ? AS saved", (str(self.saved),))
            database.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                database.execute(f"DELETE FROM main.{table}")  # noqa: S608
            for table in reversed(_TABLES):
                database.execute(f"INSERT INTO main.{table} SELECT * FROM saved.{table}")  # noqa: S608
            database.execute("COMMIT")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder, errors = tmp_path_factory.mktemp("fuzz"), Errors()
    logging.getLogger().addHandler(errors)
    extra_care = rig_on(folder, confirm_by_typing="true", stop_window_seconds="300")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(extra_care) as rig:
        first, second, third = portal.call(_three_cards, rig)
        with (
            closing(sqlite3.connect(rig.database)) as database,
            closing(sqlite3.connect(folder / "saved.db")) as saved,
        ):
            database.backup(saved)
        bases = _bases(rig, first, second, third)
        bases["typed"] = portal.call(rig.dialog, second, "STEP")
        bases["typed wrong"] = portal.call(rig.dialog, second, "STOP")
        cards = _cards(first, second, third)
        transport = httpx.ASGITransport(rig.app, raise_app_exceptions=True)
        strict = httpx.AsyncClient(transport=transport, base_url="http://bot")
        with portal.wrap_async_context_manager(strict) as http:
            yield Target(portal, rig, http, bases, cards, folder / "saved.db", errors)
    logging.getLogger().removeHandler(errors)


async def _three_cards(rig: Rig) -> tuple[Message, Message, Message]:
    async with working(rig):
        first, second = (
            await rig.open_card("FIRSTSTEP1"),
            await rig.second_step(await rig.open_card("SECONDSTEP")),
        )
        third = await rig.stoppable(await rig.second_step(await rig.open_card("THIRDISYES")))
        return first, second, third


def _bases(rig: Rig, first: Message, second: Message, third: Message) -> dict[str, Payload]:
    return {
        "ask": rig.command("FREECODE2025 leaked", DANA),
        "ask for two": rig.command("`FREE-CODE-2025`,FREECODE2026 leaked", RIKA),
        "ask as people type": rig.command("“FREE–CODE–2027”, *FREECODE2028* and FREECODE29. R&amp;D", RIKA),
        "list": rig.command("list", DANA),
        "show": rig.command("show FIRSTSTEP1", DANA),
        "help": rig.command("", DANA),
        "step 1": rig.click(first, "approve", AMIR),
        "step 2": rig.click(second, "approve", BEA),
        "reject": rig.click(second, "reject", RIKA),
        "cancel": rig.click(first, "cancel", DANA),
        "open the Home": rig.home(AMIR),
        "stop": rig.click(third, "stop", DANA),
    }


def _cards(first: Message, second: Message, third: Message) -> dict[str, Waiting]:
    """Return who may do what: Amir gave step 1 of the second; Dana, who asked for all, is not on call."""
    on_call, asked = frozenset({RIKA, AMIR, BEA}), frozenset({DANA})

    def waiting(card: Message, **may: frozenset[str]) -> tuple[str, Waiting]:
        (buttons,) = [block for block in card.blocks if block["type"] == "actions"]
        version = int(buttons["block_id"].removeprefix("decide-v"))
        return buttons["elements"][0]["value"], Waiting(version, may)

    return dict(
        [
            waiting(first, approve=on_call, reject=on_call, cancel=asked),
            waiting(second, step=on_call - {AMIR}, reject=on_call, cancel=asked),
            waiting(third, stop=on_call | asked),
        ]
    )


def test_untouched_payloads_have_their_effect(target: Target) -> None:
    """What the fuzzer begins with is really valid: each payload does what it is for, and nothing else."""
    found = {}
    for name, payload in target.bases.items():
        body = form_of(payload)
        headers = tuple((key.encode(), value.encode()) for key, value in signed(body).items())
        status, found[name] = target.send(body, headers)
        assert status == 200
        if found[name] is not None:
            (may,) = allowed(body, target.cards)
            assert is_within(found[name], may)
    silent = [name for name, did in found.items() if did is None]
    assert silent == ["list", "show", "help", "step 2", "open the Home", "typed wrong"]


@seed(SEED)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
# About 20 ms each, and ten times as long on a machine that does much else.
@pytest.mark.timeout(120 + EXAMPLES // 5)
def test_no_request_breaks_the_bot_or_does_what_it_may_not(target: Target, data: st.DataObject) -> None:
    """Whatever is sent, there is no 5xx and no error, and nothing changes but by an entitled person (I1)."""
    sent: Spoilt = data.draw(requests(target.bases))
    status, did = target.send(sent.body, sent.headers)
    FUZZ.count(sent.kind, status, "none" if did is None else type(did).__name__.lower())
    assert 200 <= status < 500
    may = allowed(sent.body, target.cards)
    assert did is None or (sent.honest and any(is_within(did, each) for each in may))


def test_after_all_that_the_bot_is_as_it_was(target: Target) -> None:
    """The bot still answers, its audit holds, and Vivoldi was never asked to delete anything (I1, I7)."""
    call = target.portal.call
    assert call(target.http.get, "/healthz").text == "ok"
    assert call(target.http.get, "/readyz").json() == {"ready": True, "reasons": []}
    assert call(_verified, target.rig) is None
    assert call(target.rig.deletes) == []


async def _verified(rig: Rig) -> object:
    async with SqlTrail(f"sqlite:///{rig.database}") as trail:
        return (await verify(trail)).fault
