"""What a database's URL says. A PostgreSQL one is read as PostgreSQL's own library reads it.

So several hosts, `sslmode` and everything else that `psql` takes mean here what they mean there. What is
wrong is told without quoting the URL, since it may hold a password.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urlsplit

_POSTGRES = ("postgres", "postgresql")
_ENCODE = (
    "has a character in its user, password or database name that stands for something else there; write %40"
    " for @, %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %, and %20 for a space"
)
# A percent sign that begins no code can only be meant as itself.
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = re.compile(r"[0-9,]*")
_NAME = re.compile(r"[a-z_]{1,40}")
_SECRET_PARAMETERS = re.compile(r"[?&](?:password|sslpassword)=([^&]*)")


def is_postgres(url: str) -> bool:
    """Tell whether a URL names a PostgreSQL database."""
    return url.partition("://")[0] in _POSTGRES


def require_usable(url: str) -> None:
    """Raise ValueError if the URL can't be used; its text says what is wrong with it, without quoting it."""
    if is_postgres(url):
        postgres_parameters(url)
        return
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise ValueError("names no database that is supported")
    if parts.netloc or parts.path in ("", "/", "/:memory:"):
        raise ValueError("names no file; a relative path follows three slashes, an absolute one four")


def postgres_parameters(url: str) -> dict[str, str]:
    """Return what a PostgreSQL URL says, by the names that PostgreSQL's library has for it.

    Raises ValueError, as `require_usable` does.
    """
    # Imported only if it is used: a bot on SQLite has no use for 7 MB of it.
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    url = _STRAY_PERCENT.sub("%25", url.strip())
    try:
        # What is encoded is meant: only an @ that was typed may be in the wrong place.
        typed = conninfo_to_dict(url.replace("%40", "A"))
        found = conninfo_to_dict(url)
    except (ProgrammingError, UnicodeError):
        raise ValueError(_fault(url)) from None
    misplaced = "user" not in typed and "@" in str(typed.get("dbname"))
    if misplaced or "@" in str(typed.get("host", "")):
        raise ValueError(_ENCODE)
    if not _PORTS.fullmatch(str(found.get("port", ""))):
        raise ValueError("has a port that is no number")
    _require_once(url)
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def secrets_in(url: str) -> tuple[str, ...]:
    """Return each secret of a URL, as it stands there and as it is meant, whether or not it can be used."""
    rest = url.partition("://")[2]
    # If an @ of the password is not encoded, nobody can say which @ ends it.
    before = {rest.partition("@")[0], rest.rpartition("@")[0]} if "@" in rest else set[str]()
    found = [user.partition(":")[2] for user in before] + _SECRET_PARAMETERS.findall(rest)
    return tuple({form for secret in found if secret for form in (secret, unquote(secret))})


def _fault(url: str) -> str:
    """Return what is wrong with a URL that the library does not take. It would quote what it can't read."""
    from psycopg.pq import Conninfo

    if "@" in _query(url) or url.count("@") > 1 or re.search(r"\s", url):
        return _ENCODE
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for name in _names(url):
        if name not in known and _NAME.fullmatch(name):
            return f"has a parameter that PostgreSQL does not know: {name}"
    return "can't be read as the address of a PostgreSQL database"


def _require_once(url: str) -> None:
    """Refuse a parameter that is there twice: the library takes the last one, without a word."""
    for name, times in Counter(_names(url)).items():
        if times > 1 and _NAME.fullmatch(name):
            hosts = "; several hosts are written postgresql://USER@HOST1:5432,HOST2:5432/DATABASE"
            raise ValueError(f"has the parameter {name} twice{hosts if name == 'host' else ''}")


def _names(url: str) -> list[str]:
    return [part.partition("=")[0] for part in _query(url).split("&")]


def _query(url: str) -> str:
    after_user = url.partition("://")[2].rpartition("@")[2]
    return after_user.partition("?")[2] if "?" in after_user else ""
