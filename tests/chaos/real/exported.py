"""The audit of bots that ran as real processes, as operators export it."""

from __future__ import annotations

import json
from typing import Any

from bot.adapters.store import SqlTrail
from bot.operate.audit.export import Format, write
from bot.services.ports.store import Chosen


async def exported(url: str) -> list[dict[str, Any]]:
    """Return the audit events of a database, in their order."""
    parts: list[bytes] = []
    async with SqlTrail(url) as trail:
        await write(trail, Chosen(), Format.JSONL, parts.append)
    return [json.loads(line) for line in b"".join(parts).splitlines()]
