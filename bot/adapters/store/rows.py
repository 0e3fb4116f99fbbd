"""Domain values to rows and back. What was saved is what is read: every state makes the round trip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from bot.adapters.store.states import (
    RESTORE_STATES,
    coupon_of,
    draft_json,
    draft_of,
    freeze_json,
    freeze_of,
    restore_state_of,
)
from bot.domain import coupon as coupons
from bot.domain.coupon import CouponCode, NotShown, Reading, Shown, code_key
from bot.domain.errors import StoreError
from bot.domain.event import Notice
from bot.domain.item.deletion import (
    AnyState,
    Changed,
    Confirmation,
    Deleted,
    Gone,
    Item,
    NotSent,
    NotSentReason,
    Refused,
    Sending,
    Source,
    Unknown,
    Waiting,
)
from bot.domain.people import Grants, Person
from bot.domain.rate import Bulk
from bot.domain.request.request import (
    Approved,
    Cancelled,
    Decision,
    Expired,
    Failed,
    FailureReason,
    Finished,
    OnlyFrozen,
    Origin,
    Pending,
    Purpose,
    Rejected,
    Request,
    Step,
    Stop,
    Submitted,
    shown_digest,
)
from bot.services.ports.store import Delivery

REQUEST_STATES: dict[type[Request], str] = {
    Submitted: "submitted",
    Pending: "pending",
    Approved: "approved",
    Finished: "finished",
    Rejected: "rejected",
    Cancelled: "cancelled",
    Expired: "expired",
    Failed: "failed",
    OnlyFrozen: "finished",  # told from a finished deletion by its purpose
}
_ITEM_STATES: Mapping[type[AnyState], str] = {
    Waiting: "waiting",
    Sending: "sending",
    Unknown: "unknown",
    Deleted: "deleted",
    Gone: "gone",
    Refused: "refused",
    Changed: "changed",
    NotSent: "not_sent",
    **RESTORE_STATES,
}
_NOTICE_FIELDS = ("id", "at", "person", "channel", "text", "reply_url", "outcome")
_REQUEST_TIMES = ("approve_by", "execute_by", "stop_until", "ended_at")
_MICROSECOND = timedelta(microseconds=1)


# ---------------------------------------------------------------- to rows


def delivery_of(row: RowMapping) -> Delivery:
    """Return how far the request of a row has been shown."""
    return Delivery(
        copies=tuple(row["card_copies"]),
        moved_to=row["card_moved_to"],
        clicked_in=row["card_clicked_in"],
        replaced=row["cards_replaced"],
        stuck_since=row["card_stuck_since"],
        **{name: row[name] for name in _SHOWN},
    )


_SHOWN = (
    *("card_ts", "drawn_version", "told", "remind_at", "reminded_at"),
    *("gone_since", "refused_by", "in_thread", "given_up"),
)


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Return the columns that say how far a request has been shown."""
    return {
        "card_copies": list(delivery.copies),
        "card_moved_to": delivery.moved_to,
        "card_clicked_in": delivery.clicked_in,
        "cards_replaced": delivery.replaced,
        "card_stuck_since": delivery.stuck_since,
        **{name: getattr(delivery, name) for name in _SHOWN},
    }


def origin_row(origin: Origin, reply_url: str | None) -> dict[str, Any]:
    """Return the columns of a request that never change."""
    return {
        "id": origin.id,
        "team": origin.team,
        "channel": origin.channel,
        "requester_id": origin.requester.id,
        "requester_name": origin.requester.name,
        "reason": origin.reason,
        "reply_url": reply_url,
        "opened_at": origin.opened_at,
        "first_grants": _grants_json(origin.first),
        "final_grants": _grants_json(origin.final),
        "purpose": origin.purpose.value,
        "freeze": origin.freeze,
        "bulk": _bulk_json(origin.bulk),
    }


def request_row(request: Request) -> dict[str, Any]:
    """Return the columns of a request that its state carries; those of earlier states are left alone."""
    row: dict[str, Any] = {"state": REQUEST_STATES[type(request)], "version": request.version}
    row |= {name: getattr(request, name) for name in _REQUEST_TIMES if hasattr(request, name)}
    if not isinstance(request, Submitted | Failed):
        row["digest"] = shown_digest(request.items)
    if isinstance(request, Rejected):
        row |= {"ended_by_id": request.by.id, "ended_by_name": request.by.name}
    if isinstance(request, Approved | Finished) and request.stopped is not None:
        by, at = request.stopped.by, request.stopped.at
        row |= {"stopped_by_id": by.id, "stopped_by_name": by.name, "stopped_at": at}
    if isinstance(request, Failed):
        row |= {"failure_reason": request.reason.value, "failure_detail": request.detail}
    return row


