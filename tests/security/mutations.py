"""Requests as Slack sends them, spoilt in every way that comes to mind: parts, bytes, signature."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from sandbox.stage import SIGNING_SECRET
from tests.scenario.playing import AMIR, BEA, CARL, DANA, GUEST, INCIDENT, RIKA, STRANGER
from tests.security.rig import FORM, Payload, signature

Path = tuple[str | int, ...]
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Spoilt:
    """One request. names: what was done to it, in order; signing: how it is signed."""

    base: str
    names: tuple[str, ...]
    signing: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def honest(self) -> bool:
        """Whether exactly this was signed by Slack, just now."""
        return self.signing == "signed"

    @property
    def kind(self) -> str:
        """What sort of request it is, for the count."""
        if not self.honest:
            return self.signing
        return f"signed, {self.names[-1]}" if self.names else "signed, untouched"


@st.composite
def requests(draw: st.DrawFn, bases: Mapping[str, Payload]) -> Spoilt:
    """Draw a request that began as one of the valid payloads."""
    base = draw(st.sampled_from(sorted(bases)))
    payload, names = bases[base], list[str]()
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        if payload:
            name, payload = draw(_part(payload))
            names.append(name)
    more, body, content_type = draw(_bytes(payload))
    signing, sent, headers = draw(_signed(body))
    raw = [(key.encode(), value.encode()) for key, value in [("content-type", content_type), *headers]]
    return Spoilt(base, (*names, *more), signing, sent, tuple(raw))


# ---------------------------------------------------------------- parts


def _deep(depth: int) -> Any:
    nested: Any = "deep"
    for _ in range(depth):
        nested = {"id": [nested]}
    return nested


_IDS = (RIKA, AMIR, BEA, CARL, DANA, GUEST, STRANGER, INCIDENT)
_NAMES = [
    "T0GUARD000",
    "T0OTHER000",
    "A0GUARD000",
    "A0OTHER000",
    "approve",
    "reject",
    "cancel",
    "stop",
    "confirm-final",
    "typed",
    "STEP",
    "modal",
    "decide-v1",
    "decide-v2",
    "decide-v3",
    "decide-v９",
    "CG-NOSUCHONE2",
    "list",
    "1",
    "true",
    "/coupon-delete",
    "block_actions",
    "view_submission",
    "view_closed",
    "event_callback",
    "app_home_opened",
    "home",
    "url_verification",
    "workflow_step_edit",
    "http://127.0.0.1:1/",
    "<!channel>",
]
_TEXTS = ("FREECODE2025 leaked", "FREECODE2025,FREECODE2026", "' OR 1=1 --", "\x00", "\ud800", "\u202e")
_PLAIN: list[Any] = [None, True, False, 0, 1, -1, 2**63, 10**400, 1e308, "", " ", "x" * 5000]
_NESTED: list[Any] = [[], {}, [[]], [{}], [AMIR], {"id": None}, {"id": AMIR}, {"": ""}, _deep(3), _deep(60)]
_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*_IDS, *_NAMES, *_TEXTS]),
    st.sampled_from(_PLAIN),
    st.sampled_from(_NESTED),
    st.text(max_size=12),
    st.integers(),
)
# What Bolt, or the bot, looks for in one payload or another.
_KEYS = st.sampled_from(
    [
        "ssl_check",
        "type",
        "command",
        "payload",
        "actions",
        "team",
        "team_id",
        "user",
        "user_id",
        "event",
        "view",
        "trigger_id",
        "state",
        "private_metadata",
        "authorizations",
        "enterprise",
        "enterprise_id",
        "workflow_step",
        "callback_id",
        "is_enterprise_install",
        "api_app_id",
        "response_url",
        "response_urls",
        "function_data",
        "bot_access_token",
        "challenge",
        "action_id",
        "is_ext_shared_channel",
        "channel",
        "container",
        "message",
        "text",
        "token",
        "block_id",
        "value",
    ]
)


def _paths(value: object, here: Path = ()) -> list[Path]:
    """Return the way to every part of a payload, however deep."""
    found: list[Path] = [here] if here else []
    if isinstance(value, dict):
        return found + [path for key, part in value.items() for path in _paths(part, (*here, key))]
    if isinstance(value, list):
        return found + [path for index, part in enumerate(value) for path in _paths(part, (*here, index))]
    return found


def _changed(payload: Payload, path: Path, change: Callable[[Any, Any], None]) -> Payload:
    """Return a copy in which a part was changed. change: gets the part's parent and its key."""
    copied = copy.deepcopy(payload)
    parent: Any = copied
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    return copied


def _drop(parent: Any, key: Any) -> None:
    del parent[key]


