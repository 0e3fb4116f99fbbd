"""Guards of locks, leases and commits: who waits for whom, and what those leave behind who go."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLAIMS = "bot/adapters/store/claims.py"
_WRITER = "bot/adapters/store/engine/shared_commit.py"
_SHARED = "tests/integration/store/test_shared_commit.py"
_LOCKS = "tests/integration/store/test_lock_order.py"
_ORDER = f"{_LOCKS}::test_who_works_on_an_item_waits_for_its_request_first"
_RELEASE = """\
        if table is not requests and claim.request_id not in self._locked:
            await claims.lock_request(self._connection, claim.request_id)
"""
_HOLD = """\
    if claim.position is not None:
        await lock_request(connection, claim.request_id)
    held = _held(table_of(claim))
    if (await run(connection, held, place_of(claim) | {"now": now})).first() is None:
        raise _lost()
"""
_HOLD_ITEM_FIRST = """\
    held = _held(table_of(claim))
    if (await run(connection, held, place_of(claim) | {"now": now})).first() is None:
        raise _lost()
    if claim.position is not None:
        await lock_request(connection, claim.request_id)
"""
_UNLOCK = """\
    except BaseException:
        connection.rollback()
        with suppress(sqlite3.Error):
            raw.rollback()
        raise
"""

GUARDS = (
    Guard(
        name="the newer before the older",
        keeps="I6",
        promise="Making all work due locks requests in the order in which everyone does.",
        file=_CLAIMS,
        text='    await run(connection, _with_later_work, {"now": now})\n',
        without="",
        tests=(f"{_LOCKS}::test_who_makes_all_due_locks_the_newer_before_the_older",),
    ),
    Guard(
        name="requests before items",
        keeps="I6",
        promise="On PostgreSQL, going on with an item locks its request first, so nobody deadlocks.",
        file=_CLAIMS,
        text=_HOLD,
        without=_HOLD_ITEM_FIRST,
        tests=(_ORDER,),
    ),
    Guard(
        name="given back in the same order",
        keeps="I6",
        promise="On PostgreSQL, giving an item back locks its request first, so nobody deadlocks.",
        file="bot/adapters/store/transaction.py",
        text=_RELEASE,
        without="",
        tests=(_ORDER,),
    ),
    Guard(
        name="commits of who is gone",
        keeps="I5",
        promise="What someone wrote who is cancelled in line is committed, also if nobody else is left.",
        file=_WRITER,
        text="await asyncio.shield(self._committed(connection, commit))",
        without="await self._committed(connection, commit)",
        tests=(f"{_SHARED}::test_what_is_written_is_committed_although_everyone_is_cancelled",),
    ),
    Guard(
        name="no lock of who is gone",
        keeps="I5",
        promise="A transaction that was begun for someone who is gone by then does not lock SQLite.",
        file=_WRITER,
        text=_UNLOCK,
        without="    except BaseException:\n        raise\n",
        tests=(f"{_SHARED}::test_whoever_leaves_while_waiting_for_the_lock_leaves_none",),
    ),
    Guard(
        name="a lease after a failed try",
        keeps="I3",
        promise="One try to keep a lease up that fails does not end the keeping.",
        file="bot/run/worker.py",
        text='            except StoreError as error:\n                _log.warning("worker.lease_not_kept"',
        without="            except StoreError as error:\n                kept = False\n"
        '                _log.warning("worker.lease_not_kept"',
        tests=("tests/unit/run/test_worker.py::test_a_lease_is_kept_up_after_a_try_that_failed",),
    ),
    Guard(
        name="the audit is not emptied",
        keeps="I7",
        promise="On PostgreSQL nobody empties the table of the audit at once.",
        file="bot/adapters/migrations/versions/0002_audit_chain.py",
        text="UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT",
        without="UPDATE OR DELETE ON events FOR EACH STATEMENT",
        tests=("tests/integration/operate/test_audit.py::test_nobody_empties_the_audit_at_once",),
    ),
    Guard(
        name="the head is not emptied",
        keeps="I7",
        promise="On PostgreSQL nobody empties the table of the audit's head at once.",
        file="bot/adapters/migrations/versions/0002_audit_chain.py",
        text="INSERT OR DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT",
        without="INSERT OR DELETE ON audit_head FOR EACH STATEMENT",
        tests=("tests/integration/operate/test_audit.py::test_nobody_empties_the_audit_at_once",),
    ),
)
