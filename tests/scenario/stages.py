"""How a scenario's bot is run: its transport, its database, and settings that make waits short."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.stage import Stage, Transport, stage
from tests.integration.databases import fresh_url


@dataclass(frozen=True)
class Ground:
    """How the bot is reached, and where it keeps its state."""

    transport: Transport = "http"
    database: Literal["sqlite", "postgresql"] = "sqlite"

    def __str__(self) -> str:
        return f"{self.transport}-{self.database}"


USUAL = Ground()
OTHER = Ground("socket", "postgresql")
BOTH = [USUAL, OTHER]
ALL = [USUAL, Ground("http", "postgresql"), Ground("socket", "sqlite"), OTHER]


def a_stage(ground: Ground, folder: Path, **settings: str) -> AbstractAsyncContextManager[Stage]:
    """Return a stage on a fresh database, its bot with short waits and no limit on calls to Vivoldi."""
    quick = {"VIVOLDI_RATE_PER_MINUTE": "10000", "VIVOLDI_TIMEOUT_SECONDS": "1"}
    url = fresh_url(ground.database, folder)
    return stage(
        ground.transport, database_url=url, start_bot=True, seed_coupons=False, **{**quick, **settings}
    )
