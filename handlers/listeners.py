"""Bolt's listeners: parse the payload, call one service, answer. Nothing works after its ack."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.errors import SlackError
from bot.domain.policy import Verdict
from bot.services.asked.click import Action, Decide
from bot.services.asked.command import Answer, SlashCommand, Submit
from bot.services.asked.confirm import Confirm
from bot.services.asked.form import Form, NoCodes, NoFile, Opened, TooLong, Unclear, WrongCodes
from bot.services.asked.show_all import ShowAll
from bot.services.home import OpenHome
from handlers.ids import ALL, COMMAND, CONFIRM, FORM, HOME_OPENED
from handlers.payloads import (
    click,
    filled,
    form_asked,
    home_opened,
    look,
    slash_command,
    trigger_of,
    turned,
    typed,
)
from handlers.render.answers import Answers
from handlers.render.dialogs import errors, refused, sent, wrong_text


def register(
    app: AsyncApp, submit: Submit, decide: Decide, confirm: Confirm, form: Form, answers: Answers
) -> None:
    """Connect the command, the buttons and the dialogs to their services."""

    @app.command(COMMAND)
    async def coupon_delete(ack: AsyncAck, body: dict[str, Any]) -> None:
        command = slash_command(body)
        answer = await _answer(form, submit, command, trigger_of(body))
        if answer is None:
            await ack()
        else:
            text, blocks = answers.text(answer), answers.blocks(answer, command.user)
            await ack(text=text, blocks=blocks, response_type="ephemeral")

    async def approve(ack: AsyncAck, body: dict[str, Any]) -> None:
        await confirm(click(body), trigger_of(body))
        await ack()

    async def button(ack: AsyncAck, body: dict[str, Any]) -> None:
        await decide(click(body))
        await ack()

    for action in Action:
        # `app.action` would also hear payloads of other kinds that carry such a name.
        app.block_action(action.value)(approve if action is Action.APPROVE else button)

    @app.block_action({"block_id": FORM, "action_id": FORM})
    async def many(ack: AsyncAck, body: dict[str, Any]) -> None:
        await form.press(form_asked(body), trigger_of(body))
        await ack()

    @app.view_submission(FORM)
    async def many_codes(ack: AsyncAck, body: dict[str, Any]) -> None:
        asked = filled(body)
        match await form(asked):
            case Opened() as opened:
                await ack(response_action="update", view=sent(opened, asked.command.channel))
            case NoFile() | Unclear() | NoCodes() | WrongCodes() | TooLong() as wrong:
                await ack(response_action="errors", errors=errors(wrong, asked))
            case answer:
                await ack(response_action="errors", errors=refused(answers.text(answer), asked))

    @app.view_submission(CONFIRM)
    async def dialog(ack: AsyncAck, body: dict[str, Any]) -> None:
        if await decide(typed(body)) is Verdict.WRONG_TEXT:
            await ack(response_action="errors", errors=wrong_text())
        else:
            # Any other refusal is told privately: the dialog has nothing more to ask.
            await ack()


async def _answer(form: Form, submit: Submit, command: SlashCommand, trigger: str) -> Answer | None:
    """Return what a command is answered; None: the form is open, which the command alone asks for.

    If Slack does not open it, the answer says how the command is used.
    """
    if not command.text.strip():
        with suppress(SlackError):
            return await form.open(command, trigger)
    return await submit(command)


def register_show_all(app: AsyncApp, show_all: ShowAll) -> None:
    """Connect the button that shows every coupon of a large request, and the pages, to their service."""

    @app.block_action({"block_id": ALL, "action_id": ALL})
    async def every_coupon(ack: AsyncAck, body: dict[str, Any]) -> None:
        await show_all(look(body), trigger_of(body))
        await ack()

    @app.view_submission(ALL)
    async def page(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(response_action="update", view=dict(await show_all.turned(turned(body))))


def register_home(app: AsyncApp, open_home: OpenHome) -> None:
    """Connect the event of an opened Home to its service."""

    @app.event(HOME_OPENED)
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (opening := home_opened(body)) is not None:
            await open_home(opening)
        await ack()
