"""The truth log: what was asked of the API and what truly changed, under one sequence counter."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

EventKind = Literal["created", "updated", "redeemed", "deleted"]
CallKind = Literal["read", "delete", "update", "create", "redeem", "other"]


@dataclass(frozen=True, slots=True)
class Event:
    """A true change of one coupon.

    `at` is real UTC time in ISO 8601. `uid` is the incarnation of the number. `facts` are the coupon's after
    the change, or its last ones for `deleted`. `call` is the `seq` of the API call behind it, if any.
    """

    seq: int
    at: str
    kind: EventKind
    code: str
    uid: str
    facts: Mapping[str, Any]
    by: Literal["api", "control"]
    call: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the API side.

    `seq` is its arrival. `headers` have lower-case names and lack the key. `executed`: the API carried it
    out, though its outcome may be a refusal; the events say what truly changed. `status` and `answer_code`
    (the `code` of the JSON envelope) are what was put on the wire, None for nothing. `dropped` says whether
    the connection ended without a whole answer, before or after execution. `then_refused`: the listener
    closed along with this answer. `finished` is false while the answer is outstanding. `settled` is the `seq`
    of the newest entry when it was settled, and `ended` its time: what came after, the answer can't show.
    `end` is the expiry date that an update asks for.
    """

    seq: int
    at: str
    kind: CallKind
    method: str
    path: str
    code: str | None
    headers: Mapping[str, str]
    key_ok: bool
    port: int
    executed: bool = False
    status: int | None = None
    answer_code: int | None = None
    dropped: Literal["before", "after"] | None = None
    fault: str | None = None
    then_refused: bool = False
    finished: bool = False
    settled: int | None = None
    ended: str | None = None
    end: str | None = None


Entry = Event | Call


class Log:
    """Events are appended and never change; a call is completed once. Used from one event loop."""

    def __init__(self) -> None:
        """Start empty, with sequence number 1 next."""
        self._seq = 0
        self._events: list[Event] = []
        self._calls: dict[int, Call] = {}
        self._entries: list[Entry] = []
        self._grown = asyncio.Event()
        self._closed = False

    def events(self, code: str | None = None) -> list[Event]:
        """Return the events in order, all of them or those of one coupon number."""
        return [event for event in self._events if code in (None, event.code)]

    def calls(self, kind: str | None = None, code: str | None = None) -> list[Call]:
        """Return the calls in order of arrival, narrowed to a kind and to a coupon number where given."""
        return [
            call for call in self._calls.values() if kind in (None, call.kind) and code in (None, call.code)
        ]

    def add_event(
        self, kind: EventKind, *, code: str, uid: str, facts: Mapping[str, Any], call: int | None
    ) -> None:
        """Append a true change; `call` is the API call that made it, None for the control side."""
        by: Literal["api", "control"] = "control" if call is None else "api"
        event = Event(self._next(), _now(), kind, code, uid, facts, by, call)
        self._events.append(event)
        self._append(event)

    def begin(
        self,
        kind: CallKind,
        *,
        method: str,
        path: str,
        code: str | None,
        headers: Mapping[str, str],
        key_ok: bool,
        port: int,
        end: str | None = None,
    ) -> int:
        """Record the arrival of a call and return its sequence number."""
        call = Call(self._next(), _now(), kind, method, path, code, headers, key_ok, port, end=end)
        self._calls[call.seq] = call
        self._append(call)
        return call.seq

    def mark(self, seq: int, *, executed: bool, fault: str | None) -> None:
        """Record how an unanswered call was handled."""
        self._calls[seq] = replace(self._calls[seq], executed=executed, fault=fault)

    def finish(
        self,
        seq: int,
        *,
        status: int | None,
        answer_code: int | None,
        dropped: Literal["before", "after"] | None,
        then_refused: bool,
    ) -> None:
        """Complete a call with what was answered."""
        call = replace(
            self._calls[seq],
            status=status,
            answer_code=answer_code,
            dropped=dropped,
            then_refused=then_refused,
            finished=True,
            settled=self._seq,
            ended=_now(),
        )
        self._calls[seq] = call
        self._append(call)

    def follow(self) -> AsyncIterator[Entry]:
        """Return the entries added from now on; a call comes at its arrival and again when finished."""
        return self._follow(len(self._entries))

    def close(self) -> None:
        """End every iterator that follows."""
        self._closed = True
        self._grown.set()

    async def _follow(self, position: int) -> AsyncIterator[Entry]:
        while not self._closed:
            grown = self._grown
            for entry in self._entries[position:]:
                position += 1
                yield entry
            if position == len(self._entries):
                await grown.wait()

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _now() -> str:
    # Real time, not the world clock: a log must not go backwards when a test moves the date.
    return datetime.now(UTC).isoformat(timespec="microseconds")
