"""Every fault that the local Slack and the local Vivoldi know, each for the n-th call."""

from __future__ import annotations

from typing import Any

from sandbox.slack.deliver.faults import Fault as SlackFault
from sandbox.vivoldi.faults import Fault

VIVOLDI: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "seconds": 5},
    {"kind": "refuse", "after": "any", "seconds": 3},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "cut_body"},
    {"kind": "html_502"},
    {"kind": "html_502_after"},
    {"kind": "error_500"},
    {"kind": "error_500_after"},
    {"kind": "hang"},
    {"kind": "hang", "execute": True},
    {"kind": "too_many"},
    {"kind": "too_many", "retry_after": 2},
    {"kind": "code_nonzero", "message": "No."},
    {"kind": "code_nonzero_after", "message": "No."},
    {"kind": "success_without_effect"},
    {"kind": "redirect"},
    {"kind": "redirect", "execute": True},
    {"kind": "not_json"},
    {"kind": "not_json", "execute": True},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 408},
    {"kind": "status", "status": 408, "execute": True},
    {"kind": "status", "status": 503},
)

SLACK: tuple[dict[str, Any], ...] = (
    {"kind": "ratelimited", "retry_after": 2},
    {"kind": "server_error"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "latency", "seconds": 5.0},
    {"kind": "malformed"},
    {"kind": "error", "error": "internal_error"},
    {"kind": "error", "error": "invalid_auth"},
    {"kind": "error", "error": "channel_not_found"},
    {"kind": "error", "error": "message_not_found"},
    {"kind": "error", "error": "msg_too_long"},
    {"kind": "error", "error": "thread_not_found"},
    {"kind": "error", "error": "edit_window_closed"},
    # Nobody has heard of this one; Slack adds names without notice.
    {"kind": "error", "error": "flux_capacitor_drained"},
)


def at_vivoldi(kind: dict[str, Any], skip: int, times: int = 1) -> Fault:
    """Return a fault for the calls to Vivoldi that follow after `skip` others."""
    return Fault(**({"call": "any"} | kind), skip=skip, times=times)


def at_slack(kind: dict[str, Any], skip: int, times: int = 1) -> SlackFault:
    """Return a fault for the calls to Slack that follow after `skip` others."""
    return SlackFault("*", **kind, skip=skip, times=times)


def named(kind: dict[str, Any]) -> str:
    """Return a fault as a name of a test: its kind, and what distinguishes it."""
    return "-".join(str(value).replace(" ", "_") for value in kind.values())
