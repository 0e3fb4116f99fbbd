"""What stands before every API call: the vendor's rules on User-Agent, key and rate."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox.vivoldi.faults import TOO_MANY, Reply

# The vendor blocks User-Agents that name a library instead of a company or brand.
_GENERIC_AGENTS = (
    "aiohttp",
    "apache-httpclient",
    "axios",
    "curl",
    "go-http-client",
    "java",
    "node",
    "okhttp",
    "postmanruntime",
    "python",
    "undici",
    "wget",
)

_FORBIDDEN = Reply(status=403, body="Forbidden", content_type="text/plain")
_UNAUTHORIZED = Reply(status=401, body="Unauthorized", content_type="text/plain")


class Gate:
    """Refuses by headers, and beyond `per_minute` calls in 60 seconds of the world clock (None: no limit)."""

    def __init__(self, *, api_key: str, per_minute: int | None) -> None:
        """Start with an empty rate window; `too_many` counts the calls refused for their rate."""
        self._authorization = f"APIKey {api_key}"
        self._per_minute = per_minute
        self._admitted: deque[datetime] = deque()
        self.too_many = 0

    def key_ok(self, headers: Mapping[str, str]) -> bool:
        """Return whether the key is right."""
        return headers.get("Authorization") == self._authorization

    def refusal(self, headers: Mapping[str, str], now: datetime) -> Reply | None:
        """Return the 403, 401 or 429 for a call, or None; only then it counts into the rate window."""
        agent = headers.get("User-Agent", "").strip().lower()
        if not agent or agent.startswith(_GENERIC_AGENTS):
            return _FORBIDDEN
        if not self.key_ok(headers):
            return _UNAUTHORIZED
        if not self._admits(now):
            self.too_many += 1
            return TOO_MANY
        return None

    def reset(self) -> None:
        """Forget all calls."""
        self._admitted.clear()
        self.too_many = 0

    def _admits(self, now: datetime) -> bool:
        if self._per_minute is None:
            return True
        while self._admitted and self._admitted[0] <= now - timedelta(minutes=1):
            self._admitted.popleft()
        if len(self._admitted) >= self._per_minute:
            return False
        self._admitted.append(now)
        return True
