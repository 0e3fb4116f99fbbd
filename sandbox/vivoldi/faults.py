"""Faults that the control side arms for the next calls, and what each of them puts on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.vivoldi.log import CallKind

Matched = CallKind | Literal["any"]

FaultKind = Literal[
    "latency",
    "refuse",
    "drop_before",
    "drop_after",
    "cut_body",
    "html_502",
    "html_502_after",
    "error_500",
    "error_500_after",
    "hang",
    "too_many",
    "code_nonzero",
    "code_nonzero_after",
    "success_without_effect",
    "redirect",
    "not_json",
    "status",
]

# A non-zero envelope code; the vendor documents none, so its value means nothing.
REFUSED = 1

_EXECUTING = {"latency", "drop_after", "cut_body", "html_502_after", "error_500_after", "code_nonzero_after"}

_ARGUMENTS: Mapping[str, set[str]] = {
    "latency": {"seconds"},
    "refuse": {"after", "seconds"},
    "hang": {"execute"},
    "too_many": {"retry_after"},
    "code_nonzero": {"message"},
    "code_nonzero_after": {"message"},
    "redirect": {"execute"},
    "not_json": {"execute"},
    "status": {"status", "execute"},
}
_REQUIRED: Mapping[str, set[str]] = {"latency": {"seconds"}, "status": {"status"}}


class Fault(BaseModel):
    """One armed fault: what happens (`kind`) to the next `times` calls of kind `call`, after `skip` others.

    `code` narrows it to one coupon number. Arguments of some kinds: `seconds` (of latency, or until refusing
    ends), `after` (refuse from the answer to a call of that kind on, instead of at once), `execute` (carry
    the call out first), `retry_after` (seconds), `message`, `status`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    call: Matched = "delete"
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    code: str | None = None
    seconds: float | None = Field(default=None, ge=0)
    after: Matched | None = None
    execute: bool | None = None
    retry_after: int | None = Field(default=None, ge=0)
    message: str | None = None
    status: int | None = Field(default=None, ge=200, le=599)

    @model_validator(mode="after")
    def _check_arguments(self) -> Self:
        given = {name for name in set().union(*_ARGUMENTS.values()) if getattr(self, name) is not None}
        if extra := given - _ARGUMENTS.get(self.kind, set()):
            raise ValueError(f"{self.kind} takes no {', '.join(sorted(extra))}")
        if missing := _REQUIRED.get(self.kind, set()) - given:
            raise ValueError(f"{self.kind} needs {', '.join(sorted(missing))}")
        return self

    @property
    def executes(self) -> bool:
        """Whether the call is carried out although its answer is spoilt."""
        return self.kind in _EXECUTING or bool(self.execute)

    def matches(self, call: str, code: str | None) -> bool:
        """Return whether this fault is meant for a call of that kind about that coupon number."""
        kind = self.after if self.kind == "refuse" else self.call
        return kind in ("any", call) and self.code in (None, code)


class Faults:
    """The armed faults; for each call the oldest that matches decides, if only to use up one of its skips."""

    def __init__(self) -> None:
        """Start with none."""
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Add a fault behind those that are armed."""
        self._armed.append(fault)

    def armed(self) -> list[Fault]:
        """Return what is still armed, with what is left of `times` and `skip`."""
        return list(self._armed)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def take(self, call: str, code: str | None) -> Fault | None:
        """Use up and return the fault that spoils the answer to this call, if any."""
        return self._take(lambda fault: fault.kind != "refuse" and fault.matches(call, code))

    def take_refusal(self, call: str, code: str | None) -> Fault | None:
        """Use up and return the `refuse` fault that starts with the answer to this call, if any."""
        return self._take(lambda fault: fault.kind == "refuse" and fault.matches(call, code))

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        for position, fault in enumerate(self._armed):
            if wanted(fault):
                if fault.skip:
                    self._armed[position] = fault.model_copy(update={"skip": fault.skip - 1})
                    return None
                if fault.times > 1:
                    self._armed[position] = fault.model_copy(update={"times": fault.times - 1})
                else:
                    del self._armed[position]
                return fault
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes on the wire: an HTTP answer, and whether it arrives whole, half (`cut`), or not at all.

    `answer_code` is the `code` of the JSON envelope, None where there is no envelope.
    """

    status: int = 200
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_code: int | None = None
    delivery: Literal["whole", "cut", "none", "never"] = "whole"


def envelope(code: int = 0, message: str = "", result: Any = None) -> Reply:
    """Return the vendor's JSON answer; `code` 0 is success."""
    return Reply(body=dumps({"code": code, "message": message, "result": result}), answer_code=code)


def spoilt(fault: Fault, normal: Reply, url: str) -> Reply:
    """Return what a fault makes of `normal`, the answer of the executed call; `url` is the call's own."""
    return _SPOILT[fault.kind](fault, normal, url)


_Spoil = Callable[[Fault, Reply, str], Reply]


def _always(reply: Reply) -> _Spoil:
    return lambda _fault, _normal, _url: reply


def _refused(fault: Fault, _normal: Reply, _url: str) -> Reply:
    return envelope(REFUSED, fault.message or "The request could not be processed.")


def _too_many(fault: Fault, _normal: Reply, _url: str) -> Reply:
    wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return (
        TOO_MANY
        if not wait
        else Reply(status=429, body=TOO_MANY.body, content_type="text/plain", headers=wait)
    )


TOO_MANY = Reply(status=429, body="Too Many Requests", content_type="text/plain")
_BAD_GATEWAY = Reply(
    status=502, body="<html><body><h1>502 Bad Gateway</h1></body></html>", content_type="text/html"
)
_SERVER_ERROR = Reply(status=500, body="Internal Server Error", content_type="text/plain")

_SPOILT: Mapping[str, _Spoil] = {
    "latency": lambda _fault, normal, _url: normal,
    "drop_before": _always(Reply(delivery="none")),
    "drop_after": _always(Reply(delivery="none")),
    "cut_body": lambda _fault, normal, _url: Reply(body=normal.body, delivery="cut"),
    "html_502": _always(_BAD_GATEWAY),
    "html_502_after": _always(_BAD_GATEWAY),
    "error_500": _always(_SERVER_ERROR),
    "error_500_after": _always(_SERVER_ERROR),
    "hang": _always(Reply(delivery="never")),
    "too_many": _too_many,
    "code_nonzero": _refused,
    "code_nonzero_after": _refused,
    "success_without_effect": _always(envelope()),
    "redirect": lambda _fault, _normal, url: Reply(
        status=302, content_type="text/plain", headers={"Location": url}
    ),
    "not_json": _always(Reply(body="Service is being updated.", content_type="text/plain")),
    "status": lambda fault, _normal, _url: Reply(status=fault.status or 200, content_type="text/plain"),
}
