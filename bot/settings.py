"""The settings: read from the environment or a `.env` file, checked before anything is started."""

from __future__ import annotations

import os
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot import __version__
from bot import setting_types as kinds
from bot.database_url import secrets_in
from bot.domain.errors import SettingsError
from bot.domain.people import Grants
from bot.domain.policy import Policy, RequesterMayApprove
from bot.domain.rate import Plan
from bot.setting_names import Stray, strays

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Transport = Literal["http", "socket"]

_FILE = Path(".env")
UNREADABLE = "The file .env can't be read: it has to be a UTF-8 text file that this user may read."

_PEOPLE = "user ids (U…, W…) and user group ids (S…), separated by commas"
_SECONDS = "a whole number of seconds from 1 to 86400"

_GrantsList = Annotated[Grants, BeforeValidator(kinds.grants)]
_Secret = Annotated[SecretStr, AfterValidator(kinds.secret_text)]
_BotToken = Annotated[SecretStr, AfterValidator(kinds.token("xoxb-"))]
_AppToken = Annotated[SecretStr, AfterValidator(kinds.token("xapp-"))]
_Proxy = Annotated[SecretStr, AfterValidator(kinds.proxy_url)]
_Keys = Annotated[tuple[SecretStr, ...], BeforeValidator(kinds.keys)]


def _field(description: str, expected: str, example: str | None, default: Any = ..., **limits: Any) -> Any:
    """Return a field. expected and example say in a fault what a right value looks like."""
    return Field(
        default,
        description=description,
        json_schema_extra={"expected": expected},
        examples=[example] if example else None,
        **limits,
    )


def _signing_secret(default: Any) -> Any:
    return _field(
        "Proves that a request comes from Slack: Slack app settings, Basic Information, Signing Secret. "
        "Needed for HTTP.",
        "the Signing Secret of the Slack app, which has at least 8 characters",
        None,
        default,
    )


def _app_token(default: Any) -> Any:
    return _field(
        "The app-level token with the scope connections:write: Slack app settings, Basic Information, "
        "App-Level Tokens. Needed for Socket Mode.",
        "an app-level token, which begins with xapp-",
        None,
        default,
    )


def _proxy(server: str) -> Any:
    return _field(
        f"The HTTP proxy by which {server} is reached, with a name and password if it wants them; unset: "
        "none, whatever HTTPS_PROXY says.",
        "the http or https address of a proxy",
        "http://proxy.example.com:3128",
        None,
    )


