"""The two approvers as Slack knows them right before something that can't be taken back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people import Standing
from bot.domain.request.request import Approved
from bot.services.ports.outside import Asked, Clock, People

# I1: how long before something is sent Slack may have been asked, about a person and about the groups. Many
# codes share an answer that is this young, to stay within Slack's limits.
_PEOPLE_FOR = timedelta(seconds=5)
_GROUPS_FOR = timedelta(seconds=10)
# What has to be left of that when the question is not put anew: for the commit and the connection.
_TO_SEND = timedelta(seconds=1)


@dataclass(frozen=True)
class Fresh:
    """Both approvers, in the order of their steps, and when it is too late to send on what Slack said."""

    standings: tuple[Standing, Standing]
    until: datetime


class FreshApprovers:
    """Asks Slack about the approvers of a request; nothing from before the final approval counts."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock

    async def __call__(self, request: Approved) -> Fresh:
        """Return both approvers as far as there is time left to send on it. Raises SlackUnavailable."""
        now, approved = self._clock.now(), request.final.at
        people = max(approved, now + _TO_SEND - _PEOPLE_FOR)
        groups = max(approved, now + _TO_SEND - _GROUPS_FOR)
        review, final = await asyncio.gather(
            self._people.fresh(request.review.actor.id, people, groups),
            self._people.fresh(request.final.actor.id, people, groups),
        )
        return Fresh((review.standing, final.standing), min(_until(review), _until(final)))


def _until(asked: Asked) -> datetime:
    return min(asked.person_at + _PEOPLE_FOR, asked.groups_at + _GROUPS_FOR)
