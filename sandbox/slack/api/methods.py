"""The Web API's methods: each takes the world and a call's arguments and returns Slack's answer.

A method raises ApiError with Slack's name for what is wrong. Names come from Slack's method reference.
"""

import re
from collections.abc import Callable

from sandbox.slack.api import views
from sandbox.slack.api.content import content
from sandbox.slack.api.modals import open_view
from sandbox.slack.api.wire import ApiError, truthy
from sandbox.slack.rules.hold import Call, refusal, scope_for
from sandbox.slack.rules.limits import Scope
from sandbox.slack.world import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    ORGANISATION_ID,
    OTHER_TEAM_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Group,
    Json,
    Message,
    Person,
    World,
)

Method = Callable[[World, Json], Json]


def answer(world: World, name: str, args: Json, method: Method, *, is_json: bool) -> Json:
    """Return what a call that Slack lets in comes to. Raises ApiError with the name of the rule's refusal."""
    rule = refusal(Call(name, args, world.scopes, is_json))
    if rule is None:
        return {"ok": True, **method(world, args)}
    if isinstance(rule.limit, Scope):
        raise ApiError(rule.error, needed=rule.limit.name, provided=",".join(sorted(world.scopes)))
    raise ApiError(rule.error)


def _auth_test(world: World, args: Json) -> Json:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_DOMAIN.title(),
        "user": "coupon_guard",
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _api_test(world: World, args: Json) -> Json:
    if "error" in args:
        raise ApiError(str(args["error"]), args=args)
    return {"args": args}


def _bots_info(world: World, args: Json) -> Json:
    if args.get("bot", BOT_ID) != BOT_ID:
        raise ApiError("bot_not_found")
    bot = {"id": BOT_ID, "deleted": False, "name": "Coupon Guard", "app_id": APP_ID, "user_id": BOT_USER_ID}
    return {"bot": {**bot, "updated": 0, "icons": {}}}


def _users_info(world: World, args: Json) -> Json:
    person = world.people.get(str(args.get("user")))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": user_json(person)}


