"""Guards after the DELETE: what its answer and the reads afterwards prove."""

from __future__ import annotations

from tests.guards.guard import Guard

_ITEM = "bot/domain/item/deletion.py"
_ANSWERS = "bot/adapters/vivoldi/answers.py"
_RECONCILE = "bot/services/items/deletion.py"
_EXECUTE = "bot/services/items/deletion.py"
_DELETING = "tests/integration/services/test_deletion.py"
_BY_ITEM = ("tests/unit/domain/test_deletion.py",)
_BY_ANSWERS = ("tests/unit/adapters/test_vivoldi_answers.py",)
_AGAIN = "tests/integration/services/test_invariants.py::test_i3_nothing_is_sent_blindly_again"

_STATES = (
    Guard(
        name="unproven is unknown",
        keeps="I3",
        promise="After an answer that proves nothing, nothing is sent before a read has settled it.",
        file=_ITEM,
        text="            return lost(sending, reason, now)",
        without="            return Waiting(sending.attempts, sending.unanswered, reason)",
        tests=(_AGAIN,),
    ),
    Guard(
        name="late execution is settled",
        keeps="I3",
        promise="The read before the next attempt also settles an earlier one without answer.",
        file=_ITEM,
        text="    if waiting.unanswered:",
        without="    if False:",
        tests=_BY_ITEM,
    ),
    Guard(
        name="refused after unknown",
        keeps="I3",
        promise="A refusal after an attempt without answer is settled by a read.",
        file=_ITEM,
        text="case RefusedAnswer(message) if sending.unanswered:",
        without="case RefusedAnswer(message) if False:",
        tests=_BY_ITEM,
    ),
    Guard(
        name="unseen stays unknown",
        keeps="I4",
        promise="What was never shown can't be settled by a read: people are told to look.",
        file=_ITEM,
        text="case NotShown(), _:\n            return give_up(unknown)",
        without="case NotShown(), _:\n            return Deleted(Source.READING, now, Confirmation.GONE)",
        tests=_BY_ITEM,
    ),
    Guard(
        name="unclear stays unknown",
        keeps="I3",
        promise="Facts that differ without a creation time settle nothing.",
        file=_ITEM,
        text="case Sameness.UNCLEAR:\n            return give_up(unknown)",
        without="case Sameness.UNCLEAR:\n            return Waiting(unknown.attempts, unknown.unanswered)",
        tests=_BY_ITEM,
    ),
    Guard(
        name="confirmed by a read",
        keeps="I4",
        promise="A deletion is told only after one more read.",
        file=_ITEM,
        text="return state.confirmation is not None",
        without="return True",
        tests=_BY_ITEM,
    ),
    Guard(
        name="still shown is told",
        keeps="I4",
        promise="A coupon that still validates after its deletion is told as such.",
        file=_ITEM,
        text="return Confirmation.STILL_SHOWN",
        without="return Confirmation.GONE",
        tests=_BY_ITEM,
    ),
    Guard(
        name="last read after execute-by",
        keeps="I4",
        promise="Nobody is told “not deleted” of an attempt that may have been executed late.",
        file=_EXECUTE,
        text="        if not waiting.unanswered:\n            return await self._ledger.move(claim, end)",
        without="        if True:\n            return await self._ledger.move(claim, end)",
        tests=(f"{_DELETING}::test_a_deletion_that_was_executed_late_is_told_as_such",),
    ),
)

_ABSENCE = "bot/domain/item/absence.py"
_ONE_LOOK = "tests/unit/domain/test_deletion.py::test_one_look_that_does_not_show_it_ends_nothing"

_LOOKS = (
    Guard(
        name="absence: two looks",
        keeps="I4",
        promise="Nothing ends, and nothing is sent, because one look did not show a coupon.",
        file=_ABSENCE,
        text="        return LookAgain(look.at + LOOKS_APART)\n",
        without="        return then\n",
        tests=(_ONE_LOOK,),
    ),
    Guard(
        name="absence: since the question",
        keeps="I4",
        promise="An answer that was long on its way is no second look.",
        file=_ABSENCE,
        text="look.asked - before >= LOOKS_APART",
        without="look.at - before >= LOOKS_APART",
        tests=("tests/unit/domain/test_deletion.py::test_a_slow_answer_is_no_second_look",),
    ),
    Guard(
        name="absence: five seconds apart",
        keeps="I4",
        promise="The two looks that do not show a coupon are five seconds apart.",
        file=_ABSENCE,
        text="return then if look.asked - before >= LOOKS_APART else LookAgain(before + LOOKS_APART)",
        without="return then",
        tests=(_ONE_LOOK,),
    ),
    Guard(
        name="absence: cleared by a look",
        keeps="I4",
        promise="A look that shows the coupon makes those before it count for nothing.",
        file=_ABSENCE,
        text="return (before or look.at) if isinstance(look.reading, NotShown) else None",
        without="return (before or look.at) if isinstance(look.reading, NotShown) else before",
        tests=(f"{_DELETING}::test_an_old_odd_read_is_no_first_look",),
    ),
    Guard(
        name="absence: stored",
        keeps="I4",
        promise="The first look is stored, so that a second one, by whichever process, counts from it.",
        file="bot/services/items/ledger.py",
        text="        await tx.save(after)\n    return after\n",
        without="        pass\n    return request\n",
        tests=(f"{_DELETING}::test_a_coupon_that_was_never_shown_is_looked_at_twice",),
    ),
    Guard(
        name="absence: after a lost answer",
        keeps="I4",
        promise="A look from before the DELETE says nothing of what a lost answer has done.",
        file=_ITEM,
        text="    since = None if is_lost else item.absent_since\n",
        without="    since = item.absent_since\n",
        tests=(
            "tests/unit/domain/test_deletion.py::test_a_look_from_before_a_lost_answer_says_nothing_of_it",
        ),
    ),
    Guard(
        name="absence: before a DELETE",
        keeps="I2",
        promise="A DELETE of a coupon that was never shown needs two looks after the card.",
        file=_ITEM,
        text="return by_absence(item.absent_since, look, Send())",
        without="return Send()",
        tests=(f"{_DELETING}::test_a_coupon_that_was_never_shown_is_looked_at_twice",),
    ),
    Guard(
        name="gone is not deleted",
        keeps="I4",
        promise="A coupon that is not shown after a lost answer is not said to be deleted.",
        file=_ITEM,
        text="by_absence(item.absent_since, look, Gone(now, unknown.reason, message, unknown.refusal))",
        without="by_absence(item.absent_since, look, Deleted(Source.READING, now, Confirmation.GONE))",
        tests=(f"{_DELETING}::test_a_use_in_the_wrong_moment_is_not_told_as_deleted",),
    ),
    Guard(
        name="no second look too late",
        keeps="I4",
        promise="Without the time for a second look, an item ends as too late, and not before it is.",
        file=_EXECUTE,
        text="return await self._ledger.put_back(claim, min(at, request.execute_by), look)",
        without="return await self._too_late(claim, request, item, waiting)",
        tests=(f"{_DELETING}::test_a_second_look_that_would_come_too_late_is_none",),
    ),
)

