"""The command line, as the process that people and platforms start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def bot(
    folder: Path,
    *arguments: str,
    stdout: Any = subprocess.PIPE,
    stderr: Any = subprocess.PIPE,
    **settings: str,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot` in a folder, with these settings and no other."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        stdout=stdout,
        stderr=stderr,
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


PRINTING = [("--version",), ("--help",), ("manifest", "--socket"), ("snapshots", "new-key"), ("check",)]


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_disk_ends_in_a_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What can't be written is told in one line, with exit code 1 and no traceback."""
    with Path("/dev/full").open("w") as full:
        done = bot(tmp_path, *arguments, stdout=full)
    assert (done.returncode, done.stderr) == (
        1,
        "Not everything could be printed: No space left on device.\n",
    )


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_closed_pipe_ends_in_a_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Where nobody reads any more, that is told in one line, with exit code 1 and no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = bot(tmp_path, *arguments, stdout=pipe)
    # The help's own printer ends without a word.
    said = "" if arguments == ("--help",) else "Not everything could be printed: Broken pipe.\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("arguments", [("--help",), ("check",), ("audit", "verify")], ids=" ".join)
def test_odd_terminals(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No width, no colours and no letters but ASCII: what is said is said, without a traceback."""
    odd = {"COLUMNS": "1", "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = bot(tmp_path, *arguments, **odd)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode in (0, 1)


def test_nobody_to_tell_leaves_the_exit_code(tmp_path: Path) -> None:
    """Where not even a fault can be said, its exit code says it."""
    with Path("/dev/full").open("w") as full:
        assert bot(tmp_path, "migrate", stderr=full).returncode == 2


def test_no_keys_of_connections_are_written(tmp_path: Path) -> None:
    """SSLKEYLOGFILE has no effect, also if it names a place that can't be written."""
    for place in (tmp_path / "keys", tmp_path / "none" / "keys"):
        done = bot(tmp_path, "check", SSLKEYLOGFILE=str(place))
        assert "Traceback" not in done.stderr
        assert not place.exists()


def test_a_name_that_does_not_count_is_told_at_the_start(tmp_path: Path) -> None:
    """Every start names what looks like a setting and is none."""
    done = bot(tmp_path, "migrate", **NEEDED, FINAL_APROVERS="U012ABCDEF")
    assert done.returncode == 0
    assert "FINAL_APROVERS in the environment is no setting" in done.stderr
    (tmp_path / ".env").write_text("FINAL_APPROVERS: U012ABCDEF\n", encoding="utf-8")
    done = bot(tmp_path, "migrate", **NEEDED)
    assert done.returncode == 2
    assert "Line 1 of .env (FINAL_APPROVERS?) can't be read" in done.stderr


def test_settings_of_the_env_file_are_used(tmp_path: Path) -> None:
    """A `.env` in the working directory is enough to start with."""
    lines = [f"{name}={value}" for name, value in {**NEEDED, "DATABASE_URL": "sqlite:///own.db"}.items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert bot(tmp_path, "migrate").returncode == 0
    assert (tmp_path / "own.db").exists()
