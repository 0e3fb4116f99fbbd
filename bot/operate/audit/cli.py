"""The commands of `python -m bot audit`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from bot.domain.audit import Link
from bot.domain.coupon import parse_code
from bot.domain.errors import BadInput
from bot.operate.audit.export import Format, write
from bot.operate.audit.report import report
from bot.operate.audit.story import story
from bot.operate.audit.verify import verify as verify_chain
from bot.operate.exits import GIVEN, OUTSIDE, fail
from bot.operate.offline import with_database
from bot.services.ports.store import Chosen, Trail
from bot.settings import Settings

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
def show(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="The id of a request, such as CG-7K2M9QX4AB.")
    ],
) -> None:
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

    async def opened(settings: Settings) -> _Result:
        from bot.adapters.store import SqlTrail

        async with SqlTrail(settings.database_url.get_secret_value()) as trail:
            return await work(trail)

    return with_database(opened)
