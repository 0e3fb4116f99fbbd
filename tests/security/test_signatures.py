"""Requests that Slack did not sign, or not just now, or not once: none has an effect, whatever it says.

The guard alone is tested in `tests/integration/slack/test_http_guard.py`, a bot in a process of its own in
`tests/scenario/troubles/test_signatures.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.scenario.playing import AMIR, BEA, PATIENCE, fresh_code
from tests.security.rig import EVENTS, FORM, Rig, form_of, rig_on, signature, signed, working

pytestmark = pytest.mark.asyncio(loop_scope="module")

Headers = list[tuple[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with rig_on(tmp_path_factory.mktemp("rig")) as rig, working(rig):
        yield rig


def _now(seconds: float = 0) -> str:
    return str(int(time.time() + seconds))


def _headers(timestamp: str, value: str) -> Headers:
    return [("content-type", FORM), ("x-slack-request-timestamp", timestamp), ("x-slack-signature", value)]


def _at(form: str, seconds: float = 0) -> Callable[[bytes], Headers]:
    """Return right signatures of a time that is so many seconds from now, or of no time at all."""

    def headers(body: bytes) -> Headers:
        timestamp = form.format(now=_now(seconds))
        return _headers(timestamp, signature(body, timestamp))

    return headers


def _with(value: Callable[[bytes, str], str]) -> Callable[[bytes], Headers]:
    def headers(body: bytes) -> Headers:
        # One look at the clock: between two, a second may pass, and "another time" would be the right one.
        timestamp = _now()
        return _headers(timestamp, value(body, timestamp))

    return headers


def _twice(name: str, value: str, *, first: bool) -> Callable[[bytes], Headers]:
    """Return the right headers, and one of them a second time with another value."""
    return lambda body: (
        [(name, value), *_at("{now}")(body)] if first else [*_at("{now}")(body), (name, value)]
    )


FORGED: dict[str, Callable[[bytes], Headers]] = {
    "forged: another secret": _with(lambda body, at: signature(body, at, "not-the-secret")),
    "forged: no secret": _with(lambda body, at: signature(body, at, "")),
    "forged: of another body": _with(lambda body, at: signature(body + b"&", at)),
    "forged: of another time": _with(lambda body, at: signature(body, str(int(at) - 1))),
    "forged: of nothing": _with(lambda body, at: signature(b"", at)),
    "stale: five minutes old": _at("{now}", -302),
    # Far enough ahead that it still is when the bot comes to it on a busy machine.
    "stale: five minutes ahead": _at("{now}", 360),
    "stale: 1970": _at("0"),
    "malformed: no headers": lambda body: [("content-type", FORM)],
    "malformed: no signature": lambda body: _headers(_now(), ""),
    "malformed: no time": lambda body: _headers("", signature(body, "")),
    "malformed: time is a word": _at("yesterday"),
    "malformed: time is negative": _at("-1"),
    "malformed: time is a fraction": _at("{now}.0"),
    "malformed: time with a sign": _at("+{now}"),
    "malformed: time with spaces inside": _at("{now} 1"),
    "malformed: time is huge": _at("9" * 400),
    "malformed: another version": _with(lambda body, at: signature(body, at).replace("v0=", "v1=")),
    "malformed: no version": _with(lambda body, at: signature(body, at).removeprefix("v0=")),
    "malformed: upper case": _with(lambda body, at: signature(body, at).upper().replace("V0", "v0")),
    "malformed: cut": _with(lambda body, at: signature(body, at)[:-1]),
    "malformed: longer": _with(lambda body, at: signature(body, at) + "0"),
    "malformed: two in one": _with(lambda body, at: f"{signature(body, at)},{signature(body, at)}"),
    "malformed: signature twice, wrong first": _twice("x-slack-signature", "v0=" + "0" * 64, first=True),
    "malformed: signature twice, wrong last": _twice("x-slack-signature", "v0=" + "0" * 64, first=False),
    "malformed: signature twice, unreadable last": _twice("x-slack-signature", "é", first=False),
    "malformed: time twice, unreadable last": _twice("x-slack-request-timestamp", "x", first=False),
}


async def test_a_request_that_slack_did_not_sign_has_no_effect(rig: Rig) -> None:
    """A command or click without Slack's own signature of now is answered 401, and nothing is stored (I1)."""
    card = await rig.open_card(fresh_code())
    payloads = (rig.command(f"{fresh_code()} leaked"), rig.click(card))
    async with asyncio.timeout(PATIENCE):
        # People see a card a moment before it is noted that it was posted.
        while rig.rows("SELECT id FROM requests WHERE drawn_version < version"):  # noqa: ASYNC110
            await asyncio.sleep(0)
    before, events = rig.state(), rig.rows("SELECT count(*) FROM events")
    for name, forge in FORGED.items():
        for body in map(form_of, payloads):
            headers = [(key.encode(), value.encode()) for key, value in forge(body)]
            answer = await rig.http.post(EVENTS, content=body, headers=headers)
            assert answer.status_code == 401, name
        assert (rig.state(), rig.rows("SELECT count(*) FROM events")) == (before, events), name
    for payload in payloads:
        assert (await rig.deliver(payload)).status_code == 200
        assert rig.state() != before, "rightly signed, it has its effect"
        before = rig.state()


