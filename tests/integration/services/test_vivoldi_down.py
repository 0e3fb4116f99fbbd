"""Where Vivoldi is down, people and the audit are told so, in its own words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.adapters.vivoldi.answers import judge_reading
from bot.domain.errors import VivoldiUnavailable
from bot.domain.event import EventKind
from bot.domain.request.request import Failed
from bot.services.asked.command import Accepted
from tests.builders import CODE
from tests.fakes import Call
from tests.integration.wired import Wired, wired_on


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Wired]:
    async with wired_on(tmp_path) as wired:
        yield wired


@pytest.mark.parametrize(("status", "body"), [(503, b""), (502, b"<html>"), (504, b"{}")])
async def test_a_minute_without_vivoldi_is_told_with_its_answer(
    wired: Wired, status: int, body: bytes
) -> None:
    """The status that Vivoldi answered with, and for how long it was tried, is told and in the audit."""

    async def be_down(call: Call) -> None:
        if call.kind == "read":
            judge_reading(CODE, status, httpx.Headers(), body)

    wired.coupons.during = be_down
    answer = await wired.command(CODE)
    assert isinstance(answer, Accepted)
    await wired.run(120)
    failed = await wired.request(answer.request_id)
    assert isinstance(failed, Failed)
    (event,) = await wired.events(EventKind.REQUEST_FAILED)
    for said in (failed.detail, str(event.data["detail"]), wired.messenger.told[0].text):
        assert f"Vivoldi answered {status}" in said
        assert "tries in 6" in said
        assert "error of my own" not in said


def test_a_read_is_unavailable_by_its_status() -> None:
    """An answer of 500 and more is told as what it is."""
    with pytest.raises(VivoldiUnavailable, match=r"^Vivoldi answered 503$"):
        judge_reading(CODE, 503, httpx.Headers(), b"")