_DEADLINES = (
    Guard(
        name="settled for a minute",
        keeps="I4",
        promise="An unknown outcome is read for at least a minute, also after execute-by.",
        file=_RECONCILE,
        text="max(request.execute_by, unknown.since + _READ_FOR)",
        without="request.execute_by",
        tests=(f"{_DELETING}::test_the_read_afterwards_is_tried_for_a_minute",),
    ),
    Guard(
        name="confirmed for a minute",
        keeps="I4",
        promise="The read that confirms a deletion is tried again for a minute.",
        file=_RECONCILE,
        text="if self._clock.now() < deadline:",
        without="if False:",
        tests=(f"{_DELETING}::test_the_read_afterwards_is_tried_for_a_minute",),
    ),
    Guard(
        name="told in time",
        keeps="I4",
        promise="An item that waits is told as too late at execute-by, not when Vivoldi's wait is over.",
        file=_EXECUTE,
        text="min(due, entry.approved.execute_by)",
        without="due",
        tests=(f"{_DELETING}::test_what_was_put_off_ends_at_execute_by",),
    ),
    Guard(
        name="put off until execute-by",
        keeps="I4",
        promise="An item that is held up ends at execute-by, not when the next try is due.",
        file="bot/services/items/ledger.py",
        text="min(due, entry.approved.execute_by)",
        without="due",
        tests=(f"{_DELETING}::test_what_was_put_off_ends_at_execute_by",),
    ),
    Guard(
        name="resent before execute-by",
        keeps="I4",
        promise="An attempt shown as not executed ends at execute-by, not when the next try is due.",
        file=_RECONCILE,
        text="min(due, request.execute_by)",
        without="due",
        tests=(f"{_DELETING}::test_what_was_put_off_ends_at_execute_by",),
    ),
    Guard(
        name="finished with the last",
        keeps="I4",
        promise="A request is finished only when every coupon has its outcome.",
        file="bot/domain/request/request.py",
        text="if not all(is_final(item.state) for item in items):",
        without="if False:",
        tests=("tests/unit/domain/test_request.py",),
    ),
)

_PROOFS = (
    Guard(
        name="429 is not refused",
        keeps="I3",
        promise="Only a 429 proves by its status that the deletion may be sent again.",
        file=_ANSWERS,
        text="if status == HTTPStatus.TOO_MANY_REQUESTS:",
        without="if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="only a failed connect",
        keeps="I3",
        promise="Only a connection that never came about proves that nothing was sent.",
        file=_ANSWERS,
        text="if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):",
        without="if isinstance(error, httpx.NetworkError | httpx.TimeoutException):",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="5xx proves nothing",
        keeps="I3",
        promise="The code in a body counts only with a status of 2xx or 3xx.",
        file=_ANSWERS,
        text="return code if 200 <= status < 400 and type(code) is int else None",
        without="return code if type(code) is int else None",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="code 0 is a number",
        keeps="I4",
        promise="A `code` that only looks like 0 is no success.",
        file=_ANSWERS,
        text="type(code) is int else None",
        without="isinstance(code, int) else None",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="a redirect is no success",
        keeps="I4",
        promise="A redirect with code 0 proves nothing.",
        file=_ANSWERS,
        text="case 0 if status < 300:",
        without="case 0:",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="408 refuses nothing",
        keeps="I4",
        promise="A request time-out (408) is not told as refused.",
        file=_ANSWERS,
        text="(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)",
        without="(HTTPStatus.TOO_MANY_REQUESTS,)",
        tests=_BY_ANSWERS,
    ),
    Guard(
        name="the coupon asked for",
        keeps="I2",
        promise="An answer about another coupon is no answer.",
        file="bot/adapters/vivoldi/wire.py",
        text='        or code_key(number.replace("-", "")) != code_key(code)\n',
        without="",
        tests=_BY_ANSWERS,
    ),
)

GUARDS = (*_STATES, *_LOOKS, *_DEADLINES, *_PROOFS)
