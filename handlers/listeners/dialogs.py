"""Dialogs that were sent."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.policy import Verdict
from bot.services.asked.click import Decide
from bot.services.asked.form import Form, NoCodes, NoFile, Opened, TooLong, Unclear, WrongCodes
from bot.services.asked.show_all import ShowAll
from handlers.ids import ALL, CONFIRM, FORM
from handlers.payloads.dialogs import ConfirmDialog, FormDialog, PageDialog
from handlers.render.answers import Answers
from handlers.render.dialogs import errors, refused, sent, wrong_text


def register(app: AsyncApp, decide: Decide, form: Form, show_all: ShowAll, answers: Answers) -> None:
    """Connect the dialogs to their services."""

    @app.view_submission(CONFIRM)
    async def final_approval(ack: AsyncAck, body: dict[str, Any]) -> None:
        if await decide(ConfirmDialog.read(body).click()) is Verdict.WRONG_TEXT:
            await ack(response_action="errors", errors=wrong_text())
        else:
            # Any other refusal is told privately: the dialog has nothing more to ask.
            await ack()

    @app.view_submission(FORM)
    async def many_codes(ack: AsyncAck, body: dict[str, Any]) -> None:
        asked = FormDialog.read(body).filled()
        match await form(asked):
            case Opened() as opened:
                await ack(response_action="update", view=sent(opened, asked.command.channel))
            case NoFile() | Unclear() | NoCodes() | WrongCodes() | TooLong() as wrong:
                await ack(response_action="errors", errors=errors(wrong, asked))
            case answer:
                await ack(response_action="errors", errors=refused(answers.text(answer), asked))

    @app.view_submission(ALL)
    async def page(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(response_action="update", view=dict(await show_all.turned(PageDialog.read(body).look())))
