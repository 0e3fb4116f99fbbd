"""The two approvers as Slack knows them right before something that can't be taken back."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.people import Standing
from bot.domain.request.request import Approved
from bot.services.ports.outside import Clock, People

# Twenty codes of one request share an answer about an approver that is this young, to stay in Slack's limits.
_FRESH_FOR = timedelta(seconds=5)
# Many codes take so long that even that would be too many questions: Slack takes 20 a minute about groups.
_FRESH_FOR_MANY = timedelta(seconds=30)


class FreshApprovers:
    """Asks Slack about the approvers of a request; nothing from before the final approval counts."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock

    async def __call__(self, request: Approved) -> tuple[Standing, Standing]:
        """Return both approvers, in the order of their steps. Raises SlackUnavailable."""
        fresh_for = _FRESH_FOR if request.origin.bulk is None else _FRESH_FOR_MANY
        since = max(request.final.at, self._clock.now() - fresh_for)
        return (
            await self._people.fresh(request.review.actor.id, since),
            await self._people.fresh(request.final.actor.id, since),
        )
