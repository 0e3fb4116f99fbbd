"""A run of this version over everything that 75994b6 has stored, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.kept import (
    Bot,
    Outside,
    audit_fault,
    bot_on,
    loaded,
    rows,
    stored,
    the_outside_of_then,
)

_OUTCOMES: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "item.outcome": lambda data: str(data["outcome"]),
    "freeze.outcome": lambda data: str(data["outcome"]),
    "request.expired": lambda _: "expired",
}


@dataclass(frozen=True)
class Heard:
    """What came of a click. events: each its kind, request, actor and data; opened: the dialogs' ids."""

    status: int
    answer: str
    events: Sequence[tuple[str, str | None, str | None, Mapping[str, Any]]]
    opened: Sequence[str]


@dataclass(frozen=True)
class End:
    """How a request ended. calls: to Vivoldi by code; last_days: of the coupons that are there.

    outcomes: of its coupons, as the audit calls them, and `expired` where it is that. told: how often the
    audit says that it was told; said: how many replies in its thread the whole channel sees; over: whether
    nothing more will happen.
    """

    calls: Mapping[str, Sequence[str]]
    last_days: Mapping[str, str]
    outcomes: frozenset[str]
    told: int
    said: int
    over: bool


@dataclass(frozen=True)
class Run:
    """What came of the clicks and the requests, by name; whose Home was drawn; who was told what privately.

    faults: what is wrong with the audit, before and after. cards: the texts of all cards that stand.
    """

    heard: Mapping[str, Heard]
    ends: Mapping[str, End]
    homes: frozenset[str]
    told: Sequence[tuple[str, str]]
    cards: Sequence[str]
    faults: Sequence[object]


async def run_over(kind: str, folder: Path) -> Run:
    """Bring the fixture up to date, deliver every click, and have the bot work until no deadline is left."""
    url = await loaded(kind, folder)
    before, last = await audit_fault(url), _last_event(url)
    async with the_outside_of_then() as found, bot_on(url, found) as bot:
        heard = {click["name"]: await _hear(url, bot, click) for click in stored("clicks.json")}
        await bot.settle()
        ends = {name: _end(url, found, about, last) for name, about in stored("requests.json").items()}
        world = found.slack.world
        private = [(str(message.ephemeral_to), message.text) for message in world.ephemerals()]
        cards = [message.text for message in world.standing() if not message.thread_ts]
        faults = (before, await audit_fault(url))
        return Run(heard, ends, frozenset(world.homes), private, cards, faults)


async def _hear(url: str, bot: Bot, click: dict[str, Any]) -> Heard:
    world, last = bot.outside.slack.world, _last_event(url)
    modals = set(world.modals)
    if click["settings"]:
        async with bot_on(url, bot.outside, **click["settings"]) as other:
            answer = await other.deliver(click["payload"])
    else:
        answer = await bot.deliver(click["payload"])
    found = rows(url, f"SELECT kind, request_id, actor_id, data FROM events WHERE id > {last} ORDER BY id")  # noqa: S608
    events = [(kind, request, actor, json.loads(data)) for kind, request, actor, data in found]
    opened = [str(modal.view["callback_id"]) for name, modal in world.modals.items() if name not in modals]
    return Heard(answer.status_code, answer.text, events, opened)


def _end(url: str, found: Outside, about: dict[str, Any], last: int) -> End:
    of = f"FROM events WHERE request_id = '{about['request']}' AND id > {last}"
    events = [(kind, json.loads(data)) for kind, data in rows(url, f"SELECT kind, data {of}")]
    where = f"SELECT card_ts, ended_at FROM requests WHERE id = '{about['request']}'"  # noqa: S608
    ((card, ended_at),) = rows(url, where)
    coupons = {coupon.cpn_no: coupon for coupon in found.vivoldi.world.coupons()}
    there = {code: str(coupons[code].end_ymd) for code in about["codes"] if code in coupons}
    replies = [message for message in found.slack.world.standing() if message.thread_ts == card]
    return End(
        calls={code: found.calls(code) for code in about["codes"]},
        last_days=there,
        outcomes=frozenset(_OUTCOMES[kind](data) for kind, data in events if kind in _OUTCOMES),
        told=sum(kind == "outcome.told" for kind, _ in events),
        said=sum(message.broadcast for message in replies),
        over=ended_at is not None,
    )


def _last_event(url: str) -> int:
    return int(rows(url, "SELECT max(id) FROM events")[0][0])
