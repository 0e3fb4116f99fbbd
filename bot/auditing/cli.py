"""The commands of `python -m bot audit`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bot.auditing.export import Format, write
from bot.auditing.report import report
from bot.auditing.story import story
from bot.domain.audit import Link
from bot.domain.coupon import parse_code
from bot.domain.errors import BadInput, StoreError
from bot.exits import GIVEN, OUTSIDE, fail, store_sentence
from bot.logs import Redactor
from bot.services.audit import verify as verify_chain
from bot.services.ports import Chosen, Trail

_Result = TypeVar("_Result")

app = typer.Typer(help="Verify, export and read the audit events.", no_args_is_help=True)


def _time(text: str) -> datetime:
    """Return a time of the ISO form; without a time zone it is UTC."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@app.command()
def verify() -> None:
    """Tell whether every audit event is as it was written, and where not. Exit code 1 if one is not."""
    verified = _read(verify_chain)
    typer.echo(report(verified))
    if verified.fault:
        raise typer.Exit(OUTSIDE)


@app.command()
def export(
    form: Annotated[Format, typer.Option("--format", help="JSON Lines or CSV.")] = Format.JSONL,
    since: Annotated[
        datetime | None, typer.Option(parser=_time, metavar="TIME", help="Not before (2026-03-01, in UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=_time, metavar="TIME", help="Before (2026-03-02T08:30).")
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="About this coupon code, and about the requests that it was in.")
    ] = None,
    request: Annotated[str | None, typer.Option(help="About this request (its id).")] = None,
) -> None:
    """Print the audit events, oldest first, any number of them."""
    try:
        asked = None if code is None else parse_code(code)
    except BadInput as error:
        fail(GIVEN, str(error))
    chosen = Chosen(since=since, until=until, code=asked, request=request)
    _read(lambda trail: write(trail, chosen, form, sys.stdout.buffer.write))
    sys.stdout.buffer.flush()


@app.command()
def show(request: Annotated[str, typer.Argument(help="The id of a request, such as CG-7K2M9QX4AB.")]) -> None:
    """Tell what happened to one request, step by step."""

    async def links(trail: Trail) -> list[Link]:
        async with aclosing(trail.pages(Chosen(request=request))) as pages:
            return [link async for page in pages for link in page.links]

    found = _read(links)
    if not found:
        fail(GIVEN, f"The audit has no request {request}.")
    typer.echo(story(request, found))


def _read(work: Callable[[Trail], Awaitable[_Result]]) -> _Result:
    """Do something with the audit of DATABASE_URL, the only setting that this takes."""
    from bot.checking import read_settings

    given = read_settings()
    if not given.has("database_url"):
        fail(GIVEN, *([line for line in given.faults if line.startswith("DATABASE_URL")] or given.faults))
    url = given.settings.database_url.get_secret_value()
    try:
        _require_file(url)
        return asyncio.run(_opened(url, work))
    except StoreError as error:
        fail(OUTSIDE, Redactor(given.settings.secrets())(store_sentence(error)))


def _require_file(url: str) -> None:
    """Make sure that a SQLite file is there, since opening it would make it. Raises StoreError."""
    from bot.adapters.store.engine import parse_url

    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        raise StoreError(f"There is no SQLite file {parsed.database}.")


async def _opened(url: str, work: Callable[[Trail], Awaitable[_Result]]) -> _Result:
    from bot.adapters.store import SqlTrail, require_current

    await require_current(url)
    async with SqlTrail(url) as trail:
        return await work(trail)
