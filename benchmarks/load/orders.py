"""What the load process is told to do, and what it tells back: one line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Literal

Mix = Literal["new", "all"]
# The sorts of answers to commands that were carried out, or that rightly open nothing.
SERVED = ("accepted", "taken", "answered")


@dataclass(frozen=True)
class Order:
    """Which commands to send, and how.

    ports: of the servers, taken in turns. tag: letters that begin every coupon code, so that no code is used
    twice. rate: commands a second by a schedule, whether or not earlier ones were answered (open loop); None:
    each connection sends its next command when it has its answer (closed loop). connections: as many in a
    closed loop. amount: commands in all; None: as many as the seconds allow. mix: "new" opens a request with
    each command; "all" sends every sort of command.
    """

    ports: tuple[int, ...]
    tag: str
    rate: float | None = None
    connections: int = 32
    seconds: float = 10.0
    amount: int | None = None
    mix: Mix = "new"

    def line(self) -> str:
        """Return it as a line."""
        return json.dumps(asdict(self)) + "\n"


def order_of(line: str) -> Order:
    """Return the order of a line."""
    told = json.loads(line)
    return Order(**{**told, "ports": tuple(told["ports"])})


@dataclass(frozen=True)
class Outcome:
    """How the commands were answered.

    answered: milliseconds of the answers of each sort; in an open loop from the time that the schedule said.
    seconds: from the first command to the last answer. late: milliseconds by which the load process itself
    kept to its schedule, at the 99th percentile.
    """

    answered: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    late: float = 0.0

    @property
    def latencies(self) -> list[float]:
        """Milliseconds of all answers, whatever they say."""
        return self.of(*self.answered)

    def of(self, *sorts: str) -> list[float]:
        """Return the milliseconds of the answers of these sorts."""
        return [each for sort in sorts for each in self.answered.get(sort, ())]

    def but(self, *sorts: str) -> int:
        """Return how many answers were of any other sort."""
        return len(self.latencies) - len(self.of(*sorts))

    @property
    def per_second(self) -> float:
        """Commands that were answered a second."""
        return len(self.latencies) / self.seconds

    def line(self) -> str:
        """Return it as a line."""
        return json.dumps(asdict(self)) + "\n"


def outcome_of(line: str) -> Outcome:
    """Return the outcome of a line."""
    return Outcome(**json.loads(line))


def texts(tag: str, mix: Mix) -> Iterator[str]:
    """Yield what is typed, without end: in "all", one in twenty opens a request, the others do not."""
    for number in count():
        code = f"{tag}{number:07}"
        if mix == "new" or number % 20 == 0:
            newest = code
            yield f"{code} leaked on a forum"
        else:
            others = ("help", "list", f"show {newest}", "short", f"{newest} leaked on a forum")
            yield others[number % 5]
