"""Guards of what deleted coupons held, and of the ends that nobody may wait for in vain."""

from __future__ import annotations

from tests.guards.guard import Guard

_SNAPSHOTS = "tests/integration/services/test_snapshots.py"
_COMMANDS = "tests/integration/operate/test_snapshot_commands.py"
_DELETING = "tests/integration/services/test_deletion.py"
_SETTLED = "tests/integration/services/test_settled_at_last.py"
_SEAL = "bot/adapters/seal.py"
_BY_SEAL = ("tests/unit/adapters/test_seal.py",)

_KEPT = (
    Guard(
        name="kept before the DELETE",
        keeps="-",
        promise="What a coupon holds is stored before its DELETE, since it can't be had again.",
        file="bot/services/items/deletion.py",
        text="                await entry.keep(look.reading)\n",
        without="",
        tests=(f"{_SNAPSHOTS}::test_it_is_kept_before_the_deletion_is_sent",),
    ),
    Guard(
        name="what stays is not kept",
        keeps="I8",
        promise="Of a coupon that is still there, nothing is kept.",
        file="bot/services/items/ledger.py",
        text="if not may_be_gone(state):",
        without="if False:",
        tests=(f"{_SNAPSHOTS}::test_a_coupon_that_stays_is_not_kept",),
    ),
    Guard(
        name="kept after a switch",
        keeps="-",
        promise="What a coupon held is kept if a server that was switched may have known of its deletion.",
        file="bot/domain/item/deletion.py",
        text="return is_forgotten or isinstance(state, Deleted | Gone | Unknown)",
        without="return isinstance(state, Deleted | Gone | Unknown)",
        tests=(f"{_SNAPSHOTS}::test_what_a_lost_server_may_have_deleted_is_kept",),
    ),
    Guard(
        name="what may be gone is kept",
        keeps="-",
        promise="What a coupon held is kept as long as it may be gone.",
        file="bot/domain/item/deletion.py",
        text="isinstance(state, Deleted | Gone | Unknown)",
        without="isinstance(state, Deleted | Gone)",
        tests=(f"{_SNAPSHOTS}::test_a_coupon_that_may_be_gone_is_kept",),
    ),
    Guard(
        name="what is gone is kept",
        keeps="-",
        promise="What a coupon held is kept if nobody knows whether it was deleted or used up.",
        file="bot/domain/item/deletion.py",
        text="is_forgotten or isinstance(state, Deleted | Gone | Unknown)",
        without="is_forgotten or isinstance(state, Deleted | Unknown)",
        tests=(f"{_SNAPSHOTS}::test_a_coupon_that_is_gone_is_kept",),
    ),
    Guard(
        name="encrypted",
        keeps="I8",
        promise="What is kept can be read with the key alone.",
        file=_SEAL,
        text="self._first.encrypt(content).decode()",
        without="content.decode()",
        tests=_BY_SEAL,
    ),
    Guard(
        name="every key decrypts",
        keeps="-",
        promise="After a new key was put first, the old one still opens what it closed.",
        file=_SEAL,
        text="MultiFernet(fernets)",
        without="MultiFernet(fernets[:1])",
        tests=_BY_SEAL,
    ),
    Guard(
        name="no key, nothing kept",
        keeps="I8",
        promise="Without a key the personal and secret fields are not stored at all.",
        file="bot/services/items/ledger.py",
        text="isinstance(reading, Shown) and reading.sealed is not None",
        without="isinstance(reading, Shown)",
        tests=(f"{_SNAPSHOTS}::test_without_a_key_nothing_is_kept",),
    ),
    Guard(
        name="retention",
        keeps="I8",
        promise="What is older than RETENTION_DAYS is removed.",
        file="bot/adapters/store/snapshots.py",
        text="delete(snapshots).where(snapshots.c.kept_at < time)",
        without="delete(snapshots).where(snapshots.c.kept_at < datetime.min.replace(tzinfo=time.tzinfo))",
        tests=(f"{_SNAPSHOTS}::test_old_snapshots_go_and_the_audit_stays",),
    ),
    Guard(
        name="retention goes on",
        keeps="I8",
        promise="What is encrypted anew is not kept any longer for that.",
        file="bot/operate/snapshots.py",
        text="await tx.snapshots.keep(snapshot.place, renewed, snapshot.kept_at)",
        without="await tx.snapshots.keep(snapshot.place, renewed, datetime.now(snapshot.kept_at.tzinfo))",
        tests=(f"{_COMMANDS}::test_reencrypting_keeps_nothing_for_longer",),
    ),
    Guard(
        name="opening is noted",
        keeps="I7",
        promise="A person who reads what a coupon held is in the audit.",
        file="bot/operate/snapshots.py",
        text="await tx.record(Event(kind=kind, at=now, request=request, code=code, data=data))",
        without="pass",
        tests=(f"{_COMMANDS}::test_show_prints_what_was_deleted_and_the_audit_notes_it",),
    ),
    Guard(
        name="the terminal obeys nothing",
        keeps="-",
        promise="What Vivoldi gave can't command the terminal that it is printed on.",
        file="bot/operate/snapshots.py",
        text='char if char.isprintable() or char == "\\n" else',
        without="char if True else",
        tests=(f"{_COMMANDS}::test_show_prints_what_was_deleted_and_the_audit_notes_it",),
    ),
)

_ENDS = (
    Guard(
        name="a request is given up",
        keeps="I5",
        promise="A request that can never be read fails, and its requester is told.",
        file="bot/services/requests/read.py",
        text="if is_hopeless(claim.attempts, self._clock.now(), give_up_at):",
        without="if False:",
        tests=(f"{_SETTLED}::test_a_request_that_can_never_be_read_fails",),
    ),
    Guard(
        name="an outcome is given up",
        keeps="I5",
        promise="An unknown outcome that can never be read is told as unknown.",
        file="bot/services/items/deletion.py",
        text="deadline):\n            return await self._ledger.move(claim, give_up(unknown))",
        without="deadline) and False:\n            return await self._ledger.move(claim, give_up(unknown))",
        tests=(f"{_SETTLED}::test_an_unknown_outcome_that_can_never_be_read_is_told",),
    ),
    Guard(
        name="a confirmation is given up",
        keeps="I5",
        promise="A deletion that can never be confirmed is told as deleted.",
        file="bot/services/items/deletion.py",
        text="deadline):\n            return await self._ledger.move(claim, confirm(",
        without="deadline) and False:\n            return await self._ledger.move(claim, confirm(",
        tests=(f"{_SETTLED}::test_a_deletion_that_can_never_be_confirmed_is_told",),
    ),
    Guard(
        name="a lost DELETE is recorded",
        keeps="I7",
        promise="That a DELETE was found as being sent, and its sender is gone, is in the audit.",
        file="bot/services/items/deletion.py",
        text="return await self._ledger.move(claim, lost(sending, reason, self._clock.now()), fact)",
        without="return await self._ledger.move(claim, lost(sending, reason, self._clock.now()))",
        tests=(f"{_DELETING}::test_a_deletion_whose_sender_is_lost_is_in_the_audit",),
    ),
    Guard(
        name="late answers are kept",
        keeps="I7",
        promise="An answer whose claim was lost is in the audit all the same.",
        file="bot/services/items/ledger.py",
        text="                await self._note_late(claim, fact)\n",
        without="                pass\n",
        tests=(f"{_SETTLED}::test_an_answer_that_comes_too_late_is_in_the_audit",),
    ),
)

GUARDS = (*_KEPT, *_ENDS)