class Settings(BaseSettings):
    """Every setting, under its name in lower case. Secrets show as asterisks wherever they are printed.

    `SLACK_CLIENT_ID` and `SLACK_CLIENT_SECRET` are not settings of this bot: it is installed in one
    workspace, and works with that workspace's token whether or not they are set.
    """

    model_config = SettingsConfigDict(
        env_file=str(_FILE),
        # Some editors put a mark in front, which would be part of the first name.
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
        enable_decoding=False,
        arbitrary_types_allowed=True,
    )

    approvers: _GrantsList = _field("Who may approve.", _PEOPLE, "U012ABCDEF,S045GHIJKL")
    final_approvers: _GrantsList | None = _field(
        "Who may give step 2; unset: the same as APPROVERS.", _PEOPLE, "S045GHIJKL", None
    )
    requesters: _GrantsList | None = _field(
        "Who may ask for a deletion; unset: any full member.", _PEOPLE, "S045GHIJKL,W067MNOPQR", None
    )
    channels: Annotated[frozenset[str], BeforeValidator(kinds.channel_ids)] | None = _field(
        "Where a deletion may be asked for; unset: any channel that the bot is in.",
        "channel ids (C…, G…), separated by commas",
        "C012ABCDEF,C034GHIJKL",
        None,
    )
    requester_may_approve: Annotated[RequesterMayApprove, BeforeValidator(kinds.lower)] = _field(
        "Whether the requester may give step 1 of their own request; step 2 is never theirs.",
        "first or never",
        "first",
        RequesterMayApprove.FIRST,
    )
    approve_within_seconds: int = _field(
        "How long a request waits for its two approvals, from when its card is shown; in seconds.",
        _SECONDS,
        "1800",
        1800,
        ge=1,
        le=86400,
    )
    execute_within_seconds: int = _field(
        "How long after the final approval a deletion may still be sent; in seconds.",
        _SECONDS,
        "600",
        600,
        ge=1,
        le=86400,
    )
    remind_after_seconds: int = _field(
        "How long after a step began those who can act are reminded in the thread; in seconds. They are "
        "reminded once more two minutes before the deadline.",
        _SECONDS,
        "300",
        300,
        ge=1,
        le=86400,
    )
    freeze: Annotated[Literal["approvers", "off"], BeforeValidator(kinds.lower)] = _field(
        "Who may freeze a coupon, which sets its expiry date to yesterday and can be undone: any one "
        "approver, or nobody.",
        "approvers or off",
        "off",
        "approvers",
    )
    stop_window_seconds: int = _field(
        "Extra care: how long nothing is sent after the final approval, so that it can be stopped; in "
        "seconds, fewer than EXECUTE_WITHIN_SECONDS. 0: it is sent at once.",
        "a whole number of seconds from 0 to 300",
        "30",
        0,
        ge=0,
        le=300,
    )
    confirm_by_typing: bool = _field(
        "Extra care: whether the final approver types the last four characters of the code, or, for several "
        "coupons, how many they are.",
        "true or false",
        "true",
        False,
    )
    max_codes: int = _field(
        "How many codes one request may have; the command line itself takes up to 20.",
        "a whole number from 20 to 1000",
        "200",
        1000,
        ge=20,
        le=1000,
    )
    reason_required: bool = _field("Whether a request must give a reason.", "true or false", "true", False)

    slack_bot_token: _BotToken = _field(
        "The bot's token: Slack app settings, OAuth & Permissions, Bot User OAuth Token.",
        "a bot token, which begins with xoxb-",
        None,
    )
    slack_signing_secret: _Secret | None = _signing_secret(None)
    slack_app_token: _AppToken | None = _app_token(None)
    slack_api_url: Annotated[str, AfterValidator(kinds.http_url), AfterValidator(lambda url: f"{url}/")] = (
        _field(
            "The address of Slack's Web API.",
            "an https address (http only for this machine itself)",
            "https://slack.com/api/",
            "https://slack.com/api/",
        )
    )
    slack_proxy: _Proxy | None = _proxy("Slack")

    vivoldi_api_key: _Secret = _field(
        "The key for Vivoldi's API.", "the API key of the Vivoldi account", None
    )
    vivoldi_api_url: Annotated[str, AfterValidator(kinds.http_url)] = _field(
        "The address of Vivoldi's API.",
        "an https address (http only for this machine itself)",
        "https://vivoldi.com",
        "https://vivoldi.com",
    )
    vivoldi_user_agent: Annotated[str, AfterValidator(kinds.header_text)] = _field(
        "How the bot names itself to Vivoldi, which blocks generic names with HTTP 403: "
        "use your company's or brand's name.",
        "a name of printable ASCII characters",
        "example-corp-coupon-guard/1.0",
        f"coupon-guard/{__version__}",
    )
    vivoldi_language: str = _field(
        "The language of Vivoldi's messages.",
        "a language tag",
        "en",
        "en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
    )
    vivoldi_rate_per_minute: int = _field(
        "How many calls a minute the Vivoldi plan allows.",
        "a whole number from 30 to 100000",
        "120",
        120,
        # The twenty coupons of one request have to be read within a minute; the smallest plan has 120.
        ge=30,
        le=100_000,
    )
    vivoldi_rate_per_hour: int | None = _field(
        "How many calls an hour the Vivoldi plan allows. Unset: ten times VIVOLDI_RATE_PER_MINUTE, as in its "
        "smallest plans.",
        "a whole number from 300 to 6000000",
        "10000",
        None,
        ge=300,
        le=6_000_000,
    )
    vivoldi_timeout_seconds: float = _field(
        "How long one call to Vivoldi may take; in seconds.",
        "a number of seconds from 0.1 to 120",
        "10",
        10.0,
        ge=0.1,
        le=120,
    )
    vivoldi_timezone: Annotated[tzinfo, BeforeValidator(kinds.time_zone)] = _field(
        "The time zone of the days on which Vivoldi's coupons begin and end.",
        "the name of a time zone",
        "Asia/Seoul",
        "UTC",
        validate_default=True,
    )
    vivoldi_proxy: _Proxy | None = _proxy("Vivoldi")

    database_url: Annotated[SecretStr, AfterValidator(kinds.database_url)] = _field(
        "Where requests are kept: a SQLite file for one machine, PostgreSQL for several (see operations.md: "
        "several hosts, TLS, PgBouncer).",
        "sqlite:///FILE, postgresql://… or postgres://…",
        "sqlite:///coupon-guard.db",
        "sqlite:///coupon-guard.db",
        validate_default=True,
    )
    snapshot_keys: _Keys = _field(
        "Encrypt what a deleted coupon held, which can't be had again: with the first key, while every one "
        "decrypts. Unset: it is not kept. `python -m bot snapshots new-key` makes a key.",
        "keys, separated by commas",
        None,
        (),
    )
    retention_days: int = _field(
        "How long what a deleted coupon held is kept; in days. The audit is kept for good.",
        "a whole number from 1 to 3650",
        "90",
        90,
        ge=1,
        le=3650,
    )
    ssl_cert_file: Annotated[Path, AfterValidator(kinds.certificates)] | None = _field(
        "The certificate authorities that vouch for Slack, Vivoldi and proxies, such as a company's own; "
        "unset: those of the machine and of Mozilla.",
        "a file with certificates in PEM",
        "/etc/ssl/certs/company.pem",
        None,
    )
    host: str = _field(
        "The address that the HTTP server listens on; 0.0.0.0 for every network of the machine.",
        "a host name or an IP address",
        "127.0.0.1",
        "127.0.0.1",
        pattern=r"^[A-Za-z0-9.:-]+$",
    )
    port: int = _field(
        "The port that the HTTP server listens on. In Socket Mode there is one for /healthz, /readyz and "
        "/metrics if this is set.",
        "a whole number from 1 to 65535",
        "3000",
        3000,
        ge=1,
        le=65535,
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(kinds.upper)] = _field(
        "How much the bot logs about itself.", "DEBUG, INFO, WARNING or ERROR", "INFO", "INFO"
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(kinds.lower)] = _field(
        "How log lines look: console for people, json for machines.", "console or json", "json", "console"
    )

    @field_validator("stop_window_seconds")
    @classmethod
    def _ends_in_time(cls, seconds: int, info: ValidationInfo) -> int:
        within = info.data.get("execute_within_seconds")
        if within is not None and seconds >= within:
            raise ValueError(f"is {seconds}, which leaves no time of the {within} of EXECUTE_WITHIN_SECONDS")
        return seconds

    def policy(self) -> Policy:
        """Return the rules in force."""
        return Policy(
            approvers=self.approvers,
            final_approvers=self.final_approvers or self.approvers,
            requesters=self.requesters,
            channels=self.channels,
            requester_may_approve=self.requester_may_approve,
            approve_within=timedelta(seconds=self.approve_within_seconds),
            execute_within=timedelta(seconds=self.execute_within_seconds),
            remind_after=timedelta(seconds=self.remind_after_seconds),
            reason_required=self.reason_required,
            freeze=self.freeze == "approvers",
            stop_window=timedelta(seconds=self.stop_window_seconds),
            confirm_by_typing=self.confirm_by_typing,
            restore=bool(self.snapshot_keys),
            plan=Plan(self.vivoldi_rate_per_minute, self.vivoldi_rate_per_hour),
            max_codes=self.max_codes,
        )

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value that is set, the database's password included, to be kept out of logs."""
        named = (self.slack_bot_token, self.slack_signing_secret, self.slack_app_token, self.vivoldi_api_key)
        values = [secret.get_secret_value() for secret in (*named, *self.snapshot_keys) if secret is not None]
        proxies = [
            each.get_secret_value() for each in (self.slack_proxy, self.vivoldi_proxy) if each is not None
        ]
        found = [urlsplit(each).password or "" for each in proxies]
        of_database = secrets_in(self.database_url.get_secret_value())
        return tuple(value for value in [*values, *of_database, *found, *map(unquote, found)] if value)


