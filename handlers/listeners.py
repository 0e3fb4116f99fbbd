"""Bolt's listeners: parse the payload, call one service, answer. Nothing works after its ack."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.policy import Verdict
from bot.services.confirm import Confirm
from bot.services.decide import Action, Decide
from bot.services.home import OpenHome
from bot.services.submit import Submit
from handlers.answers import Answers
from handlers.dialogs import wrong_text
from handlers.ids import COMMAND, CONFIRM, HOME_OPENED
from handlers.payloads import click, home_opened, slash_command, trigger_of, typed


def register(app: AsyncApp, submit: Submit, decide: Decide, confirm: Confirm, answers: Answers) -> None:
    """Connect the command, the buttons and the dialog to their services."""

    @app.command(COMMAND)
    async def coupon_delete(ack: AsyncAck, body: dict[str, Any]) -> None:
        answer = await submit(slash_command(body))
        await ack(text=answers.text(answer), response_type="ephemeral")

    async def approve(ack: AsyncAck, body: dict[str, Any]) -> None:
        await confirm(click(body), trigger_of(body))
        await ack()

    async def button(ack: AsyncAck, body: dict[str, Any]) -> None:
        await decide(click(body))
        await ack()

    for action in Action:
        # `app.action` would also hear payloads of other kinds that carry such a name.
        app.block_action(action.value)(approve if action is Action.APPROVE else button)

    @app.view_submission(CONFIRM)
    async def dialog(ack: AsyncAck, body: dict[str, Any]) -> None:
        if await decide(typed(body)) is Verdict.WRONG_TEXT:
            await ack(response_action="errors", errors=wrong_text())
        else:
            # Any other refusal is told privately: the dialog has nothing more to ask.
            await ack()


def register_home(app: AsyncApp, open_home: OpenHome) -> None:
    """Connect the event of an opened Home to its service."""

    @app.event(HOME_OPENED)
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (opening := home_opened(body)) is not None:
            await open_home(opening)
        await ack()
