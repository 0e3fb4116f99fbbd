"""What the Home tab needs from outside, beside what all services need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.home import Home
from bot.services.ports.outside import Blocks
from bot.services.ports.store import OpenRequest


@dataclass(frozen=True)
class HomeClaim:
    """The right to publish one person's Home as long as the lease is kept up.

    shown: the digest of what was published last; None: it is not known what Slack shows.
    """

    person: str
    shown: str | None
    token: str
    attempts: int
    taken_over: bool = False

    @property
    def label(self) -> str:
        """A short name for the log."""
        return self.person


class Homes(Protocol):
    """Whose Home is to be published, and when. Everything here raises StoreError."""

    async def opened(self, person: str) -> None:
        """Store that someone looks at their Home, so that it is published, whatever it showed before."""

    async def claim(self, now: datetime, lease: timedelta) -> HomeClaim | None:
        """Take one Home that is due. None: nothing is due."""

    async def keep(self, claim: HomeClaim, now: datetime, lease: timedelta) -> None:
        """Let the lease of a claim end later: at `now + lease`. Raises LostClaim if it has ended."""

    async def board(self, person: str, *, others: bool) -> Sequence[OpenRequest]:
        """Return the open requests, and those that ended last: a person's own, and those of others too."""

    async def done(self, claim: HomeClaim, shown: str | None) -> None:
        """Give a claim back. shown: the digest of what Slack shows now; None: not known.

        What changed meanwhile makes it due again. Raises LostClaim if someone else has it by now; the Home
        is then published once more, since what this one published may have come after something newer.
        """

    async def later(self, claim: HomeClaim, due: datetime) -> None:
        """Give a claim back, to be tried again at `due`. What Slack shows is not known until then.

        Raises LostClaim as `done` does.
        """

    async def all_later(self, due: datetime) -> None:
        """Let every Home that nobody works on now wait until `due`, which Slack asked for."""


class HomePage(Protocol):
    """The looks of the Home tab."""

    def blocks(self, home: Home, cards: Mapping[str, tuple[str, str]]) -> Blocks:
        """Return the blocks of a Home. cards: channel and ts of each request's card, by the request's id."""
