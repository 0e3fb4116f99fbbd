"""What the text of a setting may look like. Each function takes the text and returns the value.

They raise ValueError with the rest of a sentence that begins with the setting's name. No such text
quotes a value that may hold a secret.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from bot.database_url import require_usable
from bot.domain.people import Grants

_USER = re.compile(r"[UW][A-Z0-9]{2,}", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]{2,}", re.ASCII)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}", re.ASCII)
_HEADER_TEXT = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_SECRET = re.compile(r"[\x21-\x7e]{8,}")


def shortened(value: object) -> str:
    """Return enough of a value to recognise it, and too little of a secret that got into the wrong place."""
    text = str(value)
    return text if len(text) <= 20 else f"{text[:20]}…"


def grants(value: object) -> object:
    """Return the Grants of a list of user ids (`U…`, `W…`) and user group ids (`S…`)."""
    if not isinstance(value, str):
        return value
    ids = _listed(value)
    for each in ids:
        if not _USER.fullmatch(each) and not _GROUP.fullmatch(each):
            raise ValueError(f"holds “{shortened(each)}”, which is the id of neither a user nor a user group")
    return Grants(
        users=frozenset(filter(_USER.fullmatch, ids)), groups=frozenset(filter(_GROUP.fullmatch, ids))
    )


def channel_ids(value: object) -> object:
    """Return the set of ids in a list of channel ids (`C…`, `G…`)."""
    if not isinstance(value, str):
        return value
    ids = _listed(value)
    for each in ids:
        if not _CHANNEL.fullmatch(each):
            raise ValueError(f"holds “{shortened(each)}”, which is not the id of a channel")
    return frozenset(ids)


def _listed(text: str) -> list[str]:
    ids = [part.strip() for part in text.split(",") if part.strip()]
    if not ids:
        raise ValueError("holds no id")
    return ids


def lower(value: object) -> object:
    """Return text in lower case."""
    return value.lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    """Return text in upper case."""
    return value.upper() if isinstance(value, str) else value


def token(prefix: str) -> Callable[[SecretStr], SecretStr]:
    """Return a check for a Slack token that begins with `prefix`."""
    form = re.compile(re.escape(prefix) + r"[A-Za-z0-9._-]+")

    def check(value: SecretStr) -> SecretStr:
        if not form.fullmatch(value.get_secret_value()):
            raise ValueError("holds no such token")
        return value

    return check


def secret_text(value: SecretStr) -> SecretStr:
    """Check a key: at least 8 printable ASCII characters and no space, so that it fits into a header."""
    if not _SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("is shorter than 8 characters, or holds a space or a character that is not ASCII")
    return value


def keys(value: object) -> object:
    """Return the keys of a list. A key is 32 bytes in url-safe base64."""
    if not isinstance(value, str):
        return value
    # Imported only if there is a key to look at: it takes 7 MB, and most bots have none.
    from cryptography.fernet import Fernet

    found = [part.strip() for part in value.split(",") if part.strip()]
    for number, key in enumerate(found, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(f"holds something else than a key in place {number}") from None
    return tuple(map(SecretStr, found))


def header_text(value: str) -> str:
    """Check text that goes into an HTTP header."""
    if not _HEADER_TEXT.fullmatch(value):
        raise ValueError("holds a character that an HTTP header can't carry")
    return value


def http_url(value: str) -> str:
    """Return an address without its last slash. Plain http would show the key to the network, so it is
    for this machine alone."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", value):
        raise ValueError("is no http or https address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("holds more than a host and a path")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ValueError("is an http address, so secrets would travel unprotected")
    return value.rstrip("/")


def proxy_url(value: SecretStr) -> SecretStr:
    """Check the address of a proxy, which may hold a name and a password, and is not shown."""
    try:
        parts = urlsplit(value.get_secret_value())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", value.get_secret_value()):
        raise ValueError("is no http or https address")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("holds more than a proxy's host and port")
    return value


def certificates(value: Path) -> Path:
    """Check a file with the certificates of authorities."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
    except ssl.SSLError:
        raise ValueError(f"names {value.name}, which holds no certificate that can be read") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise ValueError(f"names a file that can't be read ({why})") from None
    return value


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def database_url(value: SecretStr) -> SecretStr:
    """Check the address of a database. A database in memory is refused: a restart would forget requests."""
    require_usable(value.get_secret_value())
    return value


def time_zone(value: object) -> object:
    """Return the time zone of that name. UTC is known even if the machine has no list of time zones."""
    if not isinstance(value, str):
        return value
    if value.upper() == "UTC":
        return UTC
    try:
        zone: tzinfo = ZoneInfo(value)
    except (ValueError, KeyError, OSError):
        raise ValueError(f"is “{shortened(value)}”, which is no time zone that this machine knows") from None
    return zone
