"""Home tabs: what `views.publish` takes, as strict as Slack, and what it answers."""

import json
from typing import Any

from sandbox.slack.api.blocks import completed, view_problems
from sandbox.slack.api.wire import ApiError
from sandbox.slack.control.render import render_blocks
from sandbox.slack.world import APP_ID, BOT_ID, TEAM_ID, HomeView, Json, Person, World


def publish(world: World, args: Json) -> Json:
    """Replace a person's Home. Raises ApiError with Slack's name for what is wrong."""
    view = _view(args.get("view"))
    found = view_problems(view, "home")
    if found:
        raise ApiError("invalid_arguments", **_messages(found))
    person = world.people.get(str(args["user_id"]))
    if person is None:
        raise ApiError("user_not_found")
    before = world.homes.get(person.id)
    if args.get("hash") and (before is None or args["hash"] != before.hash):
        raise ApiError("hash_conflict")
    number = world.number()
    home = HomeView(person.id, f"{number}.home", completed(view["blocks"], number))
    return {"view": to_slack(world.publish(home))}


def shown(world: World, person: Person) -> Json | None:
    """Return what a person sees on their Home, for the control side; None: nothing was ever published."""
    home = world.homes.get(person.id)
    return None if home is None else {**home.to_json(), "rendered": render_blocks(home.blocks, world)}


def to_slack(home: HomeView) -> Json:
    """Return a Home as Slack's API and events show it."""
    return {
        "id": f"V{home.user[1:]}",
        "team_id": TEAM_ID,
        "type": "home",
        "blocks": list(home.blocks),
        "private_metadata": "",
        "callback_id": "",
        "state": {"values": {}},
        "hash": home.hash,
        "clear_on_close": False,
        "notify_on_close": False,
        "root_view_id": f"V{home.user[1:]}",
        "previous_view_id": None,
        "app_id": APP_ID,
        "external_id": "",
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }


def _view(view: Any) -> Json:
    """Return the view of a call, which may come as an object or as its JSON."""
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError as error:
            raise ApiError("invalid_arguments", **_messages(["must be valid JSON: view"])) from error
    if not isinstance(view, dict):
        raise ApiError("invalid_arguments", **_messages(["missing required field: view"]))
    return view


def _messages(found: list[str]) -> Json:
    return {"response_metadata": {"messages": [f"[ERROR] {sentence}" for sentence in found]}}
