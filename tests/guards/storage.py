"""Guards of the database: claims, one effect, one open request for each code, durability, the audit."""

from __future__ import annotations

from tests.guards.guard import Guard

_CLAIMS = "bot/adapters/store/claims.py"
_ENGINE = "bot/adapters/store/engine.py"
_TABLES = "bot/adapters/migrations/versions/0001_first_tables.py"
_CHAIN = "bot/adapters/migrations/versions/0002_audit_chain.py"
_BY_CLAIMS = "tests/integration/test_store_claims.py"
_BY_STORE = "tests/integration/test_store.py"
_KEPT = "tests/integration/test_invariants_kept.py"
_POWER_CUT = ("tests/integration/test_store_errors.py::test_sqlite_survives_a_power_cut",)

_CLAIMED = (
    Guard(
        name="claims exclude each other",
        keeps="I6",
        promise="What one worker has claimed, no other one gets before the lease ends.",
        file=_CLAIMS,
        text=".where(table.c.due_at <= now, free)",
        without=".where(table.c.due_at <= now)",
        tests=(f"{_KEPT}::test_i6_two_workers_send_one_deletion", "tests/integration/test_store_due.py"),
    ),
    Guard(
        name="a lease that ran out",
        keeps="I3",
        promise="A worker whose lease ran out stops, even if nobody took over.",
        file=_CLAIMS,
        text="where(claimed(claim), table.c.lease_until > now).with_for_update()",
        without="where(claimed(claim)).with_for_update()",
        tests=(f"{_BY_CLAIMS}::test_a_lease_that_ran_out_is_lost_even_if_nobody_took_over[sqlite]",),
    ),
    Guard(
        name="the token of an item's claim",
        keeps="I3",
        promise="Who held an item before can't go on with it.",
        file=_CLAIMS,
        text="        items.c.claim_token == claim.token,\n",
        without="",
        tests=(f"{_BY_CLAIMS}::test_an_item_that_was_taken_over_is_lost[sqlite]",),
    ),
    Guard(
        name="lease kept by its holder",
        keeps="I3",
        promise="A lease that has ended can't be kept up.",
        file=_CLAIMS,
        text="update(table).where(claimed(claim), table.c.lease_until > now)",
        without="update(table).where(claimed(claim))",
        tests=(f"{_BY_CLAIMS}::test_a_lease_that_is_kept_up_is_not_taken_over[sqlite]",),
    ),
    Guard(
        name="rows locked when claimed",
        keeps="I6",
        promise="On PostgreSQL, of workers that claim at once each gets another row.",
        file=_CLAIMS,
        text="oldest.with_for_update(skip_locked=True)",
        without="oldest",
        tests=(f"{_BY_CLAIMS}::test_each_piece_of_work_is_claimed_once[postgresql]",),
    ),
    Guard(
        name="only approved is due",
        keeps="I1",
        promise="Nothing can be claimed for deletion before both approvals are stored.",
        file="bot/adapters/store/due.py",
        text="deletion = approved and not is_final(state)",
        without="deletion = not is_final(state)",
        tests=(f"{_BY_CLAIMS}::test_only_an_approval_makes_items_due[sqlite]",),
    ),
)

_ONE_EFFECT = (
    Guard(
        name="conditional update",
        keeps="I6",
        promise="A request is saved only over the version that was read.",
        file="bot/adapters/store/transaction.py",
        text=" & (requests.c.version == before.version)",
        without="",
        tests=(f"{_BY_STORE}::test_a_save_over_another_version_is_refused[sqlite]",),
    ),
    Guard(
        name="locked from read to save",
        keeps="I6",
        promise="On PostgreSQL a request stays locked from its read to its save.",
        file="bot/adapters/store/load.py",
        text="chosen.with_for_update() if lock else chosen",
        without="chosen",
        tests=(f"{_BY_STORE}::test_changes_at_once_are_all_kept[postgresql]",),
    ),
    Guard(
        name="one open request per code",
        keeps="I6",
        promise="The database holds one open request for each code.",
        file=_TABLES,
        text='["code_key"], "open", unique=True)',
        without='["code_key"], "open")',
        tests=(f"{_BY_STORE}::test_a_code_is_in_one_open_request",),
    ),
    Guard(
        name="upper and lower case",
        keeps="I6",
        promise="Codes that differ in case alone are never open at once.",
        file="bot/domain/coupon.py",
        text="return code.upper()",
        without="return code",
        tests=(f"{_KEPT}::test_i6_one_open_request_per_code",),
    ),
    Guard(
        name="two people in the database",
        keeps="I1",
        promise="The database takes no second approval by the same person.",
        file=_TABLES,
        text='sa.UniqueConstraint("request_id", "actor_id", name="decisions_two_different_people")',
        without='sa.CheckConstraint("step > 0")',
        tests=(f"{_BY_STORE}::test_one_person_gives_one_step[sqlite]",),
    ),
)