@pytest.mark.parametrize("more", ["&ssl_check=1", "&token=x&ssl_check=1"])
async def test_a_certificate_check_is_no_way_round_the_signature(rig: Rig, more: str) -> None:
    """Bolt answers `ssl_check` without a signature; a command that says it is one still does nothing (I1)."""
    before = rig.state()
    body = form_of(rig.command(f"{fresh_code()} leaked")) + more.encode()
    for headers in (signed(body), signed(body, secret="not-the-secret")):
        await rig.send(body, headers)
    assert rig.state() == before


async def test_a_body_that_was_changed_on_its_way_has_no_effect(rig: Rig) -> None:
    """A signature holds for exactly the bytes that were signed: no other person, code or action (I1)."""
    card = await rig.open_card(fresh_code())
    for payload, old, new in (
        (rig.command("SUMMER2025 leaked"), b"SUMMER2025", b"SUMMER2026"),
        (rig.click(card), AMIR.encode(), BEA.encode()),
        (rig.click(card), b"approve", b"reject"),
    ):
        body, before = form_of(payload), rig.state()
        changed = body.replace(old, new)
        assert changed != body
        assert (await rig.send(changed, signed(body))).status_code == 401
        assert rig.state() == before


async def test_a_replayed_click_has_one_effect(rig: Rig) -> None:
    """Each click of a deletion, sent again byte by byte at every later point, changes nothing more (I6)."""
    code = fresh_code()
    card = await rig.open_card(code)
    sent: list[tuple[bytes, dict[str, str]]] = []

    async def click(payload: dict[str, object]) -> None:
        body = form_of(payload)
        sent.append((body, signed(body)))
        await rig.send(*sent[-1])

    async def replay_all() -> None:
        before = rig.state()["decisions"]
        for body, headers in sent * 3:
            assert (await rig.send(body, headers)).status_code == 200
        assert rig.state()["decisions"] == before

    await click(rig.click(card, by=AMIR))
    await replay_all()
    await rig.control.wait_for(lambda entry: entry.kind == "updated", 10, card.seq)
    await click(rig.click(rig.card_as_it_stands(card.ts), by=BEA))
    await replay_all()
    await rig.vivoldi.wait_for(lambda entry: getattr(entry, "kind", "") == "deleted" and entry.code == code)
    await replay_all()
    decided = [row[1:3] for row in rig.state()["decisions"] if row[0] in str(card.blocks)]
    assert decided == [(1, AMIR), (2, BEA)]
    assert len(await rig.vivoldi.calls("delete", code)) == 1


async def test_a_replayed_command_opens_nothing_more(rig: Rig) -> None:
    """A command that is sent again while its request is open opens no second one (I6)."""
    code = fresh_code()
    body = form_of(rig.command(f"{code} leaked"))
    headers = signed(body)
    first, second = await rig.send(body, headers), await rig.send(body, headers)
    assert "the card appears here in a moment" in first.text
    assert "is already in an open request" in second.text
    assert [row[2] for row in rig.state()["items"]].count(code) == 1
