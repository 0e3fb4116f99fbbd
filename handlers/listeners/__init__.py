"""Bolt's listeners: read the payload, call one service, answer. Nothing works after its ack."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.services.asked.click import Decide
from bot.services.asked.command import Submit
from bot.services.asked.confirm import Confirm
from bot.services.asked.form import Form
from bot.services.asked.show_all import ShowAll
from bot.services.home import OpenHome
from handlers.listeners import buttons, commands, dialogs, home
from handlers.render.answers import Answers


def register(
    app: AsyncApp,
    *,
    submit: Submit,
    decide: Decide,
    confirm: Confirm,
    form: Form,
    show_all: ShowAll,
    open_home: OpenHome,
    answers: Answers,
) -> None:
    """Connect whatever people type, press, send and open to its service."""
    commands.register(app, submit, form, answers)
    buttons.register(app, decide, confirm, form, show_all)
    dialogs.register(app, decide, form, show_all, answers)
    home.register(app, open_home)
