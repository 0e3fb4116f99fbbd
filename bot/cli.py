"""The command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
import typer
import uvloop

from bot import __version__
from bot.domain.errors import BadInput, NotListening, SettingsError, SlackError, StoreError
from bot.lasting import lasting
from bot.logs import Redactor, configure
from bot.operate import audit, manifest, outcomes, snapshots
from bot.operate.exits import GIVEN, OUTSIDE, fail, store_sentence
from bot.operate.refusals import told
from bot.settings import Settings, Transport, load_settings, not_counted

_log = structlog.get_logger(__name__)

app = typer.Typer(
    help="Coupon Guard: two people approve, one coupon is deleted, and what is told is what happened.",
    no_args_is_help=True,
    add_completion=False,
    # They would print the values of local variables, and settings are among them.
    pretty_exceptions_enable=False,
)
app.add_typer(audit.app, name="audit")
app.add_typer(snapshots.app, name="snapshots")
app.add_typer(outcomes.app, name="outcomes")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coupon-guard {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that belong to no command."""


@app.command()
def serve() -> None:
    """Run the bot; Slack reaches it over HTTP. Needs SLACK_SIGNING_SECRET."""
    with lasting():
        from bot import bootstrap

    _run("http", bootstrap.serve)


@app.command()
def socket() -> None:
    """Run the bot in Socket Mode, which needs no public address. Needs SLACK_APP_TOKEN."""
    with lasting():
        from bot import bootstrap

    _run("socket", bootstrap.socket)


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date. Safe to run at any time, and more than once."""
    from bot import bootstrap

    _run(None, bootstrap.migrate)


@app.command()
def check(
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
) -> None:
    """Tell what works and what doesn't, with remedies. Changes nothing; exit code 1 if something fails."""
    from bot.operate import check as checking

    given = checking.read_settings()
    configure(given.settings.log_level, given.settings.log_format, given.settings.secrets())
    findings = asyncio.run(checking.check(given))
    typer.echo(checking.as_json(findings) if json else checking.as_text(findings))
    if checking.overall(findings) is checking.Level.FAILURE:
        raise typer.Exit(OUTSIDE)


@app.command("manifest")
def print_manifest(
    url: Annotated[str | None, typer.Option(help="The bot's public https address.")] = None,
    socket: Annotated[
        bool, typer.Option("--socket", help="For Socket Mode, which needs no address.")
    ] = False,
) -> None:
    """Print the Slack app's manifest, to create the app from."""
    try:
        typer.echo(manifest.render(url, socket), nl=False)
    except BadInput as error:
        fail(GIVEN, str(error))


def _run(transport: Transport | None, work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Load the settings and do the work; a known error becomes plain sentences and an exit code."""
    redact = Redactor()
    try:
        settings = load_settings(transport)
        redact = Redactor(settings.secrets())
        configure(settings.log_level, settings.log_format, settings.secrets())
        for stray in not_counted():
            _log.warning("settings.not_counted", what=stray.said)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work(settings))
    except SettingsError as error:
        fail(GIVEN, "These settings have to be mended first:", *error.faults)
    except NotListening as error:
        fail(OUTSIDE, str(error))
    except StoreError as error:
        fail(OUTSIDE, redact(store_sentence(error)))
    except SlackError as error:
        fail(OUTSIDE, redact(told(error)))
