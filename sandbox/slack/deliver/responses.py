"""Response URLs: how an app answers an interaction without a token.

Five uses within 30 minutes, by the world's clock; they work in channels that the bot is no member of.
"""

import secrets
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.slack.api.content import content
from sandbox.slack.api.wire import ApiError, Reply, arguments, failed, send, truthy
from sandbox.slack.deliver.faults import FaultBook, with_fault
from sandbox.slack.world import BOT_USER_ID, Json, Message, World

MAX_USES = 5
LIFETIME_SECONDS = 30 * 60


@dataclass
class Conversation:
    """Where the answers to one interaction go, and which messages they have made so far."""

    channel: str
    user: str
    expires: float
    source: Message | None = None
    uses: int = 0
    made: list[Message] = field(default_factory=list)


class Responses:
    """Gives out response URLs and answers what is posted to them."""

    def __init__(self, world: World, faults: FaultBook) -> None:
        self._world = world
        self._faults = faults
        self._open: dict[str, Conversation] = {}
        self.base_url = ""

    def open(self, channel: str, user: str, source: Message | None = None) -> tuple[str, Conversation]:
        """Return a new URL, and the conversation behind it; `source` is the message that was clicked."""
        key = f"{self._world.number()}/{secrets.token_hex(8)}"
        expires = self._world.now() + LIFETIME_SECONDS
        self._open[key] = Conversation(channel, user, expires, source)
        return f"{self.base_url}response/{key}", self._open[key]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one use of a response URL and log it."""
        key = f"{request.match_info['number']}/{request.match_info['secret']}"
        conversation = self._open.get(key)
        try:
            args = await arguments(request)
        except ApiError as error:
            return await send(request, failed(error.name, 400))
        fault = self._faults.take("response_url")
        reply = await with_fault(fault, lambda: self._use(conversation, args))
        data: Json = {"args": args, "status": reply.status, "error": reply.error}
        if conversation is not None:
            data |= {"user": conversation.user, "channel": conversation.channel, "uses": conversation.uses}
        self._world.record("response_url", {**data, "fault": fault.kind if fault else None})
        return await send(request, reply)

    def _use(self, conversation: Conversation | None, args: Json) -> Reply:
        if conversation is None or self._world.now() >= conversation.expires:
            return failed("expired_url", 404)
        if conversation.uses >= MAX_USES:
            return failed("used_url", 404)
        try:
            self.say(conversation, args)
        except ApiError as error:
            return failed(error.name, 400, **error.extra)
        conversation.uses += 1
        return Reply({"ok": True})

    def say(self, conversation: Conversation, args: Json) -> None:
        """Do what an answer asks: a new message (private unless `in_channel`) or a change of the clicked one.

        Raises ApiError for content that Slack doesn't take.
        """
        changes = truthy(args.get("delete_original")) or truthy(args.get("replace_original"))
        if changes and conversation.source is not None:
            self._change_source(conversation, conversation.source, args)
            return
        text, blocks = content(self._world, args)
        private = args.get("response_type", "ephemeral") != "in_channel"
        message = Message(
            conversation.channel,
            self._world.new_ts(),
            BOT_USER_ID,
            text,
            blocks,
            thread_ts=conversation.source.thread_ts if conversation.source else None,
            ephemeral_to=conversation.user if private else None,
        )
        conversation.made.append(self._world.post(message))

    def _change_source(self, conversation: Conversation, clicked: Message, args: Json) -> None:
        source = self._world.message(clicked.channel, clicked.ts)
        if source is None:
            raise ApiError("message_not_found")
        if truthy(args.get("delete_original")):
            self._world.delete(source)
        else:
            text, blocks = content(self._world, args)
            conversation.made.append(self._world.edit(source, text, blocks))
