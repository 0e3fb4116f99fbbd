"""Everything that people are shown, as slack_sdk's models see it (`tests/outside.py`)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.policy import Verdict
from bot.domain.request.request import Pending
from handlers.render import dialogs, report
from tests.builders import CHANNEL, reviewed
from tests.gallery import SHOWN, long_text
from tests.gallery_home import CARDS, PAGE, fullest, homes
from tests.gallery_words import messages
from tests.outside import objections_to_blocks, objections_to_view
from tests.unit.handlers.test_many_words import many_pending

_MESSAGES = messages()
_HOMES = {**homes(), "the fullest": fullest()}
_PENDING = [each for shown in SHOWN.values() for each in shown.values() if isinstance(each, Pending)]
_DIALOGS = [
    *(dialogs.confirmation(request, CHANNEL, "1.000100") for request in [*_PENDING, reviewed()]),
    dialogs.form(CHANNEL),
    dialogs.told(long_text(2000)),
    *(report.dialog(many_pending(1000), CHANNEL, page) for page in range(1, 21)),
    report.dialog(Verdict.GUEST, CHANNEL),
]


@pytest.mark.parametrize("name", _MESSAGES)
def test_messages(name: str) -> None:
    """Every message is made of blocks that the models know, whole, and not too long."""
    for message in _MESSAGES[name].values():
        assert objections_to_blocks(message.blocks) == []


@pytest.mark.parametrize("name", _HOMES)
def test_homes(name: str) -> None:
    """Every Home is a view that the models know."""
    assert objections_to_view({"type": "home", "blocks": PAGE.blocks(_HOMES[name], CARDS)}) == []


def test_dialogs() -> None:
    """Every dialog is a view that the models know."""
    assert [objections for view in _DIALOGS if (objections := objections_to_view(view))] == []


_SECTION: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
_BUTTON: dict[str, Any] = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "sections", "text": {"type": "mrkdwn", "text": "x"}},
        {**_SECTION, "colour": "red"},
        {**_SECTION, "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {**_SECTION, "text": {"type": "mrkdwn", "text": "x", "emoticon": True}},
        {**_SECTION, "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "actions", "elements": [{**_BUTTON, "style": "red"}]},
        {"type": "actions", "elements": [{**_BUTTON, "value": "x" * 2001}]},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
    ],
)
def test_the_models_object(block: dict[str, Any]) -> None:
    """What is wrong is noticed: a kind, a field, a length or a style that Slack does not know."""
    assert objections_to_blocks([block]) != []
    assert objections_to_view({"type": "home", "blocks": [block]}) != []


@pytest.mark.parametrize(
    "changes",
    [{"title": {"type": "plain_text", "text": "x" * 25}}, {"blocks": []}, {"size": "big"}, {"type": "x"}],
)
def test_the_models_object_to_a_dialog(changes: dict[str, Any]) -> None:
    """A dialog is noticed whose title is too long, that is empty, or has a field that Slack does not know."""
    assert objections_to_view(dialogs.form(CHANNEL)) == []
    assert objections_to_view({**dialogs.form(CHANNEL), **changes}) != []
