"""What watches a bot: whether it is ready, and what it says if not."""

from __future__ import annotations

import httpx

from sandbox.stage import Stage
from tests.scenario.playing import until

# For a server that crashed, one that takes over, and a bot that asks each second or two.
_SOON = 30.0


async def becomes(opened: Stage, status: int) -> str:
    """Wait until a bot is ready (200) or not (503), and return its words."""
    said = ""

    async def is_so() -> bool:
        nonlocal said
        answer = await http.get(f"{opened.bot.url}/readyz")
        said = answer.text
        return answer.status_code == status

    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        await until(is_so, _SOON)
    return said
