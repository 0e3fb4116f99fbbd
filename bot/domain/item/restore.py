"""A restoration: a deleted coupon is created again, from what its encrypted snapshot held.

    ToCreate → Creating → Created | NotCreated | Unclear
    ToCreate → NotCreated       Creating → ToCreate (proven not executed)
    Unclear → (by a read) Created, or it stays Unclear for good

These are the values; `bot.domain.request.restore` has the transitions. A creation that got no answer is
never sent again: a late one could still arrive, and nobody has documented what a second one does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from bot.domain.coupon import Coupon, CouponCode, Difference, Sealed

# Bump it when the meaning of a digest changes: approvals given under an older meaning then no longer count.
_DIGEST_VERSION = 1


# ---------------------------------------------------------------- what is to be created


@dataclass(frozen=True)
class Held:
    """What may be shown of a sealed snapshot. image: whether the coupon had one."""

    coupon: Coupon
    image: bool


class Unusable(StrEnum):
    """Why nothing can be created from a sealed snapshot."""

    KEY_LOST = "key_lost"  # no key opens it
    NOT_ITS_OWN = "not_its_own"  # it does not hold the coupon that it is stored for
    INCOMPLETE = "incomplete"  # Vivoldi had not given everything that a coupon can't be created without


@dataclass(frozen=True)
class Deletion:
    """The deletion that is undone. approvers: user ids, in the order of the steps.

    certain: whether it was seen to be executed, or is unknown to this day.
    """

    request_id: str
    position: int
    at: datetime
    approvers: tuple[str, ...]
    certain: bool


class Doubt(StrEnum):
    """What to think about before a coupon is created again."""

    UNCERTAIN = "uncertain"  # nobody knows whether the deletion was executed
    LATER = "later"  # a later coupon under the number was deleted, of which nothing is kept
    REPEATED = "repeated"  # it was, or may have been, created again before
    NOT_YET = "not_yet"  # it begins later, so no read can show it before


@dataclass(frozen=True)
class Draft:
    """What people are shown of a coupon that is to be created, and what that is bound to.

    sealed_digest: of the sealed snapshot that it is created from. hidden: whether not everyone who sees the
    card may be told of the request that deleted it.
    """

    held: Held
    deletion: Deletion
    sealed_digest: str
    doubts: tuple[Doubt, ...] = ()
    hidden: bool = False


def sealed_digest(sealed: Sealed) -> str:
    """Return the SHA-256 (hex) of a sealed snapshot. It tells nothing about what is inside."""
    return hashlib.sha256(sealed.encode()).hexdigest()


def draft_digest(code: CouponCode, draft: Draft) -> str:
    """Return the SHA-256 (hex) of everything that was shown of a draft, and of its sealed snapshot."""
    shown = asdict(draft)
    # What is created is the same. Approvals from before there was this field stay bound to what they saw.
    del shown["hidden"]
    content = {"version": _DIGEST_VERSION, "create": code, "draft": shown}
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()


def has_ended(draft: Draft, today: date) -> bool:
    """Tell whether the coupon's last day has passed. today: in Vivoldi's time zone."""
    return not (draft.held.coupon.ends_on and today <= date.fromisoformat(draft.held.coupon.ends_on))


# ---------------------------------------------------------------- states


@dataclass(frozen=True)
class ToCreate:
    """To be sent. obstacle: why it was not sent yet, if there was a reason."""

    audit_name: ClassVar[str] = "tocreate"

    attempts: int = 0
    obstacle: str | None = None


@dataclass(frozen=True)
class Creating:
    """A creation may be on its way. Found after a crash, it is unclear (I4)."""

    audit_name: ClassVar[str] = "creating"

    attempts: int


class Seen(StrEnum):
    """What a read after a creation showed."""

    SAME = "same"  # the coupon, as it was approved
    OTHER = "other"  # a coupon with other facts
    ORIGINAL = "original"  # the very coupon of before, by its creation time
    NOTHING = "nothing"  # no coupon that validates
    UNREAD = "unread"  # Vivoldi could not be read


@dataclass(frozen=True)
class Unclear:
    """Sent, answer not seen. seen: what a read showed at last, which settled nothing; None: still reading.

    differences: how the coupon that is shown differs. message: Vivoldi's, if none is.
    """

    audit_name: ClassVar[str] = "unclear"

    attempts: int
    reason: str
    since: datetime
    seen: Seen | None = None
    differences: tuple[Difference, ...] = ()
    message: str | None = None


@dataclass(frozen=True)
class Created:
    """Created. answered: whether Vivoldi said so; otherwise a read did. seen is None until that was made.

    differences: how the coupon that is shown differs. message: Vivoldi's, if none is.
    """

    audit_name: ClassVar[str] = "created"

    answered: bool
    at: datetime
    seen: Seen | None = None
    differences: tuple[Difference, ...] = ()
    message: str | None = None


class WhyNot(StrEnum):
    """Why an approved coupon was not created."""

    REFUSED = "refused"  # Vivoldi refused
    TAKEN = "taken"  # the number validates again
    ENDED = "ended"  # its last day passed meanwhile
    TOO_LATE = "too_late"  # execute-by passed
    APPROVER_LOST = "approver_lost"  # an approver no longer counts
    UNREADABLE = "unreadable"  # Vivoldi refuses to be read
    SNAPSHOT_CHANGED = "snapshot_changed"  # the sealed snapshot is not the one that was approved, or is gone
    NOT_BOUND = "not_bound"  # the approvals are not for what is stored
    OTHER_SERVER = "other_server"  # the approvals were stored on another server of the database


@dataclass(frozen=True)
class NotCreated:
    """Not created. detail: Vivoldi's message, or what stood in the way. approver: who no longer counts."""

    audit_name: ClassVar[str] = "notcreated"

    why: WhyNot
    detail: str | None = None
    approver: str | None = None


RestoreState = ToCreate | Creating | Unclear | Created | NotCreated


def is_restored(state: RestoreState) -> bool:
    """Tell whether nothing more will happen to a restoration in this state."""
    match state:
        case ToCreate() | Creating():
            return False
        case Unclear() | Created():
            return state.seen is not None
        case NotCreated():
            return True
