"""Whether a connection to PostgreSQL is one to the same server process for as long as it lasts.

Behind a pooler that gives each transaction another one (PgBouncer's `pool_mode = transaction`) it is not:
what the bot sets for its connections goes to someone else's, and its prepared statements are not there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from bot.adapters.store.engine.connect import Connection, run
from bot.adapters.store.engine.engine import Database
from bot.domain.errors import StoreError

# With when it began, since numbers of processes are used again.
_PROCESS = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_TRIES = 4


async def require_own_process(database: Database) -> None:
    """Raise StoreError if transactions of one connection come to different processes, or two share one.

    Without such a pooler neither can be, so nobody is refused by mistake. With one it shows at once: the
    process that one connection has just let go of, or that was free for longest, is given to the next that
    asks, and while one is kept in a transaction, others are asked for. Someone else may come between; not
    each time.
    """
    async with database.look_up() as connection:
        mine = await _process(connection, 0)
        for number in range(_TRIES):
            before = await _process(connection, 3 * number + 1)
            async with database.write() as other:
                its = await _process(other, 3 * number + 2)
                meanwhile = await _process(connection, 3 * number + 3)
            if its == mine or before != mine or meanwhile != mine:
                raise StoreError(
                    "DATABASE_URL leads to a pooler that gives each transaction another connection (PgBouncer"
                    " with pool_mode = transaction), and the bot needs connections of its own: set pool_mode"
                    " to session for it, or let it connect to PostgreSQL itself."
                )


async def _process(connection: Connection, number: int) -> tuple[Any, ...]:
    """Return which process this is. number: another one each time, or the driver prepares the statement."""
    return tuple((await run(connection, text(f"{_PROCESS} AND {number} = {number}"))).one())
