"""Requests at every state, and with everything that can be in them, as golden files and limits need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.domain.coupon import Coupon, CouponCode, Difference, DiscountKind, NotShown, Reading, Shown
from bot.domain.item.deletion import (
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    ItemState,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.item.freeze import Fate, Freeze, Goal, LaterRequest, NotDone, Sent, Unfrozen, Why
from bot.domain.policy import Verdict
from bot.domain.request.request import Approved, Finished, Purpose
from bot.domain.request.request import Shown as ShownRequest
from tests import gallery_restore
from tests.builders import (
    AMIR,
    BEA,
    CODE,
    DATES,
    FREEZE,
    FROZEN,
    OTHER_CODE,
    RIKA,
    UNFREEZE,
    UNSEEN,
    a_coupon,
    an_item,
    approved,
    cancelled,
    expired,
    finished,
    freezing,
    later,
    only_frozen,
    pending,
    rejected,
    reviewed,
    stopped,
    with_states,
)

DELETED = {
    f"{source}, {seen}": Deleted(source, later(180), seen)
    for source, seen in [
        *((Source.ANSWER, seen) for seen in Confirmation),
        (Source.READING, Confirmation.REPLACED),
    ]
} | {"reading, gone": Deleted(Source.READING, later(180), Confirmation.GONE, "The coupon has expired.")}
_LATER_END = Difference("ends_on", "2025-12-31", "2026-12-31")
_NEW_LIMIT = Difference("use_limit", "1", None)
_UNKNOWN = Unknown(1, 1, "Vivoldi's answer says nothing certain (HTTP 500)", later(180))
NOT_DELETED: dict[str, ItemState] = {
    "refused by Vivoldi": Refused("Vivoldi says: “This coupon can't be deleted, since it was redeemed.”"),
    "changed facts": Changed((_LATER_END, _NEW_LIMIT)),
    "no longer shown": Changed(message="The coupon has expired."),
    "approved unseen, shown now": Changed(),
    "too late": NotSent(NotSentReason.TOO_LATE),
    "too late, with an obstacle": NotSent(
        NotSentReason.TOO_LATE,
        "Vivoldi could not be read: Vivoldi could not be reached (ConnectError)",
        unanswered=1,
    ),
    "the first approver is a guest now": NotSent(NotSentReason.APPROVER_LOST, Verdict.GUEST, AMIR.id),
    "the final approver left the group": NotSent(
        NotSentReason.APPROVER_LOST, Verdict.NOT_A_FINAL_APPROVER, BEA.id
    ),
    "Vivoldi refuses to be read": NotSent(
        NotSentReason.UNREADABLE,
        "Vivoldi refused the call (HTTP 401): look at the setting VIVOLDI_API_KEY",
    ),
    "not bound": NotSent(NotSentReason.NOT_BOUND),
    "another server": NotSent(NotSentReason.OTHER_SERVER),
    "stopped": NotSent(NotSentReason.STOPPED, stopped_by=RIKA.id),
    "stopped after a lost attempt": NotSent(NotSentReason.STOPPED, unanswered=1, stopped_by=AMIR.id),
    "unknown for good": replace(_UNKNOWN, final=True),
    "unknown for good, refused later": replace(
        _UNKNOWN, final=True, refusal="Vivoldi says: “The coupon does not exist.”"
    ),
    "gone": Gone(later(180), "Vivoldi did not answer in time", "This coupon is not valid."),
    "gone, refused later": Gone(
        *(later(180), "no answer", "This coupon is not valid."), "Vivoldi says: “The coupon does not exist.”"
    ),
}
RUNNING: dict[str, ItemState] = {
    "waiting": Waiting(),
    "held up": Waiting(1, 0, "Vivoldi's rate limit was reached (HTTP 429)"),
    "sending": Sending(1, 0),
    "unknown, being settled": _UNKNOWN,
    "unknown, refused later": replace(_UNKNOWN, refusal="Vivoldi says: “The coupon does not exist.”"),
    "deleted, not read yet": Deleted(Source.ANSWER, later(180)),
}

_RISKY = a_coupon(use_limit=0, use_count=12, issued_to_person=True)
_SEVERAL: dict[CouponCode, Reading] = {
    CODE: Shown(a_coupon()),
    OTHER_CODE: Shown(a_coupon(number=OTHER_CODE, name="Summer sale", discount_kind=DiscountKind.AMOUNT)),
    CouponCode("GONE2024XX"): NotShown("The coupon has expired."),
}


def long_text(length: int, words: str = "Cakes & pies for all, ") -> str:
    """Return a text of that many characters."""
    return (words * length)[:length]


def longest_coupon(code: CouponCode, words: str = "Cakes & pies for all, ") -> Coupon:
    """Return a coupon whose every fact is as long as the adapters let in."""
    return a_coupon(
        number=code,
        name=long_text(200, words),
        discount_kind=DiscountKind.AMOUNT,
        discount="9" * 30,
        currency=long_text(40, words),
        starts_on=long_text(40, words),
        ends_on=long_text(40, words),
        use_limit=0,
        use_count=10**29,
        created_at=long_text(40, words),
        domain=long_text(200, words),
        issued_to_person=True,
    )


def twenty_longest(words: str = "Cakes & pies for all, ") -> dict[CouponCode, Reading]:
    """Return twenty codes, every other one not shown, with the longest texts."""
    codes = [CouponCode(f"LONGESTCODE{number:05d}") for number in range(20)]
    return {
        code: NotShown(long_text(500, words)) if number % 2 else Shown(longest_coupon(code, words))
        for number, code in enumerate(codes)
    }


_HOSTILE = (
    "<!channel> <@U0RIKA0000> *Approved* _by_ ~all~ `rm` ```x``` <https://evil.example|here> "
    "https://evil.example &lt;!here&gt; :tada:"
)


def _hostile() -> dict[CouponCode, Reading]:
    coupon = a_coupon(name=_HOSTILE, currency="<!here>", starts_on="*now*", domain="<https://evil.example|x>")
    return {
        CODE: Shown(coupon),
        OTHER_CODE: Shown(replace(coupon, number=OTHER_CODE, name="two\nlines\n*Approved by* @Amir")),
        CouponCode("UNSEEN2025"): NotShown(_HOSTILE),
    }


def _one(state: ItemState, snapshot: Reading | None = None) -> Approved | Finished:
    shown = None if snapshot is None else {CODE: snapshot}
    return with_states(approved(reviewed(pending(shown))), state)


def _states(states: Mapping[str, ItemState]) -> dict[str, ShownRequest]:
    return {name: _one(state, _snapshot_for(state)) for name, state in states.items()}


def _snapshot_for(state: ItemState) -> Reading | None:
    """Return a snapshot with which a state can come about; None: any."""
    seen = isinstance(state, Deleted) and state.confirmation is Confirmation.UNSEEN
    return UNSEEN if seen or state == Changed() else None


def _frozen_items() -> tuple[Item, ...]:
    return (replace(an_item(), freeze=FROZEN),)


def _stopped(*states: ItemState) -> ShownRequest:
    running = with_states(approved(reviewed(pending(_SEVERAL))), *states)
    assert isinstance(running, Approved)
    return stopped(running)


def _mixed() -> Finished:
    three = approved(reviewed(pending(_SEVERAL)))
    return finished(
        DELETED["answer, gone"], Changed((_LATER_END,)), replace(_UNKNOWN, final=True), request=three
    )


def twenty_ended(words: str = "Cakes & pies for all, ") -> Finished:
    """Return a request for twenty codes whose outcomes all quote the longest texts."""
    message = long_text(500, words)
    states = [
        Refused(f"Vivoldi says: “{message}”") if number % 2 else NotSent(NotSentReason.UNREADABLE, message)
        for number in range(20)
    ]
    shown = pending(twenty_longest(words), reason=message)
    return finished(*states, request=approved(reviewed(shown)))


_PENDING: dict[str, ShownRequest] = {
    "step 1": pending(),
    "step 1, every warning": pending({CODE: Shown(_RISKY)}, reason=""),
    "step 1, few facts": pending({CODE: Shown(Coupon(number=CODE))}),
    "step 1, not shown by Vivoldi": pending({CODE: UNSEEN}),
    "step 1, several": pending(_SEVERAL),
    "step 2": reviewed(),
    "step 2, the requester gave step 1": reviewed(by=RIKA),
    "step 2, several": reviewed(pending(_SEVERAL)),
}
_ENDED: dict[str, ShownRequest] = {
    "rejected before step 1": rejected(),
    "rejected after step 1": rejected(reviewed()),
    "cancelled": cancelled(),
    "cancelled after step 1": cancelled(reviewed()),
    "expired": expired(),
    "expired after step 1": expired(reviewed()),
}
_FINISHED: dict[str, ShownRequest] = {**_states(DELETED), **_states(NOT_DELETED), "several": _mixed()}

_NOT_FROZEN: dict[str, Freeze] = {
    "refused": NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, Why.REFUSED, False, "Vivoldi says: “No.”"),
    "no effect": NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, Why.NO_EFFECT, True),
    "changed": NotDone(
        Goal.FREEZE, AMIR.id, later(100), DATES, Why.CHANGED, False, differences=(_NEW_LIMIT,)
    ),
    "gone": NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, Why.GONE, False, "The coupon has expired."),
    "not reached": NotDone(
        Goal.FREEZE, AMIR.id, later(100), DATES, Why.NO_ANSWER, False, "Vivoldi could not be reached"
    ),
    "unknown": NotDone(
        Goal.FREEZE, AMIR.id, later(100), DATES, Why.NO_ANSWER, True, "Vivoldi did not answer in time"
    ),
    "hidden, no answer": NotDone(
        Goal.FREEZE, AMIR.id, later(100), DATES, Why.NO_ANSWER, True, "It was used up.", hidden=True
    ),
    "hidden, refused": NotDone(
        Goal.FREEZE, AMIR.id, later(100), DATES, Why.REFUSED, True, "Vivoldi says: “No.”", hidden=True
    ),
}
_STILL_FROZEN: dict[str, Freeze] = {
    "refused": NotDone(Goal.UNFREEZE, BEA.id, later(200), DATES, Why.REFUSED, True, "Vivoldi says: “No.”"),
    "no effect": NotDone(
        Goal.UNFREEZE, BEA.id, later(200), DATES, Why.NO_EFFECT, True, "The coupon has expired."
    ),
    "changed": NotDone(
        *(Goal.UNFREEZE, BEA.id, later(200), DATES, Why.CHANGED, False),
        differences=(_LATER_END,),
        sent=Sent.NOT_YET,
        ends_on="2026-12-31",
    ),
    "changed, and set back": NotDone(
        *(Goal.UNFREEZE, BEA.id, later(200), DATES, Why.CHANGED, False),
        differences=(_NEW_LIMIT,),
        sent=Sent.EXECUTED,
        ends_on=DATES.shown,
    ),
    "changed, date sent": NotDone(
        *(Goal.UNFREEZE, BEA.id, later(200), DATES, Why.CHANGED, True),
        differences=(_NEW_LIMIT,),
        ends_on=DATES.frozen,
    ),
    "changed, as stored before": NotDone(
        Goal.UNFREEZE, BEA.id, later(200), DATES, Why.CHANGED, False, differences=(_LATER_END,)
    ),
    "taken over": NotDone(
        Goal.UNFREEZE, BEA.id, later(200), DATES, Why.TAKEN_OVER, True, "CG-LATER00000", sent=Sent.NOT_YET
    ),
    "deleted meanwhile": NotDone(
        *(Goal.UNFREEZE, BEA.id, later(200), DATES, Why.TAKEN_OVER, True, "CG-LATER00000"),
        sent=Sent.NOT_YET,
        later=LaterRequest("CG-LATER00000", Fate.DELETED),
    ),
    "unknown": NotDone(
        Goal.UNFREEZE, BEA.id, later(200), DATES, Why.NO_ANSWER, True, "Vivoldi did not answer in time"
    ),
}
_OFFERED = pending(freeze=True)
_ALONE = pending(purpose=Purpose.FREEZE, freeze=True)
_FREEZES: dict[str, ShownRequest] = {
    "offered": _OFFERED,
    "offered, step 2": reviewed(_OFFERED),
    "asked for": freezing(_OFFERED, FREEZE),
    "frozen": freezing(reviewed(_OFFERED), FROZEN),
    **{f"not frozen, {name}": freezing(_OFFERED, state) for name, state in _NOT_FROZEN.items()},
    "ended before it was sent": freezing(
        rejected(_OFFERED), NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, Why.ENDED, False)
    ),
    "deletion runs": freezing(approved(reviewed(_OFFERED)), FROZEN),
    "deleted": finished(
        DELETED["answer, unseen"], request=approved(reviewed(replace(_OFFERED, items=_frozen_items())))
    ),
    "shown again": finished(
        Changed((Difference("ends_on", "2025-06-01", "2025-12-31"),), was_frozen=True),
        request=approved(reviewed(replace(_OFFERED, items=_frozen_items()))),
    ),
    "overtaken by its deletion": freezing(
        finished(Changed((_NEW_LIMIT,)), request=approved(reviewed(_OFFERED))),
        NotDone(Goal.FREEZE, AMIR.id, later(100), DATES, Why.ENDED, False, sent=Sent.NOT_YET),
    ),
    "hidden, and not deleted": freezing(
        finished(Changed(message="It was used up."), request=approved(reviewed(_OFFERED))),
        _NOT_FROZEN["hidden, no answer"],
    ),
    "unknown whether deleted": finished(
        Unknown(1, 1, "timeout", later(180), final=True),
        request=approved(reviewed(replace(_OFFERED, items=_frozen_items()))),
    ),
    **{
        f"then {fate}": freezing(
            rejected(_OFFERED), replace(FROZEN, later=LaterRequest("CG-LATER00000", fate))
        )
        for fate in Fate
    },
    "rejected": freezing(rejected(_OFFERED), FROZEN),
    "expired": freezing(expired(_OFFERED), FROZEN),
    "unfreezing": freezing(rejected(_OFFERED), UNFREEZE),
    "unfrozen": freezing(rejected(_OFFERED), Unfrozen(BEA.id, later(200), DATES)),
    **{f"not unfrozen, {name}": freezing(rejected(_OFFERED), state) for name, state in _STILL_FROZEN.items()},
    "several": freezing(pending(_SEVERAL, freeze=True), FROZEN, _NOT_FROZEN["no effect"]),
    "alone": _ALONE,
    "alone, done": only_frozen(),
    "alone, unfreezing": freezing(only_frozen(), UNFREEZE),
    "alone, unfrozen": freezing(only_frozen(), Unfrozen(BEA.id, later(200), DATES)),
    **{
        f"alone, not unfrozen, {name}": freezing(only_frozen(), state)
        for name, state in _STILL_FROZEN.items()
    },
    "alone, rejected": rejected(_ALONE),
    "alone, expired": expired(_ALONE),
}

SHOWN: dict[str, dict[str, ShownRequest]] = {
    "card_freeze": _FREEZES,
    "card_restore": gallery_restore.RESTORATIONS,
    "card_pending": _PENDING,
    "card_running": {
        **_states(RUNNING),
        "several": with_states(approved(reviewed(pending(_SEVERAL))), DELETED["answer, gone"], Sending(1, 0)),
        "can be stopped": approved(stop_window=timedelta(seconds=30)),
        "several can be stopped": approved(reviewed(pending(_SEVERAL)), stop_window=timedelta(seconds=90)),
        "stopped": _stopped(DELETED["answer, gone"], Sending(1, 0)),
        "stopped, to be settled": _stopped(Waiting(1, 1, "no answer"), _UNKNOWN),
    },
    "card_finished": _FINISHED,
    "card_ended": _ENDED,
    "card_longest": {
        "one, pending": pending({CODE: Shown(longest_coupon(CODE))}, reason=long_text(500)),
        "twenty, pending": reviewed(pending(twenty_longest(), reason=long_text(500))),
        "twenty, finished": twenty_ended(),
    },
    "card_hostile": {
        "alone": pending({CODE: _hostile()[CODE]}, reason=_HOSTILE),
        "among several": pending(_hostile(), reason=_HOSTILE),
        "refused in hostile words": finished(Refused(f"Vivoldi says: “{_HOSTILE}”")),
    },
}
ENDINGS: dict[str, ShownRequest] = {
    **_ENDED,
    **_FINISHED,
    "twenty, longest": twenty_ended(),
    **gallery_restore.ENDINGS,
}