def user_json(person: Person) -> Json:
    """Return a person as users.info shows one; like Slack's, a deactivated one lacks most flags."""
    user: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name.lower(),
        "deleted": person.kind == "deactivated",
        "profile": {"real_name": person.name, "display_name": person.name, "team": person.team_id},
        "is_bot": person.kind == "bot",
        "is_app_user": False,
        "updated": 0,
    }
    if person.kind == "deactivated":
        return user
    guest = person.kind in ("guest", "single_channel_guest")
    user |= {"real_name": person.name, "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0, "is_admin": False}
    user |= {"is_owner": False, "is_primary_owner": False, "is_restricted": guest}
    user |= {"is_ultra_restricted": person.kind == "single_channel_guest"}
    if person.kind == "grid":
        teams = [OTHER_TEAM_ID, TEAM_ID]
        user["enterprise_user"] = {"id": person.id, "enterprise_id": ORGANISATION_ID, "teams": teams}
    flags = {"stranger": "is_stranger", "invited": "is_invited_user"}
    return user | ({flags[person.kind]: True} if person.kind in flags else {})


def _usergroups_list(world: World, args: Json) -> Json:
    with_users = truthy(args.get("include_users"))
    return {"usergroups": [_group_json(group, with_users) for group in world.groups.values()]}


def _group_json(group: Group, with_users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_external": False,
        "name": group.handle,
        "handle": group.handle,
        "description": "",
        "date_delete": 0,
        "user_count": len(group.members),
    }
    return shown | ({"users": list(group.members)} if with_users else {})


def _usergroups_users_list(world: World, args: Json) -> Json:
    group = world.groups.get(str(args.get("usergroup")))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": list(group.members)}


def _visible_channel(world: World, args: Json) -> Channel:
    """A private conversation without the bot looks to it as if there were none."""
    channel = world.channels.get(str(args.get("channel")))
    if channel is None or (channel.kind != "public" and BOT_USER_ID not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def _look_at_scope(world: World, method: str, channel: Channel) -> None:
    """Raise ApiError if the token may not look at conversations of this kind."""
    rule = scope_for(method, channel.kind)
    if rule is not None and isinstance(rule.limit, Scope) and rule.limit.name not in world.scopes:
        raise ApiError(rule.error, needed=rule.limit.name, provided=",".join(sorted(world.scopes)))


def _conversations_members(world: World, args: Json) -> Json:
    channel = _visible_channel(world, args)
    _look_at_scope(world, "conversations.members", channel)
    members, start = sorted(channel.members), int(args.get("cursor") or 0)
    end = start + min(int(args.get("limit") or 100), 1000)
    cursor = str(end) if end < len(members) else ""
    return {"members": members[start:end], "response_metadata": {"next_cursor": cursor}}


def writable_channel(world: World, args: Json) -> Channel:
    """Return the channel of a call, where the bot may post into it. Raises ApiError."""
    person = world.people.get(str(args.get("channel")))
    if person is not None:
        if person.kind == "bot":
            raise ApiError("cannot_dm_bot")
        return world.direct_channel(person.id)
    channel = _visible_channel(world, args)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER_ID not in channel.members:
        raise ApiError("not_in_channel")
    if channel.restricted:
        raise ApiError("restricted_action")
    return channel


def _conversations_info(world: World, args: Json) -> Json:
    channel = _visible_channel(world, args)
    _look_at_scope(world, "conversations.info", channel)
    shown: Json = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "direct",
        "is_mpim": False,
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "is_member": BOT_USER_ID in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
    }
    return {"channel": shown}


def thread_of(args: Json) -> str | None:
    """Return the thread that a call names, if any. Raises ApiError."""
    thread_ts = args.get("thread_ts")
    if thread_ts is not None and not re.fullmatch(r"\d+\.\d{6}", str(thread_ts)):
        raise ApiError("invalid_thread_ts")
    return None if thread_ts is None else str(thread_ts)


def _post_message(world: World, args: Json) -> Json:
    channel = writable_channel(world, args)
    thread_ts = thread_of(args)
    text, blocks = content(world, args)
    broadcast = thread_ts is not None and truthy(args.get("reply_broadcast"))
    message = world.post(Message(channel.id, world.new_ts(), BOT_USER_ID, text, blocks, thread_ts, broadcast))
    return {"channel": channel.id, "ts": message.ts, "message": message.to_slack()}


def _update(world: World, args: Json) -> Json:
    """A text without blocks removes the blocks that were there."""
    channel = _visible_channel(world, args)
    message = world.message(channel.id, str(args.get("ts")))
    if message is None or message.ephemeral_to:
        raise ApiError("message_not_found")
    if message.user != BOT_USER_ID:
        raise ApiError("cant_update_message")
    if channel.archived:
        raise ApiError("is_inactive")
    text, blocks = content(world, args)
    edited = world.edit(message, text, blocks)
    return {"channel": channel.id, "ts": edited.ts, "text": text, "message": edited.to_slack()}


def _post_ephemeral(world: World, args: Json) -> Json:
    channel = writable_channel(world, args)
    user = str(args.get("user"))
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    text, blocks = content(world, args)
    message = Message(
        channel.id, world.new_ts(), BOT_USER_ID, text, blocks, thread_of(args), ephemeral_to=user
    )
    return {"message_ts": world.post(message).ts}


def _get_permalink(world: World, args: Json) -> Json:
    channel = _visible_channel(world, args)
    message = world.message(channel.id, str(args.get("message_ts")))
    if message is None or message.ephemeral_to:
        raise ApiError("message_not_found")
    return {"channel": channel.id, "permalink": permalink(message)}


def permalink(message: Message) -> str:
    """Return the address of a message; a reply's names its thread too."""
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    return link + (f"?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else "")


def _team_info(world: World, args: Json) -> Json:
    return {"team": {"id": TEAM_ID, "name": TEAM_DOMAIN.title(), "domain": TEAM_DOMAIN}}


METHODS: dict[str, Method] = {
    "api.test": _api_test,
    "auth.test": _auth_test,
    "bots.info": _bots_info,
    "team.info": _team_info,
    "users.info": _users_info,
    "usergroups.list": _usergroups_list,
    "usergroups.users.list": _usergroups_users_list,
    "conversations.info": _conversations_info,
    "conversations.members": _conversations_members,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "chat.postEphemeral": _post_ephemeral,
    "chat.getPermalink": _get_permalink,
    "views.publish": views.publish,
    "views.open": open_view,
}
