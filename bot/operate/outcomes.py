"""The commands of `python -m bot outcomes`: what waits to be told, and the way to end that."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.domain.event import Event, EventKind
from bot.domain.request.request import is_ended
from bot.operate.exits import GIVEN, fail
from bot.operate.offline import with_database
from bot.services.ports.store import Transaction, Untold

if TYPE_CHECKING:
    from bot.adapters.store import SqlStore
    from bot.settings import Settings

_Result = TypeVar("_Result")

app = typer.Typer(
    help="Outcomes that Slack did not take yet: list them, or give one up.", no_args_is_help=True
)


@app.command("list")
def list_() -> None:
    """Print the outcomes that wait to be told, the oldest first."""

    async def found(store: SqlStore, now: datetime) -> list[str]:
        return [_line(each, now) for each in await store.untold(now)]

    lines = _with_store(found)
    typer.echo("\n".join(lines) if lines else "Every outcome was told, or given up.")


@app.command("give-up")
def give_up(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="The id of a request, such as CG-7K2M9QX4AB.")
    ],
) -> None:
    """End telling one outcome. The audit notes that you did, and that it was not told."""

    async def given_up(store: SqlStore, now: datetime) -> str | None:
        async with store.transaction() as tx:
            wrong = await _given_up(tx, request)
            if wrong is None:
                data = {"operator": getpass.getuser()}
                kind = EventKind.OUTCOME_GIVEN_UP
                await tx.record(Event(kind=kind, at=now, request=request, data=data))
        return wrong

    if wrong := _with_store(given_up):
        fail(GIVEN, wrong)
    typer.echo(f"The outcome of {request} is not told any more.")


async def _given_up(tx: Transaction, request_id: str) -> str | None:
    """Give an outcome up. Returns why not; None: it was."""
    if await tx.drop_outcome(request_id):
        return None
    request = await tx.get(request_id)
    if request is None:
        return f"There is no request {request_id}."
    if not is_ended(request):
        return f"{request_id} has not ended, so there is no outcome yet."
    delivery = await tx.delivery(request_id)
    if delivery.is_settled:
        return f"The outcome of {request_id} was {'told' if delivery.told else 'given up'} already."
    await tx.deliver(request_id, replace(delivery, given_up=True))
    return None


def _line(waiting: Untold, now: datetime) -> str:
    said = f"Slack says {waiting.refused_by}" if waiting.refused_by else "no answer from Slack"
    age = timedelta(seconds=int((now - waiting.since).total_seconds()))
    ended = f"{waiting.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"{waiting.id}  ended {ended} ({age} ago)  asked by {waiting.person}  {said}"


def _with_store(work: Callable[[SqlStore, datetime], Awaitable[_Result]]) -> _Result:
    """Do something with the store of DATABASE_URL, the only setting that this takes."""

    async def opened(settings: Settings) -> _Result:
        from bot.adapters.store import SqlStore
        from bot.bootstrap import SystemClock

        clock = SystemClock()
        async with SqlStore(settings.database_url.get_secret_value(), clock, lambda _: None) as store:
            return await work(store, clock.now())

    return with_database(opened)
