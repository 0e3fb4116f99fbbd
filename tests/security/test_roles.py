"""Who is no full member of the workspace, in every role; and groups that grant less than they seem to.

Everyone here is named in the settings, so it is for what they are that they are refused. The same over both
transports, and approvers who are removed between their click and the deletion, are in
`tests/scenario/troubles/test_refusals.py` and `tests/scenario/troubles/test_bad_input.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.slack.world import TEAM_ID, Group, Message, Person, World
from tests.scenario.playing import (
    AMIR,
    BEA,
    CARL,
    DANA,
    GONE,
    GUEST,
    ONCALL,
    RIKA,
    ROBOT,
    STRANGER,
    fresh_code,
)
from tests.security.rig import Payload, Rig, rig_on, working

pytestmark = pytest.mark.asyncio(loop_scope="module")

SINGLE, NOBODY, SLACKBOT, EXTERNAL = "U0SINGLE00", "U0NOBODY00", "USLACKBOT", "U0EXTERNAL"
# What each of them is, as the audit says it, and how they are told.
ROLES = {
    "multi-channel guest": (GUEST, "guest", "Guests can't do this"),
    "single-channel guest": (SINGLE, "guest", "Guests can't do this"),
    "bot": (ROBOT, "bot", "Bots can't do this"),
    "Slackbot": (SLACKBOT, "bot", "Bots can't do this"),
    "deactivated": (GONE, "deactivated", "Your account is deactivated"),
    "member of another workspace": (STRANGER, "stranger", "Only members of the workspace"),
    "from outside, by Slack Connect": (EXTERNAL, "stranger", "Only members of the workspace"),
    "whom Slack does not know": (NOBODY, "stranger", "Only members of the workspace"),
}


def _with_outsiders(world: World) -> None:
    """Let Slackbot be there as Slack describes it, and someone from outside who shares the channel."""
    world.people[SLACKBOT] = Person(SLACKBOT, "Slackbot")
    world.people[EXTERNAL] = Person(EXTERNAL, "Eve", "stranger")
    for channel in list(world.channels.values()):
        members = channel.members | {SLACKBOT, EXTERNAL, NOBODY}
        world.channels[channel.id] = type(channel)(
            channel.id, channel.name, members, channel.kind, channel.archived
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    named = ",".join((ONCALL, *(who for who, _, _ in ROLES.values())))
    folder = tmp_path_factory.mktemp("rig")
    async with (
        rig_on(folder, _with_outsiders, approvers=named, requesters=f"{named},{DANA}") as rig,
        working(rig),
    ):
        yield rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first(rig: Rig) -> Message:
    """A card that waits for step 1."""
    return await rig.open_card(fresh_code())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(rig: Rig) -> Message:
    """A card that waits for step 2."""
    return await rig.second_step(await rig.open_card(fresh_code()))


def _by(payload: Payload, who: str) -> Payload:
    """Return a payload as if someone else had caused it."""
    there = "T0OTHER000" if who == STRANGER else TEAM_ID
    if "command" in payload:
        return payload | {"user_id": who, "team_id": there}
    home = "T0OTHER000" if who in (STRANGER, EXTERNAL) else TEAM_ID
    return payload | {"user": payload["user"] | {"id": who, "team_id": home}, "team": {"id": there}}


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_but_a_full_member_requests(rig: Rig, role: str) -> None:
    """A command of anyone but a full member is refused privately, recorded, and opens nothing (I1, I7)."""
    who, kind, words = ROLES[role]
    before, calls = rig.state(), await rig.vivoldi.calls()
    answer = await rig.deliver(_by(rig.command(f"{fresh_code()} leaked"), who))
    assert answer.json()["response_type"] == "ephemeral"
    assert words in answer.json()["text"]
    event, actor, data = rig.refusals()[-1]
    assert (event, actor, json.loads(data)["answer"]) == ("command.refused", who, kind)
    assert (rig.state(), await rig.vivoldi.calls()) == (before, calls)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["approve", "reject", "cancel"])
@pytest.mark.parametrize("step", [1, 2])
async def test_nobody_but_a_full_member_decides(
    rig: Rig, first: Message, second: Message, role: str, action: str, step: int
) -> None:
    """A click of anyone but a full member is refused privately and recorded; the card stays as it is (I1)."""
    who, kind, words = ROLES[role]
    card = (first, second)[step - 1]
    rig.forget_refusals()
    before, since = rig.state(), rig.slack.world.log.last_seq
    assert (await rig.deliver(_by(rig.click(card, action), who))).text == ""
    assert words in await rig.privately(who, words, since)
    event, actor, data = rig.refusals()[-1]
    assert (event, actor, json.loads(data)["verdict"]) == ("decision.refused", who, kind)
    assert rig.state() == before
    assert rig.card_as_it_stands(card.ts) == card
    assert not await rig.deletes()


# ---------------------------------------------------------------- groups


async def test_a_group_of_the_same_name_grants_nothing(tmp_path: Path) -> None:
    """Groups are named by their ids: another one with the same name makes nobody eligible (I1)."""

    def name_another(world: World) -> None:
        world.groups["S0OTHER000"] = Group("S0OTHER000", "oncall", (CARL, DANA))

    async with rig_on(tmp_path, name_another) as rig, working(rig):
        card = await rig.open_card(fresh_code())
        before, since = rig.state(), rig.slack.world.log.last_seq
        await rig.deliver(rig.click(card, by=CARL))
        await rig.privately(CARL, "You are not one of the approvers", since)
        assert rig.state() == before


@pytest.mark.parametrize(
    ("approvers", "members"),
    [
        ("S0EMPTY000", ()),
        ("S0NOWHERE0", ()),
        ("S0EMPTY000,S0NOWHERE0", ()),
        ("S0EMPTY000", (ONCALL,)),
        ("S0EMPTY000", (ONCALL, AMIR)),
        ("S0EMPTY000", (NOBODY, AMIR)),
        ("S0EMPTY000", (GUEST, ROBOT, GONE, STRANGER, AMIR)),
        ("S0EMPTY000", ("", "*", "@here", "u0bea00000", AMIR, AMIR)),
    ],
)
async def test_a_group_grants_to_its_own_full_members_alone(
    tmp_path: Path, approvers: str, members: tuple[str, ...]
) -> None:
    """Where groups are empty, gone, nested or full of others, too few can approve, which is said at once."""

    def fill(world: World) -> None:
        world.groups["S0EMPTY000"] = Group("S0EMPTY000", "empty", members)

    async with rig_on(tmp_path, fill, approvers=approvers) as rig:
        answer = await rig.deliver(rig.command(f"{fresh_code()} leaked"))
        assert "Fewer than two people could complete the two approvals" in answer.text
        assert not rig.state()["requests"]
        event, actor, data = rig.refusals()[-1]
        assert (event, actor, json.loads(data)["answer"]) == ("command.refused", DANA, "toofew")


async def test_members_of_a_nested_group_count_for_nothing(tmp_path: Path) -> None:
    """A group that holds another group's id grants nothing to the members of that other group (I1)."""

    def nest(world: World) -> None:
        world.groups["S0EMPTY000"] = Group("S0EMPTY000", "empty", (ONCALL, CARL, DANA))

    async with rig_on(tmp_path, nest, approvers="S0EMPTY000") as rig, working(rig):
        card = await rig.open_card(fresh_code(), by=RIKA)
        for who in (AMIR, BEA):
            before, since = rig.state(), rig.slack.world.log.last_seq
            await rig.deliver(rig.click(card, by=who))
            await rig.privately(who, "You are not one of the approvers", since)
            assert rig.state() == before