class HttpSettings(Settings):
    """The settings if Slack reaches the bot over HTTP."""

    slack_signing_secret: _Secret = _signing_secret(...)


class SocketSettings(Settings):
    """The settings if the bot reaches Slack by Socket Mode."""

    slack_app_token: _AppToken = _app_token(...)


def load_settings(transport: Transport | None = None) -> Settings:
    """Read the settings from the environment, then from `.env` in the working directory.

    transport: how the bot will listen, which makes one more setting necessary; None: it will not.
    Raises SettingsError with one line for each fault; no line shows the value of a secret. What is nearly a
    rule in `.env`, and so would not be in force, is one.
    """
    kind = {"http": HttpSettings, "socket": SocketSettings, None: Settings}[transport]
    try:
        faults = tuple(stray.said for stray in not_counted() if stray.rule and stray.own)
        settings = kind()
        if not faults:
            return settings
    except ValidationError as error:
        faults += tuple(_fault(kind, detail) for detail in error.errors())
    except (OSError, UnicodeDecodeError):
        faults = (UNREADABLE,)
    # Raised outside of the `except` block, so that pydantic's error, which holds the values, is left behind.
    raise SettingsError(faults)


# The settings that decide who may do what, and when: they stand before those of the connections.
RULES = tuple(Settings.model_fields)[: tuple(Settings.model_fields).index("slack_bot_token")]


def not_counted() -> list[Stray]:
    """Return what looks like a setting and is none. Raises OSError and UnicodeDecodeError for `.env`."""
    every = map(str.upper, Settings.model_fields)
    return strays(every, map(str.upper, RULES), os.environ, _FILE)


def _fault(kind: type[Settings], detail: ErrorDetails) -> str:
    name = str(detail["loc"][0])
    field = kind.model_fields[name]
    extra = field.json_schema_extra
    expected = extra["expected"] if isinstance(extra, dict) else ""
    example = f" (for example {field.examples[0]})" if field.examples else ""
    return f"{name.upper()} {_problem(field, detail)}. It has to be {expected}{example}."


def _problem(field: FieldInfo, detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "is not set"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if "SecretStr" in repr(field.annotation):
        return "can't be used (its value is not shown)"
    return f"is “{kinds.shortened(detail['input'])}”, which can't be used"
