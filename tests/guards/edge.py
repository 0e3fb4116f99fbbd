"""Guards where requests come in and where words go out: signature, limits, payloads, settings, logs."""

from __future__ import annotations

from tests.guards.guard import Guard

_SERVER = "bot/server.py"
_PAYLOADS = "handlers/payloads.py"
_LOGS = "bot/logs.py"
_SETTINGS = "tests/unit/test_settings.py"
_HTTP = "tests/integration/test_http_guard.py"

_INCOMING = (
    Guard(
        name="Slack's signature",
        keeps="I1",
        promise="What Slack did not sign, and just now, does nothing.",
        file="bot/bootstrap.py",
        text="        process_before_response=True,\n",
        without="        process_before_response=True,\n        request_verification_enabled=False,\n",
        tests=("tests/scenario/test_signatures.py",),
    ),
    Guard(
        name="readable signature headers",
        keeps="-",
        promise="Signature headers that Bolt could not read are answered 401, not 500.",
        file=_SERVER,
        text="if (fault := _signature_fault(request.headers)) is not None:",
        without="if (fault := None) is not None:",
        tests=(_HTTP,),
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
        name="own app only",
        keeps="I1",
        promise="A payload for another app is refused.",
        file="handlers/errors.py",
        text="if app_of(body) == app_id:",
        without="if True:",
        tests=("tests/scenario/test_refusals.py::test_foreign_app_and_workspace",),
    ),
    Guard(
        name="one action a click",
        keeps="I6",
        promise="A click carries exactly one action.",
        file=_PAYLOADS,
        text=" or len(actions) != 1",
        without="",
        tests=("tests/unit/test_payloads.py",),
    ),
    Guard(
        name="ids are ids",
        keeps="-",
        promise="What is no id of Slack's gets no further than its payload.",
        file=_PAYLOADS,
        text="if not (text.isascii() and text.isprintable()):",
        without="if False:",
        tests=("tests/unit/test_payloads.py",),
    ),
    Guard(
        name="codes are codes",
        keeps="I2",
        promise="What is no coupon code is never sent to Vivoldi.",
        file="bot/domain/coupon.py",
        text="if not _CODE.fullmatch(code):",
        without="if not code:",
        tests=("tests/unit/test_coupon.py",),
    ),
    Guard(
        name="a lost Socket Mode link",
        keeps="I5",
        promise="A connection that stays lost is opened anew.",
        file="bot/socket_mode.py",
        text="return now - self.last_connected >= self.seconds",
        without="return False",
        tests=("tests/integration/test_socket_mode.py::test_watchdog_counts_from_the_last_connection",),
    ),
)

_OUTGOING = (
    Guard(
        name="APPROVERS is needed",
        keeps="I1",
        promise="Without approvers the bot does not start.",
        file="bot/settings.py",
        text='"Who may approve.", _PEOPLE, "U012ABCDEF,S045GHIJKL")',
        without='"Who may approve.", _PEOPLE, "U012ABCDEF,S045GHIJKL", Grants())',
        tests=(_SETTINGS,),
    ),
    Guard(
        name="APPROVERS names someone",
        keeps="I1",
        promise="A list of approvers that names nobody is a fault.",
        file="bot/setting_types.py",
        text='    if not ids:\n        raise ValueError("holds no id")\n',
        without="",
        tests=(_SETTINGS,),
    ),
    Guard(
        name="no plain http",
        keeps="I8",
        promise="Keys travel over https, or within this machine.",
        file="bot/setting_types.py",
        text='if parts.scheme == "http" and not _is_this_machine(host):',
        without="if False:",
        tests=(_SETTINGS,),
    ),
    Guard(
        name="a database that stays",
        keeps="I5",
        promise="A database in memory, which a restart would empty, is refused.",
        file="bot/setting_types.py",
        text=' or parts.path in ("", "/", "/:memory:")',
        without="",
        tests=(_SETTINGS,),
    ),
    Guard(
        name="misplaced secrets",
        keeps="I8",
        promise="A token in the wrong setting is not shown whole.",
        file="bot/setting_types.py",
        text='return text if len(text) <= 20 else f"{text[:20]}…"',
        without="return text",
        tests=(_SETTINGS,),
    ),
    Guard(
        name="the database's password",
        keeps="I8",
        promise="The database's password counts as a secret, however it is written.",
        file="bot/settings.py",
        text="for value in [*values, password, unquote(password)] if value",
        without="for value in values if value",
        tests=(_SETTINGS,),
    ),
    Guard(
        name="known secrets blanked",
        keeps="I8",
        promise="No secret that the settings hold gets into the log.",
        file=_LOGS,
        text="text = self._values.sub(_BLANK, text)",
        without="pass",
        tests=("tests/unit/test_logs.py",),
    ),
    Guard(
        name="forms of secrets blanked",
        keeps="I8",
        promise="No token or reply address gets into the log, whosever it is.",
        file=_LOGS,
        text='text = form.sub(rf"\\g<keep>{_BLANK}", text)',
        without="pass",
        tests=("tests/unit/test_logs.py",),
    ),
    Guard(
        name="no reply address in a repr",
        keeps="I8",
        promise="A reply address, with which anyone could answer, is in no repr.",
        file="bot/services/submit.py",
        text="field(default=None, repr=False)",
        without="field(default=None)",
        tests=(
            "tests/integration/test_invariants_kept.py::test_i8_a_reply_address_is_in_no_repr_and_no_event",
        ),
    ),
)

GUARDS = (*_INCOMING, *_OUTGOING)
