"""Requests to create a deleted coupon again, at every state, as tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.coupon import Sealed
from bot.domain.item.restore import Deletion, Draft, Held, RestoreState, sealed_digest
from bot.domain.request.request import Approved, Finished, Pending, Purpose, progress
from bot.domain.request.restore import show
from tests.builders import (
    AMIR,
    APPROVE_WITHIN,
    BEA,
    CODE,
    NOW,
    UNSEEN,
    a_coupon,
    approved,
    later,
    reviewed,
    submitted,
)

SEALED = Sealed("gAAAAABk-sealed")
DELETION = Deletion("CG-DELETED234", 0, NOW - timedelta(hours=5), (AMIR.id, BEA.id), certain=True)


def a_draft(**changes: Any) -> Draft:
    """Return what can be created again of a_coupon()."""
    return replace(Draft(Held(a_coupon(), image=False), DELETION, sealed_digest(SEALED)), **changes)


def restoring(drafted: Draft | None = None, **origin: Any) -> Pending:
    """Return a request for a restoration that waits for step 1, five seconds after NOW."""
    asked = submitted(CODE, purpose=Purpose.RESTORE, **origin)
    return show(asked, UNSEEN, drafted or a_draft(), later(5), APPROVE_WITHIN)


def restored(state: RestoreState, drafted: Draft | None = None) -> Approved | Finished:
    """Return an approved request for a restoration that is at a state."""
    return progress(approved(reviewed(restoring(drafted))), 0, state, later(180))
