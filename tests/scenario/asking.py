"""Many codes in a scenario: asked for through the service, as the form does it, approved, and judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.adapters.store import SqlStore
from bot.domain.command import Ask
from bot.domain.coupon import CouponCode
from bot.domain.people import Grants, Kind, Person, Standing
from bot.domain.policy import Policy
from bot.domain.rate import Plan
from bot.services.asked.command import Accepted, SlashCommand, Submit
from bot.wiring import new_id
from sandbox.slack_client import LogEntry, Message
from sandbox.stage import Stage
from sandbox.vivoldi_client import Entry
from tests.fakes import FakeChannels, FakePeople
from tests.scenario.playing import AMIR, BEA, DANA, INCIDENT, ONCALL, RIKA, Play, message_of

_TEAM = "T0GUARD000"
PATIENCE_FOR_MANY = 400.0


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def ask_for_many(stage: Stage, codes: Sequence[str], per_minute: int, by: str = DANA) -> str:
    """Open a request, and return its id. per_minute: what the bot takes for Vivoldi's rate."""
    people = FakePeople()
    for user in (RIKA, AMIR, BEA):
        people.put(Standing(Person(user, user), Kind.MEMBER, frozenset({ONCALL})))
    people.put(Standing(Person(by, by), Kind.MEMBER))
    on_call = Grants(groups=frozenset({ONCALL}))
    policy = Policy(approvers=on_call, final_approvers=on_call, plan=Plan(per_minute))
    url = stage.bot.settings["DATABASE_URL"]
    async with SqlStore(url, _Clock(), lambda _: None) as store:
        submit = Submit(store, people, FakeChannels(), policy, _Clock(), new_id, _TEAM)
        asked = SlashCommand(user=by, team=_TEAM, channel=INCIDENT, text="")
        answer = await submit.ask(asked, Ask(tuple(map(CouponCode, codes)), "leaked"))
    assert isinstance(answer, Accepted), answer
    return answer.request_id


async def coupons(stage: Stage, count: int) -> list[str]:
    codes = [f"MANY{number:06d}" for number in range(count)]
    for begin in range(0, count, 20):
        await asyncio.gather(*(stage.vivoldi.create(code) for code in codes[begin : begin + 20]))
    return codes


async def approved(stage: Stage, play: Play, codes: Sequence[str], after: int | None = None) -> Message:
    """Give both approvals of the request for these codes, and return its card.

    after: the place in Slack's log from which on the card comes; None: now.
    """
    after = await stage.slack.last_seq() if after is None else after
    card = await play.next_card(f"{len(codes):,} coupons", after=after, patience=PATIENCE_FOR_MANY)
    await play.approve_both(card)
    return card


async def ended(stage: Stage, card: Message) -> str:
    """Return what the file in the card's thread tells, once the outcome is there as well."""

    def is_outcome(entry: LogEntry) -> bool:
        if entry.kind != "posted":
            return False
        message = message_of(entry)
        return message.thread_ts == card.ts and message.contains("asked to delete")

    await stage.slack.wait_for(is_outcome, PATIENCE_FOR_MANY, card.seq)
    replies = await stage.slack.replies(INCIDENT, card.ts)
    return str(next(reply.files[0]["content"] for reply in replies if reply.files))


async def happened(stage: Stage, kind: str, times: int) -> None:
    """Wait until something has happened in Vivoldi that often: a call, or a true change."""
    seen = 0

    def is_last(entry: Entry) -> bool:
        nonlocal seen
        seen += entry.kind == kind
        return seen >= times

    await stage.vivoldi.wait_for(is_last, PATIENCE_FOR_MANY)


async def judge_many(stage: Stage, codes: Sequence[str], told: str) -> None:
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
    assert {line.split(",")[1] for line in lines} <= {"deleted", "blocked (deleted or used up)"}
