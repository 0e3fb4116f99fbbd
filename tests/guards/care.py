"""Guards of the extra care: Stop, the time before anything is sent, and the typed confirmation."""

from __future__ import annotations

from tests.guards.guard import Guard

_POLICY = "bot/domain/policy.py"
_REQUEST = "bot/domain/request/request.py"
_DECIDE = "bot/services/asked/click.py"
_EXECUTE = "bot/services/items/deletion.py"
_STOPPING = "bot/services/asked/click.py"
_BY_VALUE = "tests/unit/handlers/test_stop.py"
_FREEZING = "tests/integration/services/test_freeze.py"
_STOPPED = "tests/integration/services/test_stop.py"
_TYPING = "tests/integration/services/test_confirm.py"

_STOP = (
    Guard(
        name="stop seen at send",
        keeps="I1",
        promise="A stop while the coupon is read is seen in the transaction that would send it again.",
        file=_EXECUTE,
        text="        if request.stopped is not None:\n            return stopped(",
        without="        if False:\n            return stopped(",
        tests=(f"{_STOPPED}::test_a_stop_is_seen_in_the_transaction_that_would_send",),
    ),
    Guard(
        name="stop seen before the checks",
        keeps="I4",
        promise="An item that waits after a stop is only read: nobody is asked whether it may be sent.",
        file=_EXECUTE,
        text="        if request.stopped is not None:\n            end =",
        without="        if False:\n            end =",
        tests=(f"{_STOPPED}::test_a_stopped_item_needs_nobodys_word",),
    ),
    Guard(
        name="stop takes the claim",
        keeps="I1",
        promise="A worker that reads an item while it is stopped can't send it any more.",
        file="bot/adapters/store/transaction.py",
        text='return _IDLE | {"due_at": due}',
        without='return {"due_at": due}',
        tests=(f"{_STOPPED}::test_whoever_reads_a_stopped_item_has_lost_it",),
    ),
    Guard(
        name="stop takes it in a freeze",
        keeps="I1",
        promise="The claim on a deletion goes with the stop, also where its freeze goes on.",
        file="bot/adapters/store/transaction.py",
        text="if due is None or is_final(item.state):",
        without="if due is None:",
        tests=(f"{_FREEZING}::test_a_stop_ends_a_deletion_whose_freeze_is_still_underway",),
    ),
    Guard(
        name="stop ends what waits",
        keeps="I1",
        promise="Every item that was never sent ends with the stop.",
        file=_REQUEST,
        text="        if isinstance(item.state, Waiting) and not item.state.unanswered\n",
        without="        if False\n",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="lost attempts are settled",
        keeps="I4",
        promise="An item whose attempt got no answer is not told as stopped before a read.",
        file=_REQUEST,
        text="isinstance(item.state, Waiting) and not item.state.unanswered",
        without="isinstance(item.state, Waiting)",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="nothing again after a stop",
        keeps="I1",
        promise="What Vivoldi asks to send later is not left waiting for that after a stop.",
        file=_EXECUTE,
        text=" and entry.approved.stopped is None:",
        without=":",
        tests=(f"{_STOPPED}::test_a_429_after_a_stop_is_told_at_once",),
    ),
    Guard(
        name="stoppers only",
        keeps="I6",
        promise="Only an approver or the requester stops.",
        file=_POLICY,
        text="if not asked and not standing.granted(policy.approvers | policy.final_approvers):",
        without="if False:",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="stops by the policy",
        keeps="I6",
        promise="A stop counts only where the policy allows it.",
        file=_DECIDE,
        text="return may_stop(self._policy, standing, request)",
        without="return Verdict.ALLOWED",
        tests=(f"{_STOPPED}::test_someone_else_does_not_stop",),
    ),
    Guard(
        name="one stop counts",
        keeps="I6",
        promise="A second stop has no effect, and its person is told who was first.",
        file=_REQUEST,
        text="return request.stopped is None and any(",
        without="return any(",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="too late is told",
        keeps="I4",
        promise="Who stops too late is told privately what was sent already.",
        file=_DECIDE,
        text="if not isinstance(request, Approved) or not past_stopping(request):",
        without="if isinstance(request, Approved):",
        tests=(f"{_STOPPED}::test_a_stop_during_a_deletion_has_one_outcome",),
    ),
    Guard(
        name="stopped outcomes recorded",
        keeps="I7",
        promise="Each item that a stop ends is an audit event of that stop.",
        file=_STOPPING,
        text="        if is_final(item.state) and item.state != before.state:",
        without="        if False:",
        tests=(f"{_STOPPED}::test_a_stop_is_in_the_audit",),
    ),
    Guard(
        name="stopped coupons not kept",
        keeps="I8",
        promise="What a coupon held that is still there is not kept after a stop.",
        file=_STOPPING,
        text="            await tx.snapshots.drop(Place(request.origin.id, position))\n",
        without="",
        tests=(f"{_STOPPED}::test_what_a_stopped_coupon_held_is_not_kept",),
    ),
)

