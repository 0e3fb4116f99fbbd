"""Who is who in Slack, kept in memory, and asked afresh when it matters."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.calls import Calls, measured
from bot.adapters.slack.client import answered
from bot.adapters.slack.shared import Memory, SharedQuestion, Told
from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.people import Grants, Kind, Person, Standing
from bot.services.ports.outside import Asked, Clock
from bot.text import plain

_AT_ONCE = 5  # calls of a refresh
_PEOPLE_A_ROUND = 60  # well within the rate limit of users.info
_A_ROUND = timedelta(minutes=1)
# What Slack could not be asked about for so long is not known any more. People whom the settings don't name,
# who are not refreshed, are asked for again after it.
_TOO_OLD = timedelta(minutes=10)
_PATIENCE = 1.0  # seconds for someone never seen: a listener has to answer within 3 s
_NAME = 80  # characters
_EVER = datetime.min.replace(tzinfo=UTC)
_SLACKBOT = "USLACKBOT"  # users.info does not call it a bot
_NO_SUCH_PERSON = frozenset({"user_not_found", "user_not_visible"})
_NO_SUCH_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})


@dataclass(frozen=True)
class _Known:
    """A person as Slack described them."""

    person: Person
    kind: Kind


_Members = frozenset[str]


class Directory:
    """A memory of people and of the groups that the settings name; it implements the port `People`.

    team_id: the bot's own workspace. grants: everyone whom the settings name, approvers and requesters; no
    other group is ever asked for. calls: measures what is asked; what is answered from memory is no call.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        clock: Clock,
        team_id: str,
        grants: Grants,
        calls: Calls | None = None,
    ) -> None:
        self._calls = calls or Calls()
        self._client = client
        self._clock = clock
        self._team_id = team_id
        self._grants = grants
        self._people = Memory[_Known](clock)
        self._groups = Memory[_Members](clock)
        self._person = SharedQuestion(self._ask_person, clock)
        self._group = SharedQuestion(self._ask_group, clock)

    @measured("refresh")
    async def refresh(self) -> None:
        """Ask for the named groups, then for the people whom the settings name, the longest unasked first.

        To be called about once a minute, and once before the first click. What can't be asked for stays as it
        is known until it is too old. Raises SlackUnavailable at the end, once for all of that.
        """
        now = self._clock.now()
        groups = sorted(self._grants.groups)
        failed = await _each(groups, lambda group: self._group.answer(group, now))
        people = sorted(self._named(), key=lambda user: (self._people.last_put(user), user))[:_PEOPLE_A_ROUND]
        if not _is_limited(failed):
            failed += await _each(people, lambda user: self._person.answer(user, now))
        self._people.forget(self._known().keys() | self._named())
        if failed:
            raise SlackUnavailable(
                f"{len(failed)} of {len(groups) + len(people)} questions about people and groups failed, the"
                f" first by: {failed[0]}"
            )

    async def standing(self, user_id: str) -> Standing:
        """Return a person from memory.

        Someone never seen, or a group never read, costs calls, at most 1 s in all. Without an answer the
        kind is UNKNOWN, which grants nothing and is not remembered.
        """
        known, groups = self._known().get(user_id), self._read()
        unread = self._grants.groups - groups.keys()
        if known is not None and not unread:
            return _standing(known, groups)
        try:
            async with asyncio.timeout(_PATIENCE):
                asked, read = await asyncio.gather(
                    self._person.answer(user_id, _EVER), self._members(unread, _EVER)
                )
        except (SlackError, TimeoutError):
            return Standing(Person(user_id, user_id), Kind.UNKNOWN)
        return _standing(asked, {**groups, **read})

    @measured("fresh")
    async def fresh(self, user_id: str, since: datetime, groups_since: datetime) -> Asked:
        """Ask Slack for the person and for the named groups, and say when it was asked.

        Nothing counts that was asked before `since`, or, about the groups, before `groups_since`. Callers
        share an answer, up to 30 s old, that is young enough for them. Raises SlackUnavailable if Slack
        can't be asked.
        """
        now = self._clock.now()
        try:
            person, groups = await asyncio.gather(
                self._person.told(user_id, since), self._groups_told(self._grants.groups, groups_since)
            )
        except SlackRefused as error:
            raise SlackUnavailable(f"Slack does not say who {user_id} is: {error.name}") from error
        members = {name: told.answer for name, told in groups.items()}
        groups_at = min((told.at for told in groups.values()), default=now)
        return Asked(_standing(person.answer, members), person.at, groups_at)

    def approvers(self) -> Collection[Standing]:
        """Return everyone known whom the settings name, from memory.

        Who of them may give which step is for the policy to say.
        """
        people, groups, named = self._known(), self._read(), self._named()
        return tuple(_standing(people[user], groups) for user in sorted(named & people.keys()))

    @measured("learn")
    async def learn(self, enough: Callable[[], bool]) -> bool:
        """Ask for people whom the settings name and who are not known yet, until that is enough, for 1 s.

        enough: asked before every question. Returns whether everyone is known now.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._members(self._grants.groups - self._read().keys(), _EVER)
                unknown = sorted(self._named() - self._known().keys())
                await _each(unknown, lambda user: self._person.answer(user, _EVER), enough)
        except (SlackError, TimeoutError):
            return False
        return self._grants.groups <= self._read().keys() and self._named() <= self._known().keys()

    def _known(self) -> Mapping[str, _Known]:
        # Many people take several rounds to be asked for again.
        rounds = len(self._named()) // _PEOPLE_A_ROUND
        return self._people.known(_TOO_OLD + rounds * _A_ROUND)

    def _read(self) -> Mapping[str, _Members]:
        return self._groups.known(_TOO_OLD)

    def _named(self) -> frozenset[str]:
        return self._grants.users.union(*self._read().values())

    async def _members(self, names: Iterable[str], since: datetime) -> Mapping[str, _Members]:
        return {name: told.answer for name, told in (await self._groups_told(names, since)).items()}

    async def _groups_told(self, names: Iterable[str], since: datetime) -> Mapping[str, Told[_Members]]:
        ordered = sorted(names)
        answers = await asyncio.gather(*(self._group.told(name, since) for name in ordered))
        return dict(zip(ordered, answers, strict=True))

    async def _ask_person(self, user_id: str, now: datetime) -> _Known:
        """Ask for a person; one whom this workspace does not have, or hides from the bot, is a stranger."""
        question = self._people.question(user_id, now)
        try:
            answer = await answered(self._client.users_info(user=user_id))
            known = _described(user_id, answer.get("user"), self._team_id)
        except SlackRefused as error:
            if error.name not in _NO_SUCH_PERSON:
                raise
            known = _Known(Person(user_id, user_id), Kind.STRANGER)
        self._people.learn(user_id, question, known)
        return known

    async def _ask_group(self, name: str, now: datetime) -> _Members:
        """Ask for the members of a group; one that does not exist any more has none."""
        question = self._groups.question(name, now)
        try:
            members = (await answered(self._client.usergroups_users_list(usergroup=name))).get("users")
        except SlackRefused as error:
            if error.name not in _NO_SUCH_GROUP:
                raise
            members = []
        if not isinstance(members, list):
            raise SlackUnavailable("Slack's answer lacks the members of a group")
        found = frozenset(member for member in members if isinstance(member, str))
        self._groups.learn(name, question, found)
        return found


async def _each(
    subjects: Iterable[str],
    question: Callable[[str], Awaitable[object]],
    enough: Callable[[], bool] = lambda: False,
) -> list[SlackError]:
    """Put a question about each subject, a few at a time, and return what failed.

    Each stands on its own; but once Slack says that these are too many calls, no more are made. enough:
    whether the rest need not be asked.
    """
    waiting, failed = iter(subjects), list[SlackError]()

    async def work() -> None:
        for subject in waiting:
            if enough():
                return
            try:
                await question(subject)
            except SlackError as error:
                failed.append(error)
            if _is_limited(failed):
                return

    async with asyncio.TaskGroup() as workers:
        for _ in range(_AT_ONCE):
            workers.create_task(work())
    return failed


def _is_limited(failed: Sequence[SlackError]) -> bool:
    return any(isinstance(error, SlackUnavailable) and error.retry_after is not None for error in failed)


def _standing(known: _Known, groups: Mapping[str, _Members]) -> Standing:
    belongs = frozenset(name for name, members in groups.items() if known.person.id in members)
    return Standing(known.person, known.kind, belongs)


def _described(user_id: str, user: object, team_id: str) -> _Known:
    """Return the person that users.info shows; SlackUnavailable if it shows nobody, or someone else."""
    if not isinstance(user, dict) or user.get("id") != user_id:
        raise SlackUnavailable("Slack's answer lacks the person")
    profile = user.get("profile")
    shown = profile.get("display_name") if isinstance(profile, dict) else None
    names = (plain(name, _NAME) for name in (shown, user.get("real_name"), user.get("name")))
    name = next(filter(None, names), user_id)
    return _Known(Person(user_id, name), _kind(user_id, user, team_id))


def _kind(user_id: str, user: Mapping[str, object], team_id: str) -> Kind:
    if user.get("is_stranger") or not _belongs(user, team_id) or user.get("is_invited_user"):
        return Kind.STRANGER
    if user.get("deleted"):
        return Kind.DEACTIVATED
    if user.get("is_bot") or user_id == _SLACKBOT:
        return Kind.BOT
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Kind.GUEST
    return Kind.MEMBER


def _belongs(user: Mapping[str, object], team_id: str) -> bool:
    """Tell whether Slack says that someone is of this workspace.

    In an Enterprise Grid organisation `team_id` may be missing, the organisation's, or another workspace's;
    `enterprise_user.teams` names every workspace that someone is in.
    """
    organisation = user.get("enterprise_user")
    teams = organisation.get("teams") if isinstance(organisation, dict) else None
    return user.get("team_id") == team_id or (isinstance(teams, list) and team_id in teams)
