"""The beginnings of the sentences that tell an outcome, as people read them."""

from __future__ import annotations

SAID = "*Deleted.* Vivoldi said so"
CONFIRMED = f"{SAID}, and the coupon no longer validates."
UNCONFIRMED = f"{SAID}, but could not be read afterwards to confirm it."
UNSEEN = f"{SAID}. It did not validate before either"
REPLACED = f"{SAID}. Another coupon, created since, stands under the same code now"
STILL_THERE = "*Still works: "
SETTLED = "*Blocked: it no longer works.*"
ANOTHER = "*Deleted, settled by reading.*"
REFUSED = "*Not deleted: Vivoldi refused.*"
CHANGED = "*Not deleted: changed since it was shown.*"
SHOWN_NOW = "*Not deleted: changed since it was approved unseen.*"
GONE = "*Not deleted: no longer shown.*"
UNREADABLE = "*Not deleted: Vivoldi refused to be read right before.*"
STOPPED = "*Not deleted: stopped by"
TOO_LATE = "*Not deleted: the time to do it ran out.*"
SWITCHED = "*Unknown: the database was switched to another server after the approval.*"
UNKNOWN = "*Unknown.*"
EXPIRED = "without two approvals; nothing was deleted"
FROZEN = "*Frozen* by"
UNFROZEN = "*Unfrozen* by"
NOT_FROZEN = "*Not frozen"
# What tells of a freeze, and of no deletion.
OF_A_FREEZE = (
    FROZEN,
    UNFROZEN,
    NOT_FROZEN,
    "*Not unfrozen",
    "*Unknown whether",
    "*Being ",
    "*No longer validates",
)
NO_CARD = "I could not read"
WAITING = "still waits for step"  # a reminder, which tells no outcome
ACCEPTED = "the card appears here in a moment"
