"""What the bot's token may do: which scopes it can't work without, and what each of the others is for.

The Slack app's manifest asks for all of them, and marks the latter as optional: the person who installs the
app may leave them out (docs.slack.dev, changelog of 12 March 2026, "Optional scopes").
"""

from __future__ import annotations

from collections.abc import Collection

# Needed only if a setting names a user group.
GROUPS = "usergroups:read"

NEEDED = {
    "commands": "the command can't be typed",
    "chat:write": "no card or outcome can be posted",
    "users:read": "nobody may do anything, since Slack does not say who they are",
    GROUPS: "nobody counts by a user group",
}
OPTIONAL = {
    "files:read": "many codes can't come as a file",
    "files:write": "what came of many codes is in the audit alone, not in a file in the thread",
    "channels:read": "what was asked in another public channel is shown only to approvers and to who asked,"
    " and each outcome is told to its requester privately as well",
    "groups:read": "what was asked in another private channel is shown only to approvers and to who asked,"
    " and each outcome is told to its requester privately as well",
}
ALL = frozenset(NEEDED) | frozenset(OPTIONAL)


def without(granted: Collection[str], scopes: Collection[str] = ALL) -> tuple[str, ...]:
    """Return one line for each of the scopes that is not granted: its name, and what that costs."""
    costs = {**NEEDED, **OPTIONAL}
    return tuple(f"{scope}: {costs[scope]}" for scope in costs if scope in scopes and scope not in granted)