_WINDOW = (
    Guard(
        name="nothing before its time",
        keeps="I1",
        promise="A worker that holds an item too early sends nothing.",
        file=_EXECUTE,
        text="if request.stop_until is not None and self._clock.now() < request.stop_until:",
        without="if False:",
        tests=(f"{_STOPPED}::test_a_claim_within_the_window_sends_nothing",),
    ),
    Guard(
        name="window stored",
        keeps="I1",
        promise="The time to stop is the one that the card promised, whatever the setting is by then.",
        file="bot/adapters/store/rows.py",
        text='_REQUEST_TIMES = ("approve_by", "execute_by", "stop_until", "ended_at")',
        without='_REQUEST_TIMES = ("approve_by", "execute_by", "ended_at")',
        tests=(f"{_STOPPED}::test_a_claim_within_the_window_sends_nothing",),
    ),
    Guard(
        name="window leaves time",
        keeps="-",
        promise="A window that would never let anything be deleted is refused at the start.",
        file="bot/settings.py",
        text="if within is not None and seconds >= within:",
        without="if False:",
        tests=("tests/unit/run/test_settings.py::test_the_time_to_stop_leaves_time_to_delete",),
    ),
)

_TYPED = (
    Guard(
        name="plain click refused",
        keeps="I1",
        promise="With CONFIRM_BY_TYPING a plain click is never the final approval, whatever card it is from.",
        file=_POLICY,
        text="return Verdict.NOT_TYPED if policy.confirm_by_typing else Verdict.ALLOWED",
        without="return Verdict.ALLOWED",
        tests=(f"{_TYPING}::test_a_plain_click_is_refused_by_the_server",),
    ),
    Guard(
        name="typed text compared",
        keeps="I1",
        promise="Only the end of the code, or the number of coupons, confirms.",
        file=_POLICY,
        text='same = typed.strip().replace(",", "").upper() == confirmation(request).upper()',
        without="same = bool(typed)",
        tests=(_BY_VALUE,),
    ),
    Guard(
        name="typing after the policy",
        keeps="I1",
        promise="What is typed right by someone who may not approve is no approval.",
        file=_DECIDE,
        text="                if verdict is Verdict.ALLOWED:\n                    verdict = is_confirmed",
        without="                if verdict is not None:\n                    verdict = is_confirmed",
        tests=(f"{_TYPING}::test_who_may_not_approve_gets_no_dialog_and_can_not_type",),
    ),
    Guard(
        name="no dialog is told",
        keeps="I5",
        promise="Who gets no dialog is told to click again.",
        file="bot/services/asked/confirm.py",
        text="        except SlackError:\n            return await self._decide(click)\n",
        without="        except SlackError:\n            return verdict\n",
        tests=(f"{_TYPING}::test_where_the_dialog_does_not_open_the_person_is_told",),
    ),
    Guard(
        name="own dialogs only",
        keeps="I1",
        promise="A dialog that is not this bot's decides nothing.",
        file="handlers/payloads/__init__.py",
        text='case {"type": "view_submission", "view": {"callback_id": ids.CONFIRM}}:',
        without='case {"type": "view_submission"}:',
        tests=("tests/unit/handlers/test_payloads.py",),
    ),
    Guard(
        name="dialogs and nothing else",
        keeps="-",
        promise="A dialog that brings parts of other payloads along never gets to Bolt.",
        file="handlers/payloads/dialogs.py",
        text="    actions: None = None\n",
        without="",
        tests=("tests/unit/handlers/test_payloads.py",),
    ),
    Guard(
        name="errors stay in the dialog",
        keeps="I4",
        promise="A dialog whose approval could not be stored does not close as if it were.",
        file="handlers/errors.py",
        text='        if body.get("type") == "view_submission":',
        without="        if False:",
        tests=("tests/security/test_failing.py::test_a_dialog_that_fails_stays_open_and_says_so",),
    ),
)

GUARDS = (*_STOP, *_WINDOW, *_TYPED)
