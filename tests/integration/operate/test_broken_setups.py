"""`python -m bot check` on set-ups that people get wrong: the cause is named, and nothing else fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.adapters.slack import scopes
from bot.operate.check import Finding, Level, as_text, read_settings
from bot.operate.check.clock import look_at_clock
from tests.integration.checked import NOWHERE, RIKA, Rig, check_rig
from tests.integration.databases import fresh_url
from tests.integration.operate.test_check_outside import OffClock
from tests.integration.proxy import Authority, proxying, secured

_WIDTH = 80


@dataclass
class Setup:
    """What is there to break. stack: ends with the test."""

    rig: Rig
    folder: Path
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)


_Broken = Callable[[Setup], Awaitable[dict[str, str]]]


@pytest.fixture
async def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    async with check_rig(tmp_path, monkeypatch) as rig, AsyncExitStack() as stack:
        yield Setup(rig, tmp_path, stack)


def _set(**settings: str) -> _Broken:
    async def broken(_: Setup) -> dict[str, str]:
        return settings

    return broken


def _slack_says(error: str) -> _Broken:
    async def broken(setup: Setup) -> dict[str, str]:
        await setup.rig.slack.app(auth_error=error)
        # The app-level token of the local Slack would be refused as well.
        return {"SLACK_APP_TOKEN": ""}

    return broken


async def _without_a_scope(setup: Setup) -> dict[str, str]:
    await setup.rig.slack.app(scopes=sorted(scopes.ALL - {"chat:write"}))
    return {}


async def _missing_database(setup: Setup) -> dict[str, str]:
    return {"DATABASE_URL": fresh_url("postgresql", setup.folder).replace("/test_", "/another_")}


async def _read_only_database(setup: Setup) -> dict[str, str]:
    url = fresh_url("postgresql", setup.folder)
    name = url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    return {"DATABASE_URL": url}


async def _foreign_certificate(setup: Setup) -> dict[str, str]:
    serving = Authority(setup.folder).serving()
    url = await setup.stack.enter_async_context(secured(setup.rig.settings["VIVOLDI_API_URL"], serving))
    return {"VIVOLDI_API_URL": url}


async def _proxy_with_a_password(setup: Setup) -> dict[str, str]:
    authority = Authority(setup.folder)
    proxy = await setup.stack.enter_async_context(proxying(refuses=True))
    behind = secured(setup.rig.settings["VIVOLDI_API_URL"], authority.serving())
    url = await setup.stack.enter_async_context(behind)
    return {"VIVOLDI_API_URL": url, "VIVOLDI_PROXY": proxy.url, "SSL_CERT_FILE": str(authority.file)}


async def _colon_in_the_file(setup: Setup) -> dict[str, str]:
    (setup.folder / ".env").write_text(f"FINAL_APPROVERS: {RIKA}\n")
    return {}


_BROKEN: list[tuple[str, _Broken, str, str, str]] = [
    ("token that ran out", _slack_says("token_expired"), "slack token", "token_expired", "token rotation"),
    (
        "token of an organisation",
        _slack_says("enterprise_is_restricted"),
        "slack token",
        "enterprise_is_restricted",
        "one of a whole organisation",
    ),
    ("scope missing", _without_a_scope, "scopes", "Missing: chat:write", "manifest.yml"),
    ("app token", _set(SLACK_APP_TOKEN="xapp-wrong"), "app token", "invalid_auth", "connections:write"),
    (
        "database not reached",
        _set(DATABASE_URL="postgresql://guard@127.0.0.1:1/guard"),
        "database",
        "PostgreSQL can't be reached",
        "DATABASE_URL",
    ),
    ("no such database", _missing_database, "database", "no database of that name", "DATABASE_URL"),
    ("database read-only", _read_only_database, "database", "not written to", "DATABASE_URL"),
    ("Vivoldi's key", _set(VIVOLDI_API_KEY="of-someone-else"), "vivoldi", "VIVOLDI_API_KEY", "Mend that"),
    (
        "Vivoldi by a dead proxy",
        _set(VIVOLDI_PROXY=NOWHERE),
        "vivoldi",
        "by the proxy of VIVOLDI_PROXY",
        "VIVOLDI_PROXY",
    ),
    ("proxy's password", _proxy_with_a_password, "vivoldi", "the proxy to Vivoldi refused", "VIVOLDI_PROXY"),
    ("foreign certificate", _foreign_certificate, "vivoldi", "certificate is not trusted", "SSL_CERT_FILE"),
    (
        "group empty",
        _set(APPROVERS="S0EMPTY000"),
        "two steps",
        "Fewer than two people",
        "add them to a group",
    ),
    ("group unknown", _set(APPROVERS="S0NOGROUP0"), "APPROVERS", "no user group S0NOGROUP0", "mend its id"),
    ("approver by name", _set(APPROVERS="@rika"), "settings", "APPROVERS holds “@rika”", "user ids"),
    ("colon", _colon_in_the_file, "settings", "FINAL_APPROVERS?", "docs/configuration.md"),
]


@pytest.mark.parametrize(
    ("broken", "name", "said", "remedy"), [pytest.param(*each, id=title) for title, *each in _BROKEN]
)
async def test_the_cause_is_named(setup: Setup, broken: _Broken, name: str, said: str, remedy: str) -> None:
    """Whoever installs the bot reads what is wrong and what to do, and of nothing else that fails."""
    found = await setup.rig.found(**await broken(setup))
    failed = [finding for finding in found if finding.level is Level.FAILURE]
    about = [finding for finding in failed if said in finding.said]
    assert [(each.name, remedy in each.remedy) for each in about] == [(name, True)], failed
    assert {finding.name for finding in failed} <= {name, "two steps"}
    _fits_a_terminal(found)


async def test_a_clock_that_is_off_is_named(setup: Setup) -> None:
    """It is no failure by itself, but Slack's requests are refused because of it."""
    setup.rig.use()
    found = await look_at_clock(read_settings(), OffClock(timedelta(minutes=-7)))
    assert (found.level, "behind Slack's" in found.said) == (Level.WARNING, True)
    assert "Past 5 minutes, what Slack sends is refused" in found.remedy
    _fits_a_terminal([found])


def _fits_a_terminal(found: list[Finding]) -> None:
    assert max(map(len, as_text(found).splitlines())) <= _WIDTH
