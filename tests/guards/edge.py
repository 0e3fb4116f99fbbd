"""Guards where requests come in: signature, limits, payloads."""

from __future__ import annotations

from tests.guards.guard import Guard

_SERVER = "bot/run/server.py"
_SIGNATURES = "bot/run/signatures.py"
_BY_SIGNATURES = "tests/unit/run/test_signatures.py"
_PAYLOADS = "handlers/payloads.py"
_HTTP = "tests/integration/slack/test_http_guard.py"
_SECURITY = "tests/security"

GUARDS = (
    Guard(
        name="Slack's signature",
        keeps="I1",
        promise="What Slack did not sign, and just now, is not even parsed.",
        file=_SERVER,
        text="if not signatures.hold(request.headers, body):",
        without="if False:",
        tests=(f"{_SECURITY}/test_oversized.py::test_a_body_that_nobody_signed_is_not_even_parsed", _HTTP),
    ),
    Guard(
        name="headers come once",
        keeps="-",
        promise="A header that two programs could read differently is refused.",
        file=_SIGNATURES,
        text='return values[0] if len(values) == 1 else ""',
        without='return values[0] if values else ""',
        tests=(f"{_SECURITY}/test_signatures.py",),
    ),
    Guard(
        name="only commands and clicks",
        keeps="I1",
        promise="A payload of another kind is refused, whatever it carries.",
        file=_SERVER,
        text="        require_heard(parsed.body)\n",
        without="",
        tests=(f"{_SECURITY}/test_origin.py",),
    ),
    Guard(
        name="readable signature headers",
        keeps="-",
        promise="Signature headers that Bolt could not read are answered 401, not 500.",
        file=_SERVER,
        text="if (fault := signature_fault(request.headers)) is not None:",
        without="if (fault := None) is not None:",
        tests=(_HTTP,),
    ),
    Guard(
        name="only ssl_check unsigned",
        keeps="I1",
        promise="Without a signature, Slack's question about the certificate is answered, and nothing else.",
        file=_SIGNATURES,
        text='and {name for name, _ in fields} <= {"ssl_check", "token"}',
        without="",
        tests=(_BY_SIGNATURES,),
    ),
    Guard(
        name="one line a minute",
        keeps="-",
        promise="Refused signatures leave one line a minute in the log, however many there are.",
        file=_SIGNATURES,
        text="elapsed - self._logged_at < _EVERY",
        without="elapsed - self._logged_at < 0",
        tests=(_BY_SIGNATURES,),
    ),
    Guard(
        name="declared body limit",
        keeps="-",
        promise="A body that is declared too long is not read.",
        file=_SERVER,
        text="        _check_length(request.headers)\n",
        without="",
        tests=(f"{_HTTP}::test_body_over_the_limit_is_refused_by_its_declared_length",),
    ),
    Guard(
        name="body limit",
        keeps="-",
        promise="A body is read up to the limit, whatever its sender says.",
        file=_SERVER,
        text="if len(body) > MAX_BODY_BYTES:",
        without="if len(body) > 9 * MAX_BODY_BYTES:",
        tests=(f"{_HTTP}::test_body_over_the_limit_is_refused_before_it_is_read_whole",),
    ),
    Guard(
        name="one's own workspace is none",
        keeps="-",
        promise="In an organisation, the one workspace that Slack names for a person refuses nobody.",
        file=_PAYLOADS,
        text='return None if body.get("team") is None else _workspace(',
        without='return body["user"].get("team_id") if body.get("team") is None else _workspace(',
        tests=("tests/unit/handlers/test_shapes.py",),
    ),
    Guard(
        name="an organisation's event",
        keeps="-",
        promise="An event that names an organisation is for the workspace of its authorization.",
        file=_PAYLOADS,
        text='    return None if given[0].get("team_id") is None',
        without="    return None if True",
        tests=("tests/unit/handlers/test_shapes.py",),
    ),
    Guard(
        name="own app only",
        keeps="I1",
        promise="A payload for another app is refused.",
        file="handlers/errors.py",
        text="if app_of(req.body) == self._app_id:",
        without="if True:",
        tests=("tests/scenario/troubles/test_refusals.py::test_foreign_app_and_workspace",),
    ),
    Guard(
        name="one action a click",
        keeps="I6",
        promise="A click carries exactly one action.",
        file=_PAYLOADS,
        text=" or len(actions) != 1",
        without="",
        tests=("tests/unit/handlers/test_payloads.py",),
    ),
    Guard(
        name="ids are ids",
        keeps="-",
        promise="What is no id of Slack's gets no further than its payload.",
        file=_PAYLOADS,
        text="if not (text.isascii() and text.isprintable()):",
        without="if False:",
        tests=("tests/unit/handlers/test_payloads.py",),
    ),
    Guard(
        name="codes are codes",
        keeps="I2",
        promise="What is no coupon code is never sent to Vivoldi.",
        file="bot/domain/coupon.py",
        text="if not _CODE.fullmatch(code):",
        without="if not code:",
        tests=("tests/unit/domain/test_coupon.py",),
    ),
    Guard(
        name="a lost Socket Mode link",
        keeps="I5",
        promise="A connection that stays lost is opened anew.",
        file="bot/run/socket_mode.py",
        text="return now - self.last_connected >= self.seconds",
        without="return False",
        tests=("tests/integration/slack/test_socket_mode.py::test_watchdog_counts_from_the_last_connection",),
    ),
)
