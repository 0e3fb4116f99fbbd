"""The command line, as the process that people and platforms start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot import __version__
from bot.operate.manifest import render
from bot.settings import Settings

ROOT = Path(__file__).parents[3]
NEEDED = {
    "APPROVERS": "U012ABCDEF",
    "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
    "SLACK_SIGNING_SECRET": "the-signing-secret",
    "VIVOLDI_API_KEY": "vivoldi-key",
}


def bot(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot` in a folder, with these settings and no other."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_version(tmp_path: Path) -> None:
    """--version prints the version and nothing else."""
    done = bot(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"coupon-guard {__version__}\n")


def test_manifest_needs_no_settings(tmp_path: Path) -> None:
    """The manifest is printed before anything is set up, since creating the app comes first."""
    done = bot(tmp_path, "manifest", "--url", "https://bot.example.com")
    assert (done.returncode, done.stdout) == (0, render("https://bot.example.com", socket=False))
    assert bot(tmp_path, "manifest", "--socket").stdout == render(None, socket=True)


def test_unusable_address_is_a_sentence(tmp_path: Path) -> None:
    """An address that Slack would not take is told in one line, with exit code 2."""
    done = bot(tmp_path, "manifest", "--url", "http://bot")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("“http://bot” can't be used")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("serve", ["APPROVERS", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "VIVOLDI_API_KEY"]),
        ("socket", ["APPROVERS", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "VIVOLDI_API_KEY"]),
        ("migrate", ["APPROVERS", "SLACK_BOT_TOKEN", "VIVOLDI_API_KEY"]),
    ],
)
def test_missing_settings_stop_the_start_with_a_line_each(
    tmp_path: Path, command: str, missing: list[str]
) -> None:
    """Faulty settings are told under one heading, a line each, with exit code 2 and no traceback."""
    done = bot(tmp_path, command)
    heading, *lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert heading == "These settings have to be mended first:"
    assert [line.split(" is not set. ")[0] for line in lines] == missing


def test_migrate_makes_the_database(tmp_path: Path) -> None:
    """migrate makes the database of DATABASE_URL, and can be run again."""
    for _ in range(2):
        done = bot(tmp_path, "migrate", **NEEDED, DATABASE_URL="sqlite:///guard.db")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "guard.db").stat().st_size > 0


def test_unusable_database_is_a_sentence(tmp_path: Path) -> None:
    """A database that can't be used is told in one line that names the setting, with exit code 1."""
    (tmp_path / "guard.db").write_text("this is no database, and long enough to be read as one " * 30)
    (tmp_path / "guard.db").chmod(0o600)
    done = bot(tmp_path, "migrate", **NEEDED, DATABASE_URL="sqlite:///guard.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert "DATABASE_URL" in done.stderr
    assert done.stderr.count("\n") == 1


def test_settings_of_the_env_file_are_used(tmp_path: Path) -> None:
    """A `.env` in the working directory is enough to start with."""
    lines = [f"{name}={value}" for name, value in {**NEEDED, "DATABASE_URL": "sqlite:///own.db"}.items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert bot(tmp_path, "migrate").returncode == 0
    assert (tmp_path / "own.db").exists()