def _bulk_json(bulk: Bulk | None) -> dict[str, int] | None:
    """Return the pace of a request of many codes, in microseconds."""
    return None if bulk is None else {name: span // _MICROSECOND for name, span in vars(bulk).items()}


def code_row(request: Submitted, position: int) -> dict[str, Any]:
    """Return the row of an item whose coupon was not read yet."""
    code = request.codes[position]
    return {
        "request_id": request.origin.id,
        "position": position,
        "code": code,
        "code_key": code_key(code),
        "open": True,
    }


def reading_row(reading: Reading) -> dict[str, Any]:
    """Return the columns of an item whose coupon was read, while others of its request were not yet."""
    return {"snapshot": _reading_json(reading)}


def item_row(item: Item) -> dict[str, Any]:
    """Return the columns of an item that say what was shown and how far it is."""
    return {
        "snapshot": _reading_json(item.snapshot),
        "digest": item.digest,
        "warnings": list(item.warnings),
        "state": _ITEM_STATES[type(item.state)],
        "detail": {name: _plain(value) for name, value in asdict(item.state).items()},
        "freeze": freeze_json(item.freeze),
        "draft": draft_json(item.draft),
        "absent_since": item.absent_since,
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def decision_row(request_id: str, decision: Decision) -> dict[str, Any]:
    """Return the row of a decision, without the server, which the database itself fills in."""
    return {
        "request_id": request_id,
        "step": decision.step.value,
        "actor_id": decision.actor.id,
        "actor_name": decision.actor.name,
        "at": decision.at,
        "digest": decision.digest,
    }


def notice_row(notice: Notice) -> dict[str, Any]:
    """Return the row of a private notice."""
    return {name: getattr(notice, name) for name in _NOTICE_FIELDS}


def _grants_json(grants: Grants) -> dict[str, list[str]]:
    return {"users": sorted(grants.users), "groups": sorted(grants.groups)}


def _reading_json(reading: Reading) -> dict[str, Any]:
    if isinstance(reading, Shown):
        return {"shown": asdict(reading.coupon)}
    return {"not_shown": reading.message}


# ---------------------------------------------------------------- from rows


# What an item is made of, as the text that is stored, and a time: the same of these is always the same item.
ITEM_TEXTS = ("code", "snapshot", "warnings", "state", "detail", "freeze", "draft")
ITEM_TIME = "absent_since"
Texts = Sequence[Any]


def request_of(row: RowMapping, items: Sequence[Texts], decisions: Sequence[RowMapping]) -> Request:
    """Return the request of its row, its items' texts by position, and its decisions' rows.

    Raises StoreError if the rows make no sense together.
    """
    try:
        return _request_of(row, items, {found["step"]: _decision_of(found) for found in decisions})
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"The stored request {row['id']} can't be understood.") from error


def _request_of(row: RowMapping, items: Sequence[Texts], steps: dict[int, Decision]) -> Request:
    common = {"origin": _origin_of(row), "version": row["version"]}
    codes = tuple(CouponCode(code) for code, *_ in items)
    match row["state"]:
        case "submitted":
            return Submitted(codes=codes, readings=_readings_of(items), **common)
        case "failed":
            reason = FailureReason(row["failure_reason"])
            detail, ended_at = row["failure_detail"], row["ended_at"]
            return Failed(codes=codes, reason=reason, detail=detail, ended_at=ended_at, **common)
    common["items"] = tuple(_item_of(*texts) for texts in items)
    review = steps.get(Step.REVIEW)
    match row["state"]:
        case "pending":
            return Pending(approve_by=row["approve_by"], review=review, **common)
        case "approved":
            times = {name: row[name] for name in ("approve_by", "execute_by", "stop_until")}
            common |= times | {"stopped": _stop_of(row)}
            return Approved(review=steps[Step.REVIEW], final=steps[Step.FINAL], **common)
    common["ended_at"] = row["ended_at"]
    match row["state"]:
        case "finished" if common["origin"].purpose is Purpose.FREEZE:
            return OnlyFrozen(**common)
        case "finished":
            stop = _stop_of(row)
            return Finished(review=steps[Step.REVIEW], final=steps[Step.FINAL], stopped=stop, **common)
        case "rejected":
            return Rejected(review=review, by=Person(row["ended_by_id"], row["ended_by_name"]), **common)
        case "cancelled":
            return Cancelled(review=review, **common)
        case "expired":
            return Expired(review=review, approve_by=row["approve_by"], **common)
    raise ValueError(f"unknown state {row['state']}")


def _origin_of(row: RowMapping) -> Origin:
    return Origin(
        id=row["id"],
        team=row["team"],
        channel=row["channel"],
        requester=Person(row["requester_id"], row["requester_name"]),
        reason=row["reason"],
        opened_at=row["opened_at"],
        first=_grants_of(row["first_grants"]),
        final=_grants_of(row["final_grants"]),
        purpose=Purpose(row["purpose"]),
        freeze=row["freeze"],
        bulk=_bulk_of(row["bulk"]),
    )


def _stop_of(row: RowMapping) -> Stop | None:
    if row["stopped_at"] is None:
        return None
    return Stop(Person(row["stopped_by_id"], row["stopped_by_name"]), row["stopped_at"])


def _bulk_of(data: dict[str, int] | None) -> Bulk | None:
    return None if data is None else Bulk(**{name: span * _MICROSECOND for name, span in data.items()})


def _grants_of(data: dict[str, list[str]]) -> Grants:
    return Grants(frozenset(data["users"]), frozenset(data["groups"]))


def _decision_of(row: RowMapping) -> Decision:
    actor = Person(row["actor_id"], row["actor_name"])
    return Decision(Step(row["step"]), actor, row["at"], row["digest"], row["server"])


@lru_cache(maxsize=4096)
def _item_of(
    code: str,
    snapshot: str,
    warnings: str,
    state: str,
    detail: str,
    freeze: str | None,
    draft: str | None,
    absent_since: datetime | None,
) -> Item:
    """Return the item of its texts. Kept, since each step of one item reads all the others of its request."""
    return Item(
        code=CouponCode(code),
        snapshot=_reading_of(json.loads(snapshot)),
        warnings=tuple(coupons.Warning(name) for name in json.loads(warnings)),
        state=item_state_of(state, json.loads(detail)),
        freeze=freeze_of(None if freeze is None else json.loads(freeze)),
        draft=draft_of(None if draft is None else json.loads(draft)),
        absent_since=absent_since,
    )


def _readings_of(items: Sequence[Texts]) -> tuple[Reading | None, ...]:
    found = [snapshot for _, snapshot, *_ in items]
    if not any(found):
        return ()
    return tuple(_reading_of(json.loads(each)) if each else None for each in found)


def _reading_of(data: dict[str, Any]) -> Reading:
    if "not_shown" in data:
        return NotShown(data["not_shown"])
    return Shown(coupon_of(data["shown"]))


def item_state_of(name: str, detail: dict[str, Any]) -> AnyState:
    """Return the state of an item. Raises KeyError, TypeError or ValueError for what is no state."""
    if (restored := restore_state_of(name, detail)) is not None:
        return restored
    match name:
        case "waiting":
            return Waiting(**detail)
        case "sending":
            return Sending(**detail)
        case "unknown":
            return Unknown(**{**detail, "since": datetime.fromisoformat(detail["since"])})
        case "deleted":
            seen = detail["confirmation"]
            at = datetime.fromisoformat(detail["at"])
            confirmation = None if seen is None else Confirmation(seen)
            # Rows of before the message was kept have none.
            return Deleted(Source(detail["source"]), at, confirmation, detail.get("message"))
        case "gone":
            return Gone(**{**detail, "at": datetime.fromisoformat(detail["at"])})
        case "refused":
            return Refused(**detail)
        case "changed":
            found = tuple(coupons.Difference(**difference) for difference in detail["differences"])
            # Rows of before there were freezes say nothing of one.
            return Changed(found, detail["message"], detail.get("was_frozen", False))
        case "not_sent":
            return NotSent(**{**detail, "reason": NotSentReason(detail["reason"])})
    raise ValueError(f"unknown item state {name}")


def notice_of(row: RowMapping) -> Notice:
    """Return the private notice of a row."""
    return Notice(**{name: row[name] for name in _NOTICE_FIELDS})
