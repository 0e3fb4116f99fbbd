"""The directory against the local Slack: who is who, from memory and afresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import Directory, web_client, web_session
from bot.domain.errors import SlackUnavailable
from bot.domain.people import Grants, Kind, Person, Standing
from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl

TOKEN, TEAM = "xoxb-local", "T0GUARD000"
RIKA, AMIR, BEA, CARL = "U0RIKA0000", "U0AMIR0000", "U0BEA00000", "U0CARL0000"
DANA, NOBODY = "U0DANA0000", "U0NOBODY00"
ONCALL, EMPTY = "S0ONCALL00", "S0EMPTY000"
# Of an Enterprise Grid organisation, whose members carry its id, or another workspace's.
_GRID: dict[str, Any] = {
    "id": RIKA,
    "name": "bob",
    "team_id": "E0ORG",
    "deleted": False,
    "is_bot": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "enterprise_user": {"id": "W0BOB", "enterprise_id": "E0ORG", "teams": ["T0OTHER", TEAM]},
    "profile": {"real_name": "Bob"},
}
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass
class ManualClock:
    """A clock that stands still until it is moved."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass(frozen=True)
class Rig:
    """A local Slack, its control side, and the bot's way to it."""

    control: SlackControl
    bot: AsyncWebClient
    clock: ManualClock

    def directory(self, users: tuple[str, ...] = (), groups: tuple[str, ...] = (ONCALL,)) -> Directory:
        return Directory(self.bot, self.clock, TEAM, Grants(frozenset(users), frozenset(groups)))

    async def asked(self, method: str | None = None) -> list[str]:
        """Return what was asked about, call by call."""
        calls = await self.control.api_calls(method)
        return [str(call["args"].get("user") or call["args"].get("usergroup")) for call in calls]


async def standing_of(directory: Directory, user: str, since: datetime) -> Standing:
    """Return a person as Slack knows them; nothing asked before `since` counts."""
    return (await directory.fresh(user, since, since)).standing


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with LocalSlack() as slack, SlackControl(slack.control_url) as control, web_session() as session:
        yield Rig(control, web_client(TOKEN, slack.api_url, session), ManualClock())


