"""What a check is made on: the local Slack, the local Vivoldi, and the settings of a bot between them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.operate.check import Finding, check, read_settings
from bot.settings import Settings
from sandbox.slack import LocalSlack
from sandbox.slack_client import SlackControl
from sandbox.stage import API_KEY, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.vivoldi.server import LocalVivoldi
from sandbox.vivoldi_client import VivoldiControl

RIKA, AMIR = "U0RIKA0000", "U0AMIR0000"
# A port on which nobody can listen.
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Rig:
    """The two servers, and the settings with which a bot would work on them."""

    slack: SlackControl
    vivoldi: VivoldiControl
    settings: dict[str, str]
    monkeypatch: pytest.MonkeyPatch

    async def found(self, **changes: str) -> list[Finding]:
        """Return what a check finds. changes: other settings; an empty one is not set."""
        self.use(**changes)
        return await check(read_settings())

    async def one(self, name: str, **changes: str) -> Finding:
        """Return the one finding of a name."""
        (finding,) = [each for each in await self.found(**changes) if each.name == name]
        return finding

    def use(self, **changes: str) -> None:
        """Put the settings into the environment."""
        for name, value in {**self.settings, **changes}.items():
            self.monkeypatch.setenv(name, value)


@asynccontextmanager
async def check_rig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Set the servers up. folder: becomes the working directory, and holds the database's file."""
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    async with (
        LocalSlack() as slack,
        LocalVivoldi() as vivoldi,
        SlackControl(slack.control_url) as slack_control,
        VivoldiControl(vivoldi.control_url) as vivoldi_control,
    ):
        settings = {
            "APPROVERS": "S0ONCALL00",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": slack.api_url,
            "VIVOLDI_API_KEY": API_KEY,
            "VIVOLDI_API_URL": vivoldi.url,
            "DATABASE_URL": f"sqlite:///{folder / 'guard.db'}",
        }
        yield Rig(slack_control, vivoldi_control, settings, monkeypatch)
