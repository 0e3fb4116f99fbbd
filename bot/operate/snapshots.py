"""The commands of `python -m bot snapshots`: what deleted coupons held, which can't be had again."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.domain.errors import SealError
from bot.domain.event import Event, EventKind
from bot.operate.exits import GIVEN, OUTSIDE, fail
from bot.operate.offline import with_database
from bot.services.ports.store import Snapshot, Store, Transaction

if TYPE_CHECKING:
    from bot.adapters.seal import Seal
    from bot.settings import Settings

_Result = TypeVar("_Result")
_PAGE = 200

app = typer.Typer(help="What deleted coupons held: read it, and change its keys.", no_args_is_help=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new key for SNAPSHOT_KEYS. Anyone who has it can read the snapshots; without it nobody can."""
    from bot.adapters import seal

    typer.echo(seal.new_key())


@app.command()
def show(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="The id of a request, such as CG-7K2M9QX4AB.")
    ],
) -> None:
    """Print what a request's deleted coupons held, personal fields too. The audit notes that you did."""

    async def opened(store: Store, seal: Seal, now: datetime) -> list[str]:
        async with store.transaction() as tx:
            found = await tx.snapshots.of_request(request)
            for snapshot in found:
                data = {"operator": getpass.getuser()}
                kind, code = EventKind.SNAPSHOT_OPENED, snapshot.code
                await tx.record(Event(kind=kind, at=now, request=request, code=code, data=data))
            return [_told(snapshot, seal) for snapshot in found]

    told = _with_snapshots(opened)
    if not told:
        fail(
            GIVEN,
            f"Nothing is kept of the coupons of {request}.",
            "It is kept of coupons that Vivoldi showed and that were deleted while SNAPSHOT_KEYS was set, "
            "for RETENTION_DAYS.",
        )
    typer.echo("\n\n".join(told))


@dataclass(frozen=True)
class _Count:
    """How many snapshots were encrypted anew, how many were already, and which no key opens."""

    new: int = 0
    already: int = 0
    unread: tuple[str, ...] = ()


@app.command()
def reencrypt() -> None:
    """Encrypt every snapshot with the first key of SNAPSHOT_KEYS, so that the other keys can go.

    Safe while the bot runs, and more than once. Exit code 1 if no key opens one of them; it stays as it is.
    """
    count = _with_snapshots(_reencrypted)
    typer.echo(f"{_snapshots(count.new)} encrypted with the first key now; {count.already} already were.")
    if count.unread:
        more = f", and {len(count.unread) - 10} more" if len(count.unread) > 10 else ""
        fail(
            OUTSIDE,
            f"No key in SNAPSHOT_KEYS opens {_snapshots(len(count.unread))}: "
            f"{', '.join(count.unread[:10])}{more}.",
            "Add the key that they were encrypted with to the end of SNAPSHOT_KEYS, and run this again.",
        )
    typer.echo("The other keys can be taken out of SNAPSHOT_KEYS once every running bot has the first one.")


async def _reencrypted(store: Store, seal: Seal, now: datetime) -> _Count:
    count, place = _Count(), None
    while True:
        # A transaction for each page: a running bot never waits long.
        async with store.transaction() as tx:
            page = await tx.snapshots.after(place, _PAGE)
            if not page:
                return count
            changed = await _page_reencrypted(tx, page, seal)
            if changed.new:
                data = {"snapshots": changed.new, "operator": getpass.getuser()}
                await tx.record(Event(kind=EventKind.SNAPSHOTS_REENCRYPTED, at=now, data=data))
        place = page[-1].place
        count = _Count(
            count.new + changed.new, count.already + changed.already, count.unread + changed.unread
        )


async def _page_reencrypted(tx: Transaction, page: Sequence[Snapshot], seal: Seal) -> _Count:
    new, unread = 0, []
    for snapshot in page:
        try:
            renewed = seal.renewed(snapshot.sealed)
        except SealError:
            unread.append(f"{snapshot.code} of {snapshot.place.request_id}")
            continue
        if renewed is not None:
            new += 1
            await tx.snapshots.keep(snapshot.place, renewed, snapshot.kept_at)
    return _Count(new, len(page) - new - len(unread), tuple(unread))


def _snapshots(count: int) -> str:
    return "1 snapshot" if count == 1 else f"{count} snapshots"


def _told(snapshot: Snapshot, seal: Seal) -> str:
    """Return what a coupon held, as it is printed. Ends the command if it can't be opened."""
    try:
        answer = json.loads(seal.open(snapshot.sealed))
    except SealError as error:
        fail(
            OUTSIDE, f"What {snapshot.code} held can't be read. {error} Add the key that it was sealed with."
        )
    held = answer.get("result") if isinstance(answer, dict) else None
    text = json.dumps(held, indent=2, ensure_ascii=False)
    at = f"{snapshot.kept_at:%Y-%m-%d %H:%M:%S} UTC"
    # What Vivoldi gave goes to a terminal, which would obey some characters.
    safe = "".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in text)
    return f"{snapshot.code}, as Vivoldi showed it right before its deletion, {at}:\n{safe}"


def _with_snapshots(work: Callable[[Store, Seal, datetime], Awaitable[_Result]]) -> _Result:
    """Do something with the stored snapshots and the keys that open them."""

    async def opened(settings: Settings) -> _Result:
        from bot.adapters.store import SqlStore
        from bot.adapters.store.clock import DatabaseClock
        from bot.bootstrap import seal_of

        seal, clock = seal_of(settings), DatabaseClock()
        if seal is None:
            fail(
                GIVEN, "SNAPSHOT_KEYS is not set, so nothing can be opened. Set the keys of the running bot."
            )
        url = settings.database_url.get_secret_value()
        async with SqlStore(url, clock, lambda _: None) as store:
            await clock.measure(store)
            return await work(store, seal, clock.now())

    return with_database(opened, "snapshot_keys")
