"""Every look together. They don't wait for each other if they needn't, and no failure hides another."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.bootstrap import SystemClock, outside
from bot.logs import Redactor
from bot.operate.check.approvers import look_at_approvers
from bot.operate.check.clock import look_at_clock
from bot.operate.check.database import look_at_database
from bot.operate.check.finding import Finding
from bot.operate.check.given import Given, look_at_settings, look_at_snapshots, look_at_transport
from bot.operate.check.network import look_at_network
from bot.operate.check.slack import look_at_app_token, look_at_channels, look_at_token
from bot.operate.check.vivoldi import look_at_vivoldi
from bot.services.ports.outside import Clock, Coupons


async def check(given: Given) -> list[Finding]:
    """Connect to everything that the settings name, and return what was found, without any secret."""
    redact = Redactor(given.settings.secrets())
    async with outside(given.settings) as (_, client, coupons):
        found = await look_at_everything(given, client, coupons, SystemClock())
    return [replace(finding, said=redact(finding.said)) for finding in found]


async def look_at_everything(
    given: Given, client: AsyncWebClient, coupons: Coupons, clock: Clock
) -> list[Finding]:
    """Return what was found, in the order in which someone who sets the bot up mends it."""
    database, slack, vivoldi, time = await asyncio.gather(
        look_at_database(given),
        _look_at_slack(given, client, clock),
        look_at_vivoldi(given, coupons),
        look_at_clock(given, clock),
    )
    settings = [*look_at_settings(given), *look_at_transport(given)]
    settings += look_at_network(given)
    return [*settings, database, *look_at_snapshots(given), *slack, vivoldi, time]


async def _look_at_slack(given: Given, client: AsyncWebClient, clock: Clock) -> list[Finding]:
    workspace, app_token = await asyncio.gather(
        look_at_token(given, client), look_at_app_token(given, client)
    )
    channels, approvers = await asyncio.gather(
        look_at_channels(given, client, workspace), look_at_approvers(given, client, workspace.team_id, clock)
    )
    return [*app_token, *workspace.findings, *channels, *approvers]
