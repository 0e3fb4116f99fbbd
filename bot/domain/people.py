"""People as requests name them, and as Slack knows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True)
class Person:
    """Someone in Slack, with the name they had at that time."""

    id: str
    name: str


@dataclass(frozen=True)
class Grants:
    """Who is granted something: user ids and user group ids of Slack."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def __or__(self, other: Grants) -> Grants:
        return Grants(self.users | other.users, self.groups | other.groups)


class Kind(StrEnum):
    """What kind of person someone is. Only a full member may request or approve."""

    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    STRANGER = "stranger"  # from another workspace, or invited to this one and not there yet
    UNKNOWN = "unknown"  # Slack could not be asked: fail closed


@dataclass(frozen=True)
class Standing:
    """A person as the directory knows them: name, kind, and the user groups they belong to."""

    person: Person
    kind: Kind
    groups: frozenset[str] = frozenset()

    def granted(self, grants: Grants) -> bool:
        """Tell whether the person is named, or is in a group that is named."""
        return self.person.id in grants.users or bool(self.groups & grants.groups)

    def coming_from(self, team: str | None, own: str) -> Standing:
        """Return it for someone who comes from a workspace: from another than the bot's own, a stranger's.

        team: None if Slack named no workspace. Then it is for who they are, as Slack describes them.
        """
        return self if team in (None, own) else replace(self, kind=Kind.STRANGER)
