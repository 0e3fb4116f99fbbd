"""Slack's requests as bytes, signed, ready for a socket."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from sandbox.slack.world import APP_ID, TEAM_DOMAIN, TEAM_ID
from sandbox.stage import SIGNING_SECRET

CHANNEL, REQUESTER = "C0INCIDENT", "U0DANA0000"
_KEY = SIGNING_SECRET.encode()


def command(text: str, user: str = REQUESTER) -> bytes:
    """Return the HTTP request of `/coupon-delete`, typed by a person in the incident channel."""
    form = {
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": CHANNEL,
        "channel_name": "incident",
        "user_id": user,
        "user_name": user.lower(),
        "command": "/coupon-delete",
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "trigger_id": "1.0.t0guard000",
    }
    return _post(form)


def approval(user: str, request_id: str, block_id: str, ts: str) -> bytes:
    """Return the HTTP request of a click on Approve. ts: of the card that was clicked."""
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
        "trigger_id": "1.0.t0guard000",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "channel": {"id": CHANNEL, "name": "incident"},
        "actions": [{"action_id": "approve", "block_id": block_id, "type": "button", "value": request_id}],
    }
    return _post({"payload": json.dumps(payload)})


def _post(form: Mapping[str, str]) -> bytes:
    body = urlencode(form).encode()
    now = str(int(time.time())).encode()
    digest = hmac.new(_KEY, b"v0:" + now + b":" + body, hashlib.sha256).hexdigest().encode()
    return (
        b"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"X-Slack-Request-Timestamp: %b\r\nX-Slack-Signature: v0=%b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (now, digest, len(body), body)
