"""Changes of people, groups and channels that the control side orders."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from sandbox.slack.deliver.orders import ChannelOrder, GroupOrder, Order, PersonOrder
from sandbox.slack.world import Channel, Group, Json, Person, World


def _given(order: Order, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(order, name)) is not None}


def _members(now: Iterable[str], order: GroupOrder | ChannelOrder) -> list[str]:
    base = list(now) if order.members is None else order.members
    kept = [user for user in base if user not in order.remove]
    return kept + [user for user in order.add if user not in kept]


def apply_person(world: World, order: PersonOrder) -> Person:
    """Add or change a person and return how they are now."""
    person = world.people.get(order.id, Person(order.id, order.id))
    world.people[order.id] = replace(person, **_given(order, "name", "kind"))
    return world.people[order.id]


def apply_group(world: World, order: GroupOrder) -> Group:
    """Add or change a user group and return how it is now."""
    group = world.groups.get(order.id, Group(order.id, order.id.lower()))
    members = tuple(_members(group.members, order))
    world.groups[order.id] = replace(group, members=members, **_given(order, "handle"))
    return world.groups[order.id]


def apply_channel(world: World, order: ChannelOrder) -> Channel:
    """Add or change a channel and return how it is now."""
    channel = world.channels.get(order.id, Channel(order.id, order.id.lower()))
    members = frozenset(_members(channel.members, order))
    changes = _given(order, "name", "kind", "archived", "restricted")
    world.channels[order.id] = replace(channel, members=members, **changes)
    return world.channels[order.id]


def directory_json(world: World) -> Json:
    """Return all people, groups and channels."""
    channels = [{**asdict(c), "members": sorted(c.members)} for c in world.channels.values()]
    return {
        "people": [asdict(person) for person in world.people.values()],
        "groups": [asdict(group) for group in world.groups.values()],
        "channels": channels,
    }
