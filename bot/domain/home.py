"""What one person sees on their Home: a pure rule from stored requests, the policy and who they are.

Each part answers one question: what waits for me, what did I ask for, what runs, what came of it lately. A
Home is in no channel, so what others asked for is on it for approvers only (see `bot.domain.policy.sight`). A
request that failed before anyone was shown it is its requester's alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.people import Standing
from bot.domain.policy import Policy, Verdict, may_act, may_approve, may_freeze, sight
from bot.domain.request.request import Approved, Ended, Failed, Pending, Purpose, Request, Submitted

# Someone's Home is kept up to date for so long after they last opened it; then it waits to be opened again.
KEPT_FOR = timedelta(days=7)
# A person's Home is looked at, and published, at most this often. Slack allows about 100 publishes a minute.
PACE = timedelta(seconds=3)
LAST_OUTCOMES = 10


@dataclass(frozen=True, kw_only=True)
class Home:
    """One person's Home. verdict: whether they may do anything here; if not, there is nothing to see.

    waiting: whose next step they may give, the most urgent first. asked: theirs that are open and not
    approved yet, running: approved, both the oldest first. ended: the last outcomes, the newest first.
    """

    verdict: Verdict
    waiting: tuple[Pending, ...] = ()
    asked: tuple[Submitted | Pending, ...] = ()
    running: tuple[Approved, ...] = ()
    ended: tuple[Ended, ...] = ()


def home(policy: Policy, standing: Standing, requests: Iterable[Request], now: datetime) -> Home:
    """Return what a person sees of the requests, by the policy as it stands."""
    visible = sorted(
        (request for request in requests if _may_see(policy, standing, request)),
        key=lambda request: (request.origin.opened_at, request.origin.id),
    )
    waiting = [
        request
        for request in visible
        if isinstance(request, Pending) and _may_go_on(policy, standing, request, now) is Verdict.ALLOWED
    ]
    ended = [request for request in visible if isinstance(request, Ended)]
    return Home(
        verdict=may_act(standing),
        waiting=tuple(sorted(waiting, key=lambda request: request.approve_by)),
        asked=tuple(r for r in visible if isinstance(r, Submitted | Pending) and _is_own(standing, r)),
        running=tuple(request for request in visible if isinstance(request, Approved)),
        ended=tuple(sorted(ended, key=lambda request: request.ended_at, reverse=True)[:LAST_OUTCOMES]),
    )


def sees_others(policy: Policy, standing: Standing) -> bool:
    """Tell whether someone sees what others asked for: any approver, of either step."""
    return sight(policy, standing).channels is None


def _may_go_on(policy: Policy, standing: Standing, request: Pending, now: datetime) -> Verdict:
    may = may_freeze if request.origin.purpose is Purpose.FREEZE else may_approve
    return may(policy, standing, request, now)


def _may_see(policy: Policy, standing: Standing, request: Request) -> bool:
    seen = sight(policy, standing).covers(request.origin.channel, request.origin.requester.id)
    return seen and (_is_own(standing, request) or not isinstance(request, Failed))


def _is_own(standing: Standing, request: Request) -> bool:
    return request.origin.requester.id == standing.person.id
