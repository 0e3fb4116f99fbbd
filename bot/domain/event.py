"""Audit events and private notices: what is written beside a change, in the transaction of that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.people import Person


class EventKind(StrEnum):
    """What an audit event is about. The names are stable: audits and alerts are built on them."""

    COMMAND = "command"
    COMMAND_REFUSED = "command.refused"
    REQUEST_SHOWN = "request.shown"
    CARD_POSTED = "card.posted"
    CARD_REPLACED = "card.replaced"
    REQUEST_FAILED = "request.failed"
    REQUEST_EXPIRED = "request.expired"
    DECISION = "decision"
    DECISION_REFUSED = "decision.refused"
    COUPON_READ = "coupon.read"
    DELETE_SENDING = "delete.sending"
    DELETE_ANSWERED = "delete.answered"
    DELETE_LOST = "delete.lost"
    ITEM_OUTCOME = "item.outcome"
    DATE_SENDING = "date.sending"
    DATE_ANSWERED = "date.answered"
    FREEZE_OUTCOME = "freeze.outcome"
    RESTORE_DRAFTED = "restore.drafted"
    CREATE_SENDING = "create.sending"
    CREATE_ANSWERED = "create.answered"
    CREATE_LOST = "create.lost"
    OUTCOME_TOLD = "outcome.told"
    OUTCOME_NOT_TOLD = "outcome.not_told"
    OUTCOME_GIVEN_UP = "outcome.given_up"
    REMINDED = "reminded"
    SNAPSHOT_OPENED = "snapshot.opened"
    SNAPSHOTS_REMOVED = "snapshots.removed"
    SNAPSHOTS_REENCRYPTED = "snapshots.reencrypted"


@dataclass(frozen=True, kw_only=True)
class Event:
    """An append-only fact (I7). data: plain values only; never a secret or personal coupon field (I8).

    If it names a kind of answer or outcome, that is the `audit_name` of the class. Metrics have it as a
    label too. It stays as it is whatever becomes of the class: audits and alerts are built on it.
    """

    kind: EventKind
    at: datetime
    request: str | None = None
    code: str | None = None
    actor: Person | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence that one person is told privately.

    reply_url: Slack's `response_url` of what they did. outcome: whether it tells how a request ended, which
    is never dropped. (Only versions up to 0009 of the database have stored such: an outcome is told from the
    request itself.)
    """

    id: str
    at: datetime
    person: str
    channel: str
    text: str
    reply_url: str | None = field(default=None, repr=False)
    outcome: bool = False
