"""Logs: stable event names with fields, on standard error, without secrets.

Everything goes through one pipeline: the bot's own events and what libraries log. It ends with a redaction
of the finished line, so no field, message or traceback gets around it.
"""

from __future__ import annotations

import io
import json
import logging
import re
import secrets as randomness
import sys
from collections.abc import Iterable
from typing import Literal, TextIO, cast
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

_BLANK = "[redacted]"
# The packages whose events the bot's own level governs; libraries are heard from WARNING on. Below it Bolt
# logs the bodies of requests, and HTTP clients log addresses.
_OWN = ("bot", "handlers", "__main__")
# Where a value ends: white space, or what may enclose it in a rendered line.
_VALUE = r"[^\s\"'\\,;<>(){}\[\]]+"
# Each form, and what there is one of in every text of that form. Most lines hold none, which is seen at once.
_KNOWN_FORMS = (
    (re.compile(r"(?P<keep>)\b(xox[a-z]|xapp)-" + _VALUE), ("xox", "xapp")),
    (re.compile(r"(?P<keep>\b(APIKey|Bearer)\s+)" + _VALUE, re.IGNORECASE), ("apikey", "bearer")),
    # A response_url lets anyone answer in Slack; the path is its only protection.
    (
        re.compile(r"(?P<keep>https?://[^\s\"'/]+/(response|commands|actions|services|workflows)/)" + _VALUE),
        ("://",),
    ),
    (re.compile(r"(?P<keep>\b(ticket|password)=)[^&\s\"'\\]+"), ("ticket=", "password=")),
    (re.compile(r"(?P<keep>://[^\s\"'/:@]*:)[^\s\"'/@]+(?=@)"), ("://",)),
)


class Redactor:
    """Blanks secrets in text: the values it is given, and whatever has the form of a known secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _written(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._values = re.compile("|".join(longest_first)) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret blanked."""
        if self._values:
            text = self._values.sub(_BLANK, text)
        # In other alphabets there are letters that a form takes for one of ASCII, whatever its case.
        small = text.lower() if text.isascii() else None
        for form, signs in _KNOWN_FORMS:
            if small is None or any(sign in small for sign in signs):
                text = form.sub(rf"\g<keep>{_BLANK}", text)
        return text


def _written(secret: str) -> tuple[str, ...]:
    """Return patterns of how a value may stand in a line: plain or in an address, in a repr, each in JSON."""
    represented = repr(secret)[1:-1]
    others = (represented, json.dumps(secret)[1:-1], json.dumps(represented)[1:-1])
    return "".join(map(_in_address, secret)), *map(re.escape, others)


def _in_address(char: str) -> str:
    # Which characters are quoted, and in which case, differs from library to library.
    quoted = quote(char, safe="")
    if quoted == char:
        return re.escape(char)
    return f"(?:{re.escape(char)}|(?i:{quoted}){'|[+]' if char == ' ' else ''})"


def configure(
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    format: Literal["console", "json"],
    secrets: Iterable[str] = (),
) -> None:
    """Send all logs to standard error. Call it before anything of Slack's is built: Bolt copies levels.

    level: from where on the bot's own events are logged. secrets: values that must never appear.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(format, Redactor(secrets)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in _OWN:
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def reference() -> str:
    """Return a short id that is shown to a person and logged, so that one leads to the other."""
    return randomness.token_hex(4)


_COMMON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _without_control(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Let no text move a terminal's cursor, change its colours, or begin a line that looks like an event."""
    return {key: _visible(value) if isinstance(value, str) else value for key, value in event.items()}


def _traceback(out: TextIO, error: ExcInfo) -> None:
    """Write a traceback as the console renderer wants it, each of its lines without control characters."""
    written = io.StringIO()
    structlog.dev.plain_traceback(written, error)
    out.write("\n".join(map(_visible, written.getvalue().split("\n"))))


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _formatter(format: str, redact: Redactor) -> logging.Formatter:
    render: tuple[Processor, ...]
    if format == "json":
        # Exceptions become text without the values of local variables.
        render = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    else:
        console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback)
        render = (_without_control, console)

    def redacted(logger: WrappedLogger, name: str, line: EventDict) -> str:
        return redact(cast(str, line))

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_COMMON,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render, redacted],
    )
