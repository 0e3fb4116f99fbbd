"""The settings as far as they can be used, so that one fault does not hide everything else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import SettingsError
from bot.domain.people import Grants
from bot.operate.check.finding import Finding, failure, fine, warning
from bot.setting_names import Stray
from bot.settings import UNREADABLE, Settings, load_settings, not_counted

# What takes the place of a needed setting that is missing or malformed. Nothing is ever asked with them.
_STAND_INS = {
    "approvers": Grants(),
    "slack_bot_token": "xoxb-not-given",
    "vivoldi_api_key": "not-given",
}
_EXPECTED = " It has to be "
_AS_DOCUMENTED = "Write it as docs/configuration.md does, or take it out."


@dataclass(frozen=True)
class Given:
    """Settings that can be used but for those named in `faulty`, which hold stand-ins.

    faults: one readable line for each fault, without the value of a secret.
    """

    settings: Settings
    faults: tuple[str, ...] = ()
    faulty: frozenset[str] = frozenset()

    def has(self, *names: str) -> bool:
        """Tell whether none of these settings, named in lower case, is at fault."""
        return self.faulty.isdisjoint(names)


def read_settings() -> Given:
    """Read the settings from the environment and `.env`. Faults are part of what is returned."""
    try:
        return Given(load_settings())
    except SettingsError as error:
        faults = error.faults
    # A line about a setting begins with its name.
    faulty = Settings.model_fields.keys() & {fault.split()[0].lower() for fault in faults}
    if UNREADABLE not in faults:
        return Given(Settings(**_stand_ins(faulty)), faults, frozenset(faulty))
    names = frozenset(Settings.model_fields)
    return Given(Settings(**{"_env_file": None, **_stand_ins(names)}), faults, names)


def _stand_ins(names: Iterable[str]) -> dict[str, Any]:
    return {name: _STAND_INS.get(name, Settings.model_fields[name].get_default()) for name in names}


def look_at_settings(given: Given) -> list[Finding]:
    """Return one finding for each fault and each name that does not count, or that there is none."""
    try:
        uncounted = [_uncounted(stray) for stray in not_counted() if stray.said not in given.faults]
    except (OSError, UnicodeDecodeError):
        # That `.env` can't be read is a fault already.
        uncounted = []
    found = [_fault(line) for line in given.faults] + uncounted
    return found or [fine("settings", "Every setting can be used.")]


def _uncounted(stray: Stray) -> Finding:
    return (failure if stray.rule else warning)("settings", stray.said, _AS_DOCUMENTED)


def _fault(line: str) -> Finding:
    said, expected, rest = line.partition(_EXPECTED)
    if expected:
        return failure("settings", said, f"{expected.strip()} {rest}")
    unread = "Look at the file .env, and at who may read it."
    return failure("settings", said, unread if line == UNREADABLE else _AS_DOCUMENTED)


def look_at_snapshots(given: Given) -> list[Finding]:
    """Return whether what a deleted coupon held is kept; both are right, and worth knowing beforehand."""
    if not given.has("snapshot_keys", "retention_days"):
        return []
    if not given.settings.snapshot_keys:
        return [fine("snapshots", "What a deleted coupon held is not kept: SNAPSHOT_KEYS is not set.")]
    days = given.settings.retention_days
    return [fine("snapshots", f"What a deleted coupon held is kept for {days} days, encrypted.")]


def look_at_transport(given: Given) -> list[Finding]:
    """Return whether there is what one of the two ways needs by which Slack's events come in.

    That a signing secret is the right one shows only with a request of Slack's; whether Slack takes the
    app-level token is looked at together with the rest of Slack.
    """
    settings = given.settings
    if settings.slack_signing_secret is not None:
        said = "Set, for HTTP. Whether it is the right one shows with Slack's first request."
        return [fine("signing secret", said)]
    if settings.slack_app_token is not None or not given.has("slack_signing_secret", "slack_app_token"):
        return []
    return [
        failure(
            "transport",
            "Neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is set.",
            "Set SLACK_SIGNING_SECRET for HTTP (python -m bot serve), or SLACK_APP_TOKEN for Socket Mode "
            "(python -m bot socket).",
        )
    ]
