"""What a person does in Slack: run a command, use a button; and what the person then sees."""

import asyncio
from dataclasses import dataclass, replace

from sandbox.slack.api import views
from sandbox.slack.api.wire import ApiError
from sandbox.slack.deliver.delivery import Delivered, Delivery, Signature
from sandbox.slack.deliver.payloads import action, app_home_opened, block_actions, find_element, slash_command
from sandbox.slack.deliver.responses import Conversation, Responses
from sandbox.slack.world import Channel, Json, Message, Person, World


class NoSuchButtonError(Exception):
    """The message, or the button in it, isn't there to be used."""


@dataclass(frozen=True, slots=True)
class Click:
    """One use of an element. What is given besides the first four simulates an old, copied or forged card.

    `version` shows the message as it stood right after that log entry, `message` shows another one
    altogether, `block_id` and `value` replace what the button carries.
    """

    person: Person
    channel: str
    ts: str
    action_id: str
    block_id: str | None = None
    value: str | None = None
    message: Json | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person got: the delivery's outcome and the last message that the interaction made for them."""

    status: int | None
    response: Message | None
    error: str | None
    elapsed_ms: float


class Interactions:
    """Builds payloads, delivers them, and shows the person the answer."""

    def __init__(self, world: World, responses: Responses, delivery: Delivery) -> None:
        self._world = world
        self._responses = responses
        self._delivery = delivery

    def command_payload(self, person: Person, channel: Channel, command: str, text: str) -> Json:
        """Return the payload of a slash command, with its response URL open."""
        return self._command(person, channel, command, text)[0]

    def _command(
        self, person: Person, channel: Channel, command: str, text: str
    ) -> tuple[Json, Conversation]:
        url, conversation = self._responses.open(channel.id, person.id)
        return dict(slash_command(self._world, person, channel, command, text, url)), conversation

    async def command(self, person: Person, channel: Channel, command: str, text: str) -> Answer:
        """Run a slash command; what the bot's acknowledgement says is shown, to that person by default."""
        payload, conversation = self._command(person, channel, command, text)
        delivered = await self._deliver(payload)
        if delivered.body is not None and delivered.error is None:
            try:
                self._responses.say(conversation, delivered.body)
            except ApiError:
                delivered = replace(delivered, error="invalid_command_response")
        return _answer(delivered, conversation)

    def click_payload(self, click: Click) -> Json:
        """Return the payload of a click, with its response URL open. Raises NoSuchButtonError."""
        return self._click(click)[0]

    async def clicks(self, click: Click, times: int) -> list[Answer]:
        """Use a button so many times at once. Raises NoSuchButtonError."""
        made = [self._click(click) for _ in range(times)]
        delivered = await asyncio.gather(*(self._deliver(payload) for payload, _ in made))
        return [_answer(outcome, talk) for outcome, (_, talk) in zip(delivered, made, strict=True)]

    def _click(self, click: Click) -> tuple[Json, Conversation]:
        source = self._seen(click)
        shown = click.message or source.to_slack()
        found = find_element(shown, click.action_id, click.block_id) or find_element(
            shown, click.action_id, None
        )
        if click.block_id is None and click.value is None and click.message is None and found is None:
            raise NoSuchButtonError(f"The message has no button {click.action_id!r} now.")
        forged = {"type": "button", "action_id": click.action_id, "text": {"type": "plain_text", "text": "?"}}
        block_id, element = found or ("forged", forged)
        used = action(self._world, click.block_id or block_id, element, click.value)
        url, conversation = self._responses.open(source.channel, click.person.id, source)
        return block_actions(self._world, click.person, source, shown, used, url), conversation

    def _seen(self, click: Click) -> Message:
        if click.version is not None:
            message = self._world.message_at(click.channel, click.ts, click.version)
        else:
            message = self._world.message(click.channel, click.ts)
        if message is None and click.message is not None and click.channel in self._world.channels:
            message = Message(click.channel, click.ts, "", "")
        if message is None or message.ephemeral_to not in (None, click.person.id):
            raise NoSuchButtonError("The person sees no such message.")
        return message

    def home_payload(self, person: Person, tab: str) -> Json:
        """Return the event of a person who opens a tab of the app, with what they see on the Home by now."""
        home = self._world.homes.get(person.id)
        seen = views.to_slack(home) if home is not None and tab == "home" else None
        return app_home_opened(self._world, person, tab, seen)

    async def open_home(self, person: Person, tab: str) -> Delivered:
        """Open a tab of the app, and return what came back for the event; nobody is shown it."""
        return await self._deliver(self.home_payload(person, tab))

    async def raw(self, payload: Json, signature: Signature) -> Delivered:
        """Deliver a payload as it is, signed well or in a wrong way, and show nobody the answer."""
        return await self._deliver(payload, signature)

    async def _deliver(self, payload: Json, signature: Signature = "good") -> Delivered:
        delivered = await self._delivery.deliver(payload, signature)
        self._world.record("interaction", {"payload": payload, "signature": signature, **delivered.to_json()})
        return delivered


def _answer(delivered: Delivered, conversation: Conversation) -> Answer:
    shown = conversation.made[-1] if conversation.made else None
    return Answer(delivered.status, shown, delivered.error, delivered.elapsed_ms)
