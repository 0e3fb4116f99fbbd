"""Asks a running bot for many codes through its own service, on its own database, as its form does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.adapters.store import SqlStore
from bot.domain.bulk import Plan
from bot.domain.command import Ask
from bot.domain.coupon import CouponCode
from bot.domain.policy import Kind, Policy, Standing
from bot.domain.request import Grants, Person
from bot.services.submit import Accepted, SlashCommand, Submit
from bot.wiring import new_id
from sandbox.stage import Stage
from tests.fakes import FakePeople
from tests.scenario.playing import AMIR, BEA, DANA, INCIDENT, ONCALL, RIKA

_TEAM = "T0GUARD000"


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
        submit = Submit(store, people, policy, _Clock(), new_id, _TEAM)
        asked = SlashCommand(user=by, team=_TEAM, channel=INCIDENT, text="")
        answer = await submit.ask(asked, Ask(tuple(map(CouponCode, codes)), "leaked"))
    assert isinstance(answer, Accepted), answer
    return answer.request_id
