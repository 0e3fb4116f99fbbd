"""The logs: one pipeline for all, and no secret gets through it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import logs
from tests.logged import fresh_logging

FORMATS: tuple[Literal["console", "json"], ...] = ("console", "json")
# In every secret, and in nothing else that a line may hold: no time, line of code or path.
HIDDEN = "hushhush"
SECRETS = (f"the-signing-{HIDDEN}", f'odd"\\{HIDDEN}', f"pass@{HIDDEN}", f"a/b+c é={HIDDEN}")

Output = Callable[[], str]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """Return what was written to standard error, and put logging back as it was afterwards."""
    with fresh_logging():
        yield lambda: capsys.readouterr().err


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "value",
    [
        f"the-signing-{HIDDEN}",
        f'odd"\\{HIDDEN}',
        f"postgresql://guard:pass%40{HIDDEN}@db/guard",
        f"postgresql://guard:{HIDDEN}@db/guard",
        f"https://db.example/?key=pass%40{HIDDEN}",
        # As the standard library, httpx, yarl and SQLAlchemy write it.
        f"https://db.example/a/b%2Bc%20%C3%A9%3D{HIDDEN}",
        f"https://db.example/?key=a%2Fb%2Bc+%C3%A9%3D{HIDDEN}",
        f"https://db.example/?key=a/b%2bc+%c3%a9={HIDDEN}",
        f"db password a%2Fb+c %C3%A9%3D{HIDDEN}",
        f"xoxb-{HIDDEN}-{HIDDEN}",
        f"xoxe.xoxp-1-{HIDDEN}",
        f"xapp-1-A-{HIDDEN}",
        f"Authorization: APIKey {HIDDEN}",
        f"authorization: bearer {HIDDEN}",
        f"host=db password={HIDDEN}",
        f"https://hooks.slack.com/commands/T1/2/{HIDDEN}",
        f"http://127.0.0.1:8080/response/1/{HIDDEN}",
        f"wss://wss-primary.slack.com/link/?ticket={HIDDEN}&app_id=x",
    ],
)
def test_no_secret_gets_through(output: Output, format: Literal["console", "json"], value: str) -> None:
    """Secrets are blanked in fields, nested values, messages of libraries and tracebacks (I8)."""
    logs.configure("DEBUG", format, SECRETS)
    log = structlog.get_logger("bot.test")
    log.info("plain", field=value, nested={"list": [value]}, error=ValueError(value))
    logging.getLogger("library").warning("said %s", value)
    try:
        raise RuntimeError(value)
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("library").exception("failed")
    written = output()
    assert written.count("[redacted]") >= 6
    assert HIDDEN not in written


# What the forms of secrets begin with, in any case and alphabet, and what stands around it.
_PIECES = st.sampled_from(
    [
        *("xoxb-1", "xoxe.xoxp-1", "XOXB-1", "xapp-1", "APIKey x", "apikey\nx", "bearer x"),
        # Letters that count as i and k where case does not.
        *("AP\u0131KEY x", "AP\u0130\u212aey x"),
        *(
            "https://",
            "://",
            "a:b@",
            "@",
            "/commands/",
            "/response/",
            "ticket=x",
            "TICKET=x",
            "password=x",
            "&",
        ),
        *SECRETS,
        *("\u00e9", " ", '"', "_", ":", "/", "[redacted]", "x"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=4), max_size=12).map("".join))
def test_a_line_that_is_passed_over_holds_no_secret(line: str) -> None:
    """A line looks as if every form of secret had been looked for in it, whatever is in it (I8)."""
    values = sorted({form for secret in SECRETS for form in logs._written(secret)}, key=len, reverse=True)
    expected = re.sub("|".join(values), "[redacted]", line)
    for form, _ in logs._KNOWN_FORMS:
        expected = form.sub(r"\g<keep>[redacted]", expected)
    assert logs.Redactor(SECRETS)(line) == expected


def test_json_lines_are_json_with_stable_names(output: Output) -> None:
    """Each event is one JSON object with its name, fields, level, logger and time, redacted or not."""
    logs.configure("INFO", "json", SECRETS)
    structlog.get_logger("bot.test").info("request.opened", codes=["ABCDEFGH"], token="xoxb-1-2")
    logging.getLogger("slack_bolt.App").warning('quoted "%s"', "APIKey x")
    ours, theirs = map(json.loads, output().splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "request.opened",
        "codes": ["ABCDEFGH"],
        "token": "[redacted]",
        "level": "info",
        "logger": "bot.test",
    }
    assert (theirs["event"], theirs["level"]) == ('quoted "APIKey [redacted]"', "warning")


@pytest.mark.parametrize("format", FORMATS)
def test_traceback_shows_no_local_variables(output: Output, format: Literal["console", "json"]) -> None:
    """A traceback holds the lines of the program, not the values that were at hand (I8)."""
    logs.configure("INFO", format)

    def fail(personal: str) -> None:
        raise RuntimeError("went wrong")

    try:
        fail("".join(("per", "sonal-data")))
    except RuntimeError:
        structlog.get_logger("bot.test").exception("failed")
    written = output()
    assert "went wrong" in written
    assert "personal-data" not in written


@pytest.mark.parametrize(("level", "own", "library"), [("DEBUG", 3, 1), ("INFO", 2, 1), ("ERROR", 0, 0)])
def test_level_governs_the_bot_and_libraries_stay_quiet(
    output: Output, level: Literal["DEBUG", "INFO", "ERROR"], own: int, library: int
) -> None:
    """LOG_LEVEL is for the bot's own events; below WARNING, where Bolt logs bodies, libraries are mute."""
    logs.configure(level, "json")
    for name in ("bot.test", "slack_bolt.App"):
        logger = structlog.get_logger(name)
        logger.debug("debug")
        logger.info("info")
        logger.warning("warning")
    written = [json.loads(line)["logger"] for line in output().splitlines()]
    assert (written.count("bot.test"), written.count("slack_bolt.App")) == (own, library)


def test_references_differ_and_are_short() -> None:
    """A reference is short enough to be read out, and no two are the same."""
    made = {logs.reference() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 8 and each.isalnum() for each in made)
