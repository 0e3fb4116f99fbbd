"""The command."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.errors import SlackError
from bot.services.asked.command import Answer, SlashCommand, Submit
from bot.services.asked.form import Form
from handlers.ids import COMMAND
from handlers.payloads.commands import Command
from handlers.render.answers import Answers


def register(app: AsyncApp, submit: Submit, form: Form, answers: Answers) -> None:
    """Connect the command to its service, and to the form."""

    @app.command(COMMAND)
    async def coupon_delete(ack: AsyncAck, body: dict[str, Any]) -> None:
        sent = Command.read(body)
        command = sent.command()
        answer = await _answer(form, submit, command, sent.trigger_id or "")
        if answer is None:
            await ack()
        else:
            text, blocks = answers.text(answer), answers.blocks(answer, command.user)
            await ack(text=text, blocks=blocks, response_type="ephemeral")


async def _answer(form: Form, submit: Submit, command: SlashCommand, trigger: str) -> Answer | None:
    """Return what a command is answered; None: the form is open, which the command alone asks for.

    If Slack does not open it, the answer says how the command is used.
    """
    if not command.text.strip():
        with suppress(SlackError):
            return await form.open(command, trigger)
    return await submit(command)
