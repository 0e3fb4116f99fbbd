"""The people, groups and channels that a fresh local Slack starts with."""

from sandbox.slack.world import BOT_USER_ID, Channel, Group, Person, World

_PEOPLE = (
    Person("U0RIKA0000", "Rika"),
    Person("U0AMIR0000", "Amir"),
    Person("U0BEA00000", "Bea"),
    Person("U0CARL0000", "Carl"),
    Person("U0DANA0000", "Dana"),
    Person("U0GUEST000", "Gus", "guest"),
    Person("U0SINGLE00", "Sina", "single_channel_guest"),
    Person("U0GONE0000", "Gone", "deactivated"),
    Person("U0ROBOT000", "Robot", "bot"),
    Person("W0STRANGER", "Sam", "stranger"),
    Person(BOT_USER_ID, "Coupon Guard", "bot"),
)


def seeded_world() -> World:
    """Return a new world with the standard workspace in it."""
    people = {person.id: person for person in _PEOPLE}
    everyone = frozenset(people)
    groups = (
        Group("S0ONCALL00", "oncall", ("U0RIKA0000", "U0AMIR0000", "U0BEA00000")),
        Group("S0EMPTY000", "empty"),
    )
    channels = (
        Channel("C0INCIDENT", "incident", everyone),
        Channel("C0OPS00000", "ops", everyone),
        Channel("C0NOBOT000", "no-bot", everyone - {BOT_USER_ID}),
        Channel("C0ARCHIVED", "archived", everyone, archived=True),
        Channel("G0PRIVATE0", "private", everyone, "private"),
    )
    return World(
        people=people,
        groups={group.id: group for group in groups},
        channels={channel.id: channel for channel in channels},
    )
