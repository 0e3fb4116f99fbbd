"""Who is who in Slack, kept in memory, and asked afresh where it matters."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import ask
from bot.adapters.slack.shared import SharedQuestion
from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.people import Grants, Kind, Person, Standing
from bot.services.ports.outside import Clock
from bot.text import plain

_AT_ONCE = 5  # calls of a refresh
_PEOPLE_A_ROUND = 60  # well within the rate limit of users.info
_UNNAMED_KEPT = timedelta(minutes=10)  # for people whom the settings don't name, who are not refreshed
_PATIENCE = 1.0  # seconds for someone never seen: a listener has to answer within 3 s
_NAME = 80  # characters
_EVER = datetime.min.replace(tzinfo=UTC)
_SLACKBOT = "USLACKBOT"  # users.info does not call it a bot
_NO_SUCH_PERSON = frozenset({"user_not_found", "user_not_visible"})
_NO_SUCH_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})


@dataclass(frozen=True)
class _Known:
    """A person as Slack described them. asked: when Slack was asked."""

    person: Person
    kind: Kind
    asked: datetime


@dataclass(frozen=True)
class _Group:
    """The members of a user group. asked: when Slack was asked."""

    members: frozenset[str]
    asked: datetime


class Directory:
    """A memory of people and of the groups that the settings name; it implements the port `People`.

    team_id: the bot's own workspace. grants: everyone whom the settings name, approvers and requesters; no
    other group is ever asked for.
    """

    def __init__(self, client: AsyncWebClient, clock: Clock, team_id: str, grants: Grants) -> None:
        self._client = client
        self._clock = clock
        self._team_id = team_id
        self._grants = grants
        self._people: dict[str, _Known] = {}
        self._groups: dict[str, _Group] = {}
        self._person = SharedQuestion(self._ask_person, clock)
        self._group = SharedQuestion(self._ask_group, clock)

    async def refresh(self) -> None:
        """Ask for the named groups, then for the people whom the settings name, the longest unasked first.

        To be called about once a minute, and once before the first click. The first failure ends the round;
        what is known stays. Raises SlackUnavailable or SlackRefused.
        """
        now = self._clock.now()
        await _each(sorted(self._grants.groups), lambda group: self._group.answer(group, now))
        named = self._named()
        longest_unasked = sorted(named, key=lambda user: (self._asked(user), user))
        await _each(longest_unasked[:_PEOPLE_A_ROUND], lambda user: self._person.answer(user, now))
        kept = {user for user, known in self._people.items() if known.asked >= now - _UNNAMED_KEPT}
        self._people = {user: known for user, known in self._people.items() if user in named | kept}

    async def standing(self, user_id: str) -> Standing:
        """Return a person from memory.

        Someone never seen, or a group never read, costs calls, at most 1 s in all. Without an answer the
        kind is UNKNOWN, which grants nothing and is not remembered.
        """
        unread = self._grants.groups - self._groups.keys()
        if unread or user_id not in self._people:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await asyncio.gather(self._person.answer(user_id, _EVER), self._members(unread, _EVER))
            except (SlackError, TimeoutError):
                return Standing(Person(user_id, user_id), Kind.UNKNOWN)
        return _standing(self._people[user_id], self._groups)

    async def fresh(self, user_id: str, since: datetime) -> Standing:
        """Ask Slack for the person and for the named groups; nothing asked before `since` counts.

        Callers share an answer, up to 30 s old, that is young enough for them. Raises SlackUnavailable where
        Slack can't be asked.
        """
        try:
            known, groups = await asyncio.gather(
                self._person.answer(user_id, since), self._members(self._grants.groups, since)
            )
        except SlackRefused as error:
            raise SlackUnavailable(f"Slack does not say who {user_id} is: {error.name}") from error
        return _standing(known, groups)

    def approvers(self) -> Collection[Standing]:
        """Return everyone known whom the settings name, from memory.

        Who of them may give which step is for the policy to say.
        """
        known = (self._people[user] for user in sorted(self._named() & self._people.keys()))
        return tuple(_standing(person, self._groups) for person in known)

    def _named(self) -> frozenset[str]:
        return self._grants.users.union(*(group.members for group in self._groups.values()))

    def _asked(self, user_id: str) -> datetime:
        known = self._people.get(user_id)
        return known.asked if known else _EVER

    async def _members(self, names: Iterable[str], since: datetime) -> Mapping[str, _Group]:
        ordered = sorted(names)
        answers = await asyncio.gather(*(self._group.answer(name, since) for name in ordered))
        return dict(zip(ordered, answers, strict=True))

    async def _ask_person(self, user_id: str, now: datetime) -> _Known:
        """Ask for a person; one whom this workspace does not have, or hides from the bot, is a stranger."""
        try:
            answer = await ask(self._client, "users.info", user=user_id)
            known = _described(user_id, answer.get("user"), self._team_id, now)
        except SlackRefused as error:
            if error.name not in _NO_SUCH_PERSON:
                raise
            known = _Known(Person(user_id, user_id), Kind.STRANGER, now)
        if self._asked(user_id) <= now:
            self._people[user_id] = known
        return known

    async def _ask_group(self, name: str, now: datetime) -> _Group:
        """Ask for the members of a group; one that does not exist any more has none."""
        try:
            members = (await ask(self._client, "usergroups.users.list", usergroup=name)).get("users")
        except SlackRefused as error:
            if error.name not in _NO_SUCH_GROUP:
                raise
            members = []
        if not isinstance(members, list):
            raise SlackUnavailable("Slack's answer lacks the members of a group")
        group = _Group(frozenset(member for member in members if isinstance(member, str)), now)
        if name not in self._groups or self._groups[name].asked <= now:
            self._groups[name] = group
        return group


async def _each(subjects: Iterable[str], question: Callable[[str], Awaitable[object]]) -> None:
    """Put a question about each subject, a few at a time; the first failure ends it and is raised."""
    waiting = iter(subjects)

    async def work() -> None:
        for subject in waiting:
            await question(subject)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(_AT_ONCE):
                workers.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _standing(known: _Known, groups: Mapping[str, _Group]) -> Standing:
    belongs = frozenset(name for name, group in groups.items() if known.person.id in group.members)
    return Standing(known.person, known.kind, belongs)


def _described(user_id: str, user: object, team_id: str, now: datetime) -> _Known:
    """Return the person that users.info shows; SlackUnavailable where it shows nobody, or someone else."""
    if not isinstance(user, dict) or user.get("id") != user_id:
        raise SlackUnavailable("Slack's answer lacks the person")
    profile = user.get("profile")
    shown = profile.get("display_name") if isinstance(profile, dict) else None
    names = (plain(name, _NAME) for name in (shown, user.get("real_name"), user.get("name")))
    name = next(filter(None, names), user_id)
    return _Known(Person(user_id, name), _kind(user_id, user, team_id), now)


def _kind(user_id: str, user: Mapping[str, object], team_id: str) -> Kind:
    if user.get("is_stranger") or user.get("team_id") != team_id:
        return Kind.STRANGER
    if user.get("deleted"):
        return Kind.DEACTIVATED
    if user.get("is_bot") or user_id == _SLACKBOT:
        return Kind.BOT
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Kind.GUEST
    return Kind.MEMBER
