"""Buttons: those of a card, and those that only open a dialog."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services.asked.click import Action, Decide
from bot.services.asked.confirm import Confirm
from bot.services.asked.form import Form
from bot.services.asked.show_all import ShowAll
from handlers.ids import ALL, FORM
from handlers.payloads.buttons import CardButton, FormButton, ListButton


def register(app: AsyncApp, decide: Decide, confirm: Confirm, form: Form, show_all: ShowAll) -> None:
    """Connect the buttons to their services."""

    async def approve(ack: AsyncAck, body: dict[str, Any]) -> None:
        pressed = CardButton.read(body)
        await confirm(pressed.click(), pressed.trigger_id or "")
        await ack()

    async def button(ack: AsyncAck, body: dict[str, Any]) -> None:
        await decide(CardButton.read(body).click())
        await ack()

    for action in Action:
        # `app.action` would also hear payloads of other kinds that carry such a name.
        app.block_action(action.value)(approve if action is Action.APPROVE else button)

    @app.block_action({"block_id": FORM, "action_id": FORM})
    async def many_codes(ack: AsyncAck, body: dict[str, Any]) -> None:
        pressed = FormButton.read(body)
        await form.press(pressed.command(), pressed.trigger_id or "")
        await ack()

    @app.block_action({"block_id": ALL, "action_id": ALL})
    async def every_coupon(ack: AsyncAck, body: dict[str, Any]) -> None:
        pressed = ListButton.read(body)
        await show_all(pressed.look(), pressed.trigger_id or "")
        await ack()
