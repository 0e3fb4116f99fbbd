"""Every shape in which Slack sends the same thing: an organisation's, another workspace's, or marked up.

The shapes are those of Slack's documentation of Enterprise Grid, of slash commands and of the Events API, and
those that slackapi/bolt-python and slackapi/java-slack-sdk have in their samples. Beside each is one like it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handlers.markup import as_typed
from handlers.payloads import require_heard
from handlers.payloads.buttons import CardButton, FormButton, ListButton
from handlers.payloads.commands import Command
from handlers.payloads.dialogs import FormDialog, PageDialog
from handlers.payloads.home import HomeOpened
from tests.unit.handlers.test_form_payloads import FORM, PAGE, pressed
from tests.unit.handlers.test_payloads import CLICK, COMMAND, HOME

Payload = dict[str, Any]

_ORG = {"id": "E0ORG", "name": "Sweets Inc."}
# What an organisation's workspace is called in a click, and what stands beside it.
_IN_ORG = {"id": "T1", "domain": "sweets", "enterprise_id": "E0ORG", "enterprise_name": "Sweets Inc."}
_ORG_WIDE = {"team": None, "enterprise": _ORG, "is_enterprise_install": True}
_ELSEWHERE = {"user": {"id": "W1", "username": "rika", "team_id": "T0OTHER"}}


_INTERACTIVE: list[tuple[str, Payload, Callable[[Payload], object]]] = [
    ("a click", CLICK, lambda payload: CardButton.read(payload).click().team),
    ("the form's button", pressed("many-codes"), lambda payload: FormButton.read(payload).command().team),
    ("the list's button", pressed("show-all"), lambda payload: ListButton.read(payload).look().team),
    ("a form", FORM, lambda payload: FormDialog.read(payload).filled().command.team),
    ("a page", PAGE, lambda payload: PageDialog.read(payload).look().team),
]


@pytest.mark.parametrize(
    ("changes", "team"),
    [
        ({"enterprise": None, "is_enterprise_install": False}, "T1"),
        ({"team": _IN_ORG, "enterprise": _ORG, "is_enterprise_install": False}, "T1"),
        ({"team": _IN_ORG, "enterprise": _ORG, **_ELSEWHERE}, "T1"),
        (_ORG_WIDE, None),
        ({**_ORG_WIDE, "is_enterprise_install": "true"}, None),
        ({**_ORG_WIDE, **_ELSEWHERE}, None),
        ({**_ORG_WIDE, "user": {"id": "W1", "username": "rika"}}, None),
        ({"team": {"id": "E0ORG", "domain": "sweets"}, "enterprise": _ORG}, None),
        ({"team": {"id": "T0OTHER", "domain": "partner"}}, "T0OTHER"),
        (
            {"team": {"id": "T0OTHER", "enterprise_id": "E0PARTNER"}, "enterprise": {"id": "E0PARTNER"}},
            "T0OTHER",
        ),
    ],
)
@pytest.mark.parametrize(
    ("payload", "team_of"), [row[1:] for row in _INTERACTIVE], ids=[row[0] for row in _INTERACTIVE]
)
def test_the_workspace_of_what_people_press(
    payload: Payload, team_of: Callable[[Payload], object], changes: Payload, team: str | None
) -> None:
    """The workspace is `team`, never the person's own; without one, who they are decides (I1)."""
    sent = {**payload, **changes}
    require_heard(sent)
    assert team_of(sent) == team


@pytest.mark.parametrize(
    ("changes", "team"),
    [
        ({"is_enterprise_install": "false"}, "T1"),
        (
            {"enterprise_id": "E0ORG", "enterprise_name": "Sweets Inc.", "is_enterprise_install": "false"},
            "T1",
        ),
        ({"enterprise_id": "E0ORG", "is_enterprise_install": "true", "user_id": "W1"}, "T1"),
        ({"enterprise_id": "E0ORG", "is_enterprise_install": "true", "team_id": "E0ORG"}, None),
        ({"team_id": "T0OTHER", "enterprise_id": "E0PARTNER"}, "T0OTHER"),
    ],
)
def test_the_workspace_of_a_command(changes: Payload, team: str | None) -> None:
    """A command of an organisation's workspace is one of that workspace."""
    sent = {**COMMAND, **changes}
    require_heard(sent)
    assert Command.read(sent).command().team == team


