"""What Slack sends to an app when a person does something."""

from collections.abc import Mapping
from typing import Any

from sandbox.slack.api.blocks import interactive
from sandbox.slack.world import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Json,
    Message,
    Person,
    World,
)

# The legacy field that signatures replaced; Slack still sends it.
VERIFICATION_TOKEN = "local-verification-token"
_CHANNEL_NAMES = {"private": "privategroup", "direct": "directmessage"}


def shown_channel_name(channel: Channel) -> str:
    """Return a channel's name as payloads give it: private ones are not named."""
    return _CHANNEL_NAMES.get(channel.kind, channel.name)


def slash_command(
    world: World, person: Person, channel: Channel, command: str, text: str, response_url: str
) -> dict[str, str]:
    """Return the fields of a slash command, all of them strings as in Slack's form."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": shown_channel_name(channel),
        "user_id": person.id,
        "user_name": person.name.lower(),
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": world.new_trigger(person.id),
    }


def app_home_opened(world: World, person: Person, tab: str, view: Json | None) -> Json:
    """Return the event of a person who opened a tab of the app. view: what stands on the Home by now."""
    opened: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": world.direct_channel(person.id).id,
        "tab": tab,
        "event_ts": world.new_ts(),
    }
    app = {"enterprise_id": None, "team_id": TEAM_ID, "user_id": BOT_USER_ID}
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": opened if view is None else opened | {"view": view},
        "type": "event_callback",
        "event_id": f"Ev{world.number():08d}",
        "event_time": int(world.now()),
        "authorizations": [{**app, "is_bot": True, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
    }


def find_element(message: Mapping[str, Any], action_id: str, block_id: str | None) -> tuple[str, Json] | None:
    """Return the block id and the element that a person would use, or None if the message shows none such."""
    for block in message.get("blocks", ()):
        if block_id in (None, block.get("block_id")):
            for element in interactive(block):
                if element.get("action_id") == action_id:
                    return str(block["block_id"]), element
    return None


def action(world: World, block_id: str, element: Json, value: str | None) -> Json:
    """Return the `actions` entry for using an element; `value` picks an option or replaces a value."""
    kind = element["type"]
    used: Json = {"action_id": element["action_id"], "block_id": block_id, "type": kind}
    used["action_ts"] = world.new_ts()
    if kind in ("overflow", "static_select"):
        options = [option for option in element.get("options", ()) if option["value"] == value]
        return used | {"selected_option": options[0] if options else None}
    if kind == "plain_text_input":
        return used | {"value": value or ""}
    used["text"] = element["text"]
    used |= {name: element[name] for name in ("value", "style") if name in element}
    return used if value is None else used | {"value": value}


def user_json(person: Person) -> Json:
    """Return a person as the payloads of interactions name one."""
    name = person.name.lower()
    return {"id": person.id, "username": name, "name": name, "team_id": person.team_id}


def block_actions(
    world: World, person: Person, source: Message, shown: Json, used: Json, response_url: str
) -> Json:
    """Return the payload of using an element of the message `source`, which the person sees as `shown`."""
    channel = world.channels[source.channel]
    payload: Json = {
        "type": "block_actions",
        "user": user_json(person),
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "container": {
            "type": "message",
            "message_ts": source.ts,
            "channel_id": source.channel,
            "is_ephemeral": source.ephemeral_to is not None,
        },
        "trigger_id": world.new_trigger(person.id),
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": shown_channel_name(channel)},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [used],
    }
    if source.thread_ts:
        payload["container"]["thread_ts"] = source.thread_ts
    # Slack leaves the message out when it was ephemeral.
    return payload if source.ephemeral_to else payload | {"message": shown}
