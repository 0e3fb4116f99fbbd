"""`python -m bot check` as a whole: against the local Slack and the local Vivoldi, and as a process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.store import migrate
from bot.operate.check import Level, as_json, as_text, overall
from bot.operate.check.vivoldi import NO_COUPON
from sandbox.stage import API_KEY, ROOT, SIGNING_SECRET, Stage, stage
from tests.integration.checked import AMIR, NOWHERE, RIKA, Rig, check_rig

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    async with check_rig(tmp_path, monkeypatch) as opened:
        yield opened


async def test_all_is_well(rig: Rig) -> None:
    """Where everything works, every finding says so, and the overall level is ok."""
    await migrate(rig.settings["DATABASE_URL"])
    found = await rig.found()
    assert {finding.name for finding in found if finding.level is not OK} == set()
    assert [finding.name for finding in found] == [
        "settings",
        "signing secret",
        "database",
        "snapshots",
        "app token",
        "slack token",
        "team",
        "scopes",
        "channels",
        "APPROVERS",
        "two steps",
        "vivoldi",
        "clock",
    ]
    assert overall(found) is OK
    assert as_text(found).endswith("\nEverything works.")


@pytest.mark.parametrize(("keys", "said"), [("", "is not kept"), ("A" * 43 + "=", "is kept for 7 days")])
async def test_whether_snapshots_are_kept_is_told(rig: Rig, keys: str, said: str) -> None:
    """The person who sets the bot up sees whether what a coupon held will be there, and for how long."""
    finding = await rig.one("snapshots", SNAPSHOT_KEYS=keys, RETENTION_DAYS="7")
    assert finding.level is OK
    assert said in finding.said


async def test_looking_changes_nothing(rig: Rig, tmp_path: Path) -> None:
    """Nothing is posted, deleted or made by a check: it reads, and nothing more."""
    await rig.found(CHANNELS="C0INCIDENT")
    assert {call["method"] for call in await rig.slack.api_calls()} == {
        "apps.connections.open",
        "auth.test",
        "conversations.info",
        "usergroups.list",
        "users.info",
    }
    assert await rig.slack.messages("C0INCIDENT") == []
    asked = {(call.method, call.code) for call in await rig.vivoldi.calls()}
    assert asked == {("GET", NO_COUPON), ("HEAD", None)}
    assert not (tmp_path / "guard.db").exists()


async def test_faulty_settings_are_findings(rig: Rig) -> None:
    """Each faulty setting is named with what it has to be; what does not need it is looked at still."""
    found = await rig.found(APPROVERS="", SLACK_BOT_TOKEN="xoxp-hidden", CHANNELS="#incident")
    settings = [finding for finding in found if finding.name == "settings"]
    assert [finding.said.split()[0] for finding in settings] == ["APPROVERS", "CHANNELS", "SLACK_BOT_TOKEN"]
    assert all(finding.level is FAILURE and "It has to be" in finding.remedy for finding in settings)
    levels = {finding.name: finding.level for finding in found}
    assert (levels["vivoldi"], levels["app token"], levels["clock"]) == (OK, OK, OK)
    unlooked = ("slack token", "channels", "approvers")
    assert [levels[name] for name in unlooked] == [WARNING] * 3
    assert not [call for call in await rig.slack.api_calls() if call["method"] != "apps.connections.open"]


async def test_unreadable_env_file_is_a_finding(rig: Rig, tmp_path: Path) -> None:
    """A `.env` that can't be read is told, and nothing is asked with settings that it may have held."""
    (tmp_path / ".env").write_bytes(b"PORT=\xff")
    found = await rig.found()
    assert [finding.level for finding in found if finding.name == "settings"] == [FAILURE]
    assert await rig.slack.api_calls() == []
    assert await rig.vivoldi.calls() == []


async def test_no_failure_hides_another(rig: Rig) -> None:
    """With everything broken at once, each thing is told by itself."""
    await rig.slack.app(auth_error="token_revoked")
    found = await rig.found(VIVOLDI_API_KEY="another-key", DATABASE_URL="sqlite:////nowhere/at-all/guard.db")
    failed = {finding.name: finding for finding in found if finding.level is FAILURE}
    assert failed.keys() == {"slack token", "app token", "vivoldi", "database"}
    assert "token_revoked" in failed["slack token"].said
    assert "SLACK_BOT_TOKEN" in failed["slack token"].remedy
    assert "VIVOLDI_API_KEY" in failed["vivoldi"].said
    assert all(finding.remedy for finding in found if finding.level is not OK)


async def test_no_secret_is_shown(rig: Rig) -> None:
    """No token, key, secret or password is in what is told, right or wrong ones (I8)."""
    password = "hidden-password"
    secrets = ["xoxb-hidden-1", "xapp-hidden-2", "hidden-key-3", SIGNING_SECRET, password]
    found = await rig.found(
        SLACK_BOT_TOKEN=secrets[0],
        SLACK_APP_TOKEN=secrets[1],
        VIVOLDI_API_KEY=secrets[2],
        DATABASE_URL=f"postgresql://guard:{password}@127.0.0.1:1/guard",
    )
    told = as_text(found) + as_json(found)
    assert not [secret for secret in secrets if secret in told]


async def test_secret_in_an_answer_is_blanked(rig: Rig) -> None:
    """A key that Vivoldi quotes back is not told on (I8)."""
    await rig.vivoldi.fault("code_nonzero", "read", message=f"The key {API_KEY} has expired.")
    told = as_json(await rig.found())
    assert "has expired" in told
    assert API_KEY not in told


async def test_text_fits_a_terminal(rig: Rig) -> None:
    """What people read is aligned, at most 80 columns wide, and marked in plain ASCII."""
    found = await rig.found(
        APPROVERS=f"{RIKA},{AMIR},S0NOGROUP0,U0GONE0000", CHANNELS="C0INCIDENT", VIVOLDI_API_URL=NOWHERE
    )
    *lines, empty, summary = as_text(found).splitlines()
    assert max(map(len, lines)) <= 80
    assert {line[:4] for line in lines} == {"ok  ", "warn", "FAIL", "    "}
    column = lines[0].index("Every setting")
    assert {line[column - 1] for line in lines} == {" "}
    assert empty == ""
    assert summary == "2 failures, 1 warning."


@pytest.fixture
async def staged() -> AsyncIterator[Stage]:
    async with stage("socket", start_bot=False) as opened:
        yield opened


async def _bot(opened: Stage, *arguments: str, **settings: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=opened.folder,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), **opened.bot.settings, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_as_a_process(staged: Stage) -> None:
    """The command ends with 0 where nothing fails and with 1 where something does, also for a setting."""
    assert await _bot(staged, "migrate") == (0, "", "")
    code, out, err = await _bot(staged, "check")
    assert (code, err) == (0, "")
    assert out.endswith("Everything works.\n")
    code, out, err = await _bot(staged, "check", "--json", APPROVERS="@rika")
    assert (code, err) == (1, "")
    told = json.loads(out)
    assert told["overall"] == "failure"
    assert told["findings"][0].keys() == {"name", "level", "said", "remedy"}
    assert told["findings"][0]["said"].startswith("APPROVERS holds “@rika”")