def _for(team: str | None, org_wide: bool = False) -> list[Payload]:
    app = {"enterprise_id": "E0ORG", "team_id": team, "user_id": "U0BOT", "is_bot": True}
    return [{**app, "is_enterprise_install": org_wide}]


@pytest.mark.parametrize(
    ("changes", "team"),
    [
        ({"enterprise_id": "E0ORG", "authorizations": _for("T1")}, "T1"),
        ({"team_id": "E0ORG", "enterprise_id": "E0ORG", "authorizations": _for("T1")}, "T1"),
        ({"team_id": "E0ORG", "authorizations": _for("T0OTHER")}, "T0OTHER"),
        ({"team_id": "E0ORG", "authorizations": _for(None, org_wide=True)}, None),
        ({"team_id": "E0ORG", "authorizations": _for("E0ORG", org_wide=True)}, None),
        ({"team_id": "E0ORG", "authorizations": []}, None),
        ({"team_id": "E0ORG", "authorizations": None}, None),
        ({"team_id": "T0OTHER", "authorizations": _for("T1"), "is_ext_shared_channel": True}, "T0OTHER"),
    ],
)
def test_the_workspace_of_an_opened_home(changes: Payload, team: str | None) -> None:
    """An event of an organisation says by its authorizations for which workspace it is, if for any."""
    sent = {**HOME, **changes}
    require_heard(sent)
    opening = HomeOpened.read(sent).opening()
    assert opening is not None
    assert opening.team == team


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("ABCD1234 R&amp;D, &lt;5 &gt; 4", "ABCD1234 R&D, <5 > 4"),
        ("ABCD1234 &lt;!channel&gt; &amp;lt;", "ABCD1234 <!channel> &lt;"),
        ("ABCD1234 told by <@U0RIKA0000>", "ABCD1234 told by @U0RIKA0000"),
        ("ABCD1234 told by <@W0RIKA0000|rika>", "ABCD1234 told by @rika"),
        ("ABCD1234 see <#C0OPS00000|ops> and <#C0OPS00000>", "ABCD1234 see #ops and #C0OPS00000"),
        ("ABCD1234 in <#C0SECRET00|>", "ABCD1234 in #C0SECRET00"),
        ("ABCD1234 for <!subteam^S0ONCALL00|@oncall> and <!subteam^S1>", "ABCD1234 for @oncall and @S1"),
        ("ABCD1234 <!here> <!channel|channel>", "ABCD1234 @here @channel"),
        ("ABCD1234 <!date^1748833205^{date}|June 2> <!date^1>", "ABCD1234 June 2 "),
        ("ABCD1234 <https://inc.example/7?a=1&amp;b=2>", "ABCD1234 https://inc.example/7?a=1&b=2"),
        ("ABCD1234 <https://inc.example/7|incident &amp; more>", "ABCD1234 incident & more"),
        ("<http://SUMMER10.SHOP|SUMMER10.SHOP> leaked", "SUMMER10.SHOP leaked"),
        ("<tel:12345678|12345678>,<tel:87654321|8765-4321>", "12345678,8765-4321"),
        ("<tel:12345678> <mailto:ops@sweets.example>", "12345678 ops@sweets.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("ABCD1234 a < b, c > d", "ABCD1234 a < b, c > d"),
        ("<>", "<>"),
        ("<|>", "<|>"),
        ("<ABCD1234>", "ABCD1234"),
        ("<<@U1>>", "<@U1>"),
        ("ABCD1234 <@U1", "ABCD1234 <@U1"),
    ],
)
def test_markup_is_read_as_it_is_shown(sent: str, typed: str) -> None:
    """Names and links are what Slack shows of them, entities are read once, and nothing else is touched."""
    assert as_typed(sent) == typed
    assert Command.read({**COMMAND, "text": sent}).command().text == typed


def test_markup_is_read_in_time() -> None:
    """A text of nothing but brackets is read at once, no matter who sends it."""
    assert len(as_typed("<" * 200_000)) == 200_000
    assert as_typed("<@|" * 50_000) == "<@|" * 50_000