@st.composite
def _part(draw: st.DrawFn, payload: Payload) -> tuple[str, Payload]:
    """Draw a payload with one part spoilt, and what was done."""
    path = draw(st.sampled_from(_paths(payload)))
    value = draw(_VALUES)

    def replace(parent: Any, key: Any) -> None:
        parent[key] = value

    def wrap(parent: Any, key: Any) -> None:
        parent[key] = draw(st.sampled_from([[parent[key]], {"id": parent[key]}, json.dumps(parent[key])]))

    match draw(st.sampled_from(["dropped", "replaced", "wrapped", "added", "exchanged"])):
        case "dropped":
            return "part dropped", _changed(payload, path, _drop)
        case "replaced":
            return "part replaced", _changed(payload, path, replace)
        case "wrapped":
            return "part of another type", _changed(payload, path, wrap)
        case "added":
            return "part added", {**payload, draw(_KEYS): value}
    one, other = draw(st.sampled_from(list(payload))), draw(st.sampled_from(list(payload)))
    return "parts exchanged", {**payload, one: payload[other], other: payload[one]}


# ---------------------------------------------------------------- bytes

_JSON = "application/json"
_TYPES = (
    FORM,
    f"{FORM}; charset=latin-1",
    _JSON,
    f"{_JSON}; charset=utf-16",
    "APPLICATION/JSON",
    "text/plain",
    "",
)
_ODD_BYTES = st.sampled_from([b"\xff", b"\xc3", b"%FF", b"%", b"&", b"=", b"\x00", b"\xed\xa0\x80"])
_MORE = st.sampled_from([b"ssl_check=1", b"payload={}", b"payload=", b"command=%2Fcoupon-delete", b"type=x"])
_BEFORE = st.sampled_from([b"", b'{"payload":', b'{"team":', b"payload=", b"payload={%22a%22:"])


def _form(payload: Payload) -> bytes:
    fields: Mapping[str, Any] = payload if "command" in payload else {"payload": json.dumps(payload)}
    return urlencode(fields, errors="surrogatepass").encode()


def _twice(payload: Payload, key: str, value: Any) -> bytes:
    """Return a body in which a name comes a second time, with another value."""
    if "command" in payload:
        return _form(payload) + b"&" + urlencode({key: value}, errors="surrogatepass").encode()
    again = f"{json.dumps(payload)[:-1]},{json.dumps(key)}:{json.dumps(value)}}}"
    return urlencode({"payload": again}).encode()


@st.composite
def _bytes(draw: st.DrawFn, payload: Payload) -> tuple[tuple[str, ...], bytes, str]:
    """Draw the body in which a payload comes, what was done to it, and the content type that it claims."""
    body = _form(payload)
    place = draw(st.integers(0, len(body)))
    match draw(
        st.sampled_from([""] * 4 + ["json", "type", "cut", "bytes", "twice", "code", "nested", "more"])
    ):
        case "json":
            return ("sent as JSON",), json.dumps(payload).encode(), _JSON
        case "type":
            either = draw(st.sampled_from([body, json.dumps(payload).encode()]))
            return ("wrong content type",), either, draw(st.sampled_from(_TYPES))
        case "cut":
            return ("cut off",), body[:place], FORM
        case "bytes":
            return ("odd bytes inside",), body[:place] + draw(_ODD_BYTES) + body[place:], FORM
        case "twice":
            return (
                ("name twice",),
                _twice(payload, draw(st.sampled_from([*payload, "type"])), draw(_VALUES)),
                FORM,
            )
        case "code":
            code = draw(st.sampled_from(["utf-16", "utf-8-sig", "utf-32", "utf-7"]))
            return ("other encoding",), body.decode().encode(code), FORM
        case "nested":
            deep = b"[" * draw(st.sampled_from([50, 5000, 100_000]))
            return ("deep nesting",), draw(_BEFORE) + deep, FORM
        case "more":
            return ("field appended",), body + b"&" + draw(_MORE), FORM
        case _:
            return (), body, FORM


# ---------------------------------------------------------------- signature

_TIME, _SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
_WRONG = ["changed after signing", "forged", "stale", "unsigned", "malformed", "repeated header"]
_NO_VALUES = st.sampled_from(["", "v0=", "v0=é" + "0" * 62, "v1=" + "0" * 64, "x" * 3000, "²"])


@st.composite
def _signed(draw: st.DrawFn, body: bytes) -> tuple[str, bytes, Headers]:
    """Draw how a body is signed: the name of it, the body that is sent, and the headers."""
    name, now = draw(st.sampled_from(["signed"] * 12 + _WRONG)), str(int(time.time()))
    at, by = (_TIME, now), (_SIGNATURE, signature(body, now))
    match name:
        case "changed after signing":
            place = draw(st.integers(0, len(body)))
            return name, body[:place] + draw(st.sampled_from([b"x", b"&a=b", b" "])) + body[place:], [at, by]
        case "forged":
            return name, body, [at, (_SIGNATURE, signature(body, now, SIGNING_SECRET + "x"))]
        case "stale":
            old = str(int(now) - draw(st.sampled_from([400, 4000, -400])))
            return name, body, [(_TIME, old), (_SIGNATURE, signature(body, old))]
        case "unsigned":
            return name, body, draw(st.sampled_from([[], [at], [by]]))
        case "malformed":
            odd = draw(_NO_VALUES)
            return name, body, draw(st.sampled_from([[at, (_SIGNATURE, odd)], [(_TIME, odd), by]]))
        case "repeated header":
            odd = draw(_NO_VALUES)
            return name, body, [at, by, draw(st.sampled_from([(_TIME, odd), (_SIGNATURE, odd), by, at]))]
    return name, body, [at, by]
