"""The Slack app's manifest, held against what Slack accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.adapters.slack.scopes import NEEDED, OPTIONAL
from bot.domain.errors import BadInput
from bot.operate.manifest import render

MANIFEST = Path(__file__).parents[3] / "manifest.yml"
BOOLEAN = {"type": "boolean"}
_SCOPES = {
    "type": "array",
    "maxItems": 255,
    "items": {"type": "string", "maxLength": 50},
    "uniqueItems": True,
}


def text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def fields(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with all of these fields and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def schema(*, over_http: bool) -> dict[str, Any]:
    """Return Slack's rules for the fields that this manifest has: names, types and lengths, in version 2.

    They are those of github.com/slackapi/manifest-schema, schemas/manifest.schema.2.0.0.json, at its version
    0.2.0, which brought `bot_optional`; it forbids fields that it does not name.
    """
    address = {"type": "string", "pattern": "^https://", "maxLength": 3000}
    command = {
        "command": {"type": "string", "pattern": "^/", "maxLength": 32},
        "description": text(2000),
        "usage_hint": text(1000),
        "should_escape": {"const": False},
    }
    interactivity: dict[str, Any] = {"is_enabled": {"const": True}}
    events: dict[str, Any] = {"bot_events": {"const": ["app_home_opened"]}}
    if over_http:
        command["url"] = address
        events["request_url"] = interactivity["request_url"] = address
    return fields(
        _metadata=fields(major_version={"const": 2}, minor_version={"type": "integer"}),
        display_information=fields(
            name=text(35),
            description=text(140),
            background_color={"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        ),
        features=fields(
            app_home=fields(
                home_tab_enabled={"const": True},
                messages_tab_enabled={"const": True},
                messages_tab_read_only_enabled=BOOLEAN,
            ),
            bot_user=fields(display_name=text(80), always_online=BOOLEAN),
            slash_commands={"type": "array", "items": fields(**command), "minItems": 1, "maxItems": 1},
        ),
        oauth_config=fields(scopes=fields(bot=_SCOPES, bot_optional=_SCOPES)),
        settings=fields(
            event_subscriptions=fields(**events),
            interactivity=fields(**interactivity),
            org_deploy_enabled={"const": False},
            socket_mode_enabled={"const": not over_http},
            token_rotation_enabled={"const": False},
        ),
    )


@pytest.mark.parametrize("socket", [False, True])
def test_manifest_is_what_slack_accepts(socket: bool) -> None:
    """No unknown field, nothing too long; HTTP has its addresses and Socket Mode none."""
    jsonschema.validate(yaml.safe_load(render(None, socket)), schema(over_http=not socket))


@pytest.mark.parametrize("socket", [False, True])
def test_scopes_are_the_least_that_is_needed(socket: bool) -> None:
    """The bot asks for exactly the scopes that it uses."""
    scopes = yaml.safe_load(render(None, socket))["oauth_config"]["scopes"]
    needed = ["commands", "chat:write", "users:read", "usergroups:read"]
    optional = ["files:read", "files:write", "channels:read", "groups:read"]
    # An optional scope is asked for like the others, and marked (slackapi/slack-cli, pull request 517).
    assert scopes == {"bot": [*needed, *optional], "bot_optional": optional}
    assert (list(NEEDED), list(OPTIONAL)) == (needed, optional)


def test_command_is_the_documented_one() -> None:
    """The command and its usage hint are what people are told to type."""
    (command,) = yaml.safe_load(render(None, socket=True))["features"]["slash_commands"]
    assert command["command"] == "/coupon-delete"
    assert command["usage_hint"] == "CODE[,CODE...] [reason]"


def test_file_is_the_http_form() -> None:
    """manifest.yml is what the program prints, with a placeholder for the address."""
    assert MANIFEST.read_text(encoding="utf-8") == render(None, socket=False)
    assert "https://YOUR-HOST/slack/events" in render(None, socket=False)


@pytest.mark.parametrize(
    "url",
    ["https://bot.example.com", "https://bot.example.com/", "https://bot.example.com/slack/events"],
)
def test_address_may_be_given_with_or_without_its_path(url: str) -> None:
    """Each place that needs the address gets the whole of it."""
    manifest = yaml.safe_load(render(url, socket=False))
    expected = "https://bot.example.com/slack/events"
    assert manifest["features"]["slash_commands"][0]["url"] == expected
    assert manifest["settings"]["interactivity"]["request_url"] == expected
    assert manifest["settings"]["event_subscriptions"]["request_url"] == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.com",
        "bot.example.com",
        "",
        "https://",
        'https://a"b',
        "https://a\nb: c",
        "https://[a",
    ],
)
def test_address_that_slack_would_not_take_is_refused(url: str) -> None:
    """Only an https address can be given, and nothing in it can change the rest of the manifest."""
    with pytest.raises(BadInput):
        render(url, socket=False)


def test_socket_mode_takes_no_address() -> None:
    """An address together with Socket Mode is a mistake, and is said to be one."""
    with pytest.raises(BadInput, match="either --url or --socket"):
        render("https://bot.example.com", socket=True)