_DURABLE = (
    Guard(
        name="ended requests free codes",
        keeps="I6",
        promise="An ended request lets go of its codes.",
        file="bot/adapters/store/transaction.py",
        text='.values({"open": False})',
        without='.values({"open": True})',
        tests=(f"{_BY_STORE}::test_an_ended_request_lets_go_of_its_codes",),
    ),
    Guard(
        name="saved only if read",
        keeps="I6",
        promise="What was not read in the same transaction is not saved.",
        file="bot/adapters/store/transaction.py",
        text="if before is None:\n            raise",
        without="if False:\n            raise",
        tests=(f"{_BY_STORE}::test_what_was_not_read_is_not_saved",),
    ),
    Guard(
        name="WAL",
        keeps="I5",
        promise="SQLite writes ahead, so a reader never waits and a crash loses nothing.",
        file=_ENGINE,
        text='"journal_mode=WAL", ',
        without="",
        tests=_POWER_CUT,
    ),
    Guard(
        name="synchronous=FULL",
        keeps="I5",
        promise="A commit is on the disk when it is told.",
        file=_ENGINE,
        text='"synchronous=FULL"',
        without='"synchronous=NORMAL"',
        tests=_POWER_CUT,
    ),
    Guard(
        name="BEGIN IMMEDIATE",
        keeps="I6",
        promise="On SQLite whoever will write has the lock before the first read.",
        file=_ENGINE,
        text='_sqlite(parsed, "IMMEDIATE")',
        without='_sqlite(parsed, "DEFERRED")',
        tests=(f"{_BY_STORE}::test_who_is_about_to_write_reads_nothing_old[sqlite]",),
    ),
    Guard(
        name="told after the commit",
        keeps="I5",
        promise="What is observed of a transaction is told only once it is committed.",
        file="bot/adapters/store/store.py",
        text="            await transaction.finish()\n",
        without="            await transaction.finish()\n            self._on_commit(transaction.recorded)\n",
        tests=(f"{_KEPT}::test_i5_nobody_is_told_before_the_commit",),
    ),
    Guard(
        name="newer databases left alone",
        keeps="I5",
        promise="A database that a newer version migrated is not touched.",
        file="bot/adapters/store/migrate.py",
        text="if stored - set(known):",
        without="if False:",
        tests=("tests/integration/test_migrations.py::test_a_newer_database_is_left_alone[sqlite]",),
    ),
)

_AUDITED = (
    Guard(
        name="the head is locked",
        keeps="I7",
        promise="On PostgreSQL, of writers at once each follows the other.",
        file="bot/adapters/store/chain.py",
        text="_locked_head if lock else _head",
        without="_head",
        tests=("tests/integration/test_audit.py::test_writers_at_once_keep_the_chain_whole",),
    ),
    Guard(
        name="commands are recorded",
        keeps="I7",
        promise="Every command, also a refused one, is an audit event.",
        file="bot/services/submit.py",
        text="            await _record(tx, kind, command, standing, self._clock.now(), None, data)\n",
        without="            await tx.finish()\n",
        tests=("tests/integration/test_services.py::test_a_command_that_opens_nothing_is_answered_at_once",),
    ),
    Guard(
        name="reads are recorded",
        keeps="I7",
        promise="Every read of Vivoldi is an audit event.",
        file="bot/services/read.py",
        text="                await self._record(tx, after, results)\n",
        without="",
        tests=("tests/integration/test_invariants_kept.py::test_i7_every_call_to_vivoldi_is_an_event",),
    ),
    Guard(
        name="outcomes are recorded",
        keeps="I7",
        promise="Every outcome is an audit event.",
        file="bot/services/ledger.py",
        text="        await self.note(Fact(EventKind.ITEM_OUTCOME, outcome_of(state)))\n",
        without="",
        tests=("tests/integration/test_invariants_kept.py::test_i7_a_story_is_told_by_its_events",),
    ),
    Guard(
        name="events with their change",
        keeps="I7",
        promise="Audit events are written in the transaction that they belong to.",
        file="bot/adapters/store/transaction.py",
        text="        if self.recorded:\n            await append",
        without="        if False:\n            await append",
        tests=(f"{_KEPT}::test_i7_a_decision_and_its_event_are_one_change",),
    ),
    Guard(
        name="clicks are recorded",
        keeps="I7",
        promise="Every decision and refusal is an audit event.",
        file="bot/services/decide.py",
        text="            await tx.record(self._event(click, standing, request, verdict, now))\n",
        without="",
        tests=(f"{_KEPT}::test_i7_a_story_is_told_by_its_events",),
    ),
    Guard(
        name="events can't be changed",
        keeps="I7",
        promise="The database refuses to change an audit event.",
        file=_CHAIN,
        text='        "events_no_update": "UPDATE ON events",\n',
        without="",
        tests=("tests/integration/test_audit.py::test_the_database_itself_refuses_to_tamper",),
    ),
    Guard(
        name="events follow the head",
        keeps="I7",
        promise="The database takes only the event that follows the last one.",
        file=_CHAIN,
        text="WHERE last_id = NEW.id - 1 AND last_hash = NEW.previous\n    );",
        without="WHERE last_id = NEW.id - 1\n    );",
        tests=("tests/integration/test_audit.py::test_the_database_itself_refuses_to_tamper",),
    ),
    Guard(
        name="the hash covers the facts",
        keeps="I7",
        promise="A changed event no longer fits its hash.",
        file="bot/domain/audit.py",
        text='"previous": previous, **vars(facts)}',
        without='"previous": previous}',
        tests=("tests/unit/test_audit_chain.py::test_the_meaning_of_a_hash_never_changes_unnoticed",),
    ),
    Guard(
        name="a cut-off end shows",
        keeps="I7",
        promise="Events that are missing at the end are found by the head.",
        file="bot/domain/audit.py",
        text="    if sound == head:\n        return None",
        without="    if sound:\n        return None",
        tests=("tests/unit/test_audit_chain.py::test_a_changed_head_is_found",),
    ),
)

GUARDS = (*_CLAIMED, *_ONE_EFFECT, *_DURABLE, *_AUDITED)
