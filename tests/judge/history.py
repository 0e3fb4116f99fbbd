"""A made-up history, from which the judge is shown that it notices what is false."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sandbox.slack_client import LogEntry
from sandbox.vivoldi.log import Call, CallKind, Event, EventKind
from tests.judge.judge import judge
from tests.judge.record import Fact, Record, Terms
from tests.judge.rules import Judgement, Rule

CODE, REQUEST = "SUMMER10OFF", "CG-0000000001"
AMIR, BEA, CARL, DANA, RIKA = "U0AMIR0000", "U0BEA00000", "U0CARL0000", "U0DANA0000", "U0RIKA0000"
ONCALL, INCIDENT = "S0ONCALL00", "C0INCIDENT"
BOT, OTHER_BOT = "guard-1", "guard-2"
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
LATER, YESTERDAY = "2026-05-31", "2026-02-28"

_FACTS: dict[str, Any] = {
    "nm": "Summer campaign",
    "discTypeIdx": 457,
    "disc": 10,
    "strtYmd": "2026-01-01",
    "endYmd": LATER,
    "useLimit": 1,
    "useCnt": 0,
    "regYmdt": "2026-01-01 10:00:00",
}
_TERMS = Terms(
    first=frozenset({ONCALL}),
    final=frozenset({ONCALL}),
    approve_within=timedelta(minutes=30),
    execute_within=timedelta(minutes=10),
    asked_afresh=timedelta(seconds=5),
    groups_afresh=timedelta(seconds=10),
    read_afresh=timedelta(seconds=4),
    told_within=timedelta(seconds=60),
)


@dataclass
class History:
    """What happened, told one thing after the other, a second each."""

    record: Record = field(default_factory=lambda: Record(_TERMS))
    now: datetime = START
    secrets: tuple[str, ...] = ()
    _seq: int = 0
    _uid: str = "uid-1"
    _facts: dict[str, Any] = field(default_factory=lambda: dict(_FACTS))
    _last: Call | None = None

    def found(self) -> set[Rule]:
        """Return the rules that the judge finds broken."""
        return {finding.rule for finding in self.judged().findings}

    def judged(self) -> Judgement:
        """Return the judgement."""
        return judge(self.record, (CODE,), self.secrets)

    def wait(self, seconds: float) -> Self:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self

    # ------------------------------------------------------------ Vivoldi

    def coupon(self, uid: str = "uid-1", **facts: Any) -> Self:
        """Create the coupon by hand."""
        self._uid, self._facts = uid, {**_FACTS, **facts}
        return self._event("created", None)

    def change(self, kind: EventKind = "updated", **facts: Any) -> Self:
        """Change it by hand, use it, or delete it."""
        self._facts = {**self._facts, **facts}
        return self._event(kind, None)

    def call(
        self,
        kind: CallKind,
        code: int | None = 0,
        *,
        bot: str = BOT,
        status: int | None = 200,
        takes: float = 0.0,
        does: EventKind | None = None,
        end: str | None = None,
        fault: str | None = None,
        **facts: Any,
    ) -> Self:
        """Make a call that gets this answer (`code` of the envelope; None: no answer).

        does: what it truly did. end: the date that it asks for. fault: what makes the answer another than the
        true one. facts: what the coupon is like then.
        """
        self._seq += 1
        seq, at, headers = self._seq, self.now.isoformat(), {"user-agent": bot}
        arrived = Call(seq, at, kind, "GET", "/", CODE, headers, key_ok=True, port=1, end=end)
        self._write(arrived)
        if does is not None:
            self._facts = {**self._facts, **facts}
            self._event(does, seq)
        self.wait(takes)
        lost = code is None and status == 200
        self._write(
            Call(
                **{name: getattr(arrived, name) for name in ("seq", "at", "kind", "method", "path", "code")},
                headers=headers,
                key_ok=True,
                port=1,
                executed=does is not None,
                status=None if lost else status,
                answer_code=code,
                dropped="after" if lost else None,
                finished=True,
                fault=fault,
                end=end,
            )
        )
        return self.wait(1)

    def read(self, *, shown: bool = True, bot: str = BOT, answered: bool = True) -> Self:
        """Read the coupon."""
        return self.call("read", (0 if shown else 1) if answered else None, bot=bot)

    def delete(self, code: int | None = 0, *, works: bool = True, bot: str = BOT) -> Self:
        """Send DELETE."""
        return self.call("delete", code, bot=bot, does="deleted" if works else None)

    def freeze(self, code: int | None = 0, *, works: bool = True, day: str = YESTERDAY) -> Self:
        """Send an expiry date."""
        if not works:
            return self.call("update", code, end=day)
        return self.call("update", code, does="updated", end=day, endYmd=day)

    def unfreeze(self, *, works: bool = True) -> Self:
        """Set the old date back."""
        return self.freeze(works=works, day=LATER)

    def audit(self, kind: str, request: str = REQUEST, code: str | None = CODE) -> Self:
        """Write an audit event."""
        event = {"kind": kind, "request": request, "code": code, "at": self.now.isoformat()}
        self.record.audit = [*(self.record.audit or []), event]
        return self

    def _event(self, kind: EventKind, call: int | None) -> Self:
        by: Any = "control" if call is None else "api"
        at = self.now.isoformat()
        self._seq += 1
        self._write(Event(self._seq, at, kind, CODE, self._uid, dict(self._facts), by, call))
        return self

    # ------------------------------------------------------------ Slack

    def card(
        self,
        *lines: str,
        step: int | None = None,
        approved: Iterable[str] = (),
        ts: str = "1.0",
        request: str = REQUEST,
        title: str = f"Delete coupon {CODE}?",
        buttons: Iterable[str] | None = None,
    ) -> Self:
        """Show a version of a card. step: what it waits for; None: it has ended."""
        said = [title, *(f"Approved by <@{who}> today · 1 of 2" for who in approved)]
        said += [f"*Step {step} of 2: review.* Decide by {self._date(START + timedelta(minutes=30))}"] * bool(
            step
        )
        text = "\n".join([*said, *(lines or (f"{CODE}: 10 %",)), f"*Asked by* <@{DANA}> today"])
        names = (("approve", "freeze", "reject") if step else ()) if buttons is None else buttons
        elements = [{"type": "button", "action_id": name, "value": request} for name in names]
        blocks: list[dict[str, Any]] = [{"type": "actions", "elements": elements}] if elements else []
        blocks += [{"type": "context", "elements": [{"type": "mrkdwn", "text": f"Request {request}"}]}]
        return self._message("posted", text, blocks, ts=ts)

    def redraw(self, error: str | None = "edit_window_closed", ts: str = "1.0") -> Self:
        """Try to change a card. error: Slack's name for why not; None: it is changed."""
        data = {"method": "chat.update", "args": {"ts": ts, "channel": INCIDENT}, "ok": error is None}
        return self._entry("api_call", {**data, "error": error})

    def click(
        self, who: str, action: str = "approve", ts: str = "1.0", request: str = REQUEST, seen: int = -1
    ) -> Self:
        """Have someone click on the card, and be answered at once. seen: the version that they see."""
        cards = [
            fact.what.data["message"]["text"]
            for fact in self.record.facts
            if isinstance(fact.what, LogEntry) and fact.what.data.get("message", {}).get("ts") == ts
        ]
        payload = {
            "type": "block_actions",
            "user": {"id": who},
            "actions": [{"action_id": action, "value": request}],
            "container": {"message_ts": ts},
            "message": {"text": cards[seen]},
        }
        data = {"payload": payload, "signature": "good", "status": 200, "body": None, "error": None}
        done = {"carried_out": self.now, "done": len(self.record.facts) + 1}
        return self._entry("interaction", {**data, **done})

    def command(self, answer: str) -> Self:
        """Have Dana type the command, and get an answer."""
        payload = {"command": "/coupon-delete", "user_id": DANA, "text": CODE}
        body = {"text": answer}
        return self._entry(
            "interaction", {"payload": payload, "signature": "good", "status": 200, "body": body}
        )

    def reply(self, words: str, ts: str = "1.0", ending: str = "this is what happened:") -> Self:
        """Tell the outcome in the card's thread."""
        asked = f"<@{DANA}> asked to delete `{CODE}`"
        return self._message("posted", f"{asked}; {ending}\n`{CODE}`: {words}", [], thread=ts)

    def says(self, text: str, thread: str | None = "1.0", to: str = DANA) -> Self:
        """Have the bot say something in the card's thread, or privately to someone."""
        return self._message("posted" if thread else "ephemeral", text, [], thread=thread, to=to)

    def group(self, *members: str) -> Self:
        """Change who is on call."""
        group = {"id": ONCALL, "members": list(members)}
        return self._entry("world", {"change": "group", "group": group})

    def _message(
        self,
        kind: str,
        text: str,
        blocks: list[dict[str, Any]],
        ts: str = "",
        thread: str | None = None,
        to: str = DANA,
    ) -> Self:
        message = {
            "ts": ts or f"9.{len(self.record.facts)}",
            "channel": INCIDENT,
            "text": text,
            "blocks": blocks,
            "thread_ts": thread,
            "ephemeral_to": to if kind == "ephemeral" else None,
        }
        return self._entry(kind, {"message": message})

    def _entry(self, kind: str, data: dict[str, Any]) -> Self:
        self._write(LogEntry(len(self.record.facts) + 1, self.now.timestamp(), kind, data))
        return self.wait(1)

    def _write(self, what: Call | Event | LogEntry) -> None:
        self.record.facts.append(Fact(self.now, what))

    def _date(self, at: datetime) -> str:
        return f"<!date^{int(at.timestamp())}^{{time}}|{at}>"


# ---------------------------------------------------------------- how far a good story goes


def shown(purpose: str = "Delete") -> History:
    """Return a history in which a coupon is shown on its card."""
    return History().coupon().read().card(step=1, title=f"{purpose} coupon {CODE}?")


def approved() -> History:
    """Return one in which both approvals are given."""
    reviewed = shown().click(AMIR).card(step=2, approved=[AMIR])
    return reviewed.click(BEA).card("*Approved.* The deletion runs.")


def deleted() -> History:
    """Return one in which the coupon is deleted as it should be, and nobody was told yet."""
    return approved().read().delete().read(shown=False)


def frozen() -> History:
    """Return one in which a coupon that is shown gets frozen, and the card says nothing of it yet."""
    return shown().click(RIKA, "freeze").read().freeze().read(shown=False)