class TestDirectory:
    async def test_refresh_learns_the_named_people_and_groups(self, rig: Rig) -> None:
        """After a refresh everyone whom the settings name is known, with groups, without another call."""
        directory = rig.directory(users=(CARL,), groups=(ONCALL, EMPTY))
        await directory.refresh()
        calls = await rig.asked()
        assert sorted(calls) == sorted([ONCALL, EMPTY, RIKA, AMIR, BEA, CARL])
        assert {standing.person.name for standing in directory.approvers()} == {"Rika", "Amir", "Bea", "Carl"}
        assert await directory.standing(RIKA) == Standing(
            Person(RIKA, "Rika"), Kind.MEMBER, frozenset({ONCALL})
        )
        assert await directory.standing(CARL) == Standing(Person(CARL, "Carl"), Kind.MEMBER)
        assert await rig.asked() == calls

    @pytest.mark.parametrize(
        ("user", "kind"),
        [
            (RIKA, Kind.MEMBER),
            ("U0GUEST000", Kind.GUEST),
            ("U0SINGLE00", Kind.GUEST),
            ("U0GONE0000", Kind.DEACTIVATED),
            ("U0ROBOT000", Kind.BOT),
            ("W0STRANGER", Kind.STRANGER),
            (NOBODY, Kind.STRANGER),
            ("U0GRID0000", Kind.MEMBER),
            ("U0INVITED0", Kind.STRANGER),
        ],
    )
    async def test_kinds(self, rig: Rig, user: str, kind: Kind) -> None:
        """Each kind of person is told apart, from memory and afresh."""
        directory = rig.directory()
        await rig.control.person("U0GRID0000", kind="grid")
        await rig.control.person("U0INVITED0", kind="invited")
        assert (await directory.standing(user)).kind is kind
        assert (await standing_of(directory, user, NOON)).kind is kind

    @pytest.mark.parametrize(
        ("user", "kind", "name"),
        [
            ({"id": "USLACKBOT", "team_id": TEAM, "name": "slackbot"}, Kind.BOT, "slackbot"),
            ({"id": RIKA, "team_id": "T0OTHER000"}, Kind.STRANGER, RIKA),
            ({"id": RIKA}, Kind.STRANGER, RIKA),
            ({"id": RIKA, "team_id": TEAM, "is_stranger": True}, Kind.STRANGER, RIKA),
            ({"id": RIKA, "team_id": TEAM, "real_name": "Ri\nKa", "name": "rika"}, Kind.MEMBER, "Ri Ka"),
            ({"id": RIKA, "team_id": TEAM, "profile": {"display_name": ""}, "name": "r"}, Kind.MEMBER, "r"),
            (_GRID, Kind.MEMBER, "bob"),
            ({key: value for key, value in _GRID.items() if key != "team_id"}, Kind.MEMBER, "bob"),
            ({**_GRID, "team_id": "T0OTHER000"}, Kind.MEMBER, "bob"),
            ({**_GRID, "is_stranger": True}, Kind.STRANGER, "bob"),
            ({**_GRID, "is_restricted": True}, Kind.GUEST, "bob"),
            ({**_GRID, "enterprise_user": {"teams": ["T0OTHER000"]}}, Kind.STRANGER, "bob"),
            ({**_GRID, "enterprise_user": {"teams": TEAM}}, Kind.STRANGER, "bob"),
            ({**_GRID, "enterprise_user": TEAM}, Kind.STRANGER, "bob"),
            ({"id": RIKA, "team_id": TEAM, "is_invited_user": True}, Kind.STRANGER, RIKA),
            ({**_GRID, "is_invited_user": True}, Kind.STRANGER, "bob"),
            ({"id": AMIR, "team_id": TEAM}, Kind.UNKNOWN, RIKA),
            (None, Kind.UNKNOWN, RIKA),
            ("Rika", Kind.UNKNOWN, RIKA),
        ],
    )
    async def test_descriptions(self, rig: Rig, user: Any, kind: Kind, name: str) -> None:
        """A description that lacks something, or is of someone else, never makes a member of a non-member."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.json_response({"ok": True, "user": user})

        app = web.Application()
        app.router.add_route("*", "/users.info", answer)
        asked = user["id"] if kind is Kind.BOT else RIKA
        async with TestServer(app) as server, web_session() as session:
            bot = web_client(TOKEN, str(server.make_url("/")), session)
            standing = await Directory(bot, rig.clock, TEAM, Grants()).standing(asked)
        assert (standing.kind, standing.person.name) == (kind, name)

    async def test_someone_never_seen_costs_one_call(self, rig: Rig) -> None:
        """Someone never seen is asked for once and remembered, and no group is asked for again."""
        directory = rig.directory()
        await directory.refresh()
        before = len(await rig.asked())
        assert (await directory.standing(DANA)).person.name == "Dana"
        await directory.standing(DANA)
        assert (await rig.asked())[before:] == [DANA]
        assert DANA not in {standing.person.id for standing in directory.approvers()}

    @pytest.mark.parametrize("kind", ["server_error", "ratelimited", "malformed", "error"])
    async def test_unknown_is_not_remembered(self, rig: Rig, kind: str) -> None:
        """Someone who can't be asked for is unknown, and is asked for again the next time."""
        directory = rig.directory()
        await rig.control.fault("users.info", kind)
        assert await directory.standing(RIKA) == Standing(Person(RIKA, RIKA), Kind.UNKNOWN)
        assert (await directory.standing(RIKA)).kind is Kind.MEMBER

    async def test_a_slow_answer_is_not_waited_for(self, rig: Rig) -> None:
        """A listener waits 1 s at most for someone never seen, who is then unknown."""
        directory = rig.directory()
        await rig.control.fault("users.info", "latency", seconds=8)
        # Well over the second, for a busy machine, and well under the answer's eight.
        async with asyncio.timeout(6):
            assert (await directory.standing(RIKA)).kind is Kind.UNKNOWN

    async def test_groups_that_were_never_read_are_read(self, rig: Rig) -> None:
        """Before the first refresh a click reads the groups too, or fails closed."""
        directory = rig.directory()
        await rig.control.fault("usergroups.users.list", "server_error")
        assert (await directory.standing(RIKA)).kind is Kind.UNKNOWN
        assert (await directory.standing(RIKA)).groups == {ONCALL}

    async def test_refresh_sees_changes(self, rig: Rig) -> None:
        """A refresh sees who joined and left a group and who became what."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.group(ONCALL, remove=[RIKA], add=[CARL])
        await rig.control.person(AMIR, kind="deactivated")
        rig.clock.move(minutes=1)
        await directory.refresh()
        assert not (await directory.standing(RIKA)).groups
        assert (await directory.standing(AMIR)).kind is Kind.DEACTIVATED
        assert {standing.person.id for standing in directory.approvers()} == {AMIR, BEA, CARL}

    async def test_a_failed_refresh_keeps_what_is_known(self, rig: Rig) -> None:
        """A refresh that fails says so and leaves the memory as it was."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.fault("*", "server_error", times=50)
        rig.clock.move(minutes=1)
        with pytest.raises(SlackUnavailable):
            await directory.refresh()
        assert (await directory.standing(RIKA)).groups == {ONCALL}

    async def test_each_question_of_a_refresh_stands_on_its_own(self, rig: Rig) -> None:
        """Two who can't be asked for keep nobody else's memory old, and all of it is said once."""
        directory = rig.directory(users=(CARL, DANA))
        await directory.refresh()
        await rig.control.group(ONCALL, remove=[BEA])
        for user in (RIKA, AMIR, CARL, DANA):
            await rig.control.person(user, kind="guest")
        await rig.control.fault("users.info", "server_error", times=2)
        rig.clock.move(minutes=1)
        with pytest.raises(SlackUnavailable, match=r"2 of 5 questions .* failed, the first by: ."):
            await directory.refresh()
        kinds = [(await directory.standing(user)).kind for user in (RIKA, AMIR, CARL, DANA)]
        assert sorted(kinds) == [Kind.GUEST, Kind.GUEST, Kind.MEMBER, Kind.MEMBER]

    async def test_a_group_that_fails_keeps_no_person_old(self, rig: Rig) -> None:
        """Without an answer about a group its people are asked for all the same."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.person(RIKA, kind="guest")
        await rig.control.fault("usergroups.users.list", "server_error")
        rig.clock.move(minutes=1)
        with pytest.raises(SlackUnavailable):
            await directory.refresh()
        assert await directory.standing(RIKA) == Standing(
            Person(RIKA, "Rika"), Kind.GUEST, frozenset({ONCALL})
        )

    async def test_a_rate_limit_ends_a_refresh(self, rig: Rig) -> None:
        """Once Slack says that these are too many calls, no more are made in this round."""
        users = tuple(f"U{number:09}" for number in range(40))
        directory = rig.directory(users=users, groups=())
        await rig.control.fault("users.info", "ratelimited", times=50)
        with pytest.raises(SlackUnavailable):
            await directory.refresh()
        assert len(await rig.asked()) <= 5

    async def test_those_who_always_fail_take_nobodys_turn(self, rig: Rig) -> None:
        """Sixty people whom Slack does not tell about don't keep the others from being asked for."""
        users = tuple(f"U{number:09}" for number in range(70))
        directory = rig.directory(users=users, groups=())
        await rig.control.fault("users.info", "server_error", times=60)
        with pytest.raises(SlackUnavailable):
            await directory.refresh()
        rig.clock.move(minutes=1)
        await directory.refresh()
        assert set((await rig.asked())[60:70]) == set(users[60:])

    async def test_what_can_not_be_asked_for_is_known_for_ten_minutes(self, rig: Rig) -> None:
        """Old memory ends: someone whom Slack has not told about for longer is nobody."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.fault("*", "server_error", times=50)
        rig.clock.move(minutes=10)
        assert (await directory.standing(RIKA)).kind is Kind.MEMBER
        rig.clock.move(seconds=1)
        assert (await directory.standing(RIKA)).kind is Kind.UNKNOWN
        assert not directory.approvers()

    async def test_people_not_known_yet_are_asked_for_until_there_are_enough(self, rig: Rig) -> None:
        """After a start with sixty who can't act, the others are found, and no more of them than it takes."""
        gone = [f"U{number:09}" for number in range(60)]
        await rig.control.group(ONCALL, add=gone)
        directory = rig.directory()
        await directory.refresh()
        assert {standing.kind for standing in directory.approvers()} == {Kind.STRANGER}

        def enough() -> bool:
            return any(standing.kind is Kind.MEMBER for standing in directory.approvers())

        assert not enough()
        await directory.learn(enough)
        assert enough()

    async def test_it_is_known_whether_everyone_is_known(self, rig: Rig) -> None:
        """Only once every named group and person was told about, nobody else is to be hoped for."""
        directory = rig.directory(users=(CARL,))
        for method in ("usergroups.users.list", "users.info"):
            await rig.control.fault(method, "server_error")
            assert not await directory.learn(lambda: False)
        assert await directory.learn(lambda: False)
        assert {standing.person.id for standing in directory.approvers()} == {RIKA, AMIR, BEA, CARL}

    @pytest.mark.parametrize("back", [0, 3600])
    async def test_an_older_answer_never_overwrites_a_newer_one(self, rig: Rig, back: float) -> None:
        """An answer that comes late is not what is known, of people and of groups, whatever the clock did."""
        first, go_on = asyncio.Queue[None](), asyncio.Event()
        seen = list[str]()

        async def answer(request: web.Request) -> web.StreamResponse:
            method = request.match_info["method"]
            late = method not in seen
            seen.append(method)
            if late:
                first.put_nowait(None)
                await go_on.wait()
            user = {"id": RIKA, "team_id": TEAM, "deleted": not late}
            return web.json_response({"ok": True, "user": user, "users": [RIKA] if late else []})

        app = web.Application()
        app.router.add_route("*", "/{method}", answer)
        async with TestServer(app) as server, web_session() as session:
            bot = web_client(TOKEN, str(server.make_url("/")), session)
            directory = Directory(bot, rig.clock, TEAM, Grants(groups=frozenset({ONCALL})))
            older = asyncio.create_task(standing_of(directory, RIKA, rig.clock.now()))
            await first.get()
            await first.get()
            rig.clock.move(seconds=31 - back)
            newer = Standing(Person(RIKA, RIKA), Kind.DEACTIVATED)
            assert await standing_of(directory, RIKA, rig.clock.now()) == newer
            go_on.set()
            assert (await older).kind is Kind.MEMBER
            assert await directory.standing(RIKA) == newer

    async def test_a_refresh_is_bounded_and_fair(self, rig: Rig) -> None:
        """A refresh asks for 60 people at most, and the next one for those that it left out."""
        users = tuple(f"U{number:09}" for number in range(70))
        directory = rig.directory(users=users, groups=())
        await directory.refresh()
        assert len(await rig.asked()) == 60
        rig.clock.move(minutes=1)
        await directory.refresh()
        asked = await rig.asked()
        assert len(asked) == 120
        assert set(asked) == set(users)

    async def test_people_without_a_grant_are_forgotten(self, rig: Rig) -> None:
        """Someone whom the settings don't name is asked for again after ten minutes."""
        directory = rig.directory()
        await directory.standing(DANA)
        await rig.control.person(DANA, kind="guest")
        rig.clock.move(minutes=11)
        await directory.refresh()
        assert (await directory.standing(DANA)).kind is Kind.GUEST

    async def test_only_named_groups_are_asked_for(self, rig: Rig) -> None:
        """No group is ever asked for but those in the settings."""
        directory = rig.directory(groups=(EMPTY,))
        await directory.refresh()
        await directory.standing(RIKA)
        await standing_of(directory, RIKA, NOON)
        assert set(await rig.asked("usergroups.users.list")) == {EMPTY}
        assert not await rig.control.api_calls("usergroups.list")


