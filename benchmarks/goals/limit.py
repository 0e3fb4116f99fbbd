"""Goal 5: twenty coupons in one request, as fast as the rate limit allows, and no call too many."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from benchmarks.figures import Figure, at_least, at_most, of_rounds
from benchmarks.ground import Ground
from benchmarks.load.people import people
from benchmarks.plan import Plan
from sandbox.vivoldi_client import VivoldiControl

_WINDOW_SECONDS = 60.0


async def measure(ground: Ground, plan: Plan) -> list[Figure]:
    """Measure goal 5. All rounds at once, since they spend their time waiting."""
    rounds = await asyncio.gather(*(_once(ground, plan) for _ in range(plan.rounds)))
    shares, refused = [share for share, _ in rounds], [number for _, number in rounds]
    what = f"{plan.codes} codes at {plan.per_minute} a minute: of what is allowed"
    return [
        of_rounds(5, what, shares, "", at_least(0.95)),
        Figure(5, "calls refused (429), all rounds", sum(refused), "", at_most(0), refused),
    ]


async def _once(ground: Ground, plan: Plan) -> tuple[float, int]:
    """Return how the time from the final click to the last call compares, and how many calls got a 429.

    Raises NotDeleted.
    """
    tag, limit = ground.tag(), str(plan.per_minute)
    async with (
        ground.outside("--rate-per-minute", limit) as outside,
        people(outside) as everyone,
        VivoldiControl(outside.vivoldi_control) as vivoldi,
        ground.bot(outside, ground.database("sqlite"), VIVOLDI_RATE_PER_MINUTE=limit) as bot,
    ):
        codes = [f"{tag}{number:03}" for number in range(plan.codes)]
        for code in codes:
            await everyone.coupon(code)
        deletion = await everyone.delete(bot.port, *codes)
        await everyone.require_deleted(codes)
        made = [datetime.fromisoformat(call.at).timestamp() for call in await vivoldi.calls()]
        refused = int((await vivoldi.health())["too_many"])
    return share_of_allowed(made, deletion.clicked, plan.per_minute), refused


def share_of_allowed(made: Sequence[float], clicked: float, per_minute: int) -> float:
    """Return the least time that calls after a click need under a limit, as a share of what they took.

    made: epoch seconds of all calls, in their order; at most `per_minute` may fall into any 60 seconds.
    """
    recent = deque(time for time in made if time < clicked)
    earliest = clicked
    for _ in range(len(made) - len(recent)):
        if len(recent) >= per_minute:
            earliest = max(earliest, recent[-per_minute] + _WINDOW_SECONDS)
        recent.append(earliest)
    took = made[-1] - clicked
    # Where the limit does not bind, the calls themselves are all that takes time.
    return (earliest - clicked) / took if earliest > clicked else 1.0
