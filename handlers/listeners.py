"""Bolt's listeners: parse the payload, call one service, answer. Nothing works after its ack."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services.decide import Action, Decide
from bot.services.home import OpenHome
from bot.services.submit import Submit
from handlers.answers import Answers
from handlers.ids import COMMAND, HOME_OPENED
from handlers.payloads import click, home_opened, slash_command


def register(app: AsyncApp, submit: Submit, decide: Decide, answers: Answers) -> None:
    """Connect the command and the buttons to their services."""

    @app.command(COMMAND)
    async def coupon_delete(ack: AsyncAck, body: dict[str, Any]) -> None:
        answer = await submit(slash_command(body))
        await ack(text=answers.text(answer), response_type="ephemeral")

    async def button(ack: AsyncAck, body: dict[str, Any]) -> None:
        await decide(click(body))
        await ack()

    for action in Action:
        # `app.action` would also hear payloads of other kinds that carry such a name.
        app.block_action(action.value)(button)


def register_home(app: AsyncApp, open_home: OpenHome) -> None:
    """Connect the event of an opened Home to its service."""

    @app.event(HOME_OPENED)
    async def opened(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (opening := home_opened(body)) is not None:
            await open_home(opening)
        await ack()