class TestFresh:
    async def test_sees_what_memory_does_not(self, rig: Rig) -> None:
        """What Slack says now counts, and memory learns it."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.group(ONCALL, remove=[RIKA])
        await rig.control.person(RIKA, kind="guest")
        rig.clock.move(seconds=6)
        assert await standing_of(directory, RIKA, rig.clock.now()) == Standing(
            Person(RIKA, "Rika"), Kind.GUEST
        )
        assert (await directory.standing(RIKA)).kind is Kind.GUEST

    async def test_nothing_older_than_since_counts(self, rig: Rig) -> None:
        """An answer that was asked for before `since` does not count, however young it is."""
        directory = rig.directory()
        await standing_of(directory, RIKA, rig.clock.now())
        await rig.control.group(ONCALL, remove=[RIKA])
        rig.clock.move(seconds=1)
        assert not (await standing_of(directory, RIKA, rig.clock.now())).groups

    async def test_shared_for_half_a_minute(self, rig: Rig) -> None:
        """Callers share an answer for 30 s if it was asked for late enough for them, and no longer."""
        directory = rig.directory()
        since = rig.clock.now()
        await standing_of(directory, RIKA, since)
        rig.clock.move(seconds=30)
        await standing_of(directory, RIKA, since)
        assert sorted(await rig.asked()) == [ONCALL, RIKA]
        rig.clock.move(seconds=1)
        await standing_of(directory, RIKA, since)
        assert sorted(await rig.asked()) == [ONCALL, ONCALL, RIKA, RIKA]

    async def test_callers_at_once_share_one_call(self, rig: Rig) -> None:
        """Many callers at once cost one call for each person and one for each group."""
        directory = rig.directory()
        since = rig.clock.now()
        await asyncio.gather(*(standing_of(directory, user, since) for user in [RIKA, AMIR] * 10))
        assert sorted(await rig.asked()) == sorted([ONCALL, RIKA, AMIR])

    async def test_one_caller_that_gives_up_spoils_nothing(self, rig: Rig) -> None:
        """A caller that is cancelled does not cancel the question of the others."""
        directory = rig.directory()
        await rig.control.fault("users.info", "latency", seconds=0.3)
        first, second = (asyncio.create_task(standing_of(directory, RIKA, NOON)) for _ in range(2))
        await rig.control.wait_for(lambda entry: entry.data.get("method") == "usergroups.users.list")
        first.cancel()
        assert (await second).groups == {ONCALL}
        assert len(await rig.asked("users.info")) == 1

    @pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
    @pytest.mark.parametrize("kind", ["server_error", "drop_before", "ratelimited", "malformed", "error"])
    async def test_fails_where_slack_can_not_be_asked(self, rig: Rig, method: str, kind: str) -> None:
        """Without an answer about the person and every group there is no standing."""
        directory = rig.directory()
        await directory.refresh()
        rig.clock.move(seconds=6)
        await rig.control.fault(method, kind, error="missing_scope")
        with pytest.raises(SlackUnavailable):
            await standing_of(directory, RIKA, rig.clock.now())
        assert (await standing_of(directory, RIKA, rig.clock.now())).groups == {ONCALL}

    @pytest.mark.parametrize("name", ["no_such_subteam", "subteam_not_found"])
    async def test_a_group_that_is_gone_grants_nobody(self, rig: Rig, name: str) -> None:
        """A group that does not exist any more has no members, afresh and in memory."""
        directory = rig.directory()
        await directory.refresh()
        await rig.control.fault("usergroups.users.list", "error", error=name)
        rig.clock.move(seconds=6)
        assert not (await standing_of(directory, RIKA, rig.clock.now())).groups
        assert not (await directory.standing(RIKA)).groups


async def test_fresh_says_when_it_was_asked(rig: Rig) -> None:
    """I1: the age of an answer counts from the question, about the person and about the groups apart."""
    directory = rig.directory()
    await directory.fresh(RIKA, NOON, NOON)
    rig.clock.move(seconds=6)
    later = rig.clock.now()
    asked = await directory.fresh(RIKA, later - timedelta(seconds=5), later - timedelta(seconds=10))
    assert (asked.person_at, asked.groups_at) == (later, NOON)
    assert await rig.asked("usergroups.users.list") == [ONCALL]
