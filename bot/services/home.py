"""The Home tab: what waits for one person, what they asked for, what runs, and what came of it.

Opening it is stored, and the worker publishes it; so are its changes. A crash, a rate limit or a lost answer
delays a Home, and at worst it is published twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from random import Random

from bot.domain.errors import SlackError, SlackRefused, SlackUnavailable
from bot.domain.home import home, sees_others
from bot.domain.people import Kind
from bot.domain.policy import Policy
from bot.services.pacing import telling_gap
from bot.services.ports.home import HomeClaim, HomePage, Homes
from bot.services.ports.outside import Blocks, Clock, Messenger, People
from bot.services.refused import NO_HOME


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A verified event: someone opened their Home. team: the workspace in which they did.

    None: Slack names an organisation. Who is shown what is then for who they are.
    """

    user: str
    team: str | None


class OpenHome:
    """Takes note that someone looks at their Home. team: the bot's own workspace."""

    def __init__(self, homes: Homes, team: str) -> None:
        self._homes = homes
        self._team = team

    async def __call__(self, opening: Opening) -> None:
        """Store it, so that their Home is published. Raises StoreUnavailable if nothing was stored."""
        if opening.team in (None, self._team):
            await self._homes.opened(opening.user)


class PublishHome:
    """Publishes a person's Home as the stored requests make it, if it differs from what Slack shows."""

    def __init__(
        self,
        homes: Homes,
        people: People,
        messenger: Messenger,
        page: HomePage,
        policy: Policy,
        clock: Clock,
        random: Random,
    ) -> None:
        self._homes = homes
        self._people = people
        self._messenger = messenger
        self._page = page
        self._policy = policy
        self._clock = clock
        self._random = random

    async def __call__(self, claim: HomeClaim) -> None:
        """Publish a claimed Home, or put it back until Slack can be reached. Raises LostClaim."""
        standing = await self._people.standing(claim.person)
        if standing.kind is Kind.UNKNOWN:
            # Slack did not tell who this is: nothing is shown for now.
            await self._later(claim, SlackUnavailable("Slack does not say who this is"))
            return
        found = await self._homes.board(claim.person, others=sees_others(self._policy, standing))
        seen = home(self._policy, standing, (each.request for each in found), self._clock.now())
        cards = {
            each.request.origin.id: (each.channel, each.card_ts) for each in found if each.card_ts is not None
        }
        await self._publish(claim, self._page.blocks(seen, cards))

    async def _publish(self, claim: HomeClaim, blocks: Blocks) -> None:
        shown: str | None = digest(blocks)
        if shown != claim.shown:
            try:
                await self._messenger.publish(claim.person, blocks)
            except SlackUnavailable as error:
                await self._later(claim, error)
                return
            except SlackRefused as error:
                if error.name not in NO_HOME:
                    await self._later(claim, error)
                    return
                # The next opening or change tries anew.
                shown = None
        await self._homes.done(claim, shown)

    async def _later(self, claim: HomeClaim, error: SlackError) -> None:
        due = self._clock.now() + telling_gap(error, claim.attempts, self._random)
        if isinstance(error, SlackUnavailable) and error.retry_after is not None:
            # Slack's limit is one for all Homes together.
            await self._homes.all_later(due)
        await self._homes.later(claim, due)


def digest(blocks: Blocks) -> str:
    """Return what tells two looks of a Home apart."""
    return hashlib.sha256(json.dumps(blocks, sort_keys=True).encode()).hexdigest()
