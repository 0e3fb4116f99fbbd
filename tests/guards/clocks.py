"""Guards of the one clock, of leases around a send, and of commits that a database could lose."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLOCK = "bot/adapters/store/clock.py"
_CLAIMS = "bot/adapters/store/claims.py"
_TX = "bot/adapters/store/transaction.py"
_SERVER = "bot/adapters/store/server.py"
_POSTGRES = "bot/adapters/store/engine/postgres.py"
_BY_CLOCK = "tests/unit/adapters/test_clock.py"
_STORED = "tests/integration/store/test_one_clock.py"
_APART = "tests/integration/services/test_clocks_apart.py"
_LOST = "tests/integration/store/test_lost_server.py"
_CHECK = "tests/integration/operate/test_check_postgres.py"
_REAL = "tests/scenario/troubles/test_clocks.py"

_ONE_CLOCK = (
    Guard(
        name="time told by the database",
        keeps="I3",
        promise="On PostgreSQL replicas go by the server's clock, whatever their machines say.",
        file="bot/adapters/store/store.py",
        text="(await run(connection, _time)).scalar_one() if postgres else datetime.now(UTC)",
        without="datetime.now(UTC)",
        tests=(f"{_STORED}::test_the_time_is_the_databases",),
    ),
    Guard(
        name="slow answers tell no time",
        keeps="I3",
        promise="A round trip of some seconds is no ground for leases.",
        file=_CLOCK,
        text="if sample.after - sample.before > _SLOWEST:",
        without="if False:",
        tests=(f"{_BY_CLOCK}::test_an_answer_that_took_too_long_tells_no_time",),
    ),
    Guard(
        name="a time no longer told",
        keeps="I3",
        promise="Where the database has not told its time for a while, no work is taken.",
        file=_CLOCK,
        text="if self._elapsed() - self._confirmed > _GOOD_FOR:",
        without="if False:",
        tests=(f"{_BY_CLOCK}::test_a_time_that_is_no_longer_told_is_no_time",),
    ),
    Guard(
        name="a jump stops the work",
        keeps="I3",
        promise="After a jump of the database's clock no work is taken at first.",
        file=_CLOCK,
        text="if self._jump is not None:",
        without="if False:",
        tests=(f"{_BY_CLOCK}::test_nothing_is_taken_until_everyone_knows_of_a_jump",),
    ),
    Guard(
        name="leases end before a jump",
        keeps="I3",
        promise="A new time counts once every replica knows, and every lease from before has ended.",
        file=_CLOCK,
        text="elif sample.after - jump.since >= _SETTLED_AFTER:",
        without="else:",
        tests=(f"{_BY_CLOCK}::test_nothing_is_taken_until_everyone_knows_of_a_jump",),
    ),
    Guard(
        name="clock set back",
        keeps="I5",
        promise="Work does not stand still for as long as the clock was set back.",
        file=_CLOCK,
        text="if jump.start < known:",
        without="if False:",
        tests=(f"{_BY_CLOCK}::test_work_does_not_wait_for_as_long_as_the_clock_was_set_back",),
    ),
    Guard(
        name="set back before the start",
        keeps="I5",
        promise="The same holds where the clock was set back while no bot ran.",
        file=_CLOCK,
        text="if newest is not None and newest > now + timedelta(seconds=_TOLERATED):",
        without="if False:",
        tests=(f"{_BY_CLOCK}::test_a_clock_that_was_set_back_while_no_bot_ran",),
    ),
    Guard(
        name="leases of the future",
        keeps="I5",
        promise="A lease from before the clock was set back ends as one that is taken now.",
        file=_CLAIMS,
        text="case((table.c.lease_until > until, until), else_=table.c.lease_until)",
        without="table.c.lease_until",
        tests=(f"{_STORED}::test_what_waits_by_a_clock_that_was_set_back_is_made_due",),
    ),
    Guard(
        name="cards of the future",
        keeps="I5",
        promise="A card does not wait for as long as the clock was set back.",
        file=_CLAIMS,
        text="if drawn_at is None or drawn_at > now else",
        without="if drawn_at is None else",
        tests=(
            "tests/integration/store/test_due.py::test_a_card_does_not_wait_for_as_long_as_the_clock_was_set_back",
        ),
    ),
    Guard(
        name="calls of the future",
        keeps="-",
        promise="Calls that were counted by a clock that was set back keep nobody from calling Vivoldi.",
        file="bot/domain/rate.py",
        text="slot * window.slot - HELD_FOR <= now < _leaves(slot, window)",
        without="now < _leaves(slot, window)",
        tests=("tests/unit/domain/test_rate.py::test_calls_of_the_future_do_not_count",),
    ),
    Guard(
        name="paused by the clock",
        keeps="I3",
        promise="A worker takes no work while it is paused.",
        file="bot/run/worker.py",
        text=" and not self._paused()",
        without="",
        tests=("tests/unit/run/test_worker.py::test_no_work_is_taken_while_paused",),
    ),
    Guard(
        name="the bot pauses after a jump",
        keeps="I3",
        promise="The clock's doubts pause the worker of the bot as it runs.",
        file="bot/bootstrap.py",
        text="lambda: clock.trouble() is not None,",
        without="lambda: False,",
        tests=(_REAL,),
    ),
)

_SENT = (
    Guard(
        name="lease renewed when sent",
        keeps="I3",
        promise="A worker that stores that something is sent has a whole lease from then on.",
        file="bot/services/items/ledger.py",
        text="return await self.tx.renew(self.claim)",
        without="return None",
        tests=(f"{_APART}::test_i3_what_is_sent_in_the_last_moment_of_a_lease_is_sent_once",),
    ),
    Guard(
        name="lease renewed with a date",
        keeps="I3",
        promise="The same for the date of a freeze.",
        file="bot/services/items/freeze.py",
        text="            await entry.about_to_send()\n",
        without="",
        tests=(f"{_APART}::test_i3_a_date_in_the_last_moment_of_a_lease_is_sent_once",),
    ),
    Guard(
        name="not sent by a doubtful clock",
        keeps="I3",
        promise="What was claimed before a jump is not sent after it.",
        file=_TX,
        text="if (why := self._uncertain()) is not None:",
        without="if (why := self._uncertain()) is not None and False:",
        tests=(f"{_STORED}::test_nothing_is_sent_by_an_uncertain_clock",),
    ),
    Guard(
        name="a read of unknown age",
        keeps="I3",
        promise="Where the clock was set back since the read, nothing is sent on it.",
        file="bot/services/items/send.py",
        text="return on.read_at <= self._clock.now() < on.until",
        without="return self._clock.now() < on.until",
        tests=(f"{_APART}::test_i3_a_read_of_which_nobody_knows_the_age_is_not_sent_on",),
    ),
)

_VOID = (
    Guard(
        name="void whatever it came to",
        keeps="I4",
        promise="Where approvals went with their server, no end says that nothing was deleted or created.",
        file="bot/services/items/ledger.py",
        text="await self._lost(state) or state\n",
        without="state\n",
        tests=(f"{_APART}::test_i3_what_a_lost_server_knew_is_not_guessed",),
    ),
    Guard(
        name="void when stopped",
        keeps="I4",
        promise="Where approvals went with their server, a stop does not say that nothing was sent.",
        file="bot/services/asked/click.py",
        text="after = stop(request, actor, now, is_void=lost)",
        without="after = stop(request, actor, now)",
        tests=(f"{_APART}::test_i3_a_stop_after_a_lost_server_guesses_nothing",),
    ),
)

_KEPT = (
    Guard(
        name="commits kept",
        keeps="I3",
        promise="PostgreSQL tells of a commit once a crash can't undo it, whatever it is set to.",
        file=_POSTGRES,
        text="ELSE 'on' END",
        without="ELSE current_setting('synchronous_commit') END",
        tests=(
            f"{_STORED}::test_commits_are_kept_whatever_the_server_says",
            f"{_LOST}::test_a_crash_loses_nothing_that_was_committed",
        ),
    ),
    Guard(
        name="commits kept: looked at",
        keeps="I3",
        promise="Where it can't be had that commits are kept, the bot does not start.",
        file=_POSTGRES,
        text="require_kept(*cursor.fetchone())",
        without="cursor.fetchone()",
        tests=(f"{_CHECK}::test_a_server_that_forgets_is_not_used",),
    ),
    Guard(
        name="commits kept: when sent",
        keeps="I3",
        promise="It is looked at again in the transaction that stores that something is sent.",
        file=_CLAIMS,
        text="    require_kept(found.keeps)\n",
        without="",
        tests=(f"{_STORED}::test_what_a_server_may_forget_is_not_sent",),
    ),
    Guard(
        name="approvals know their server",
        keeps="I3",
        promise="Each approval is stored with the server that it is stored on.",
        file=_TX,
        text="insert(decisions).values(server=server.identity)",
        without="insert(decisions)",
        tests=(f"{_STORED}::test_approvals_are_stored_with_the_server",),
    ),
    Guard(
        name="approvals of another server",
        keeps="I3",
        promise="What was approved on another server is not sent: that it was sent before may be lost.",
        file="bot/domain/policy.py",
        text="if decision.server is not None and decision.server != server:",
        without="if False:",
        tests=(f"{_APART}::test_i3_an_approval_of_another_server_is_void",),
    ),
    Guard(
        name="approvals without a server",
        keeps="-",
        promise="An upgrade makes no approval void.",
        file="bot/domain/policy.py",
        text="if decision.server is not None and decision.server != server:",
        without="if decision.server != server:",
        tests=("tests/unit/domain/test_still_approved.py::test_an_approval_is_that_of_its_server",),
    ),
    Guard(
        name="a failover",
        keeps="I3",
        promise="A standby that took over is told from the server before it.",
        file=_SERVER,
        text="    \" || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)\"\n",
        without="",
        tests=(f"{_LOST}::test_a_server_that_takes_over_is_another_one",),
    ),
    Guard(
        name="a restored dump",
        keeps="I3",
        promise="What a dump brought back is told from what was there before.",
        file=_SERVER,
        text="coalesce(CAST(CAST(to_regclass('decisions') AS oid) AS text), '-')",
        without="'-'",
        tests=(f"{_STORED}::test_a_restored_dump_is_another_server",),
    ),
)

GUARDS = (*_ONE_CLOCK, *_SENT, *_VOID, *_KEPT)
