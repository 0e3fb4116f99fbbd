"""Faults that tests order for the Web API and for response URLs."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from sandbox.slack.api.wire import Reply, failed
from sandbox.slack.world import Json

FaultKind = Literal[
    "ratelimited", "server_error", "drop_before", "drop_after", "latency", "error", "malformed"
]
DROPPED = Reply("", status=0, dropped=True)


@dataclass(slots=True)
class Fault:
    """One order: after `skip` matching calls, spoil the next `times` of them.

    `method` is a Web API method, "response_url", or "*" for every one of them. `retry_after` and `seconds`
    (of latency) are in seconds; `status` is for `server_error`, `error` names the error for `error`.
    """

    method: str
    kind: FaultKind
    times: int = 1
    skip: int = 0
    retry_after: int = 1
    seconds: float = 1.0
    status: int = 500
    error: str = "internal_error"

    def to_json(self) -> Json:
        """Return every field, as the control side shows it."""
        return asdict(self)


class FaultBook:
    """The faults that are still to come, served in the order in which they were ordered."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def take(self, method: str) -> Fault | None:
        """Return the fault for this call, if there is one, and count it as used."""
        for fault in self.pending:
            if fault.method not in (method, "*"):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.pending.remove(fault)
            return fault
        return None


async def with_fault(fault: Fault | None, execute: Callable[[], Reply]) -> Reply:
    """Execute a call, spoiled by a fault if there is one.

    Only `latency` and `drop_after` execute the call; every other kind leaves the world as it was.
    """
    if fault is None:
        return execute()
    match fault.kind:
        case "ratelimited":
            refused = failed("ratelimited", 429)
            return Reply(refused.body, 429, {"Retry-After": str(fault.retry_after)})
        case "server_error":
            return Reply("<html>Server Error</html>", fault.status)
        case "drop_before":
            return DROPPED
        case "drop_after":
            execute()
            return DROPPED
        case "latency":
            await asyncio.sleep(fault.seconds)
            return execute()
        case "error":
            return failed(fault.error)
        case "malformed":
            return Reply("this is not JSON")
