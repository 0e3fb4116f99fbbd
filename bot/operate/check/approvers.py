"""Who may approve: does each user and group of the settings exist, and can two people complete the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import Directory
from bot.adapters.slack.client import answered
from bot.domain.errors import SlackError
from bot.domain.people import Grants, Kind, Person, Standing
from bot.domain.policy import Policy, Verdict, can_complete, eligible
from bot.domain.request.request import Step
from bot.operate.check.finding import Finding, failure, fine, unlooked, warning
from bot.operate.check.given import Given
from bot.operate.refusals import remedy, sentence
from bot.services.ports.outside import Clock

_SETTINGS = ("approvers", "final_approvers")
_AT_ONCE = 5  # calls for people
_NOT_A_MEMBER = {
    Kind.STRANGER: "is no member of this workspace, or there is nobody of that id",
    Kind.DEACTIVATED: "is deactivated, so can't approve",
    Kind.GUEST: "is a guest, so can't approve",
    Kind.BOT: "is a bot, so can't approve",
    Kind.UNKNOWN: "could not be asked for",
}


@dataclass(frozen=True)
class _Group:
    """A user group as Slack shows it. A disabled one has no members that count."""

    handle: str
    members: frozenset[str]
    disabled: bool


@dataclass(frozen=True)
class _Seen:
    """What Slack told. trouble: why the groups could not be read, if they could not."""

    people: Mapping[str, Standing]
    groups: Mapping[str, _Group]
    trouble: SlackError | None


async def look_at_approvers(
    given: Given, client: AsyncWebClient, team_id: str | None, clock: Clock
) -> list[Finding]:
    """Return a finding for each user and group of APPROVERS and FINAL_APPROVERS, and one for both steps.

    team_id: the bot's own workspace; None: Slack does not take its token.
    """
    named = {name: getattr(given.settings, name) for name in _SETTINGS if given.has(name)}
    grants: dict[str, Grants] = {name: value for name, value in named.items() if value is not None}
    if team_id is None or not grants:
        return [unlooked("approvers")]
    everyone = Grants()
    for each in grants.values():
        everyone |= each
    seen = await _see(everyone, client, Directory(client, clock, team_id, Grants()), clock)
    found = [
        finding
        for name, each in grants.items()
        for finding in (
            *(_user(name.upper(), seen.people[user]) for user in sorted(each.users)),
            *(_group(name.upper(), group, seen) for group in sorted(each.groups)),
        )
    ]
    return [*found, _steps(given.settings.policy(), seen)] if given.has(*_SETTINGS) else found


async def _see(everyone: Grants, client: AsyncWebClient, directory: Directory, clock: Clock) -> _Seen:
    groups, trouble = dict[str, _Group](), None
    if everyone.groups:
        try:
            groups = await _groups(client)
        except SlackError as error:
            trouble = error
    named = {name: group for name, group in groups.items() if name in everyone.groups}
    users = everyone.users.union(*(group.members for group in named.values()))
    slots, since = asyncio.Semaphore(_AT_ONCE), clock.now()

    async def standing(user: str) -> Standing:
        belongs = frozenset(name for name, group in named.items() if user in group.members)
        try:
            async with slots:
                return replace((await directory.fresh(user, since, since)).standing, groups=belongs)
        except SlackError:
            return Standing(Person(user, user), Kind.UNKNOWN, belongs)

    people = await asyncio.gather(*map(standing, sorted(users)))
    return _Seen({each.person.id: each for each in people}, named, trouble)


async def _groups(client: AsyncWebClient) -> dict[str, _Group]:
    """Return every user group of the workspace, by its id."""
    answer = await answered(client.usergroups_list(include_users=True, include_disabled=True))
    listed = [group for group in answer.get("usergroups") or [] if isinstance(group, dict)]
    return {str(group.get("id")): _described(group) for group in listed}


def _described(group: dict[str, object]) -> _Group:
    disabled, users = bool(group.get("date_delete")), group.get("users")
    counted = users if isinstance(users, list) and not disabled else []
    return _Group(str(group.get("handle")), frozenset(map(str, counted)), disabled)


def _user(setting: str, standing: Standing) -> Finding:
    who, kind = standing.person, standing.kind
    shown = who.id if who.name == who.id else f"{who.name} ({who.id})"
    if kind is Kind.MEMBER:
        return fine(setting, f"{shown} is eligible.")
    if kind is Kind.UNKNOWN:
        return warning(setting, f"{shown} {_NOT_A_MEMBER[kind]}.", "Try again in a minute.")
    remedy = f"Take {who.id} out of {setting}, or name someone else."
    return (failure if kind is Kind.STRANGER else warning)(setting, f"{shown} {_NOT_A_MEMBER[kind]}.", remedy)


def _group(setting: str, name: str, seen: _Seen) -> Finding:
    if seen.trouble is not None:
        return failure(setting, f"{name} can't be read. {sentence(seen.trouble)}", remedy(seen.trouble))
    group = seen.groups.get(name)
    if group is None:
        return failure(
            setting, f"There is no user group {name}.", f"Take it out of {setting}, or mend its id."
        )
    shown = f"@{group.handle} ({name})"
    if group.disabled:
        return failure(setting, f"{shown} is disabled.", f"Enable it in Slack, or take it out of {setting}.")
    kinds = [seen.people[member].kind for member in group.members]
    said = f"{shown}: {kinds.count(Kind.MEMBER)} of {len(kinds)} members are eligible."
    if unknown := kinds.count(Kind.UNKNOWN):
        return warning(setting, f"{said} {unknown} could not be asked for.", "Try again in a minute.")
    if Kind.MEMBER not in kinds:
        return warning(setting, said, "Add people to it in Slack: full members of this workspace.")
    return fine(setting, said)


def _steps(policy: Policy, seen: _Seen) -> Finding:
    """Return whether two different people can complete the steps, no matter who asks."""
    people = seen.people.values()
    if seen.trouble is not None or any(each.kind is Kind.UNKNOWN for each in people):
        return unlooked("two steps")
    first, final = (
        sum(eligible(policy, each, step, requester="") is Verdict.ALLOWED for each in people) for step in Step
    )
    said = f"{first} can give step 1, and {final} step 2"
    remedy = "Name more people in APPROVERS and FINAL_APPROVERS, or add them to a group that is named there."
    if not can_complete(policy, "", people):
        said = f"Fewer than two people can complete the two steps, so every request is refused: {said}."
        return failure("two steps", said, remedy)
    stuck = [each.person.name for each in people if not can_complete(policy, each.person.id, people)]
    if stuck:
        said = f"{said}, but nobody could complete what is asked for by {' or '.join(stuck)}."
        return warning("two steps", said, remedy)
    return fine("two steps", f"{said}. No matter who asks, two different people can complete it.")
