"""Every message reads as its golden file says; `UPDATE_GOLDEN=1` in the environment rewrites the files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.services.ports.outside import Message
from sandbox.slack.control.render import render_text
from sandbox.slack.seed import seeded_world
from sandbox.slack.world import BOT_USER_ID
from sandbox.slack.world import Message as Posted
from tests.builders import CHANNEL
from tests.gallery_words import messages

_GOLDEN = Path(__file__).parents[2] / "golden"
_WORLD = seeded_world()
_MESSAGES = messages()


@pytest.mark.parametrize("name", _MESSAGES)
def test_messages_read_as_they_were_approved(name: str) -> None:
    """What people are shown changes only together with its golden file, where a reviewer reads it."""
    file, seen = _GOLDEN / f"{name}.txt", _page(_MESSAGES[name])
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(seen, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == seen


def test_every_golden_file_belongs_to_messages() -> None:
    """No golden file is left behind that nothing is compared with."""
    assert {file.stem for file in _GOLDEN.glob("*.txt")} == _MESSAGES.keys()


def _page(shown: Mapping[str, Message]) -> str:
    return "\n".join(f"#### {name}\n\n{_as_seen(message)}" for name, message in shown.items())


def _as_seen(message: Message) -> str:
    posted = Posted(CHANNEL, "1.000100", BOT_USER_ID, message.text, tuple(dict(b) for b in message.blocks))
    seen = render_text(posted, _WORLD)
    if not (message.blocks and message.text):
        return seen
    return f"{seen}\n#### (as text)\n\n{render_text(replace(posted, blocks=()), _WORLD)}"
