"""Why a database could not be used: a sentence for each class of cause, by what the driver says of it.

By the code that comes with an error, never by what the server says in its own language. Only for what
PostgreSQL's library met itself there is no code; its texts are English, since the bot sets no language.
No sentence quotes anything, so none can hold an address or a password.
"""

from __future__ import annotations

import sqlite3

READ_ONLY = "25006"

_LOCKED = "The database is locked: someone else has not let go of it in time."
_DAMAGED = "The file of the database is damaged, or is no database."
_CLOSED = "The database's file is closed to changes: by its rights, its folder's, or a read-only disk."
# By SQLite's primary codes, of which every other code is a special case.
_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: "The database's disk is full.",
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: "The database's file can't be opened: look at its folder and its rights.",
    sqlite3.SQLITE_IOERR: "The database's disk gives errors.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
# By SQLSTATE; of those that fit, the longest counts. Two characters are a whole class.
_POSTGRES = {
    "08": "The connection to PostgreSQL broke.",
    "08P01": "PostgreSQL, or a pooler before it, does not take what the bot sends. PgBouncer has to be set to"
    " pool_mode = session, and to let the URL's parameters through.",
    READ_ONLY: "PostgreSQL can be read, but not written to: the server is a standby, or set so.",
    "25P": "PostgreSQL ended a transaction that took too long.",
    "28": "PostgreSQL does not let this user in: look at the user, at pg_hba.conf, and whether it wants TLS"
    " (sslmode=require).",
    "28P01": "PostgreSQL refused the password.",
    "3D": "PostgreSQL has no database of that name.",
    "40": _LOCKED,
    "42501": "PostgreSQL does not give this user the rights that the bot needs.",
    "53": "The PostgreSQL server has run out of something.",
    "53100": "The PostgreSQL server's disk is full.",
    "53300": "PostgreSQL has too many connections to open another one.",
    "55P03": _LOCKED,
    "57014": "PostgreSQL took too long for a statement.",
    "57P": "PostgreSQL is starting or stopping.",
    "58": "The PostgreSQL server's disk gives errors.",
    "XX001": "A file of the PostgreSQL server is damaged.",
    "XX002": "A file of the PostgreSQL server is damaged.",
}
_UNKNOWN_PARAMETER = "The URL has a parameter, or a value of one, that PostgreSQL does not know."
# What a code means only if it comes before there is a connection.
_CONNECTING = {"42704": _UNKNOWN_PARAMETER, "22023": _UNKNOWN_PARAMETER}
# Of several servers one may have told more than the others: the first that fits counts.
_LIBRARY = (
    ("session is read-only", _POSTGRES[READ_ONLY]),
    ("no password supplied", "PostgreSQL wants a password, and none is given."),
    ("connection is bad: invalid", _UNKNOWN_PARAMETER),
    ("does not support SSL", "TLS is asked for (sslmode), and PostgreSQL offers none."),
    ("certificate", "PostgreSQL's certificate can't be trusted: look at sslmode and sslrootcert."),
    ("SSL error", "TLS could not be agreed on with PostgreSQL."),
    ("host name", "The name of PostgreSQL's host is not known."),
    ("resolve host", "The name of PostgreSQL's host is not known."),
    ("timeout expired", "PostgreSQL did not answer in time."),
)
_NOT_REACHED = "PostgreSQL can't be reached."


def sentence(error: BaseException | None, *, passing: bool) -> str:
    """Return why the driver's error came. passing: it tells of trouble with the connection or the server."""
    name = type(error).__name__
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        default = f"SQLite refused a statement ({getattr(error, 'sqlite_errorname', name)})."
        return _SQLITE.get(code & 0xFF, default)
    state = getattr(error, "sqlstate", None)
    if state is not None:
        if getattr(error, "connecting", False) and state in _CONNECTING:
            return _CONNECTING[state]
        return _of_state(state) or f"PostgreSQL refused it ({name}, {state})."
    if type(error).__module__.partition(".")[0] == "psycopg" and passing:
        return of_library(error) or f"{_NOT_REACHED[:-1]} ({name})."
    return f"The database could not be used ({name})."


def of_library(error: BaseException | None) -> str | None:
    """Return what PostgreSQL's library itself met; None: it is not known to have met anything."""
    told = str(error)
    return next((said for sign, said in _LIBRARY if sign in told), None)


def _of_state(state: str) -> str | None:
    fitting = [known for known in _POSTGRES if state.startswith(known)]
    return _POSTGRES[max(fitting, key=len)] if fitting else None
