"""The settings: what is read, what is refused, and how it is said."""

from __future__ import annotations

import os
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import __version__
from bot.domain.errors import SettingsError
from bot.domain.people import Grants
from bot.domain.policy import Policy, RequesterMayApprove
from bot.settings import Settings, Transport, load_settings

NEEDED = {
    "APPROVERS": "U012ABCDEF,S045GHIJKL",
    "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "SLACK_APP_TOKEN": "xapp-1-A-2-abc",
    "VIVOLDI_API_KEY": "vivoldi-key",
}
KEY, OTHER_KEY = "A" * 43 + "=", "B" * 42 + "A="
APPROVERS = Grants(users=frozenset({"U012ABCDEF"}), groups=frozenset({"S045GHIJKL"}))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start from the needed settings alone, in a folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def faults(transport: Transport | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(transport)
    assert caught.value.__context__ is None, "pydantic's error would show the values"
    return caught.value.faults


def test_defaults_are_those_of_the_design() -> None:
    """With only the needed settings, everything else is as documented."""
    settings = load_settings()
    assert settings.policy() == Policy(
        approvers=APPROVERS,
        final_approvers=APPROVERS,
        requesters=None,
        channels=None,
        requester_may_approve=RequesterMayApprove.FIRST,
        approve_within=timedelta(minutes=30),
        execute_within=timedelta(minutes=10),
        reason_required=False,
        stop_window=timedelta(),
        confirm_by_typing=False,
    )
    others = {
        "slack_api_url": "https://slack.com/api/",
        "vivoldi_api_url": "https://vivoldi.com",
        "vivoldi_user_agent": f"coupon-guard/{__version__}",
        "vivoldi_language": "en",
        "vivoldi_rate_per_minute": 120,
        "vivoldi_rate_per_hour": None,
        "max_codes": 1000,
        "vivoldi_timeout_seconds": 10,
        "vivoldi_timezone": UTC,
        "snapshot_keys": (),
        "retention_days": 90,
        "host": "127.0.0.1",
        "port": 3000,
        "log_level": "INFO",
        "log_format": "console",
    }
    assert {name: getattr(settings, name) for name in others} == others
    assert settings.database_url.get_secret_value() == "sqlite:///coupon-guard.db"


def test_policy_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting about who may do what arrives in the policy."""
    monkeypatch.setenv("FINAL_APPROVERS", " S045GHIJKL , W067MNOPQR, ")
    monkeypatch.setenv("REQUESTERS", "U1AA")
    monkeypatch.setenv("CHANNELS", "C012ABCDEF,G034GHIJKL")
    monkeypatch.setenv("REQUESTER_MAY_APPROVE", "Never")
    monkeypatch.setenv("APPROVE_WITHIN_SECONDS", "60")
    monkeypatch.setenv("EXECUTE_WITHIN_SECONDS", "30")
    monkeypatch.setenv("REASON_REQUIRED", "true")
    monkeypatch.setenv("STOP_WINDOW_SECONDS", "29")
    monkeypatch.setenv("CONFIRM_BY_TYPING", "true")
    assert load_settings().policy() == Policy(
        approvers=APPROVERS,
        final_approvers=Grants(users=frozenset({"W067MNOPQR"}), groups=frozenset({"S045GHIJKL"})),
        requesters=Grants(users=frozenset({"U1AA"})),
        channels=frozenset({"C012ABCDEF", "G034GHIJKL"}),
        requester_may_approve=RequesterMayApprove.NEVER,
        approve_within=timedelta(seconds=60),
        execute_within=timedelta(seconds=30),
        reason_required=True,
        stop_window=timedelta(seconds=29),
        confirm_by_typing=True,
    )


@pytest.mark.parametrize(("window", "within", "right"), [("9", "10", True), ("10", "10", False)])
def test_the_time_to_stop_leaves_time_to_delete(
    monkeypatch: pytest.MonkeyPatch, window: str, within: str, right: bool
) -> None:
    """A stop window that is not shorter than the time to delete would never let anything be deleted."""
    monkeypatch.setenv("STOP_WINDOW_SECONDS", window)
    monkeypatch.setenv("EXECUTE_WITHIN_SECONDS", within)
    if right:
        assert load_settings().policy().stop_window == timedelta(seconds=int(window))
    else:
        assert "EXECUTE_WITHIN_SECONDS" in faults()[0]


def test_empty_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value is no value: the default holds, or the setting is missing."""
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("FINAL_APPROVERS", "")
    assert load_settings().port == 3000
    monkeypatch.setenv("APPROVERS", "")
    assert faults()[0].startswith("APPROVERS is not set. It has to be user ids")


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from `.env` too; the environment comes first."""
    Path(".env").write_text("PORT=4000\nHOST=0.0.0.0\nANOTHER_PROGRAMS=1\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "5000")
    settings = load_settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 5000)  # noqa: S104 - compared, not listened on


def test_env_file_that_is_no_text_is_a_fault() -> None:
    """A `.env` that can't be read is said in one line."""
    Path(".env").write_bytes(b"PORT=\xff\xfe")
    assert faults() == (
        "The file .env can't be read: it has to be a UTF-8 text file that this user may read.",
    )


@pytest.mark.parametrize(
    ("transport", "setting"), [("http", "SLACK_SIGNING_SECRET"), ("socket", "SLACK_APP_TOKEN")]
)
def test_each_transport_needs_its_own_secret(
    monkeypatch: pytest.MonkeyPatch, transport: Transport, setting: str
) -> None:
    """What only one way of listening needs is asked for there, and nowhere else."""
    monkeypatch.delenv(setting)
    (fault,) = faults(transport)
    assert fault.startswith(f"{setting} is not set. It has to be ")
    load_settings("socket" if transport == "http" else "http")
    load_settings(None)


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone who sets the bot up sees all that is wrong, not one fault a try."""
    for name in NEEDED:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORT", "http")
    assert [fault.split()[0] for fault in faults("http")] == [
        "APPROVERS",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "VIVOLDI_API_KEY",
        "PORT",
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("APPROVERS", "@rika"),
        ("APPROVERS", "U012ABCDEF S045GHIJKL"),
        ("APPROVERS", "C012ABCDEF"),
        ("APPROVERS", ","),
        ("FINAL_APPROVERS", "u012abcdef"),
        ("REQUESTERS", "everyone"),
        ("CHANNELS", "#incident"),
        ("CHANNELS", "D012ABCDEF"),
        ("REQUESTER_MAY_APPROVE", "both"),
        ("APPROVE_WITHIN_SECONDS", "0"),
        ("APPROVE_WITHIN_SECONDS", "30m"),
        ("EXECUTE_WITHIN_SECONDS", "86401"),
        ("REASON_REQUIRED", "maybe"),
        ("STOP_WINDOW_SECONDS", "-1"),
        ("STOP_WINDOW_SECONDS", "301"),
        ("CONFIRM_BY_TYPING", "sometimes"),
        ("SLACK_API_URL", "http://slack.example.com/api/"),
        ("SLACK_API_URL", "slack.com/api/"),
        ("VIVOLDI_API_URL", "http://vivoldi.com"),
        ("VIVOLDI_API_URL", "http://127.0.0.1.example.com"),
        ("VIVOLDI_API_URL", "ftp://vivoldi.com"),
        ("VIVOLDI_API_URL", "https://vivoldi.com:port"),
        ("VIVOLDI_API_URL", "https://vivoldi.com/?a=b"),
        ("VIVOLDI_USER_AGENT", "Café"),
        ("VIVOLDI_LANGUAGE", "English, please"),
        ("VIVOLDI_RATE_PER_MINUTE", "0"),
        ("VIVOLDI_RATE_PER_HOUR", "299"),
        ("MAX_CODES", "1001"),
        ("VIVOLDI_TIMEOUT_SECONDS", "nan"),
        ("RETENTION_DAYS", "0"),
        ("REMIND_AFTER_SECONDS", "0"),
        ("RETENTION_DAYS", "for ever"),
        ("VIVOLDI_TIMEZONE", "Mars/Olympus"),
        ("VIVOLDI_TIMEZONE", "../../etc/passwd"),
        ("VIVOLDI_TIMEZONE", "Europe"),
        ("HOST", "http://localhost"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_malformed_value_is_one_line_that_says_what_is_right(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    """A malformed setting is named, and the line says what a right value looks like."""
    monkeypatch.setenv(setting, value)
    (fault,) = faults("http")
    assert fault.startswith(f"{setting} ")
    assert ". It has to be " in fault
    assert "(for example " in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-hidden-token"),
        ("SLACK_BOT_TOKEN", "xoxb-hidden token"),
        ("SLACK_APP_TOKEN", "xoxb-hidden-token"),
        ("SLACK_SIGNING_SECRET", "hidden!"),
        ("VIVOLDI_API_KEY", "hidden key with spaces"),
        ("VIVOLDI_API_KEY", "hidden-schlüssel"),
        ("SNAPSHOT_KEYS", "hidden"),
        ("SNAPSHOT_KEYS", f"{KEY},hidden"),
        ("DATABASE_URL", "mysql://guard:hidden@db/guard"),
        ("DATABASE_URL", "postgresql://guard:hidden@db:port/guard"),
        ("VIVOLDI_API_URL", "https://guard:hidden@vivoldi.com"),
    ],
)
def test_faulty_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, setting: str, value: str) -> None:
    """A secret that can't be used is named without its value (I8)."""
    monkeypatch.setenv(setting, value)
    (fault,) = faults()
    assert fault.startswith(f"{setting} ")
    assert "hidden" not in fault


def test_token_in_the_wrong_place_is_not_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that was put into a setting that is no secret does not end up in the terminal (I8)."""
    monkeypatch.setenv("CHANNELS", "xoxb-" + "123456789012-" * 3 + "theactualsecret")
    monkeypatch.setenv("PORT", "xoxb-" + "123456789012-" * 3 + "theactualsecret")
    assert not any("theactualsecret" in fault for fault in faults())


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://guard.db"])
def test_database_without_a_file_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A database that a restart would empty can't keep the bot's promise, so it is refused."""
    monkeypatch.setenv("DATABASE_URL", url)
    assert faults()[0].startswith("DATABASE_URL names no file")


@pytest.mark.parametrize(
    "url",
    ["sqlite:////srv/guard.db", "postgres://u:p@db:5432/guard", "postgresql://postgres:@/guard?host=/run"],
)
def test_supported_databases(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """SQLite files and PostgreSQL, under both of its names, are taken as they are."""
    monkeypatch.setenv("DATABASE_URL", url)
    assert load_settings().database_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("given", "slack", "vivoldi"),
    [
        ("https://example.com/api", "https://example.com/api/", "https://example.com/api"),
        ("https://example.com/api/", "https://example.com/api/", "https://example.com/api"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_addresses_get_the_slash_that_their_client_needs(
    monkeypatch: pytest.MonkeyPatch, given: str, slack: str, vivoldi: str
) -> None:
    """Slack's address ends with a slash and Vivoldi's without; plain http is for this machine alone."""
    monkeypatch.setenv("SLACK_API_URL", given)
    monkeypatch.setenv("VIVOLDI_API_URL", given)
    settings = load_settings()
    assert (settings.slack_api_url, settings.vivoldi_api_url) == (slack, vivoldi)


def test_time_zone_is_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time zone is given by its name."""
    monkeypatch.setenv("VIVOLDI_TIMEZONE", "Asia/Seoul")
    assert load_settings().vivoldi_timezone == ZoneInfo("Asia/Seoul")


def test_secrets_are_listed_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every secret value is known to the redaction, and none shows in the settings' own text (I8)."""
    monkeypatch.setenv("DATABASE_URL", "postgres://guard:pass%40word@db/guard")
    monkeypatch.setenv("SNAPSHOT_KEYS", f"{KEY}, {OTHER_KEY}")
    settings = load_settings()
    values = {value for name, value in NEEDED.items() if name != "APPROVERS"}
    values |= {"pass%40word", "pass@word", KEY, OTHER_KEY}
    assert set(settings.secrets()) == values
    assert not any(value in f"{settings!r}{settings}" for value in values)


def test_example_file_names_every_setting() -> None:
    """`.env.example` holds every setting once, and nothing else."""
    lines = (Path(__file__).parents[3] / ".env.example").read_text(encoding="utf-8").splitlines()
    named = [line.lstrip("#").split("=")[0] for line in lines if "=" in line and not line.startswith("# ")]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_every_setting_is_described() -> None:
    """The documentation is made from the descriptions, so each setting has one."""
    assert all(field.description for field in Settings.model_fields.values())
