"""Settings that look like the bot's and are none: named by the check and at every start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.operate.check.finding import Level
from bot.operate.check.given import look_at_settings, read_settings
from bot.settings import Settings, load_settings, not_counted
from tests.unit.run.test_settings import NEEDED


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start from the needed settings alone, in a folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FINAL_APROVERS", "FINAL_APPROVERS"),
        ("FINAL_APPROVER", "FINAL_APPROVERS"),
        ("FINAL-APPROVERS", "FINAL_APPROVERS"),
        ("final.approvers", "FINAL_APPROVERS"),
        ("FINALAPPROVERS", "FINAL_APPROVERS"),
        ("FNIAL_APPROVERS", "FINAL_APPROVERS"),
        ("REQESTERS", "REQUESTERS"),
        ("REQUESTER_MAY_APROVE", "REQUESTER_MAY_APPROVE"),
        ("STOP_WINDOW_SECOND", "STOP_WINDOW_SECONDS"),
        ("CONFIRM_BY_TYPNG", "CONFIRM_BY_TYPING"),
        ("CHANNEL", "CHANNELS"),
    ],
)
def test_a_near_miss_of_a_rule_is_a_failure(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    """A rule that is not in force, since its name is written wrongly, is named with the right one."""
    monkeypatch.setenv(name, "U012ABCDEF")
    found = look_at_settings(read_settings())
    (finding,) = found
    assert finding.level is Level.FAILURE
    assert finding.said.startswith(f"{name} in the environment is no setting, so it does not count.")
    assert finding.said.endswith(f"Did you mean {meant}?")
    # The environment is everyone's, so the bot starts, and says it.
    assert load_settings().final_approvers is None
    assert [stray.said for stray in not_counted()] == [finding.said]


@pytest.mark.parametrize(
    "name", ["COUPON_GUARD_APPROVERS", "APPROVERS_FINAL", "VIVOLDI_KEY", "VIVOLDI_USERAGENT", "LOGLEVEL"]
)
def test_other_names_that_look_like_ours_are_warnings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A prefix, another order, or a name that can only be meant for Vivoldi is named as well."""
    monkeypatch.setenv(name, "U012ABCDEF")
    (finding,) = look_at_settings(read_settings())
    assert finding.level is Level.WARNING
    assert finding.said.startswith(f"{name} in the environment")


@pytest.mark.parametrize(
    "name",
    [
        "HOSTNAME",
        "PATH",
        "PORTS",
        "HOSTS",
        "SLACK_CLIENT_ID",
        "DATABASE",
        "OTEL_SERVICE_NAME",
        "NIX_SSL_CERT_FILE",
        "TZ",
    ],
)
def test_other_programs_names_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What belongs to other programs in the environment is not spoken of."""
    monkeypatch.setenv(name, "x")
    assert not_counted() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FINAL_APPROVERS: U012ABCDEF\n", "Line 1 of .env (FINAL_APPROVERS?) can't be read"),
        ("\n# who\n\nFINAL_APPROVERS U012ABCDEF\n", "Line 4 of .env (FINAL_APPROVERS?) can't be read"),
        ("FINAL_APPROVERS:U012ABCDEF\n", "Line 1 of .env (FINAL_APPROVERS?) can't be read"),
        ("PORT=3000\nFINAL_APPROVERS\n", "Line 2 of .env (FINAL_APPROVERS?) can't be read"),
        ('FINAL_APPROVERS="U012ABCDEF\n', "Line 1 of .env (FINAL_APPROVERS?) can't be read"),
        ("export FINAL_APROVERS = U012ABCDEF\n", "FINAL_APROVERS in .env is no setting"),
        ("OUR_FINAL_APPROVERS=U012ABCDEF\n", "OUR_FINAL_APPROVERS in .env is no setting"),
        ("REQUESTERS=U1AA\nREQUESTERS=U2BB\n", "REQUESTERS stands in .env 2 times"),
        ("requesters=U1AA\nREQUESTERS=U2BB\n", "REQUESTERS stands in .env 2 times"),
    ],
)
def test_a_rule_of_the_file_that_does_not_count_stops_the_start(text: str, said: str) -> None:
    """`.env` is the bot's own: a rule there that would not be in force is a fault, at every start."""
    Path(".env").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [fault for fault in caught.value.faults if fault.startswith(said)]
    levels = {finding.level for finding in look_at_settings(read_settings()) if finding.said.startswith(said)}
    assert levels == {Level.FAILURE}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LOG_LEVL=DEBUG\n", "LOG_LEVL in .env is no setting, so it does not count. Did you mean LOG_LEVEL?"),
        ("ANOTHER_PROGRAMS=1\n", "ANOTHER_PROGRAMS in .env is no setting, so it does not count."),
        ("what is this\n", "Line 1 of .env can't be read, so it does not count: write NAME=VALUE."),
    ],
)
def test_what_else_the_file_holds_in_vain_is_named(text: str, said: str) -> None:
    """Nothing in `.env` is passed over without a word, though only a rule stops the start."""
    Path(".env").write_text(text, encoding="utf-8")
    load_settings()
    (finding,) = look_at_settings(read_settings())
    assert (finding.level, finding.said) == (Level.WARNING, said)


@pytest.mark.parametrize(
    "text",
    ["SLACK_BOT_TOKEN:xoxb-hidden\n", "SLACK_BOT_TOKEN: xoxb-hidden=\n", "xoxb-hidden\n"],
)
def test_no_value_is_quoted(text: str) -> None:
    """A line that can't be read may hold a secret, so nothing behind its name is shown (I8)."""
    Path(".env").write_text(text, encoding="utf-8")
    assert not_counted()
    assert "hidden" not in str(not_counted())


def test_a_mark_in_front_of_the_file_is_no_part_of_a_name() -> None:
    """A file that an editor began with a byte order mark is read as any other."""
    Path(".env").write_bytes(b"\xef\xbb\xbfFINAL_APPROVERS=U1AA\n")
    assert load_settings().final_approvers is not None
    assert not_counted() == []


def test_two_spellings_of_one_name_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case makes no difference, so of two spellings one would win in silence."""
    monkeypatch.setenv("REQUESTERS", "U1AA")
    monkeypatch.setenv("requesters", "U2BB")
    (stray,) = not_counted()
    assert stray.said == "REQUESTERS stands in the environment 2 times, of which only one counts."
